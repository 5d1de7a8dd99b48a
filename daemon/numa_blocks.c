/* SPDX-License-Identifier: MIT */
#include "numa_blocks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct build {
        struct numa_meminfo *mi;
        const struct zone_span *spans;
        size_t n_spans;
        const struct memblock *present;
        struct warnings *warn;
        struct numa_memblk run; /* being extended; empty if start == end */
};

/* The links of one block, sorted by nid. */
struct group {
        const struct memory_block_link *links;
        size_t n;
};

static int compare_links(const void *a, const void *b)
{
        const struct memory_block_link *left = a, *right = b;

        if (left->start != right->start)
                return left->start < right->start ? -1 : 1;
        return (left->nid > right->nid) - (left->nid < right->nid);
}

static int flush_run(struct build *b)
{
        int r = numa_add_memblk(b->mi, &b->run, b->warn);

        b->run = (struct numa_memblk){ 0 };
        return r;
}

static int add_piece(struct build *b, uint64_t start, uint64_t end, int nid, bool approximate)
{
        struct numa_memblk *run = &b->run;
        int r;

        if (start >= end)
                return 0;
        if (run->end == start && run->start < run->end && run->nid == nid &&
            run->approximate == approximate) {
                run->end = end;
                return 0;
        }
        r = flush_run(b);
        *run = (struct numa_memblk){ .start = start,
                                     .end = end,
                                     .nid = nid,
                                     .source = NUMA_SOURCE_SYSFS,
                                     .approximate = approximate };
        return r;
}

static uint64_t span_start(const struct zone_span *span)
{
        return span->start_pfn > UINT64_MAX / MEMBLOCK_PAGE_SIZE
                       ? UINT64_MAX
                       : span->start_pfn * MEMBLOCK_PAGE_SIZE;
}

static uint64_t span_end(const struct zone_span *span)
{
        uint64_t start = span_start(span);

        return span->spanned > (UINT64_MAX - start) / MEMBLOCK_PAGE_SIZE
                       ? UINT64_MAX
                       : start + span->spanned * MEMBLOCK_PAGE_SIZE;
}

/* The first address after at where any span begins or ends; end if there is none before it. */
static uint64_t next_cut(const struct build *b, uint64_t at, uint64_t end)
{
        for (size_t i = 0; i < b->n_spans; i++) {
                uint64_t from = span_start(&b->spans[i]), to = span_end(&b->spans[i]);

                if (from > at && from < end)
                        end = from;
                if (to > at && to < end)
                        end = to;
        }
        return end;
}

static bool node_spans(const struct build *b, int nid, uint64_t address)
{
        for (size_t i = 0; i < b->n_spans; i++)
                if (b->spans[i].nid == nid && span_start(&b->spans[i]) <= address &&
                    address < span_end(&b->spans[i]))
                        return true;
        return false;
}

/* A block can belong to more nodes than the caller was told of: the one whose zones are there, if
 * there is only one. */
static int only_spanning_node(const struct build *b, uint64_t address)
{
        int nid = NUMA_NO_NODE;

        for (size_t i = 0; i < b->n_spans; i++) {
                if (b->spans[i].nid == nid || !node_spans(b, b->spans[i].nid, address))
                        continue;
                if (nid != NUMA_NO_NODE)
                        return NUMA_NO_NODE;
                nid = b->spans[i].nid;
        }
        return nid;
}

/* Who owns the piece that begins at address; no span begins or ends within it. */
static int owner_at(const struct build *b, const struct group *g, uint64_t address, bool *doubt)
{
        int nid = NUMA_NO_NODE;
        size_t claims = 0;

        for (size_t i = 0; i < g->n; i++) {
                if (!node_spans(b, g->links[i].nid, address))
                        continue;
                if (claims++ == 0)
                        nid = g->links[i].nid;
        }
        *doubt = claims != 1;
        if (claims == 0)
                nid = only_spanning_node(b, address);
        return nid == NUMA_NO_NODE ? g->links[0].nid : nid;
}

static int add_range(struct build *b, const struct group *g, uint64_t start, uint64_t end)
{
        int r = 0;

        if (g->n == 1)
                return add_piece(b, start, end, g->links[0].nid, false);
        while (start < end && r == 0) {
                uint64_t cut = next_cut(b, start, end);
                bool doubt;
                int nid = owner_at(b, g, start, &doubt);

                r = add_piece(b, start, cut, nid, doubt);
                start = cut;
        }
        return r;
}

static int add_group(struct build *b, const struct group *g)
{
        const uint64_t start = g->links[0].start, end = g->links[0].end;
        int r = 0;

        if (!b->present || !memblock_overlaps_region(b->present, start, end))
                return add_range(b, g, start, end);
        for (size_t i = 0; i < b->present->cnt && r == 0; i++) {
                const struct memblock_region *region = &b->present->regions[i];
                uint64_t from = region->base > start ? region->base : start;
                uint64_t to = region->base + region->size;

                r = add_range(b, g, from, to < end ? to : end);
        }
        return r;
}

/* A node is linked once, whatever the caller found twice. */
static size_t drop_duplicates(struct memory_block_link *links, size_t n)
{
        size_t kept = 0;

        for (size_t i = 0; i < n; i++)
                if (kept == 0 || compare_links(&links[i], &links[kept - 1]) != 0)
                        links[kept++] = links[i];
        return kept;
}

static int add_all(struct build *b, const struct memory_block_link *links, size_t n)
{
        int r = 0;

        for (size_t i = 0; i < n && r == 0;) {
                struct group g = { .links = &links[i] };

                while (i < n && links[i].start == g.links[0].start) {
                        g.n++;
                        i++;
                }
                r = add_group(b, &g);
        }
        return r < 0 ? r : flush_run(b);
}

int numa_meminfo_from_blocks(struct numa_meminfo *mi, const struct memory_block_link *links,
                             size_t n_links, const struct zone_span *spans, size_t n_spans,
                             const struct memblock *present, struct warnings *warn)
{
        struct build b = {
                .mi = mi, .spans = spans, .n_spans = n_spans, .present = present, .warn = warn
        };
        struct memory_block_link *sorted;
        int r;

        if (n_links == 0)
                return 0;
        sorted = reallocarray(NULL, n_links, sizeof(*sorted));
        if (!sorted)
                return -ENOMEM;
        memcpy(sorted, links, n_links * sizeof(*sorted));
        qsort(sorted, n_links, sizeof(*sorted), compare_links);
        r = add_all(&b, sorted, drop_duplicates(sorted, n_links));
        free(sorted);
        return r;
}
