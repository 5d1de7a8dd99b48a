/* SPDX-License-Identifier: MIT */
/*
 * Which physical memory belongs to which node, and where that is known from: numa_meminfo, memblock
 * and the map from proximity domains to nodes, built from a sample with the best source there is.
 * Immutable and reference-counted. Addresses in bytes; an end is the first byte after.
 */
#pragma once

#include "numa_blocks.h"
#include "numa_memblks.h"
#include "sample.h"

enum memory_map_source {
        MEMORY_MAP_NONE,  /* nothing says which memory belongs to which node */
        MEMORY_MAP_SRAT,  /* the SRAT and, where there is one, the CEDT */
        MEMORY_MAP_SYSFS, /* memory blocks, clipped to the firmware's usable ranges */
        MEMORY_MAP_DUMMY, /* all memory is on one node: no SRAT, or one that the kernel refuses */
};

struct memory_map {
        unsigned refs;
        enum memory_map_source source;
        bool refused; /* the kernel would not use the SRAT; warnings say why */
        /* Some border or node is not certain, or the usable ranges are not known. */
        bool approximate;
        int nr_blks, nr_reserved;
        struct numa_memblk *blks;     /* numa_meminfo */
        struct numa_memblk *reserved; /* numa_reserved_meminfo: ranges without memory at boot */
        struct memblock memblock;     /* memblock.memory; cnt 0: unknown */
        struct pxm_map *pxm;          /* NULL without an SRAT */
        struct warnings warnings;     /* what the kernel would have warned of */
        /* What it was built from, to see when another one is due. */
        const struct firmware_tables *firmware;
        size_t n_spans;
        struct zone_span *spans;
};

/* NULL when memory is exhausted. */
struct memory_map *memory_map_new(const struct sample *sample);
struct memory_map *memory_map_ref(struct memory_map *map);
void memory_map_unref(struct memory_map *map);
/* Whether map was built from the sample's firmware tables and zones; its memory blocks are compared
 * elsewhere (structure_equal()). */
bool memory_map_current(const struct memory_map *map, const struct sample *sample);

/* "srat", "sysfs", "dummy"; NULL for MEMORY_MAP_NONE. */
const char *memory_map_source_name(enum memory_map_source source);
/* Whether a part of the range belongs to a block that is approximate. */
bool memory_map_doubts(const struct memory_map *map, uint64_t start, uint64_t end);
