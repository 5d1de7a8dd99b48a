/* SPDX-License-Identifier: MIT */
#include "render_prometheus.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Blocks that are exported at most; firmware that has more interleaves in small pieces. */
#define MEMORY_RANGES_MAX 1024

#define NS_PER_SECOND UINT64_C(1000000000)

static void access_sample(struct prom *p, const struct node_access *access,
                          enum access_figure figure, const char *direction, uint64_t scale)
{
        if (!(access->known >> figure & 1))
                return;
        prom_begin_node(p, access->nid);
        prom_label_u64(p, "class", access->access_class);
        prom_label(p, "direction", direction);
        prom_scaled(p, access->figures[figure], scale);
}

static void access_family(struct prom *p, const struct sample *s, enum family_id id,
                          enum access_figure read, enum access_figure write, uint64_t scale)
{
        prom_table_family(p, id);
        for (size_t i = 0; i < s->n_nodes; i++)
                for (size_t k = 0; k < s->nodes[i].n_accesses; k++) {
                        access_sample(p, &s->nodes[i].accesses[k], read, "read", scale);
                        access_sample(p, &s->nodes[i].accesses[k], write, "write", scale);
                }
}

void render_access(struct prom *p, const struct sample *s)
{
        access_family(p, s, FAMILY_ACCESS_BANDWIDTH, ACCESS_READ_BANDWIDTH, ACCESS_WRITE_BANDWIDTH,
                      1);
        access_family(p, s, FAMILY_ACCESS_LATENCY, ACCESS_READ_LATENCY, ACCESS_WRITE_LATENCY,
                      NS_PER_SECOND);
        prom_table_family(p, FAMILY_SIDE_CACHE);
        for (size_t i = 0; i < s->n_nodes; i++)
                for (size_t k = 0; k < s->nodes[i].n_side_caches; k++) {
                        const struct side_cache *cache = &s->nodes[i].side_caches[k];

                        if (!(cache->known >> SIDE_CACHE_SIZE & 1))
                                continue;
                        prom_begin_node(p, cache->nid);
                        prom_label_u64(p, "level", cache->level);
                        prom_value(p, cache->figures[SIDE_CACHE_SIZE]);
                }
}

void render_memory_tiers(struct prom *p, const struct sample *s)
{
        int nid;

        prom_table_family(p, FAMILY_MEMORY_TIER);
        for (size_t i = 0; i < s->n_memory_tiers; i++)
                for_each_node_mask (nid, &s->memory_tiers[i].nodes) {
                        prom_begin(p);
                        prom_label_u64(p, "tier", s->memory_tiers[i].id);
                        prom_label_u64(p, "node", (uint64_t)nid);
                        prom_value(p, 1);
                }
}

static void label_address(struct prom *p, const char *name, uint64_t address)
{
        char text[19];

        snprintf(text, sizeof(text), "0x%" PRIx64, address);
        prom_label(p, name, text);
}

static void label_bool(struct prom *p, const char *name, bool value)
{
        prom_label(p, name, value ? "true" : "false");
}

static void render_blocks(struct prom *p, const struct numa_memblk *blks, int n, bool reserved)
{
        for (int i = 0; i < n; i++) {
                prom_begin_node(p, blks[i].nid);
                label_address(p, "start", blks[i].start);
                label_address(p, "end", blks[i].end);
                prom_label(p, "source", numa_source_name(blks[i].source));
                label_bool(p, "hotpluggable", blks[i].hotpluggable);
                label_bool(p, "nonvolatile", blks[i].nonvolatile);
                label_bool(p, "reserved", reserved);
                prom_value(p, blks[i].end - blks[i].start);
        }
}

enum total {
        TOTAL_NUMA_MEMINFO,
        TOTAL_RESERVED,
        TOTAL_MEMBLOCK,
        TOTAL_MEMORY_BLOCKS,
        TOTAL_PRESENT,
        TOTAL_MANAGED,
        NR_TOTALS,
};

/* What one source says that a node has; known only where the source says anything of it. */
struct totals {
        bool known[NR_TOTALS];
        uint64_t bytes[NR_TOTALS];
};

static void add_total(struct totals *t, int nid, enum total total, uint64_t bytes)
{
        if (nid < 0)
                return;
        t[nid].known[total] = true;
        t[nid].bytes[total] += bytes;
}

static void sum_zones(struct totals *t, const struct sample *s)
{
        for (size_t i = 0; i < s->n_nodes; i++)
                for (size_t z = 0; z < s->nodes[i].n_zones; z++) {
                        const struct zone *zone = &s->nodes[i].zones[z];

                        if (zone->known >> ZONE_PRESENT & 1)
                                add_total(t, s->nodes[i].nid, TOTAL_PRESENT,
                                          zone->pages[ZONE_PRESENT] * s->page_size);
                        if (zone->known >> ZONE_MANAGED & 1)
                                add_total(t, s->nodes[i].nid, TOTAL_MANAGED,
                                          zone->pages[ZONE_MANAGED] * s->page_size);
                }
}

static void sum_all(struct totals *t, const struct snapshot *snap)
{
        const struct memory_map *map = snapshot_memory_map(snap);
        const struct sample *s = snapshot_sample(snap);

        for (int i = 0; i < map->nr_blks; i++)
                add_total(t, map->blks[i].nid, TOTAL_NUMA_MEMINFO,
                          map->blks[i].end - map->blks[i].start);
        for (int i = 0; i < map->nr_reserved; i++)
                add_total(t, map->reserved[i].nid, TOTAL_RESERVED,
                          map->reserved[i].end - map->reserved[i].start);
        for (size_t i = 0; map->source != MEMORY_MAP_NONE && i < map->memblock.cnt; i++)
                add_total(t, map->memblock.regions[i].nid, TOTAL_MEMBLOCK,
                          map->memblock.regions[i].size);
        for (size_t i = 0; i < s->n_nodes; i++) {
                struct node_memory_blocks blocks;

                if (node_memory_blocks(snap, s->nodes[i].nid, &blocks) && blocks.bytes_known)
                        add_total(t, s->nodes[i].nid, TOTAL_MEMORY_BLOCKS, blocks.bytes);
        }
        sum_zones(t, s);
}

static void render_totals(struct prom *p, const struct snapshot *snap)
{
        static const char *const names[NR_TOTALS] = {
                [TOTAL_NUMA_MEMINFO] = "numa_meminfo", [TOTAL_RESERVED] = "numa_reserved_meminfo",
                [TOTAL_MEMBLOCK] = "memblock",         [TOTAL_MEMORY_BLOCKS] = "memory_blocks",
                [TOTAL_PRESENT] = "zones_present",     [TOTAL_MANAGED] = "zones_managed",
        };
        struct totals *t = calloc(MAX_NUMNODES, sizeof(*t));

        if (!t) {
                p->out->failed = true;
                return;
        }
        sum_all(t, snap);
        prom_table_family(p, FAMILY_MEMORY_MAP_BYTES);
        for (int nid = 0; nid < MAX_NUMNODES; nid++)
                for (unsigned total = 0; total < NR_TOTALS; total++) {
                        if (!t[nid].known[total])
                                continue;
                        prom_begin_node(p, nid);
                        prom_label(p, "source", names[total]);
                        prom_value(p, t[nid].bytes[total]);
                }
        free(t);
}

void render_memory_map(struct prom *p, const struct snapshot *snap)
{
        const struct memory_map *map = snapshot_memory_map(snap);
        int reserved = MEMORY_RANGES_MAX - map->nr_blks;

        if (reserved > map->nr_reserved)
                reserved = map->nr_reserved;
        if (map->source != MEMORY_MAP_NONE) {
                int blks = map->nr_blks < MEMORY_RANGES_MAX ? map->nr_blks : MEMORY_RANGES_MAX;

                prom_table_family(p, FAMILY_MEMORY_RANGE);
                render_blocks(p, map->blks, blks, false);
                if (reserved > 0)
                        render_blocks(p, map->reserved, reserved, true);
                prom_table_family(p, FAMILY_MEMORY_RANGES_LEFT_OUT);
                prom_begin(p);
                prom_value(p, (uint64_t)(map->nr_blks - blks + map->nr_reserved -
                                         (reserved > 0 ? reserved : 0)));
        }
        render_totals(p, snap);
}

void render_checks(struct prom *p, const struct snapshot *snap)
{
        prom_table_family(p, FAMILY_CHECK);
        for (unsigned i = 0; i < NR_CHECKS; i++) {
                const struct finding *f = snapshot_finding(snap, i);

                if (f->state == CHECK_UNKNOWN)
                        continue;
                prom_begin(p);
                prom_label(p, "check", check_name(i));
                prom_label(p, "severity", severity_name(check_severity(i)));
                prom_value(p, f->state == CHECK_RAISED);
        }
}
