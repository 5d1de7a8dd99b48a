/* SPDX-License-Identifier: MIT */
#include "numa_memblks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The kernel's [mem %#010Lx-%#010Lx], last byte included. */
#define MEM_FORMAT         "[mem 0x%08" PRIx64 "-0x%08" PRIx64 "]"
#define MEM_ARGS(from, to) (from), (to)-1

const char *numa_source_name(enum numa_source source)
{
        static const char *const names[] = {
                [NUMA_SOURCE_SRAT] = "srat",
                [NUMA_SOURCE_CEDT] = "cedt",
                [NUMA_SOURCE_SYSFS] = "sysfs",
                [NUMA_SOURCE_DUMMY] = "dummy",
        };

        return names[source];
}

int numa_add_memblk(struct numa_meminfo *mi, const struct numa_memblk *blk, struct warnings *warn)
{
        if (blk->start == blk->end)
                return 0;
        if (blk->start > blk->end || blk->nid < 0 || blk->nid >= MAX_NUMNODES) {
                warnings_add(warn, "Warning: invalid memblk node %d " MEM_FORMAT, blk->nid,
                             MEM_ARGS(blk->start, blk->end));
                return 0;
        }
        if (mi->nr_blks >= NR_NODE_MEMBLKS) {
                warnings_add(warn, "too many memblk ranges");
                return -ENOSPC;
        }
        mi->blk[mi->nr_blks++] = *blk;
        return 0;
}

static void remove_blk(struct numa_meminfo *mi, int at)
{
        mi->nr_blks--;
        memmove(&mi->blk[at], &mi->blk[at + 1], (size_t)(mi->nr_blks - at) * sizeof(mi->blk[0]));
}

/* Leaves in *blk the part that holds present memory, which may be nothing. */
static int trim_blk(struct numa_memblk *blk, struct numa_meminfo *reserved,
                    const struct memblock *mb, bool keep_low, struct warnings *warn)
{
        const uint64_t low = keep_low ? 0 : memblock_start_of_DRAM(mb);
        const uint64_t high = memblock_end_of_DRAM(mb);
        struct numa_memblk above = *blk;
        bool present = memblock_overlaps_region(mb, blk->start, blk->end);
        int r = 0;

        if (!present) {
                blk->end = blk->start;
                return numa_add_memblk(reserved, &above, warn);
        }
        if (blk->start < low)
                blk->start = low;
        if (blk->end > high) {
                above.start = high;
                r = numa_add_memblk(reserved, &above, warn);
                blk->end = high;
        }
        return r;
}

static int trim_all(struct numa_meminfo *mi, struct numa_meminfo *reserved,
                    const struct memblock *mb, bool keep_low, struct warnings *warn)
{
        for (int i = 0; i < mi->nr_blks;) {
                int r = trim_blk(&mi->blk[i], reserved, mb, keep_low, warn);

                if (r < 0)
                        return r;
                if (mi->blk[i].start >= mi->blk[i].end)
                        remove_blk(mi, i);
                else
                        i++;
        }
        return 0;
}

static bool overlap(const struct numa_memblk *a, const struct numa_memblk *b)
{
        return a->end > b->start && a->start < b->end;
}

static int check_overlap(const struct numa_memblk *a, const struct numa_memblk *b,
                         struct warnings *warn)
{
        if (!overlap(a, b))
                return 0;
        if (a->nid == b->nid) {
                warnings_add(warn,
                             "Warning: node %d " MEM_FORMAT " overlaps with itself " MEM_FORMAT,
                             a->nid, MEM_ARGS(a->start, a->end), MEM_ARGS(b->start, b->end));
                return 0;
        }
        warnings_add(warn, "node %d " MEM_FORMAT " overlaps with node %d " MEM_FORMAT, a->nid,
                     MEM_ARGS(a->start, a->end), b->nid, MEM_ARGS(b->start, b->end));
        return -EEXIST;
}

static bool other_node_within(const struct numa_meminfo *mi, const struct numa_memblk *range)
{
        for (int k = 0; k < mi->nr_blks; k++)
                if (mi->blk[k].nid != range->nid && overlap(&mi->blk[k], range))
                        return true;
        return false;
}

/* Merges b into a unless another node's block lies between. */
static bool merge_blk(const struct numa_meminfo *mi, struct numa_memblk *a,
                      const struct numa_memblk *b)
{
        struct numa_memblk joined = *a;

        if (a->nid != b->nid || a->approximate != b->approximate)
                return false;
        if (b->start < joined.start)
                joined.start = b->start;
        if (b->end > joined.end)
                joined.end = b->end;
        if (other_node_within(mi, &joined))
                return false;
        joined.hotpluggable |= b->hotpluggable;
        joined.nonvolatile |= b->nonvolatile;
        *a = joined;
        return true;
}

int numa_cleanup_meminfo(struct numa_meminfo *mi, struct numa_meminfo *reserved,
                         const struct memblock *mb, bool keep_low, struct warnings *warn)
{
        int r = trim_all(mi, reserved, mb, keep_low, warn);

        if (r < 0)
                return r;
        for (int i = 0; i < mi->nr_blks; i++) {
                for (int j = i + 1; j < mi->nr_blks;) {
                        r = check_overlap(&mi->blk[i], &mi->blk[j], warn);
                        if (r < 0)
                                return r;
                        if (merge_blk(mi, &mi->blk[i], &mi->blk[j]))
                                remove_blk(mi, j);
                        else
                                j++;
                }
        }
        return 0;
}

static int compare_start(const void *a, const void *b)
{
        const struct numa_memblk *left = *(struct numa_memblk *const *)a;
        const struct numa_memblk *right = *(struct numa_memblk *const *)b;

        return (left->start > right->start) - (left->start < right->start);
}

int numa_fill_memblks(struct numa_meminfo *mi, uint64_t start, uint64_t end)
{
        struct numa_memblk *touched[NR_NODE_MEMBLKS];
        uint64_t reached;
        size_t n = 0;

        for (int i = 0; i < mi->nr_blks; i++)
                if (mi->blk[i].start < end && start < mi->blk[i].end)
                        touched[n++] = &mi->blk[i];
        if (n == 0)
                return NUMA_NO_MEMBLK;
        qsort(touched, n, sizeof(struct numa_memblk *), compare_start);
        if (touched[0]->start > start)
                touched[0]->start = start;
        if (touched[n - 1]->end < end)
                touched[n - 1]->end = end;
        reached = touched[0]->end;
        for (size_t i = 1; i < n; i++) {
                if (reached < touched[i]->start)
                        touched[i]->start = reached;
                if (reached < touched[i]->end)
                        reached = touched[i]->end;
        }
        return 0;
}

int numa_register_memblks(struct memblock *mb, const struct numa_meminfo *mi,
                          const nodemask_t *kernel_nodes, struct warnings *warn)
{
        uint64_t uncovered;

        for (int i = 0; i < mi->nr_blks; i++) {
                const struct numa_memblk *blk = &mi->blk[i];

                if (memblock_set_node(mb, blk->start, blk->end, blk->nid) < 0)
                        return -ENOMEM;
        }
        for (int i = 0; kernel_nodes && i < mi->nr_blks; i++) {
                const struct numa_memblk *blk = &mi->blk[i];

                if (node_isset(blk->nid, kernel_nodes) &&
                    memblock_clear_hotplug(mb, blk->start, blk->end) < 0)
                        return -ENOMEM;
        }
        uncovered = memblock_uncovered(mb);
        if (uncovered <= NUMA_MAX_UNCOVERED)
                return 0;
        warnings_add(warn, "NUMA: no nodes coverage for %" PRIu64 "MB of %" PRIu64 "MB RAM",
                     uncovered >> 20, memblock_phys_mem_size(mb) >> 20);
        return -EINVAL;
}

static int add_affinity(struct numa_meminfo *mi, struct memblock *mb, const struct srat_memory *ma,
                        int nid, struct warnings *warn)
{
        const struct numa_memblk blk = {
                .start = ma->base,
                .end = ma->base + ma->length,
                .nid = nid,
                .source = NUMA_SOURCE_SRAT,
                .hotpluggable = ma->hotpluggable,
                .nonvolatile = ma->nonvolatile,
        };
        int r = numa_add_memblk(mi, &blk, warn);

        if (r < 0) {
                warnings_add(warn, "SRAT: Failed to add memblk to node %d " MEM_FORMAT, nid,
                             MEM_ARGS(blk.start, blk.end));
                return r;
        }
        if (mb && ma->hotpluggable)
                return memblock_mark_hotplug(mb, blk.start, blk.end);
        return 0;
}

int numa_add_srat(struct numa_meminfo *mi, struct memblock *mb, const struct pxm_map *map,
                  const struct srat *srat, struct warnings *warn)
{
        for (size_t i = 0; i < srat->n_memory; i++) {
                const struct srat_memory *ma = &srat->memory[i];
                int r;

                if (!ma->enabled)
                        continue;
                r = add_affinity(mi, mb, ma, pxm_to_node(map, ma->pxm), warn);
                if (r < 0)
                        return r;
        }
        return 0;
}

void numa_add_cedt(struct numa_meminfo *mi, struct pxm_map *map, const struct cedt *cedt,
                   struct warnings *warn)
{
        uint32_t fake_pxm = pxm_map_next_fake(map);

        for (size_t i = 0; i < cedt->n_cfmws; i++) {
                const struct cedt_cfmws *window = &cedt->cfmws[i];
                struct numa_memblk blk = {
                        .start = window->base,
                        .end = window->base + window->size,
                        .source = NUMA_SOURCE_CEDT,
                };

                if (numa_fill_memblks(mi, blk.start, blk.end) == 0)
                        continue;
                blk.nid = pxm_map_get(map, fake_pxm);
                if (blk.nid == NUMA_NO_NODE) {
                        warnings_add(warn, "ACPI NUMA: Too many proximity domains while "
                                           "processing CFMWS.");
                        return;
                }
                if (numa_add_memblk(mi, &blk, warn) < 0)
                        warnings_add(
                                warn,
                                "ACPI NUMA: Failed to add memblk for CFMWS node %d " MEM_FORMAT,
                                blk.nid, MEM_ARGS(blk.start, blk.end));
                fake_pxm++;
        }
}

static int init_from_tables(struct numa_meminfo *mi, struct numa_meminfo *reserved,
                            struct memblock *mb, struct pxm_map *map, const struct srat *srat,
                            const struct cedt *cedt, bool keep_low, const nodemask_t *kernel_nodes,
                            struct warnings *warn)
{
        uint32_t bad_pxm = 0;
        int r = pxm_map_add_srat(map, srat, &bad_pxm);

        if (bad_pxm >= MAX_PXM_DOMAINS)
                warnings_add(warn, "SRAT: Too many proximity domains: %" PRIu32, bad_pxm);
        if (r == 0)
                r = numa_add_srat(mi, mb, map, srat, warn);
        if (r < 0) {
                warnings_add(warn, "SRAT: SRAT not used.");
                return r == -ENOMEM ? r : -EINVAL;
        }
        if (mi->nr_blks == 0) {
                warnings_add(warn, "SRAT: no memory affinities");
                return -EINVAL;
        }
        if (cedt)
                numa_add_cedt(mi, map, cedt, warn);
        r = numa_cleanup_meminfo(mi, reserved, mb, keep_low, warn);
        if (r == 0)
                r = numa_register_memblks(mb, mi, kernel_nodes, warn);
        return r;
}

/* What numa_init() does before it tries a source. */
static int reset(struct numa_meminfo *mi, struct numa_meminfo *reserved, struct memblock *mb)
{
        mi->nr_blks = 0;
        reserved->nr_blks = 0;
        if (memblock_set_node(mb, 0, UINT64_MAX, NUMA_NO_NODE) < 0 ||
            memblock_clear_hotplug(mb, 0, UINT64_MAX) < 0)
                return -ENOMEM;
        return 0;
}

/* arch/x86/mm/numa.c: dummy_numa_init() */
static int init_dummy(struct numa_meminfo *mi, struct numa_meminfo *reserved, struct memblock *mb,
                      bool keep_low, struct warnings *warn)
{
        const struct numa_memblk all = {
                .end = memblock_end_of_DRAM(mb),
                .source = NUMA_SOURCE_DUMMY,
        };
        int r = reset(mi, reserved, mb);

        if (r < 0)
                return r;
        numa_add_memblk(mi, &all, warn);
        numa_cleanup_meminfo(mi, reserved, mb, keep_low, warn);
        return numa_register_memblks(mb, mi, NULL, warn);
}

int numa_init(struct numa_meminfo *mi, struct numa_meminfo *reserved, struct memblock *mb,
              struct pxm_map *map, const struct srat *srat, const struct cedt *cedt, bool keep_low,
              const nodemask_t *kernel_nodes, struct warnings *warn)
{
        int fallback, r = reset(mi, reserved, mb);

        if (r < 0)
                return r;
        pxm_map_init(map);
        r = init_from_tables(mi, reserved, mb, map, srat, cedt, keep_low, kernel_nodes, warn);
        if (r != -EINVAL && r != -EEXIST)
                return r;
        warnings_add(warn, "NUMA: all memory on node 0");
        fallback = init_dummy(mi, reserved, mb, keep_low, warn);
        return fallback < 0 ? fallback : r;
}
