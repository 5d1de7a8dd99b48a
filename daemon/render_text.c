/* SPDX-License-Identifier: MIT */
#include "render.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The value of a meminfo field of a node; false if unknown. */
static bool meminfo_of(const struct sample *s, const struct node *node, const char *kernel,
                       uint64_t *value)
{
        for (size_t i = 0; i < field_table_count(s->tables[MEMINFO]); i++) {
                if (strcmp(field_table_get(s->tables[MEMINFO], i)->kernel, kernel) != 0)
                        continue;
                if (!counters_has(&node->fields[MEMINFO], i))
                        return false;
                *value = node->fields[MEMINFO].values[i];
                return true;
        }
        return false;
}

static void render_size(struct buffer *out, const struct sample *s, const struct node *node,
                        const char *what, const char *kernel)
{
        uint64_t bytes;

        if (meminfo_of(s, node, kernel, &bytes))
                buffer_printf(out, "node %d %s: %" PRIu64 " MB\n", node->nid, what, bytes >> 20);
        else
                buffer_printf(out, "node %d %s: <not available>\n", node->nid, what);
}

static void render_node(struct buffer *out, const struct sample *s, const struct node *node)
{
        buffer_printf(out, "node %d cpus:", node->nid);
        for (size_t k = 0; node->cpus.known && k < node->cpus.n; k++)
                for (uint32_t cpu = node->cpus.ranges[k].first; cpu <= node->cpus.ranges[k].last;
                     cpu++) {
                        buffer_add_char(out, ' ');
                        buffer_add_u64(out, cpu);
                }
        buffer_add_char(out, '\n');
        render_size(out, s, node, "size", "MemTotal");
        render_size(out, s, node, "free", "MemFree");
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
                render_node(out, s, &s->nodes[i]);
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
