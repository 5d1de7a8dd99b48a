/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "render.h"

#include "render_prometheus.h"

#include <string.h>

const char *collect_name(unsigned collect)
{
        static const char *const own[] = {
                [COLLECT_VMSTAT_ALL - NR_COLLECTORS] = "vmstat_all",
                [COLLECT_MEMORY_MAP - NR_COLLECTORS] = "memory_map",
                [COLLECT_CHECKS - NR_COLLECTORS] = "checks",
                [COLLECT_EVENTS - NR_COLLECTORS] = "events",
                [COLLECT_SELF - NR_COLLECTORS] = "self",
                [COLLECT_HTTP - NR_COLLECTORS] = "http",
                [COLLECT_PROCESS - NR_COLLECTORS] = "process",
        };

        if (collect < NR_COLLECTORS)
                return collector_name(collect);
        return collect < NR_COLLECTS ? own[collect - NR_COLLECTORS] : NULL;
}

static void add_escaped(struct buffer *out, const char *value)
{
        for (; *value; value++) {
                if (*value == '\\' || *value == '"' || *value == '\n')
                        buffer_add_char(out, '\\');
                buffer_add_char(out, (char)(*value == '\n' ? 'n' : *value));
        }
}

void prom_family(struct prom *p, const char *name, enum metric_type type, const char *help)
{
        p->name = name;
        p->type = type;
        p->help = help;
        p->has_samples = false;
}

static void family_head(struct prom *p)
{
        static const char *const words[][3] = {
                [PROMETHEUS_TEXT] = { [GAUGE] = " gauge\n",
                                      [COUNTER] = " counter\n",
                                      [UNKNOWN] = " untyped\n" },
                [OPENMETRICS] = { [GAUGE] = " gauge\n",
                                  [COUNTER] = " counter\n",
                                  [UNKNOWN] = " unknown\n" },
        };
        /* OpenMetrics names the family, Prometheus the series. */
        const char *suffix = p->type == COUNTER && p->format == PROMETHEUS_TEXT ? "_total" : "";

        buffer_add_str(p->out, "# HELP ");
        buffer_add_str(p->out, p->name);
        buffer_add_str(p->out, suffix);
        buffer_add_char(p->out, ' ');
        buffer_add_str(p->out, p->help);
        buffer_add_str(p->out, "\n# TYPE ");
        buffer_add_str(p->out, p->name);
        buffer_add_str(p->out, suffix);
        buffer_add_str(p->out, words[p->format][p->type]);
        p->has_samples = true;
}

void prom_begin(struct prom *p)
{
        if (!p->has_samples)
                family_head(p);
        buffer_add_str(p->out, p->name);
        if (p->type == COUNTER)
                buffer_add_str(p->out, "_total");
        p->has_labels = false;
}

static void label_head(struct prom *p, const char *name)
{
        buffer_add_char(p->out, p->has_labels ? ',' : '{');
        p->has_labels = true;
        buffer_add_str(p->out, name);
        buffer_add_str(p->out, "=\"");
}

void prom_label(struct prom *p, const char *name, const char *value)
{
        label_head(p, name);
        add_escaped(p->out, value);
        buffer_add_char(p->out, '"');
}

void prom_label_u64(struct prom *p, const char *name, uint64_t value)
{
        label_head(p, name);
        buffer_add_u64(p->out, value);
        buffer_add_char(p->out, '"');
}

void prom_scaled(struct prom *p, uint64_t value, uint64_t scale)
{
        buffer_add_str(p->out, p->has_labels ? "} " : " ");
        buffer_add_scaled(p->out, value, scale);
        buffer_add_char(p->out, '\n');
}

void prom_value(struct prom *p, uint64_t value)
{
        prom_scaled(p, value, 1);
}

void prom_table_family(struct prom *p, enum family_id id)
{
        prom_family(p, families[id].name, families[id].type, families[id].help);
}

void prom_begin_node(struct prom *p, int nid)
{
        prom_begin(p);
        prom_label_u64(p, "node", (uint64_t)nid);
}

static void render_node_states_families(struct prom *p, const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        nodemask_t all; /* recordings have online nodes that are not possible */
        int nid;

        nodes_or(&all, node_states_mask(snap, N_POSSIBLE), node_states_mask(snap, N_ONLINE));

        prom_table_family(p, FAMILY_NODE_STATE);
        for (unsigned state = 0; state < NR_NODE_STATES; state++) {
                if (!s->state_known[state])
                        continue;
                for_each_node_mask (nid, &all) {
                        prom_begin_node(p, nid);
                        prom_label(p, "state", node_state_name(state));
                        prom_value(p, node_state(snap, nid, state));
                }
        }
        prom_table_family(p, FAMILY_NODES);
        for (unsigned state = 0; state < NR_NODE_STATES; state++) {
                if (!s->state_known[state])
                        continue;
                prom_begin(p);
                prom_label(p, "state", node_state_name(state));
                prom_value(p, (uint64_t)num_node_state(snap, state));
        }
}

static void render_distances(struct prom *p, const struct snapshot *snap, int limit)
{
        const struct sample *s = snapshot_sample(snap);
        uint64_t left_out = 0;
        bool known = false;

        prom_table_family(p, FAMILY_DISTANCE);
        for (size_t i = 0; i < s->n_nodes; i++) {
                const struct node *node = &s->nodes[i];
                size_t column = 0;
                int to;

                if (!node->distances_known)
                        continue;
                known = true;
                if (s->n_nodes > (size_t)limit) {
                        left_out += node->n_distances;
                        continue;
                }
                for_each_node_state (to, snap, node->distance_columns) {
                        prom_begin_node(p, node->nid);
                        prom_label_u64(p, "to", (uint64_t)to);
                        prom_value(p, node->distances[column++]);
                }
        }
        if (!known)
                return;
        prom_table_family(p, FAMILY_DISTANCES_LEFT_OUT);
        prom_begin(p);
        prom_value(p, left_out);
}

static void render_fields(struct prom *p, const struct sample *s, enum field_set set, bool extra)
{
        for (size_t f = 0; f < field_table_count(s->tables[set]); f++) {
                const struct field *field = field_table_get(s->tables[set], f);

                if (field->choice == EXTRA && !extra)
                        continue;
                prom_family(p, field->family, field->type, field->help);
                for (size_t i = 0; i < s->n_nodes; i++) {
                        if (!counters_has(&s->nodes[i].fields[set], f))
                                continue;
                        prom_begin_node(p, s->nodes[i].nid);
                        prom_value(p, s->nodes[i].fields[set].values[f]);
                }
        }
}

static void render_hugepages(struct prom *p, const struct sample *s)
{
        prom_table_family(p, FAMILY_HUGEPAGES);
        for (size_t i = 0; i < s->n_nodes; i++) {
                for (size_t k = 0; k < s->nodes[i].n_hugepages; k++) {
                        const struct hugepages *h = &s->nodes[i].hugepages[k];
                        const struct {
                                const char *state;
                                uint64_t pages;
                        } figures[] = { { "total", h->total },
                                        { "free", h->free },
                                        { "surplus", h->surplus } };

                        for (size_t f = 0; f < 3; f++) {
                                if (figures[f].pages == HUGEPAGES_UNKNOWN)
                                        continue;
                                prom_begin_node(p, s->nodes[i].nid);
                                prom_label_u64(p, "size", h->size_bytes);
                                prom_label(p, "state", figures[f].state);
                                prom_value(p, figures[f].pages);
                        }
                }
        }
}

static void render_cpus(struct prom *p, const struct sample *s)
{
        prom_table_family(p, FAMILY_CPUS);
        for (size_t i = 0; i < s->n_nodes; i++) {
                const struct id_list *cpus = &s->nodes[i].cpus;

                if (!cpus->known)
                        continue;
                prom_begin_node(p, s->nodes[i].nid);
                prom_value(p, id_list_count(cpus));
        }
}

const char *cpu_mode_name(unsigned mode)
{
        static const char *const names[NR_CPU_MODES] = {
                [CPU_USER] = "user",       [CPU_NICE] = "nice",
                [CPU_SYSTEM] = "system",   [CPU_IDLE] = "idle",
                [CPU_IOWAIT] = "iowait",   [CPU_IRQ] = "irq",
                [CPU_SOFTIRQ] = "softirq", [CPU_STEAL] = "steal",
                [CPU_GUEST] = "guest",     [CPU_GUEST_NICE] = "guest_nice",
        };

        return names[mode];
}

static void render_cpu_seconds(struct prom *p, const struct sample *s)
{
        prom_table_family(p, FAMILY_CPU_SECONDS);
        for (size_t i = 0; i < s->n_nodes; i++)
                for (unsigned mode = 0; mode < s->nodes[i].n_cpu_modes; mode++) {
                        prom_begin_node(p, s->nodes[i].nid);
                        prom_label(p, "mode", cpu_mode_name(mode));
                        prom_scaled(p, s->nodes[i].cpu_ticks[mode], CPU_TICKS_PER_SECOND);
                }
}

static void memory_blocks_sample(struct prom *p, int nid, const char *state, uint64_t n)
{
        prom_begin_node(p, nid);
        prom_label(p, "state", state);
        prom_value(p, n);
}

static void render_memory_blocks(struct prom *p, const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        struct node_memory_blocks blocks;

        prom_table_family(p, FAMILY_MEMORY_BLOCKS);
        for (size_t i = 0; i < s->n_nodes; i++) {
                int nid = s->nodes[i].nid;

                if (!node_memory_blocks(snap, nid, &blocks))
                        continue;
                if (blocks.states_known || blocks.online + blocks.offline > 0) {
                        memory_blocks_sample(p, nid, "online", blocks.online);
                        memory_blocks_sample(p, nid, "offline", blocks.offline);
                }
                if (!blocks.states_known)
                        memory_blocks_sample(p, nid, "unknown",
                                             blocks.total - blocks.online - blocks.offline);
        }
        prom_table_family(p, FAMILY_MEMORY_BLOCK_SIZE);
        if (s->memory_block_size > 0) {
                prom_begin(p);
                prom_value(p, s->memory_block_size);
        }
}

const char *zone_figure_name(unsigned figure)
{
        static const char *const names[NR_ZONE_FIGURES] = {
                [ZONE_FREE] = "free",       [ZONE_MIN] = "min",
                [ZONE_LOW] = "low",         [ZONE_HIGH] = "high",
                [ZONE_SPANNED] = "spanned", [ZONE_PRESENT] = "present",
                [ZONE_MANAGED] = "managed", [ZONE_START_PFN] = "start_pfn",
        };

        return names[figure];
}

static void render_zones(struct prom *p, const struct sample *s)
{
        prom_table_family(p, FAMILY_ZONE_PAGES);
        for (size_t i = 0; i < s->n_nodes; i++)
                for (size_t z = 0; z < s->nodes[i].n_zones; z++) {
                        const struct zone *zone = &s->nodes[i].zones[z];

                        for (unsigned f = 0; f < ZONE_START_PFN; f++) {
                                if (!(zone->known >> f & 1))
                                        continue;
                                prom_begin_node(p, s->nodes[i].nid);
                                prom_label(p, "zone", zone->name);
                                prom_label(p, "kind", zone_figure_name(f));
                                prom_value(p, zone->pages[f]);
                        }
                }
}

static void render_buddies(struct prom *p, const struct sample *s)
{
        prom_table_family(p, FAMILY_BUDDY);
        for (size_t i = 0; i < s->n_nodes; i++)
                for (size_t z = 0; z < s->nodes[i].n_zones; z++) {
                        const struct zone *zone = &s->nodes[i].zones[z];

                        for (unsigned order = 0; order < zone->n_orders; order++) {
                                prom_begin_node(p, s->nodes[i].nid);
                                prom_label(p, "zone", zone->name);
                                prom_label_u64(p, "order", order);
                                prom_value(p, zone->free_blocks[order]);
                        }
                }
}

static void render_sysctls(struct prom *p, const struct sample *s)
{
        prom_table_family(p, FAMILY_SYSCTL);
        for (size_t i = 0; i < s->n_sysctls; i++) {
                if (!s->sysctls[i].known)
                        continue;
                prom_begin(p);
                prom_label(p, "name", s->sysctls[i].name);
                prom_value(p, s->sysctls[i].value);
        }
}

#define NS_PER_SECOND UINT64_C(1000000000)

static void render_collectors(struct prom *p, const struct sample *s)
{
        prom_table_family(p, FAMILY_COLLECTOR_SUCCESS);
        for (unsigned i = 0; i < NR_COLLECTORS; i++) {
                prom_begin(p);
                prom_label(p, "collector", collector_name(i));
                prom_value(p, s->collectors[i].success);
        }
        prom_table_family(p, FAMILY_COLLECTOR_DURATION);
        for (unsigned i = 0; i < NR_COLLECTORS; i++) {
                prom_begin(p);
                prom_label(p, "collector", collector_name(i));
                prom_scaled(p, s->collectors[i].duration_ns, NS_PER_SECOND);
        }
        prom_table_family(p, FAMILY_READ_ERRORS);
        for (unsigned i = 0; i < NR_COLLECTORS; i++) {
                prom_begin(p);
                prom_label(p, "collector", collector_name(i));
                prom_value(p, s->collectors[i].errors);
        }
}

static void render_self(struct prom *p, const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);

        prom_table_family(p, FAMILY_FIELDS_LEFT_OUT);
        for (unsigned set = 0; set < NR_FIELD_SETS; set++) {
                prom_begin(p);
                prom_label(p, "file", field_set_name(set));
                prom_value(p, field_table_left_out(s->tables[set]));
        }
        prom_table_family(p, FAMILY_GENERATION);
        prom_begin(p);
        prom_value(p, snapshot_generation(snap));
        prom_table_family(p, FAMILY_SAMPLE_TIMESTAMP);
        prom_begin(p);
        prom_scaled(p, s->realtime_ns, NS_PER_SECOND);
        prom_table_family(p, FAMILY_SAMPLE_DURATION);
        prom_begin(p);
        prom_scaled(p, s->duration_ns, NS_PER_SECOND);
        render_collectors(p, s);
        prom_table_family(p, FAMILY_BUILD_INFO);
        prom_begin(p);
        prom_label(p, "version", PACKAGE_VERSION);
        prom_label(p, "revision", NT_REVISION);
        prom_label(p, "compiler", __VERSION__);
        prom_value(p, 1);
}

static void render_event_counts(struct prom *p, const struct self_stats *self)
{
        const struct events *events = self->events;
        const struct {
                const char *kind;
                uint64_t n;
        } uevents[] = {
                { "numa", self->uevents.relevant },
                { "other", self->uevents.uevents - self->uevents.relevant },
                { "malformed", self->uevents.malformed },
                { "foreign", self->uevents.foreign },
        };

        prom_table_family(p, FAMILY_EVENTS);
        for (unsigned type = 0; type < NR_EVENT_TYPES; type++) {
                prom_begin(p);
                prom_label(p, "type", event_type_name(type));
                prom_value(p, events_count(events, type));
        }
        prom_table_family(p, FAMILY_UEVENTS);
        for (size_t i = 0; i < sizeof(uevents) / sizeof(uevents[0]); i++) {
                prom_begin(p);
                prom_label(p, "kind", uevents[i].kind);
                prom_value(p, uevents[i].n);
        }
        prom_table_family(p, FAMILY_UEVENTS_LOST);
        prom_begin(p);
        prom_value(p, self->uevents.lost);
}

static void render_http(struct prom *p, const struct self_stats *self)
{
        prom_table_family(p, FAMILY_HTTP_REQUESTS);
        for (size_t i = 0; i < self->n_routes; i++) {
                prom_begin(p);
                prom_label(p, "route", self->routes[i].route);
                prom_label_u64(p, "code", self->routes[i].code);
                prom_value(p, self->routes[i].requests);
        }
        prom_table_family(p, FAMILY_HTTP_BYTES);
        prom_begin(p);
        prom_value(p, self->http_bytes);
        prom_table_family(p, FAMILY_HTTP_CONNECTIONS);
        prom_begin(p);
        prom_value(p, self->http_connections);
        prom_table_family(p, FAMILY_HTTP_REFUSED);
        for (size_t i = 0; i < self->n_refusals; i++) {
                prom_begin(p);
                prom_label(p, "reason", self->refusals[i].reason);
                prom_value(p, self->refusals[i].requests);
        }
        prom_table_family(p, FAMILY_EVENT_SUBSCRIBERS);
        prom_begin(p);
        prom_value(p, self->http_subscribers);
        prom_table_family(p, FAMILY_EVENT_SUBSCRIBERS_DROPPED);
        prom_begin(p);
        prom_value(p, self->http_subscribers_dropped);
}

void render_prometheus(struct buffer *out, const struct snapshot *snap,
                       const struct self_stats *self, const struct prometheus_options *options)
{
        const struct sample *s = snapshot_sample(snap);
        struct prom prom = { .out = out, .format = options->format }, *p = &prom;
        uint64_t chosen = options->collect;

#define CHOSEN(i) (chosen & COLLECT_BIT(i))
        if (CHOSEN(COLLECTOR_NODE_STATES))
                render_node_states_families(p, snap);
        if (CHOSEN(COLLECTOR_DISTANCES))
                render_distances(p, snap, options->distance_metrics_limit);
        if (CHOSEN(COLLECTOR_MEMINFO))
                render_fields(p, s, MEMINFO, true);
        if (CHOSEN(COLLECTOR_NUMASTAT))
                render_fields(p, s, NUMASTAT, true);
        if (CHOSEN(COLLECTOR_VMSTAT) || CHOSEN(COLLECT_VMSTAT_ALL))
                render_fields(p, s, VMSTAT, CHOSEN(COLLECT_VMSTAT_ALL));
        if (CHOSEN(COLLECTOR_HUGEPAGES))
                render_hugepages(p, s);
        if (CHOSEN(COLLECTOR_CPUS))
                render_cpus(p, s);
        if (CHOSEN(COLLECTOR_CPU_SECONDS))
                render_cpu_seconds(p, s);
        if (CHOSEN(COLLECTOR_MEMORY_BLOCKS))
                render_memory_blocks(p, snap);
        if (CHOSEN(COLLECTOR_ZONEINFO))
                render_zones(p, s);
        if (CHOSEN(COLLECTOR_BUDDYINFO))
                render_buddies(p, s);
        if (CHOSEN(COLLECTOR_SYSCTL))
                render_sysctls(p, s);
        if (CHOSEN(COLLECTOR_ACCESS))
                render_access(p, s);
        if (CHOSEN(COLLECTOR_MEMORY_TIERS))
                render_memory_tiers(p, s);
        if (CHOSEN(COLLECTOR_DEVICES))
                render_devices(p, s);
        if (CHOSEN(COLLECT_MEMORY_MAP))
                render_memory_map(p, snap);
        if (CHOSEN(COLLECT_CHECKS))
                render_checks(p, snap);
        if (CHOSEN(COLLECT_EVENTS) && self)
                render_event_counts(p, self);
        if (CHOSEN(COLLECT_SELF))
                render_self(p, snap);
        if (CHOSEN(COLLECT_HTTP) && self)
                render_http(p, self);
        if (CHOSEN(COLLECT_PROCESS) && self)
                render_process(p, self);
#undef CHOSEN
        if (options->format == OPENMETRICS)
                buffer_add_str(out, "# EOF\n");
}
