/* SPDX-License-Identifier: MIT */
#include "checks_memory.h"

#include "model.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MIB (UINT64_C(1) << 20)

/* A node with less than this part of the median of its peers stands out. Half of it may be meant,
 * and the first node has some less for what the kernel reserves. */
#define UNEVEN_PERCENT 45
/* Parts of the total that the sums may differ by: kernels before 3.10 counted present pages for
 * nodes, of which struct pages are 1.6 %. */
#define MISMATCH_PERCENT 5
/* Present memory that is not managed: struct pages are 1.6 %, the kernel's own image is small. */
#define UNMANAGED_PERCENT 10
#define UNMANAGED_MIN     (256 * MIB)
/* Raised below the first, and until there is more than the second. */
#define EXHAUSTED_PERCENT 2
#define RECOVERED_PERCENT 4
#define PLENTY_PERCENT    25

void finding_explain(struct finding *f, const char *format, ...)
{
        va_list args;
        char *text;

        f->state = CHECK_RAISED;
        if (f->evidence)
                return;
        va_start(args, format);
        if (vasprintf(&text, format, args) >= 0)
                f->evidence = text;
        else
                f->out_of_memory = true;
        va_end(args);
}

void finding_add_node(struct finding *f, int nid)
{
        node_set(nid, &f->nodes);
}

static const struct finding unknown = { .state = CHECK_UNKNOWN };

static const struct firmware_tables *with_srat(const struct snapshot *snap)
{
        const struct firmware_tables *fw = snapshot_sample(snap)->firmware;

        return fw && firmware_table_header(fw, TABLE_SRAT) ? fw : NULL;
}

struct finding srat_node_offline(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        const struct memory_map *map = snapshot_memory_map(snap);
        struct finding f = { .state = CHECK_CLEAR };

        if (!with_srat(snap) || map->source != MEMORY_MAP_SRAT)
                return unknown;
        for (int i = 0; i < map->nr_blks; i++) {
                const struct numa_memblk *blk = &map->blks[i];

                if (node_online(snap, blk->nid))
                        continue;
                finding_explain(&f,
                                "The SRAT gives node %d %" PRIu64 " MiB of memory that is there, "
                                "but the node is not online.",
                                blk->nid, (blk->end - blk->start) / MIB);
                finding_add_node(&f, blk->nid);
        }
        return f;
}

struct finding srat_refused(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        const struct memory_map *map = snapshot_memory_map(snap);
        const struct warnings *w = &map->warnings;
        struct finding f = { .state = CHECK_CLEAR };

        if (!with_srat(snap))
                return unknown;
        if (map->refused)
                finding_explain(&f,
                                "The kernel cannot use the SRAT (%s) and puts all memory on "
                                "node 0.",
                                w->n ? w->text[0] : "no reason known");
        return f;
}

struct finding firmware_table_damaged(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        const struct firmware_tables *fw = snapshot_sample(snap)->firmware;
        struct finding f = { .state = CHECK_UNKNOWN };
        char text[256];

        for (unsigned i = 0; fw && i < NR_FIRMWARE_TABLES; i++) {
                if (!firmware_table_header(fw, i))
                        continue;
                if (f.state == CHECK_UNKNOWN)
                        f.state = CHECK_CLEAR;
                if (fw->status[i].fault.code == FIRMWARE_NO_FAULT)
                        continue;
                firmware_fault_print(&fw->status[i].fault, text, sizeof(text));
                finding_explain(&f, "%s.", text);
        }
        return f;
}

static int compare_bases(const void *a, const void *b)
{
        const struct srat_memory *x = *(const struct srat_memory *const *)a;
        const struct srat_memory *y = *(const struct srat_memory *const *)b;

        return (x->base > y->base) - (x->base < y->base);
}

static void explain_overlap(struct finding *f, const struct pxm_map *pxm,
                            const struct srat_memory *a, const struct srat_memory *b)
{
        int left = pxm_to_node(pxm, a->pxm), right = pxm_to_node(pxm, b->pxm);

        finding_explain(f,
                        "The SRAT gives [mem 0x%08" PRIx64 "-0x%08" PRIx64
                        "] to node %d and [mem 0x%08" PRIx64 "-0x%08" PRIx64 "] to node %d.",
                        a->base, a->base + a->length - 1, left, b->base, b->base + b->length - 1,
                        right);
        finding_add_node(f, left);
        finding_add_node(f, right);
}

/*
 * Compares each range with the one before it that reaches farthest, which finds some pair whenever
 * there is one.
 */
static void sweep(struct finding *f, const struct pxm_map *pxm, const struct srat_memory **sorted,
                  size_t n, bool same_node)
{
        const struct srat_memory *far = NULL;

        for (size_t i = 0; i < n; i++) {
                const struct srat_memory *ma = sorted[i];

                if (far && ma->base - far->base < far->length &&
                    (pxm_to_node(pxm, far->pxm) == pxm_to_node(pxm, ma->pxm)) == same_node)
                        explain_overlap(f, pxm, far, ma);
                if (!far || ma->base + ma->length > far->base + far->length)
                        far = ma;
        }
}

static struct finding find_overlap(const struct snapshot *snap, bool same_node)
{
        const struct firmware_tables *fw = with_srat(snap);
        const struct memory_map *map = snapshot_memory_map(snap);
        struct finding f = { .state = CHECK_CLEAR };
        const struct srat_memory **sorted;
        size_t n = 0;

        if (!fw || !map->pxm)
                return unknown;
        sorted = reallocarray(NULL, fw->srat.n_memory + 1, sizeof(struct srat_memory *));
        if (!sorted)
                return (struct finding){ .out_of_memory = true };
        for (size_t i = 0; i < fw->srat.n_memory; i++) {
                const struct srat_memory *ma = &fw->srat.memory[i];

                if (ma->enabled && ma->length > 0 && ma->length <= UINT64_MAX - ma->base &&
                    pxm_to_node(map->pxm, ma->pxm) != NUMA_NO_NODE)
                        sorted[n++] = ma;
        }
        qsort(sorted, n, sizeof(struct srat_memory *), compare_bases);
        sweep(&f, map->pxm, sorted, n, same_node);
        free(sorted);
        return f;
}

struct finding memory_overlap(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        return find_overlap(snap, false);
}

struct finding memory_self_overlap(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        return find_overlap(snap, true);
}

/* Nodes with CPUs are each other's peers; memory without CPUs is of another kind. */
static bool peer_memory(const struct snapshot *snap, const struct node *node, uint64_t *bytes)
{
        return node->cpus.known && node->cpus.n > 0 &&
               node_meminfo(snap, node, "MemTotal", bytes) && *bytes > 0;
}

static int compare_u64(const void *a, const void *b)
{
        const uint64_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

/* The upper median of the peers' memory; 0 if there are fewer than two. */
static uint64_t median_memory(const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        uint64_t bytes[MAX_NUMNODES];
        size_t n = 0;

        for (size_t i = 0; i < s->n_nodes; i++)
                n += peer_memory(snap, &s->nodes[i], &bytes[n]);
        if (n < 2)
                return 0;
        qsort(bytes, n, sizeof(bytes[0]), compare_u64);
        return bytes[n / 2];
}

struct finding memory_uneven(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        const struct sample *s = snapshot_sample(snap);
        const uint64_t median = median_memory(snap);
        struct finding f = { .state = CHECK_CLEAR };
        uint64_t bytes;

        if (nodes_empty(&s->node_states[N_ONLINE]))
                return unknown;
        for (size_t i = 0; i < s->n_nodes; i++) {
                if (!peer_memory(snap, &s->nodes[i], &bytes) ||
                    bytes >= median / 100 * UNEVEN_PERCENT)
                        continue;
                finding_explain(&f,
                                "Node %d has %" PRIu64 " MiB of memory, half of its peers have "
                                "%" PRIu64 " MiB or more.",
                                s->nodes[i].nid, bytes / MIB, median / MIB);
                finding_add_node(&f, s->nodes[i].nid);
        }
        return f;
}

struct finding memory_block_offline(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        const struct sample *s = snapshot_sample(snap);
        struct finding f = { .state = CHECK_CLEAR };
        struct node_memory_blocks all;

        if (!all_memory_blocks(snap, &all) || (!all.states_known && all.offline == 0))
                return unknown;
        if (all.offline == 0)
                return f;
        finding_explain(&f,
                        "%" PRIu64 " of %" PRIu64 " memory blocks are offline: %" PRIu64 " MiB.",
                        all.offline, all.total, all.offline * s->memory_block_size / MIB);
        for (size_t i = 0; i < s->n_memory_blocks; i++) {
                const struct memory_block *block = &s->memory_blocks[i];

                if (block->state == BLOCK_ONLINE || block->state == BLOCK_UNKNOWN)
                        continue;
                if (block->nid != NUMA_NO_NODE)
                        finding_add_node(&f, block->nid);
                if (block->nid2 != NUMA_NO_NODE)
                        finding_add_node(&f, block->nid2);
        }
        return f;
}

struct finding memory_total_mismatch(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        const struct sample *s = snapshot_sample(snap);
        struct finding f = { .state = CHECK_CLEAR };
        uint64_t system, bytes, sum = 0;

        if (!system_meminfo(snap, "MemTotal", &system) || s->n_nodes == 0)
                return unknown;
        for (size_t i = 0; i < s->n_nodes; i++) {
                if (!node_meminfo(snap, &s->nodes[i], "MemTotal", &bytes))
                        return unknown;
                sum += bytes;
        }
        bytes = sum > system ? sum - system : system - sum;
        if (bytes > system / 100 * MISMATCH_PERCENT)
                finding_explain(&f,
                                "MemTotal of all nodes sums up to %" PRIu64 " MiB, /proc/meminfo "
                                "says %" PRIu64 " MiB.",
                                sum / MIB, system / MIB);
        return f;
}

/* Sums of present and managed memory over the node's zones; false if the kernel does not say. */
static bool zone_memory(const struct node *node, uint64_t page_size, uint64_t *present,
                        uint64_t *managed)
{
        const unsigned wanted = 1U << ZONE_PRESENT | 1U << ZONE_MANAGED;

        *present = *managed = 0;
        for (size_t z = 0; z < node->n_zones; z++) {
                if ((node->zones[z].known & wanted) != wanted)
                        return false;
                *present += node->zones[z].pages[ZONE_PRESENT] * page_size;
                *managed += node->zones[z].pages[ZONE_MANAGED] * page_size;
        }
        return node->n_zones > 0;
}

struct finding memory_unmanaged(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        const struct sample *s = snapshot_sample(snap);
        struct finding f = { .state = CHECK_UNKNOWN };
        uint64_t present, managed;

        for (size_t i = 0; i < s->n_nodes; i++) {
                if (!zone_memory(&s->nodes[i], s->page_size, &present, &managed))
                        continue;
                if (f.state == CHECK_UNKNOWN)
                        f.state = CHECK_CLEAR;
                if (managed >= present || present - managed < UNMANAGED_MIN ||
                    present - managed < present / 100 * UNMANAGED_PERCENT)
                        continue;
                finding_explain(&f,
                                "Of %" PRIu64 " MiB present on node %d the kernel manages %" PRIu64
                                " MiB.",
                                present / MIB, s->nodes[i].nid, managed / MIB);
                finding_add_node(&f, s->nodes[i].nid);
        }
        return f;
}

/* The node with the largest part of its memory free; NULL if none has plenty. */
static const struct node *node_with_plenty(const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        const struct node *best = NULL;
        uint64_t total, available, best_free = 0;

        for (size_t i = 0; i < s->n_nodes; i++) {
                if (!node_meminfo(snap, &s->nodes[i], "MemTotal", &total) ||
                    !node_meminfo(snap, &s->nodes[i], "MemFree", &available) || total == 0 ||
                    available < total / 100 * PLENTY_PERCENT || available <= best_free)
                        continue;
                best = &s->nodes[i];
                best_free = available;
        }
        return best;
}

struct finding memory_exhausted(const struct snapshot *snap, bool was_raised)
{
        const struct sample *s = snapshot_sample(snap);
        const struct node *plenty = node_with_plenty(snap);
        struct finding f = { .state = CHECK_UNKNOWN };
        const uint64_t percent = was_raised ? RECOVERED_PERCENT : EXHAUSTED_PERCENT;
        uint64_t total, available, elsewhere = 0;

        if (plenty)
                node_meminfo(snap, plenty, "MemFree", &elsewhere);
        for (size_t i = 0; i < s->n_nodes; i++) {
                if (!node_meminfo(snap, &s->nodes[i], "MemTotal", &total) ||
                    !node_meminfo(snap, &s->nodes[i], "MemFree", &available))
                        continue;
                if (f.state == CHECK_UNKNOWN)
                        f.state = CHECK_CLEAR;
                if (!plenty || total == 0 || available >= total / 100 * percent)
                        continue;
                finding_explain(&f,
                                "Node %d has %" PRIu64 " of %" PRIu64 " MiB free, node %d has "
                                "%" PRIu64 " MiB.",
                                s->nodes[i].nid, available / MIB, total / MIB, plenty->nid,
                                elsewhere / MIB);
                finding_add_node(&f, s->nodes[i].nid);
        }
        return f;
}
