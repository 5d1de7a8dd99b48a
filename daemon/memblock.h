/* SPDX-License-Identifier: MIT */
/*
 * memblock.memory as the kernel builds it at boot: the usable physical memory, in regions that
 * carry a node id and flags (mm/memblock.c). Regions are sorted, do not overlap, and neighbours
 * of equal node and flags are one region.
 *
 * Addresses and sizes are in bytes; an end is the first byte after. Functions that can need more
 * regions return 0 or -ENOMEM, and after the latter the set is sound but not changed as asked.
 */
#pragma once

#include "buffer.h"
#include "nodemask.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* include/linux/memblock.h: enum memblock_flags, of which this is the only one here. */
#define MEMBLOCK_HOTPLUG 0x1U

#define MEMBLOCK_PAGE_SIZE UINT64_C(4096)

struct memory_range {
        uint64_t start, end;
};

struct memblock_region {
        uint64_t base, size;
        int nid; /* NUMA_NO_NODE until a node is set */
        unsigned int flags;
};

struct memblock {
        size_t cnt, max;
        struct memblock_region *regions; /* owned */
};

/* Frees the regions and leaves an empty set. */
void memblock_free(struct memblock *mb);

/* Adds [start, end) without a node; what is there already stays as it is. */
int memblock_add(struct memblock *mb, uint64_t start, uint64_t end);
/*
 * From the firmware's usable ranges ("System RAM"), in any order; bios: as x86 does it, without the
 * first page and the BIOS area from 640 KiB to 1 MiB (arch/x86/kernel/setup.c: trim_bios_range())
 * and without partial pages (arch/x86/kernel/e820.c: e820__memblock_setup()). Replaces what mb
 * held. A limit set by mem= on the command line is not known here.
 */
int memblock_setup(struct memblock *mb, const struct memory_range *usable, size_t n, bool bios);

uint64_t memblock_start_of_DRAM(const struct memblock *mb);
uint64_t memblock_end_of_DRAM(const struct memblock *mb);
uint64_t memblock_phys_mem_size(const struct memblock *mb);
bool memblock_overlaps_region(const struct memblock *mb, uint64_t start, uint64_t end);
/* Bytes without a node: memblock_validate_numa_coverage(). */
uint64_t memblock_uncovered(const struct memblock *mb);

/* Sets the node of all memory in [start, end), splitting regions there and merging neighbours. */
int memblock_set_node(struct memblock *mb, uint64_t start, uint64_t end, int nid);
int memblock_mark_hotplug(struct memblock *mb, uint64_t start, uint64_t end);
int memblock_clear_hotplug(struct memblock *mb, uint64_t start, uint64_t end);

/* A line of the kernel's dump (memblock_dump()), with a newline. A region without a node has no
 * "on node". */
void memblock_print_region(struct buffer *out, size_t index, const struct memblock_region *region);
void memblock_print(struct buffer *out, const struct memblock *mb);
