/* SPDX-License-Identifier: MIT */
/*
 * numa_meminfo without an SRAT: from the links nodeN/memoryM of sysfs, the usable memory that the
 * firmware reports, and the spans of each node's zones in /proc/zoneinfo.
 */
#pragma once

#include "memblock.h"
#include "numa_memblks.h"
#include "warnings.h"

#include <stddef.h>
#include <stdint.h>

/* A link nodeN/memoryM. A block that belongs to several nodes has a link under each. */
struct memory_block_link {
        uint64_t start, end; /* bytes */
        int nid;
};

/* A zone of a node; spanned may include holes and, with interleaved nodes, others' memory. */
struct zone_span {
        int nid;
        uint64_t start_pfn, spanned; /* pages of MEMBLOCK_PAGE_SIZE */
};

/*
 * Adds a block for each run of memory of one node. Links are clipped to present, memory that the
 * firmware reported; a link that holds none of it was plugged later and counts whole, and an empty
 * present or NULL clips nothing. A block of several nodes is cut where their zones' spans end. What
 * lies in the spans of more than one of them goes to the lowest of these nodes, what lies in none
 * to the only other node that spans it, or to the lowest; both is marked approximate. Links may
 * come in any order. 0, -ENOMEM, or -ENOSPC when mi is full; what fits is in mi then.
 */
int numa_meminfo_from_blocks(struct numa_meminfo *mi, const struct memory_block_link *links,
                             size_t n_links, const struct zone_span *spans, size_t n_spans,
                             const struct memblock *present, struct warnings *warn);
