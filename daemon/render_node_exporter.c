/* SPDX-License-Identifier: MIT */
/*
 * node_exporter's collector/meminfo_numa_linux.go: every line of nodeN/meminfo as the gauge
 * node_memory_numa_NAME with parentheses as underscores, every line of nodeN/numastat as the
 * counter node_memory_numa_NAME_total.
 */
#include "render_prometheus.h"

#include <string.h>

/* "Active(anon)" → "Active_anon" */
static void add_name(struct buffer *out, const char *kernel)
{
        for (; *kernel; kernel++)
                if (*kernel == '(')
                        buffer_add_char(out, '_');
                else if (*kernel != ')')
                        buffer_add_char(out, *kernel);
}

static void render_field(struct prom *p, const struct sample *s, enum field_set set, size_t f)
{
        const struct field *field = field_table_get(s->tables[set], f);
        struct buffer name = BUFFER_INIT, help = BUFFER_INIT;

        buffer_add_str(&name, "node_memory_numa_");
        add_name(&name, field->kernel);
        buffer_add_char(&name, '\0');
        buffer_printf(&help, "Memory information field %s%s.", name.data ? name.data + 17 : "",
                      set == NUMASTAT ? "_total" : "");
        buffer_add_char(&help, '\0');
        if (buffer_failed(&name) || buffer_failed(&help)) {
                p->out->failed = true;
        } else {
                prom_family(p, name.data, set == NUMASTAT ? COUNTER : GAUGE, help.data);
                for (size_t i = 0; i < s->n_nodes; i++) {
                        if (!counters_has(&s->nodes[i].fields[set], f))
                                continue;
                        prom_begin(p);
                        prom_label_u64(p, "node", (uint64_t)s->nodes[i].nid);
                        prom_value(p, s->nodes[i].fields[set].values[f]);
                }
        }
        buffer_release(&name);
        buffer_release(&help);
}

void render_node_exporter(struct buffer *out, const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        struct prom p = { .out = out, .format = PROMETHEUS_TEXT };

        for (size_t f = 0; f < field_table_count(s->tables[MEMINFO]); f++)
                render_field(&p, s, MEMINFO, f);
        for (size_t f = 0; f < field_table_count(s->tables[NUMASTAT]); f++)
                render_field(&p, s, NUMASTAT, f);
}
