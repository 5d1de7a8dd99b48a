/* SPDX-License-Identifier: MIT */
/*
 * numa_meminfo: which physical memory belongs to which node, rebuilt as the kernel does it at boot
 * (mm/numa_memblks.c; before 6.12 arch/x86/mm/numa.c), from the SRAT and CEDT, or, where these
 * cannot be read, from sysfs's memory blocks.
 *
 * Addresses are in bytes; an end is the first byte after. The structures are large (64 KiB): keep
 * them on the heap. What the kernel would have printed as a warning or an error goes to warn,
 * which may be NULL.
 */
#pragma once

#include "firmware.h"
#include "memblock.h"
#include "nodemask.h"
#include "pxm.h"
#include "warnings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* include/linux/numa_memblks.h */
#define NR_NODE_MEMBLKS (2 * MAX_NUMNODES)
/* numa_fill_memblks(): no block touches the range. */
#define NUMA_NO_MEMBLK (-1)
/* arch/x86/mm/numa.c: memory without a node that the kernel tolerates */
#define NUMA_MAX_UNCOVERED (UINT64_C(1) << 20)

enum numa_source {
        NUMA_SOURCE_SRAT,
        NUMA_SOURCE_CEDT,  /* a CXL window that the SRAT does not cover */
        NUMA_SOURCE_SYSFS, /* nodeN/memoryM links */
        NUMA_SOURCE_DUMMY, /* the kernel's fallback: everything on node 0 */
};

struct numa_memblk {
        uint64_t start, end;
        int nid;
        /* What the kernel does not keep. Where blocks are merged, a flag says that it holds for a
         * part; the source is the first block's. */
        enum numa_source source;
        bool hotpluggable, nonvolatile;
        bool approximate; /* the borders or the node are not certain */
};

struct numa_meminfo {
        int nr_blks;
        struct numa_memblk blk[NR_NODE_MEMBLKS];
};

/* "srat", "cedt", "sysfs", "dummy" */
const char *numa_source_name(enum numa_source source);

/*
 * Adds a block. An empty one is ignored; one with start > end or an impossible nid is ignored with
 * a warning. -ENOSPC when the table is full.
 */
int numa_add_memblk(struct numa_meminfo *mi, const struct numa_memblk *blk, struct warnings *warn);

/*
 * Makes mi what the kernel keeps: blocks that hold no memory of mb, and the parts above its end,
 * move to reserved (hot-pluggable ranges end up there); the rest is trimmed to the start of memory;
 * blocks of one node are merged, across holes too, where no other node lies between. One node's
 * blocks that overlap are a warning. -EEXIST, with an explanation in warn, if two nodes' do: the
 * kernel then uses none of it (numa_cleanup_meminfo()). -ENOSPC when reserved is full.
 * keep_low: as before Linux 6.12, when the start was not trimmed. Blocks that are approximate are
 * not merged with others.
 */
int numa_cleanup_meminfo(struct numa_meminfo *mi, struct numa_meminfo *reserved,
                         const struct memblock *mb, bool keep_low, struct warnings *warn);

/* Extends the blocks that touch [start, end) until they cover it; NUMA_NO_MEMBLK if none does. */
int numa_fill_memblks(struct numa_meminfo *mi, uint64_t start, uint64_t end);

/*
 * Sets the nodes on mb's regions (numa_register_meminfo()), then takes MEMBLOCK_HOTPLUG off the
 * nodes in kernel_nodes, those that hold memory the kernel had reserved by then
 * (numa_clear_kernel_node_hotplug()); NULL for none. -EINVAL, with an explanation, if more than
 * NUMA_MAX_UNCOVERED bytes have no node. -ENOMEM.
 */
int numa_register_memblks(struct memblock *mb, const struct numa_meminfo *mi,
                          const nodemask_t *kernel_nodes, struct warnings *warn);

/*
 * The enabled memory affinities of the SRAT, with the node ids that map gives them
 * (acpi_parse_memory_affinity()). Hot-pluggable ones are marked in mb, which may be NULL. -ENOSPC,
 * -ENOMEM.
 */
int numa_add_srat(struct numa_meminfo *mi, struct memblock *mb, const struct pxm_map *map,
                  const struct srat *srat, struct warnings *warn);
/* CXL windows extend what they touch or become nodes of their own (acpi_parse_cfmws()). */
void numa_add_cedt(struct numa_meminfo *mi, struct pxm_map *map, const struct cedt *cedt,
                   struct warnings *warn);

/*
 * The kernel's numa_init() over the two tables, map, mi, reserved and the nodes in mb being its
 * results; cedt may be NULL. -EEXIST if two nodes claim one range, -EINVAL if the kernel refuses
 * the tables for another reason: mi then holds its fallback, all memory on node 0, and warn the
 * reason. -ENOMEM.
 */
int numa_init(struct numa_meminfo *mi, struct numa_meminfo *reserved, struct memblock *mb,
              struct pxm_map *map, const struct srat *srat, const struct cedt *cedt, bool keep_low,
              const nodemask_t *kernel_nodes, struct warnings *warn);
