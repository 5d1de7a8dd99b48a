/* SPDX-License-Identifier: MIT */
#include "render_json.h"

#include "render.h"

#include <stdio.h>

/* The index of the first block of this id or a higher one. */
static size_t first_block_from(const struct sample *s, uint64_t id)
{
        size_t low = 0, high = s->n_memory_blocks;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (s->memory_blocks[middle].id < id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* The memory blocks that hold a part of the range: "0-7,32"; null if the kernel tells of none. */
static json_t *json_blocks_within(const struct sample *s, uint64_t start, uint64_t end)
{
        struct buffer list = BUFFER_INIT;
        uint64_t first = 0, last = 0;
        bool open = false;
        json_t *json;

        if (!s->memory_blocks_known || s->memory_block_size == 0)
                return json_null();
        for (size_t i = first_block_from(s, start / s->memory_block_size);; i++) {
                bool within = i < s->n_memory_blocks &&
                              s->memory_blocks[i].id <= (end - 1) / s->memory_block_size;

                if (within && open && s->memory_blocks[i].id == last + 1) {
                        last++;
                        continue;
                }
                if (open) {
                        buffer_printf(&list, list.len ? ",%llu" : "%llu",
                                      (unsigned long long)first);
                        if (last > first)
                                buffer_printf(&list, "-%llu", (unsigned long long)last);
                }
                if (!within)
                        break;
                open = true;
                first = last = s->memory_blocks[i].id;
        }
        json = json_buffer(&list);
        buffer_release(&list);
        return json;
}

static json_t *json_range(uint64_t start, uint64_t end)
{
        json_t *json = json_object();

        json_object_set_new(json, "start", json_u64(start));
        json_object_set_new(json, "end", json_u64(end));
        json_object_set_new(json, "bytes", json_u64(end - start));
        return json;
}

/* Only the SRAT has the flags. */
static json_t *json_flag(const struct numa_memblk *blk, bool flag)
{
        return blk->source == NUMA_SOURCE_SRAT ? json_boolean(flag) : json_null();
}

static json_t *json_memblk(const struct sample *s, const struct numa_memblk *blk)
{
        json_t *json = json_range(blk->start, blk->end);

        json_object_set_new(json, "nid", json_integer(blk->nid));
        json_object_set_new(json, "source", json_string(numa_source_name(blk->source)));
        json_object_set_new(json, "hotpluggable", json_flag(blk, blk->hotpluggable));
        json_object_set_new(json, "nonvolatile", json_flag(blk, blk->nonvolatile));
        json_object_set_new(json, "approximate", json_boolean(blk->approximate));
        json_object_set_new(json, "memory_blocks", json_blocks_within(s, blk->start, blk->end));
        return json;
}

static void add_memblks(struct json_stream *stream, const char *key, const struct sample *s,
                        const struct numa_memblk *blks, int n)
{
        json_stream_open(stream, key, '[');
        for (int i = 0; i < n; i++)
                json_stream_add(stream, NULL, json_memblk(s, &blks[i]));
        json_stream_close(stream, ']');
}

static json_t *json_pxm(const struct pxm_map *map)
{
        json_t *json;

        if (!map)
                return json_null();
        json = json_array();
        for (int nid = 0; nid < MAX_NUMNODES; nid++) {
                json_t *pair;

                if (node_to_pxm(map, nid) == PXM_INVAL)
                        continue;
                pair = json_object();
                json_object_set_new(pair, "pxm", json_integer(node_to_pxm(map, nid)));
                json_object_set_new(pair, "nid", json_integer(nid));
                json_array_append_new(json, pair);
        }
        return json;
}

static json_t *json_warnings(const struct warnings *w)
{
        json_t *json = json_array();

        for (size_t i = 0; i < w->n; i++)
                json_array_append_new(json, json_text(w->text[i]));
        return json;
}

void add_numa_meminfo(struct json_stream *stream, const struct snapshot *snap)
{
        const struct memory_map *map = snapshot_memory_map(snap);
        const struct sample *s = snapshot_sample(snap);

        if (map->source == MEMORY_MAP_NONE) {
                json_stream_add(stream, "numa_meminfo", json_null());
                return;
        }
        json_stream_open(stream, "numa_meminfo", '{');
        json_stream_add(stream, "source", json_text(memory_map_source_name(map->source)));
        json_stream_add(stream, "refused", json_boolean(map->refused));
        json_stream_add(stream, "approximate", json_boolean(map->approximate));
        add_memblks(stream, "blocks", s, map->blks, map->nr_blks);
        add_memblks(stream, "reserved", s, map->reserved, map->nr_reserved);
        json_stream_add(stream, "pxm", json_pxm(map->pxm));
        json_stream_add(stream, "warnings", json_warnings(&map->warnings));
        json_stream_close(stream, '}');
}

static const char *usable_source_name(const struct sample *s)
{
        static const char *const names[] = {
                [USABLE_UNKNOWN] = NULL,
                [USABLE_MEMMAP] = "memmap",
                [USABLE_IOMEM] = "iomem",
        };

        return s->firmware ? names[s->firmware->usable_source] : NULL;
}

void add_memblock(struct json_stream *stream, const struct snapshot *snap)
{
        const struct memory_map *map = snapshot_memory_map(snap);
        const struct memblock *mb = &map->memblock;
        const char *source = usable_source_name(snapshot_sample(snap));

        if (map->source == MEMORY_MAP_NONE || mb->cnt == 0) {
                json_stream_add(stream, "memblock", json_null());
                return;
        }
        json_stream_open(stream, "memblock", '{');
        json_stream_add(stream, "source", json_string(source ? source : "memory_blocks"));
        json_stream_add(stream, "approximate", json_boolean(map->approximate));
        json_stream_add(stream, "bytes", json_u64(memblock_phys_mem_size(mb)));
        json_stream_open(stream, "regions", '[');
        for (size_t i = 0; i < mb->cnt; i++) {
                const struct memblock_region *r = &mb->regions[i];
                json_t *json = json_range(r->base, r->base + r->size);

                json_object_set_new(json, "nid",
                                    r->nid == NUMA_NO_NODE ? json_null() : json_integer(r->nid));
                json_object_set_new(json, "flags", json_integer(r->flags));
                json_object_set_new(
                        json, "approximate",
                        json_boolean(memory_map_doubts(map, r->base, r->base + r->size)));
                json_stream_add(stream, NULL, json);
        }
        json_stream_close(stream, ']');
        json_stream_close(stream, '}');
}

void add_memory_tiers(struct json_stream *stream, const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        json_t *json = s->memory_tiers_known ? json_array() : json_null();

        for (size_t i = 0; s->memory_tiers_known && i < s->n_memory_tiers; i++) {
                char list[NODEMASK_LIST_MAX];
                json_t *tier = json_object();

                nodemask_print_list(&s->memory_tiers[i].nodes, list);
                json_object_set_new(tier, "tier", json_u64(s->memory_tiers[i].id));
                json_object_set_new(tier, "nodes", json_nids(&s->memory_tiers[i].nodes));
                json_object_set_new(tier, "nodelist", json_string(list));
                json_array_append_new(json, tier);
        }
        json_stream_add(stream, "memory_tiers", json);
}

json_t *json_accesses(const struct node *node)
{
        static const char *const keys[NR_ACCESS_FIGURES] = {
                [ACCESS_READ_BANDWIDTH] = "read_bandwidth_bytes_per_second",
                [ACCESS_WRITE_BANDWIDTH] = "write_bandwidth_bytes_per_second",
                [ACCESS_READ_LATENCY] = "read_latency_ns",
                [ACCESS_WRITE_LATENCY] = "write_latency_ns",
        };
        json_t *json;

        if (node->n_accesses == 0)
                return json_null();
        json = json_array();
        for (size_t i = 0; i < node->n_accesses; i++) {
                const struct node_access *a = &node->accesses[i];
                json_t *access = json_object();

                json_object_set_new(access, "class", json_integer(a->access_class));
                json_object_set_new(access, "initiators", json_nids(&a->initiators));
                for (unsigned f = 0; f < NR_ACCESS_FIGURES; f++)
                        json_object_set_new(access, keys[f],
                                            json_u64_if(a->known >> f & 1, a->figures[f]));
                json_array_append_new(json, access);
        }
        return json;
}

/* A figure that stands for a word; null for a number without one. */
static json_t *json_word(const struct side_cache *cache, enum side_cache_figure figure,
                         const char *const words[static 3])
{
        bool known = cache->known >> figure & 1;

        return known && cache->figures[figure] < 3 ? json_string(words[cache->figures[figure]])
                                                   : json_null();
}

json_t *json_side_caches(const struct node *node)
{
        /* include/linux/node.h: enum cache_indexing, enum cache_write_policy */
        static const char *const indexing[] = { "direct_map", "indexed", "other" };
        static const char *const policy[] = { "write_back", "write_through", "other" };
        json_t *json;

        if (node->n_side_caches == 0)
                return json_null();
        json = json_array();
        for (size_t i = 0; i < node->n_side_caches; i++) {
                const struct side_cache *c = &node->side_caches[i];
                json_t *cache = json_object();

                json_object_set_new(cache, "level", json_u64(c->level));
                json_object_set_new(
                        cache, "size_bytes",
                        json_u64_if(c->known >> SIDE_CACHE_SIZE & 1, c->figures[SIDE_CACHE_SIZE]));
                json_object_set_new(cache, "line_size_bytes",
                                    json_u64_if(c->known >> SIDE_CACHE_LINE_SIZE & 1,
                                                c->figures[SIDE_CACHE_LINE_SIZE]));
                json_object_set_new(cache, "indexing", json_word(c, SIDE_CACHE_INDEXING, indexing));
                json_object_set_new(cache, "write_policy",
                                    json_word(c, SIDE_CACHE_WRITE_POLICY, policy));
                json_array_append_new(json, cache);
        }
        return json;
}

void add_checks(struct json_stream *stream, const struct snapshot *snap)
{
        json_stream_open(stream, "checks", '[');
        for (unsigned i = 0; i < NR_CHECKS; i++) {
                const struct finding *f = snapshot_finding(snap, i);
                json_t *json = json_object();

                json_object_set_new(json, "id", json_string(check_name(i)));
                json_object_set_new(json, "severity",
                                    json_string(severity_name(check_severity(i))));
                json_object_set_new(json, "raised",
                                    f->state == CHECK_UNKNOWN
                                            ? json_null()
                                            : json_boolean(f->state == CHECK_RAISED));
                json_object_set_new(json, "nodes", json_nids(&f->nodes));
                json_object_set_new(json, "evidence", json_text(f->evidence));
                json_object_set_new(json, "description", json_string(check_help(i)));
                json_stream_add(stream, NULL, json);
        }
        json_stream_close(stream, ']');
}

static json_t *json_usable(const struct sample *s)
{
        json_t *json, *ranges;

        if (!usable_source_name(s))
                return json_null();
        json = json_object();
        ranges = json_array();
        for (size_t i = 0; i < s->firmware->n_usable; i++)
                json_array_append_new(ranges, json_range(s->firmware->usable[i].start,
                                                         s->firmware->usable[i].end));
        json_object_set_new(json, "source", json_string(usable_source_name(s)));
        json_object_set_new(json, "ranges", ranges);
        return json;
}

void add_firmware(struct json_stream *stream, const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);

        json_stream_open(stream, "firmware", '{');
        json_stream_add(stream, "usable", json_usable(s));
        if (s->firmware)
                add_firmware_tables(stream, s->firmware, snapshot_memory_map(snap)->pxm);
        json_stream_close(stream, '}');
}
