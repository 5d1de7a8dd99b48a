/* SPDX-License-Identifier: MIT */
#include "render.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void render_size(struct buffer *out, const struct snapshot *snap, const struct node *node,
                        const char *what, const char *kernel)
{
        uint64_t bytes;

        if (node_meminfo(snap, node, kernel, &bytes))
                buffer_printf(out, "node %d %s: %" PRIu64 " MB\n", node->nid, what, bytes >> 20);
        else
                buffer_printf(out, "node %d %s: <not available>\n", node->nid, what);
}

static void render_node(struct buffer *out, const struct snapshot *snap, const struct node *node)
{
        buffer_printf(out, "node %d cpus:", node->nid);
        for (size_t k = 0; node->cpus.known && k < node->cpus.n; k++)
                for (uint32_t cpu = node->cpus.ranges[k].first; cpu <= node->cpus.ranges[k].last;
                     cpu++) {
                        buffer_add_char(out, ' ');
                        buffer_add_u64(out, cpu);
                }
        buffer_add_char(out, '\n');
        render_size(out, snap, node, "size", "MemTotal");
        render_size(out, snap, node, "free", "MemFree");
}

static void render_distance_matrix(struct buffer *out, const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        int16_t row[MAX_NUMNODES];
        bool known = false;

        for (size_t i = 0; i < s->n_nodes; i++)
                known = known || s->nodes[i].distances_known;
        if (!known) {
                buffer_add_str(out, "No distance information available.\n");
                return;
        }
        buffer_add_str(out, "node distances:\nnode ");
        for (size_t i = 0; i < s->n_nodes; i++)
                buffer_printf(out, "% 3d ", s->nodes[i].nid);
        buffer_add_char(out, '\n');
        for (size_t i = 0; i < s->n_nodes; i++) {
                buffer_printf(out, "% 3d: ", s->nodes[i].nid);
                node_distance_row(snap, &s->nodes[i], row);
                for (size_t k = 0; k < s->n_nodes; k++) {
                        if (row[k] >= 0)
                                buffer_printf(out, "% 3d ", row[k]);
                        else
                                buffer_add_str(out, "  ? ");
                }
                buffer_add_char(out, '\n');
        }
}

void render_hardware(struct buffer *out, const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        char list[NODEMASK_LIST_MAX];
        nodemask_t nodes;

        if (s->n_nodes == 0) {
                buffer_add_str(out, "No NUMA support available on this system.\n");
                return;
        }
        nodemask_clear(&nodes);
        for (size_t i = 0; i < s->n_nodes; i++)
                node_set(s->nodes[i].nid, &nodes);
        nodemask_print_list(&nodes, list);
        buffer_printf(out, "available: %zu nodes (%s)\n", s->n_nodes, list);
        for (size_t i = 0; i < s->n_nodes; i++)
                render_node(out, snap, &s->nodes[i]);
        render_distance_matrix(out, snap);
}

void render_node_states(struct buffer *out, const struct snapshot *snap)
{
        static const char *const names[NR_NODE_STATES] = {
                [N_POSSIBLE] = "N_POSSIBLE",
                [N_ONLINE] = "N_ONLINE",
                [N_NORMAL_MEMORY] = "N_NORMAL_MEMORY",
                [N_HIGH_MEMORY] = "N_HIGH_MEMORY",
                [N_MEMORY] = "N_MEMORY",
                [N_CPU] = "N_CPU",
                [N_GENERIC_INITIATOR] = "N_GENERIC_INITIATOR",
        };
        const struct sample *s = snapshot_sample(snap);

        buffer_add_str(out, "node_states = {\n");
        for (unsigned state = 0; state < NR_NODE_STATES; state++) {
                char words[NODEMASK_WORDS_MAX];

                nodemask_print_words(&s->node_states[state], words);
                buffer_printf(out,
                              s->state_known[state] ? "  [%s] = {bits = %s}"
                                                    : "  [%s] = <unavailable>",
                              names[state], words);
                buffer_add_str(out, state + 1 < NR_NODE_STATES ? ",\n" : "\n");
        }
        buffer_add_str(out, "}\n");
}

void render_memblock(struct buffer *out, const struct snapshot *snap)
{
        const struct memory_map *map = snapshot_memory_map(snap);

        if (map->source == MEMORY_MAP_NONE || map->memblock.cnt == 0)
                buffer_add_str(out, "No memory map available on this system.\n");
        else
                memblock_print(out, &map->memblock);
}

/* The columns are as wide as the widest entry: the longest id, and the nodes of the finding. */
static void finding_line(struct buffer *out, int nodes_width, const char *severity, const char *id,
                         const char *nodes, const char *evidence)
{
        buffer_printf(out, "%-8s  %-22s  %-*s  %s\n", severity, id, nodes_width,
                      *nodes ? nodes : "-", evidence);
}

void render_findings(struct buffer *out, const struct snapshot *snap)
{
        unsigned count[] = { [CHECK_UNKNOWN] = 0, [CHECK_CLEAR] = 0, [CHECK_RAISED] = 0 };
        int width = (int)strlen("NODES");
        char list[NODEMASK_LIST_MAX];

        for (unsigned i = 0; i < NR_CHECKS; i++) {
                const struct finding *f = snapshot_finding(snap, i);
                int len;

                count[f->state]++;
                nodemask_print_list(&f->nodes, list);
                len = (int)strlen(list);
                if (len > width)
                        width = len;
        }
        if (count[CHECK_RAISED] > 0)
                finding_line(out, width, "SEVERITY", "CHECK", "NODES", "EVIDENCE");
        for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_INFO; severity--)
                for (unsigned i = 0; i < NR_CHECKS; i++) {
                        const struct finding *f = snapshot_finding(snap, i);

                        if (f->state != CHECK_RAISED || (int)check_severity(i) != severity)
                                continue;
                        nodemask_print_list(&f->nodes, list);
                        finding_line(out, width, severity_name(check_severity(i)), check_name(i),
                                     list, f->evidence ? f->evidence : check_help(i));
                }
        buffer_printf(out, "%d checks: %u raised, %u clear, %u unknown\n", NR_CHECKS,
                      count[CHECK_RAISED], count[CHECK_CLEAR], count[CHECK_UNKNOWN]);
}
