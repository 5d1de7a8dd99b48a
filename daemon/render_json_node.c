/* SPDX-License-Identifier: MIT */
#include "render_json.h"

#include "render.h"

#include <stdio.h>

static json_t *json_states(const struct snapshot *snap, int nid)
{
        const struct sample *s = snapshot_sample(snap);
        json_t *json = json_array();

        for (unsigned state = 0; state < NR_NODE_STATES; state++)
                if (s->state_known[state] && node_state(snap, nid, state))
                        json_array_append_new(json, json_string(node_state_name(state)));
        return json;
}

static json_t *json_cpus(const struct id_list *cpus)
{
        json_t *json;

        if (!cpus->known)
                return json_null();
        json = json_array();
        for (size_t k = 0; k < cpus->n; k++)
                for (uint32_t cpu = cpus->ranges[k].first; cpu <= cpus->ranges[k].last; cpu++)
                        json_array_append_new(json, json_integer(cpu));
        return json;
}

json_t *json_cpulist(const struct id_list *cpus)
{
        struct buffer list = BUFFER_INIT;
        json_t *json;

        if (!cpus->known)
                return json_null();
        id_list_print(&list, cpus);
        json = json_buffer(&list);
        buffer_release(&list);
        return json;
}

static void add_node_distances(struct json_stream *stream, const struct snapshot *snap,
                               const struct node *node)
{
        size_t column = 0;
        int to;

        if (!node->distances_known) {
                json_stream_add(stream, "distances", json_null());
                return;
        }
        json_stream_open(stream, "distances", '{');
        for_each_node_state (to, snap, node->distance_columns) {
                char key[12];

                snprintf(key, sizeof(key), "%d", to);
                json_stream_add_u64(stream, key, node->distances[column++]);
        }
        json_stream_close(stream, '}');
}

static json_t *json_hugepages(const struct node *node)
{
        json_t *json;

        if (!node->hugepages_known)
                return json_null();
        json = json_array();
        for (size_t i = 0; i < node->n_hugepages; i++) {
                const struct hugepages *h = &node->hugepages[i];
                json_t *size = json_object();

                json_object_set_new(size, "size_bytes", json_u64(h->size_bytes));
                json_object_set_new(size, "total",
                                    json_u64_if(h->total != HUGEPAGES_UNKNOWN, h->total));
                json_object_set_new(size, "free",
                                    json_u64_if(h->free != HUGEPAGES_UNKNOWN, h->free));
                json_object_set_new(size, "surplus",
                                    json_u64_if(h->surplus != HUGEPAGES_UNKNOWN, h->surplus));
                json_array_append_new(json, size);
        }
        return json;
}

static json_t *json_zone(const struct zone *zone)
{
        json_t *json = json_object(), *pages = json_object(), *blocks;

        json_object_set_new(json, "zone", json_text(zone->name));
        for (unsigned f = 0; f < ZONE_START_PFN; f++)
                json_object_set_new(pages, zone_figure_name(f),
                                    json_u64_if(zone->known >> f & 1, zone->pages[f]));
        json_object_set_new(json, "pages", pages);
        json_object_set_new(
                json, "start_pfn",
                json_u64_if(zone->known >> ZONE_START_PFN & 1, zone->pages[ZONE_START_PFN]));
        blocks = zone->n_orders ? json_array() : json_null();
        for (unsigned order = 0; order < zone->n_orders; order++)
                json_array_append_new(blocks, json_u64(zone->free_blocks[order]));
        json_object_set_new(json, "free_blocks", blocks);
        return json;
}

static json_t *json_zones(const struct node *node)
{
        json_t *json;

        if (node->n_zones == 0)
                return json_null();
        json = json_array();
        for (size_t i = 0; i < node->n_zones; i++)
                json_array_append_new(json, json_zone(&node->zones[i]));
        return json;
}

static json_t *json_cpu_seconds(const struct node *node)
{
        json_t *json;

        if (node->n_cpu_modes == 0)
                return json_null();
        json = json_object();
        for (unsigned mode = 0; mode < node->n_cpu_modes; mode++)
                json_object_set_new(
                        json, cpu_mode_name(mode),
                        json_real((double)node->cpu_ticks[mode] / CPU_TICKS_PER_SECOND));
        return json;
}

void add_node(struct json_stream *stream, const struct snapshot *snap, const struct node *node)
{
        const struct sample *s = snapshot_sample(snap);
        struct node_memory_blocks blocks;
        bool blocks_known = node_memory_blocks(snap, node->nid, &blocks);

        json_stream_add_u64(stream, "nid", (uint64_t)node->nid);
        json_stream_add(stream, "states", json_states(snap, node->nid));
        json_stream_add(stream, "cpus", json_cpus(&node->cpus));
        json_stream_add(stream, "cpulist", json_cpulist(&node->cpus));
        add_node_distances(stream, snap, node);
        for (unsigned set = 0; set < NR_FIELD_SETS; set++)
                add_counters(stream, field_set_name(set), &node->fields[set], s->tables[set]);
        json_stream_add(stream, "hugepages", json_hugepages(node));
        json_stream_add(stream, "memory_blocks",
                        blocks_known ? json_block_counts(&blocks) : json_null());
        json_stream_add(stream, "zones", json_zones(node));
        json_stream_add(stream, "access", json_accesses(node));
        json_stream_add(stream, "memory_side_caches", json_side_caches(node));
        json_stream_add(stream, "cpu_seconds", json_cpu_seconds(node));
}
