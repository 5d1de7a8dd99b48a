/* SPDX-License-Identifier: MIT */
#include "render.h"

#include "json_memory.h"
#include "json_stream.h"
#include "render_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

json_t *json_u64(uint64_t value)
{
        return value > INT64_MAX ? json_real((double)value) : json_integer((json_int_t)value);
}

json_t *json_u64_if(bool known, uint64_t value)
{
        return known ? json_u64(value) : json_null();
}

/* The kernel's words are ASCII; what is not UTF-8 becomes question marks rather than an error. */
json_t *json_text(const char *s)
{
        json_t *json;
        char *clean;

        if (!s)
                return json_null();
        json = json_string(s);
        if (json)
                return json;
        clean = strdup(s);
        if (!clean) {
                json_memory_note_failure();
                return NULL;
        }
        for (char *c = clean; *c; c++)
                if ((unsigned char)*c >= 128)
                        *c = '?';
        json = json_string(clean);
        free(clean);
        return json;
}

json_t *json_buffer(const struct buffer *text)
{
        if (buffer_failed(text))
                json_memory_note_failure();
        return json_stringn(text->data ? text->data : "", text->len);
}

void add_counters(struct json_stream *stream, const char *key, const struct counters *c,
                  const struct field_table *table)
{
        if (!c->known) {
                json_stream_add(stream, key, json_null());
                return;
        }
        json_stream_open(stream, key, '{');
        for (size_t i = 0; i < field_table_count(table); i++)
                if (counters_has(c, i))
                        json_stream_add_u64(stream, field_table_get(table, i)->kernel,
                                            c->values[i]);
        json_stream_close(stream, '}');
}

json_t *json_nids(const nodemask_t *mask)
{
        json_t *ids = json_array();
        int nid;

        for_each_node_mask (nid, mask)
                json_array_append_new(ids, json_integer(nid));
        return ids;
}

static json_t *json_mask(const nodemask_t *mask)
{
        char list[NODEMASK_LIST_MAX];
        json_t *json = json_object(), *words = json_array();
        int first = first_node(mask);

        for (size_t i = 0; i < NODEMASK_LONGS; i++) {
                char word[19];

                snprintf(word, sizeof(word), "0x%" PRIx64, mask->bits[i]);
                json_array_append_new(words, json_string(word));
        }
        nodemask_print_list(mask, list);
        json_object_set_new(json, "ids", json_nids(mask));
        json_object_set_new(json, "list", json_string(list));
        json_object_set_new(json, "words", words);
        json_object_set_new(json, "count", json_integer(nodes_weight(mask)));
        json_object_set_new(json, "first",
                            first == MAX_NUMNODES ? json_null() : json_integer(first));
        return json;
}

static json_t *json_node_states(const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        json_t *json = json_object();

        for (unsigned state = 0; state < NR_NODE_STATES; state++)
                json_object_set_new(json, node_state_name(state),
                                    s->state_known[state] ? json_mask(&s->node_states[state])
                                                          : json_null());
        return json;
}

static void add_node_states(struct json_stream *stream, const struct snapshot *snap)
{
        json_stream_add(stream, "node_states", json_node_states(snap));
}

static void add_nodes(struct json_stream *stream, const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);

        json_stream_open(stream, "nodes", '[');
        for (size_t i = 0; i < s->n_nodes; i++) {
                json_stream_open(stream, NULL, '{');
                add_node(stream, snap, &s->nodes[i]);
                json_stream_close(stream, '}');
        }
        json_stream_close(stream, ']');
}

static void add_distance_row(struct json_stream *stream, const struct snapshot *snap,
                             const struct node *node)
{
        const struct sample *s = snapshot_sample(snap);
        int16_t row[MAX_NUMNODES];

        if (!node->distances_known) {
                json_stream_add(stream, NULL, json_null());
                return;
        }
        node_distance_row(snap, node, row);
        json_stream_open(stream, NULL, '[');
        for (size_t i = 0; i < s->n_nodes; i++)
                if (row[i] < 0)
                        json_stream_add(stream, NULL, json_null());
                else
                        json_stream_add_u64(stream, NULL, (uint64_t)row[i]);
        json_stream_close(stream, ']');
}

static void add_distances(struct json_stream *stream, const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        json_t *nodes = json_array();

        for (size_t i = 0; i < s->n_nodes; i++)
                json_array_append_new(nodes, json_integer(s->nodes[i].nid));
        json_stream_open(stream, "distances", '{');
        json_stream_add(stream, "nodes", nodes);
        json_stream_open(stream, "matrix", '[');
        for (size_t i = 0; i < s->n_nodes; i++)
                add_distance_row(stream, snap, &s->nodes[i]);
        json_stream_close(stream, ']');
        json_stream_close(stream, '}');
}

static json_t *json_block_range(const struct snapshot *snap, const struct block_range *range)
{
        bool known = snapshot_sample(snap)->memory_block_size > 0;
        json_t *json = json_object(), *nids = json_array();

        json_object_set_new(json, "start", json_u64_if(known, range->start));
        json_object_set_new(json, "end", json_u64_if(known, range->end));
        json_object_set_new(json, "bytes", json_u64_if(known, range->end - range->start));
        json_object_set_new(json, "first_block", json_u64(range->first_block));
        json_object_set_new(json, "last_block", json_u64(range->last_block));
        json_object_set_new(json, "state", json_text(memory_block_state_name(range->block->state)));
        if (range->block->nid != NUMA_NO_NODE)
                json_array_append_new(nids, json_integer(range->block->nid));
        if (range->block->nid2 != NUMA_NO_NODE)
                json_array_append_new(nids, json_integer(range->block->nid2));
        json_object_set_new(json, "nids", nids);
        return json;
}

json_t *json_block_counts(const struct node_memory_blocks *blocks)
{
        json_t *json = json_object();

        json_object_set_new(json, "total", json_u64(blocks->total));
        json_object_set_new(json, "online", json_u64_if(blocks->states_known, blocks->online));
        json_object_set_new(json, "offline", json_u64_if(blocks->states_known, blocks->offline));
        json_object_set_new(json, "bytes", json_u64_if(blocks->bytes_known, blocks->bytes));
        return json;
}

static json_t *json_memory_blocks(const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        struct node_memory_blocks blocks;
        struct block_range range;
        json_t *json, *ranges;
        size_t pos = 0;

        if (!all_memory_blocks(snap, &blocks))
                return json_null();
        json = json_block_counts(&blocks);
        json_object_set_new(json, "block_size_bytes",
                            json_u64_if(s->memory_block_size > 0, s->memory_block_size));
        json_object_set_new(json, "auto_online_blocks", json_text(s->auto_online_blocks));
        ranges = json_array();
        while (next_block_range(snap, &pos, &range))
                json_array_append_new(ranges, json_block_range(snap, &range));
        json_object_set_new(json, "ranges", ranges);
        return json;
}

static void add_memory_blocks(struct json_stream *stream, const struct snapshot *snap)
{
        json_stream_add(stream, "memory_blocks", json_memory_blocks(snap));
}

static json_t *json_sysctls(const struct sample *s)
{
        json_t *json = json_object();

        for (size_t i = 0; i < s->n_sysctls; i++)
                json_object_set_new(json, s->sysctls[i].name,
                                    json_u64_if(s->sysctls[i].known, s->sysctls[i].value));
        return json;
}

static json_t *json_collectors(const struct sample *s)
{
        json_t *json = json_object();

        for (unsigned i = 0; i < NR_COLLECTORS; i++) {
                json_t *collector = json_object();

                json_object_set_new(collector, "success", json_boolean(s->collectors[i].success));
                json_object_set_new(collector, "errors", json_u64(s->collectors[i].errors));
                json_object_set_new(collector, "duration_ns",
                                    json_u64(s->collectors[i].duration_ns));
                json_object_set_new(json, collector_name(i), collector);
        }
        return json;
}

/* RFC 3339, UTC, nanoseconds. */
json_t *json_time(uint64_t realtime_ns)
{
        time_t seconds = (time_t)(realtime_ns / 1000000000U);
        char date[sizeof("9999-12-31T23:59:59")], text[64];
        struct tm tm;

        if (!gmtime_r(&seconds, &tm) || strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
                return json_null();
        snprintf(text, sizeof(text), "%s.%09uZ", date, (unsigned)(realtime_ns % 1000000000U));
        return json_string(text);
}

json_t *json_document(const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        json_t *json = json_object();

        json_object_set_new(json, "boot_id", json_text(s->boot_id));
        json_object_set_new(json, "hostname", json_text(s->hostname));
        json_object_set_new(json, "kernel", json_text(s->kernel));
        json_object_set_new(json, "sampled_at", json_time(s->realtime_ns));
        json_object_set_new(json, "monotonic_ns", json_u64(s->monotonic_ns));
        json_object_set_new(json, "generation", json_u64(snapshot_generation(snap)));
        return json;
}

/* jansson's constructors give NULL when memory is exhausted, and its setters pass that on. */
void render_json(struct buffer *out, const struct snapshot *snap, enum json_part part, bool pretty)
{
        static void (*const parts[])(struct json_stream *, const struct snapshot *) = {
                [JSON_NODE_STATES] = add_node_states,   [JSON_NODES] = add_nodes,
                [JSON_DISTANCES] = add_distances,       [JSON_NUMA_MEMINFO] = add_numa_meminfo,
                [JSON_MEMBLOCK] = add_memblock,         [JSON_MEMORY_BLOCKS] = add_memory_blocks,
                [JSON_MEMORY_TIERS] = add_memory_tiers, [JSON_FIRMWARE] = add_firmware,
                [JSON_DEVICES] = add_devices,           [JSON_CHECKS] = add_checks,
        };
        const struct sample *s = snapshot_sample(snap);
        struct json_stream stream;

        json_stream_begin(&stream, out, pretty);
        json_stream_add_all(&stream, json_document(snap));
        for (unsigned i = JSON_NODE_STATES; i < NR_JSON_PARTS; i++)
                if (part == JSON_SNAPSHOT || part == i)
                        parts[i](&stream, snap);
        if (part == JSON_SNAPSHOT) {
                add_counters(&stream, "meminfo", &s->proc_meminfo, s->proc_meminfo_table);
                json_stream_add(&stream, "sysctls", json_sysctls(s));
                json_stream_add(&stream, "collectors", json_collectors(s));
        }
        json_stream_end(&stream);
}

void render_json_node(struct buffer *out, const struct snapshot *snap, int nid, bool pretty)
{
        struct json_stream stream;

        json_stream_begin(&stream, out, pretty);
        json_stream_add_all(&stream, json_document(snap));
        add_node(&stream, snap, snapshot_node(snap, nid));
        json_stream_end(&stream);
}
