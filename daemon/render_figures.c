/* SPDX-License-Identifier: MIT */
#include "render.h"

#include "json_stream.h"
#include "render_json.h"

#include <string.h>

/* What is drawn of nodeN/meminfo and numastat; written without a tree, as this is done often. */
static const char *const memory[] = { "MemTotal", "MemFree", "AnonPages", "FilePages", "Slab" };
static const char *const numastat[] = { "numa_hit",       "numa_miss",  "numa_foreign",
                                        "interleave_hit", "local_node", "other_node" };

#define N_MEMORY_SHOWN (sizeof(memory) / sizeof(memory[0]))
#define N_NUMASTAT     (sizeof(numastat) / sizeof(numastat[0]))

static void add_figure(struct buffer *out, const char *comma, const char *name, bool known,
                       uint64_t value)
{
        buffer_add_str(out, comma);
        buffer_add_char(out, '"');
        buffer_add_str(out, name);
        buffer_add_str(out, "\":");
        if (!known)
                buffer_add_str(out, "null");
        else if (value > INT64_MAX) /* as json_u64() */
                buffer_printf(out, "%.15g", (double)value);
        else
                buffer_add_u64(out, value);
}

static void add_meminfo(struct buffer *out, const struct snapshot *snap, const struct node *node)
{
        if (!node->fields[MEMINFO].known) {
                buffer_add_str(out, "null");
                return;
        }
        for (size_t i = 0; i < N_MEMORY_SHOWN; i++) {
                uint64_t bytes = 0;
                bool known = node_meminfo(snap, node, memory[i], &bytes);

                add_figure(out, i ? "," : "{", memory[i], known, bytes);
        }
        buffer_add_char(out, '}');
}

/* index: where the table has each of the names; its count where it has none. */
static void add_numastat(struct buffer *out, const struct node *node,
                         const size_t index[static N_NUMASTAT])
{
        const struct counters *c = &node->fields[NUMASTAT];

        if (!c->known) {
                buffer_add_str(out, "null");
                return;
        }
        for (size_t i = 0; i < N_NUMASTAT; i++) {
                bool known = counters_has(c, index[i]);

                add_figure(out, i ? "," : "{", numastat[i], known, known ? c->values[index[i]] : 0);
        }
        buffer_add_char(out, '}');
}

static void add_hugepages(struct buffer *out, const struct node *node)
{
        bool first = true;

        if (!node->hugepages_known) {
                buffer_add_str(out, "null");
                return;
        }
        buffer_add_char(out, '[');
        for (size_t i = 0; i < node->n_hugepages; i++) {
                const struct hugepages *h = &node->hugepages[i];

                if (h->total == 0)
                        continue;
                add_figure(out, first ? "{" : ",{", "size_bytes", true, h->size_bytes);
                add_figure(out, ",", "total", h->total != HUGEPAGES_UNKNOWN, h->total);
                add_figure(out, ",", "free", h->free != HUGEPAGES_UNKNOWN, h->free);
                buffer_add_char(out, '}');
                first = false;
        }
        buffer_add_char(out, ']');
}

static void add_cpulist(struct buffer *out, const struct id_list *cpus)
{
        if (!cpus->known) {
                buffer_add_str(out, "null");
                return;
        }
        buffer_add_char(out, '"');
        id_list_print(out, cpus);
        buffer_add_char(out, '"');
}

static void add_node_figures(struct buffer *out, const struct snapshot *snap,
                             const struct node *node, const size_t index[static N_NUMASTAT])
{
        add_figure(out, "{", "nid", true, (uint64_t)node->nid);
        buffer_add_str(out, ",\"cpulist\":");
        add_cpulist(out, &node->cpus);
        buffer_add_str(out, ",\"meminfo\":");
        add_meminfo(out, snap, node);
        buffer_add_str(out, ",\"hugepages\":");
        add_hugepages(out, node);
        buffer_add_str(out, ",\"numastat\":");
        add_numastat(out, node, index);
        buffer_add_char(out, '}');
}

void render_figures(struct buffer *out, const struct snapshot *snap, uint64_t last_seq)
{
        const struct sample *s = snapshot_sample(snap);
        const struct field_table *table = s->tables[NUMASTAT];
        struct buffer text = BUFFER_INIT;
        size_t index[N_NUMASTAT];
        struct json_stream stream;

        for (size_t i = 0; i < N_NUMASTAT; i++)
                for (index[i] = 0; index[i] < field_table_count(table); index[i]++)
                        if (strcmp(field_table_get(table, index[i])->kernel, numastat[i]) == 0)
                                break;
        json_stream_begin(&stream, out, false);
        json_stream_add_all(&stream, json_document(snap));
        json_stream_add(&stream, "last_seq", json_u64(last_seq));
        json_stream_open(&stream, "nodes", '[');
        for (size_t i = 0; i < s->n_nodes; i++) {
                text.len = 0;
                add_node_figures(&text, snap, &s->nodes[i], index);
                json_stream_add_text(&stream, text.data, text.len);
        }
        json_stream_close(&stream, ']');
        json_stream_end(&stream);
        out->failed = out->failed || buffer_failed(&text);
        buffer_release(&text);
}
