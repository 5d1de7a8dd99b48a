/* SPDX-License-Identifier: MIT */
/*
 * node_exporter's collector/meminfo_numa_linux.go: every line of nodeN/meminfo as the gauge
 * node_memory_numa_NAME with parentheses as underscores, every line of nodeN/numastat as the
 * counter node_memory_numa_NAME_total.
 */
#include "render_prometheus.h"

#include <ctype.h>
#include <string.h>

/* The next character of the name's form for Prometheus, '\0' at its end: "Active(anon)" →
 * "Active_anon". */
static char next_char(const char **kernel)
{
        char c;

        while (**kernel == ')')
                (*kernel)++;
        c = **kernel;
        if (c != '\0')
                (*kernel)++;
        return (char)(c == '(' ? '_' : c);
}

/* Whether a comes out as b with the suffix does. */
static bool same_name(const char *a, const char *b, const char *suffix)
{
        char c;

        do {
                char d = next_char(&b);

                c = next_char(&a);
                if (d == '\0')
                        d = next_char(&suffix);
                if (c != d)
                        return false;
        } while (c != '\0');
        return true;
}

/*
 * A field whose name makes no metric name, or one that an earlier field or a counter of numastat
 * has, cannot be exported; node_exporter refuses its whole answer then.
 */
static bool has_series(const struct sample *s, enum field_set set, size_t f)
{
        const struct field_table *table = s->tables[set], *counters = s->tables[NUMASTAT];
        const char *kernel = field_table_get(table, f)->kernel, *rest = kernel;

        for (char c = next_char(&rest); c != '\0'; c = next_char(&rest))
                if (!isalnum((unsigned char)c) && c != '_')
                        return false;
        for (size_t i = 0; i < f; i++)
                if (same_name(field_table_get(table, i)->kernel, kernel, ""))
                        return false;
        for (size_t i = 0; set == MEMINFO && i < field_table_count(counters); i++)
                if (same_name(kernel, field_table_get(counters, i)->kernel, "_total"))
                        return false;
        return true;
}

static void add_name(struct buffer *out, const char *kernel)
{
        for (char c = next_char(&kernel); c != '\0'; c = next_char(&kernel))
                buffer_add_char(out, c);
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

        for (unsigned set = MEMINFO; set <= NUMASTAT; set++)
                for (size_t f = 0; f < field_table_count(s->tables[set]); f++)
                        if (has_series(s, set, f))
                                render_field(&p, s, set, f);
}
