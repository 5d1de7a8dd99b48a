/* SPDX-License-Identifier: MIT */
#include "memory_map.h"

#include "array.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The tables while they are built: too large for the stack, larger than what is kept of them. */
struct build {
        const struct sample *sample;
        struct memory_map *map;
        struct numa_meminfo mi, reserved;
        bool nodes_overlap; /* in the SRAT, which no kernel takes */
        size_t n_links, cap_links;
        struct memory_block_link *links;
};

struct memory_map *memory_map_ref(struct memory_map *map)
{
        map->refs++;
        return map;
}

void memory_map_unref(struct memory_map *map)
{
        if (!map || --map->refs > 0)
                return;
        memblock_free(&map->memblock);
        warnings_clear(&map->warnings);
        free(map->blks);
        free(map->reserved);
        free(map->pxm);
        free(map->spans);
        free(map);
}

const char *memory_map_source_name(enum memory_map_source source)
{
        static const char *const names[] = {
                [MEMORY_MAP_NONE] = NULL,
                [MEMORY_MAP_SRAT] = "srat",
                [MEMORY_MAP_SYSFS] = "sysfs",
                [MEMORY_MAP_DUMMY] = "dummy",
        };

        return names[source];
}

bool memory_map_doubts(const struct memory_map *map, uint64_t start, uint64_t end)
{
        for (int i = 0; i < map->nr_blks; i++)
                if (map->blks[i].approximate && map->blks[i].start < end &&
                    start < map->blks[i].end)
                        return true;
        return false;
}

static bool zone_has_span(const struct zone *zone)
{
        const unsigned wanted = 1U << ZONE_START_PFN | 1U << ZONE_SPANNED;

        return (zone->known & wanted) == wanted && zone->pages[ZONE_SPANNED] > 0;
}

/* Calls visit for each zone that spans memory, until it returns false. */
static bool for_each_span(const struct sample *s, bool (*visit)(void *, struct zone_span),
                          void *context)
{
        for (size_t i = 0; i < s->n_nodes; i++)
                for (size_t z = 0; z < s->nodes[i].n_zones; z++) {
                        const struct zone *zone = &s->nodes[i].zones[z];
                        /* Zones count in the machine's pages, spans in those of 4 KiB. */
                        const uint64_t unit = s->page_size / MEMBLOCK_PAGE_SIZE;
                        const struct zone_span span = {
                                .nid = s->nodes[i].nid,
                                .start_pfn = zone->pages[ZONE_START_PFN] * unit,
                                .spanned = zone->pages[ZONE_SPANNED] * unit,
                        };

                        if (zone_has_span(zone) && !visit(context, span))
                                return false;
                }
        return true;
}

struct spans {
        size_t n, cap;
        struct zone_span *spans;
};

static bool add_span(void *context, struct zone_span span)
{
        struct spans *s = context;

        if (!array_grow(&s->spans, &s->cap, s->n, sizeof(*s->spans)))
                return false;
        s->spans[s->n++] = span;
        return true;
}

/* Checks off one of the spans that are expected. */
static bool match_span(void *context, struct zone_span span)
{
        struct spans *expected = context;
        const struct zone_span *next = expected->spans;

        if (expected->n == 0 || next->nid != span.nid || next->start_pfn != span.start_pfn ||
            next->spanned != span.spanned)
                return false;
        expected->spans++;
        expected->n--;
        return true;
}

bool memory_map_current(const struct memory_map *map, const struct sample *sample)
{
        struct spans expected = { .n = map->n_spans, .spans = map->spans };

        return map->firmware == sample->firmware && for_each_span(sample, match_span, &expected) &&
               expected.n == 0;
}

static int add_link(struct build *b, const struct memory_block *block, int nid)
{
        const uint64_t size = b->sample->memory_block_size;
        uint64_t start;

        if (nid == NUMA_NO_NODE)
                return 0;
        if (__builtin_mul_overflow(block->id, size, &start) || start > UINT64_MAX - size)
                return 0;
        if (!array_grow(&b->links, &b->cap_links, b->n_links, sizeof(*b->links)))
                return -ENOMEM;
        b->links[b->n_links++] =
                (struct memory_block_link){ .start = start, .end = start + size, .nid = nid };
        return 0;
}

static int find_links(struct build *b)
{
        const struct sample *s = b->sample;
        int r = 0;

        for (size_t i = 0; r == 0 && s->memory_block_size > 0 && i < s->n_memory_blocks; i++) {
                r = add_link(b, &s->memory_blocks[i], s->memory_blocks[i].nid);
                if (r == 0)
                        r = add_link(b, &s->memory_blocks[i], s->memory_blocks[i].nid2);
        }
        return r;
}

/* Memory that is there: what firmware reports; without that, the memory blocks. */
static int set_up_memblock(struct build *b)
{
        const struct firmware_tables *fw = b->sample->firmware;
        int r = 0;

        if (fw && fw->n_usable > 0)
                return memblock_setup(&b->map->memblock, fw->usable, fw->n_usable,
                                      fw->usable_source == USABLE_MEMMAP);
        b->map->approximate = true;
        for (size_t i = 0; i < b->n_links && r == 0; i++)
                r = memblock_add(&b->map->memblock, b->links[i].start, b->links[i].end);
        return r;
}

/* Without either: what the SRAT says is there at boot. */
static int add_srat_ranges(struct memblock *mb, const struct srat *srat)
{
        int r = 0;

        for (size_t i = 0; i < srat->n_memory && r == 0; i++) {
                const struct srat_memory *ma = &srat->memory[i];

                if (ma->enabled && !ma->hotpluggable && ma->length <= UINT64_MAX - ma->base)
                        r = memblock_add(mb, ma->base, ma->base + ma->length);
        }
        return r;
}

/* Before 6.12 the kernel did not trim the first block to the start of memory. */
static bool keeps_low_memory(const char *release)
{
        unsigned major, minor;

        return release && sscanf(release, "%u.%u", &major, &minor) == 2 &&
               (major < 6 || (major == 6 && minor < 12));
}

/*
 * Nodes that hold memory the kernel had reserved by then, of which two are known from outside: the
 * one of the lowest addresses (the first 64 KiB are always reserved) and the kernel's own.
 */
static void find_kernel_nodes(const struct build *b, nodemask_t *nodes)
{
        const struct firmware_tables *fw = b->sample->firmware;
        const uint64_t places[] = { memblock_start_of_DRAM(&b->map->memblock), fw->kernel_start };

        nodemask_clear(nodes);
        for (size_t p = 0; p < (fw->kernel_known ? 2U : 1U); p++)
                for (size_t i = 0; i < fw->srat.n_memory; i++) {
                        const struct srat_memory *ma = &fw->srat.memory[i];
                        int nid = pxm_to_node(b->map->pxm, ma->pxm);

                        if (ma->enabled && nid != NUMA_NO_NODE && ma->base <= places[p] &&
                            places[p] - ma->base < ma->length)
                                node_set(nid, nodes);
                }
}

static int build_from_srat(struct build *b)
{
        const struct firmware_tables *fw = b->sample->firmware;
        struct memory_map *map = b->map;
        nodemask_t kernel_nodes;
        int r = 0;

        map->pxm = malloc(sizeof(*map->pxm));
        if (!map->pxm)
                return -ENOMEM;
        if (map->memblock.cnt == 0)
                r = add_srat_ranges(&map->memblock, &fw->srat);
        if (r < 0)
                return r;
        pxm_map_init(map->pxm);
        pxm_map_add_srat(map->pxm, &fw->srat, NULL);
        find_kernel_nodes(b, &kernel_nodes);
        r = numa_init(&b->mi, &b->reserved, &map->memblock, map->pxm, &fw->srat,
                      firmware_table_header(fw, TABLE_CEDT) ? &fw->cedt : NULL,
                      keeps_low_memory(b->sample->kernel), &kernel_nodes, &map->warnings);
        if (r == -ENOMEM)
                return r;
        map->refused = r < 0;
        b->nodes_overlap = r == -EEXIST;
        map->source = map->refused ? MEMORY_MAP_DUMMY : MEMORY_MAP_SRAT;
        return 0;
}

/* Memory that came after boot, and that firmware never reported (dax, balloons): it is there. */
static int add_later_blocks(struct build *b)
{
        struct memblock *mb = &b->map->memblock;
        int r = 0;

        for (size_t i = 0; i < b->n_links && r == 0; i++)
                if (!memblock_overlaps_region(mb, b->links[i].start, b->links[i].end))
                        r = memblock_add(mb, b->links[i].start, b->links[i].end);
        return r;
}

static int build_from_blocks(struct build *b)
{
        struct memory_map *map = b->map;
        struct memblock *mb = &map->memblock;
        int r = add_later_blocks(b);

        if (r < 0)
                return r;
        r = numa_meminfo_from_blocks(&b->mi, b->links, b->n_links, map->spans, map->n_spans, mb,
                                     &map->warnings);

        /* A table that is too small for all blocks is reported and used as far as it goes. */
        if (r == -ENOMEM)
                return r;
        r = numa_cleanup_meminfo(&b->mi, &b->reserved, mb, false, &map->warnings);
        if (r == 0)
                r = numa_register_memblks(mb, &b->mi, NULL, &map->warnings);
        map->source = MEMORY_MAP_SYSFS;
        return r == -ENOMEM ? r : 0;
}

/* A kernel that tells of no blocks, and one node: it has all there is. */
static int build_single_node(struct build *b)
{
        struct memblock *mb = &b->map->memblock;
        const struct numa_memblk all = {
                .start = memblock_start_of_DRAM(mb),
                .end = memblock_end_of_DRAM(mb),
                .nid = b->sample->nodes[0].nid,
                .source = NUMA_SOURCE_DUMMY,
        };

        numa_add_memblk(&b->mi, &all, &b->map->warnings);
        b->map->source = MEMORY_MAP_DUMMY;
        return memblock_set_node(mb, all.start, all.end, all.nid);
}

/* Bytes that do not even begin as an SRAT are none, whatever file they are in. */
static bool srat_is_one(const struct firmware_tables *fw)
{
        if (!fw || !firmware_table_header(fw, TABLE_SRAT))
                return false;
        return fw->status[TABLE_SRAT].fault.code != FIRMWARE_TOO_SHORT &&
               fw->status[TABLE_SRAT].fault.code != FIRMWARE_SIGNATURE;
}

/*
 * A table that is refused leaves one node, so a kernel with memory on several has not refused it. A
 * contradiction within the table is refused by every kernel, and is told in any case.
 */
static bool map_contradicts_kernel(const struct build *b)
{
        if (!b->map->refused || b->nodes_overlap)
                return false;
        for (size_t i = 1; i < b->n_links; i++)
                if (b->links[i].nid != b->links[0].nid)
                        return true;
        return false;
}

static int build(struct build *b)
{
        const struct firmware_tables *fw = b->sample->firmware;
        struct spans spans = { .n = 0 };
        int r = find_links(b);

        if (r == 0)
                r = set_up_memblock(b);
        if (!for_each_span(b->sample, add_span, &spans))
                r = -ENOMEM;
        b->map->spans = spans.spans;
        b->map->n_spans = spans.n;
        if (r < 0)
                return r;
        if (srat_is_one(fw)) {
                r = build_from_srat(b);
                if (r < 0 || !map_contradicts_kernel(b))
                        return r;
                /* What came after boot may lie outside the SRAT: the kernel did not have it then.
                 */
                warnings_add(&b->map->warnings,
                             "the kernel has several nodes, so it did not refuse "
                             "the tables: its memory blocks are believed");
                b->mi.nr_blks = b->reserved.nr_blks = 0;
                b->map->refused = false;
                if (memblock_set_node(&b->map->memblock, 0, UINT64_MAX, NUMA_NO_NODE) < 0)
                        return -ENOMEM;
        }
        if (b->n_links > 0)
                return build_from_blocks(b);
        if (b->sample->n_nodes == 1 && b->map->memblock.cnt > 0)
                return build_single_node(b);
        return 0;
}

static struct numa_memblk *keep(const struct numa_meminfo *mi)
{
        size_t size = (size_t)mi->nr_blks * sizeof(mi->blk[0]);
        struct numa_memblk *kept = malloc(size ? size : 1);

        if (kept)
                memcpy(kept, mi->blk, size);
        return kept;
}

static int compare_start(const void *a, const void *b)
{
        const struct numa_memblk *x = a, *y = b;

        return (x->start > y->start) - (x->start < y->start);
}

/* A range that the table names twice is one. */
static void drop_repeated(struct numa_meminfo *mi)
{
        int kept = 0;

        for (int i = 0; i < mi->nr_blks; i++) {
                const struct numa_memblk *last = kept ? &mi->blk[kept - 1] : NULL;

                if (!last || last->start != mi->blk[i].start || last->end != mi->blk[i].end ||
                    last->nid != mi->blk[i].nid)
                        mi->blk[kept++] = mi->blk[i];
        }
        mi->nr_blks = kept;
}

static bool finish(struct build *b)
{
        struct memory_map *map = b->map;

        qsort(b->mi.blk, (size_t)b->mi.nr_blks, sizeof(b->mi.blk[0]), compare_start);
        qsort(b->reserved.blk, (size_t)b->reserved.nr_blks, sizeof(b->reserved.blk[0]),
              compare_start);
        drop_repeated(&b->reserved);
        map->blks = keep(&b->mi);
        map->reserved = keep(&b->reserved);
        map->nr_blks = b->mi.nr_blks;
        map->nr_reserved = b->reserved.nr_blks;
        for (int i = 0; i < b->mi.nr_blks; i++)
                map->approximate = map->approximate || b->mi.blk[i].approximate;
        return map->blks && map->reserved;
}

struct memory_map *memory_map_new(const struct sample *sample)
{
        struct build *b = calloc(1, sizeof(*b));
        struct memory_map *map = calloc(1, sizeof(*map));
        bool complete = b && map;

        if (complete) {
                map->refs = 1;
                map->firmware = sample->firmware;
                b->sample = sample;
                b->map = map;
                complete = build(b) == 0 && map->warnings.lost == 0 && finish(b);
        }
        if (b)
                free(b->links);
        free(b);
        if (complete)
                return map;
        if (map)
                map->refs = 1;
        memory_map_unref(map);
        return NULL;
}
