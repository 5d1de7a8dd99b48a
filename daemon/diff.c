/* SPDX-License-Identifier: MIT */
#include "diff.h"

#include "diff_memory.h"
#include "json_memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct comparison {
        const struct snapshot *before, *after;
        struct event_list *out;
};

/* Nodes and their masks. */

/* A bit per mask that holds the node; those that are not known, or never were before, are left out.
 */
static unsigned states_of(const struct comparison *c, const struct snapshot *snap, int nid)
{
        unsigned states = 0;

        for (unsigned state = 0; state < NR_NODE_STATES; state++) {
                const nodemask_t *before = snapshot_last_mask(c->before, state);
                bool known = before && snapshot_sample(c->after)->state_known[state];

                /* Without an online mask the directories say which nodes there are. */
                if (state == N_ONLINE ? node_online(snap, nid)
                                      : known && (snap == c->before ? node_isset(nid, before)
                                                                    : node_state(snap, nid, state)))
                        states |= 1U << state;
        }
        return states;
}

static json_t *json_states(unsigned states)
{
        json_t *json = json_array();

        for (unsigned state = 0; state < NR_NODE_STATES; state++)
                if (states >> state & 1)
                        json_array_append_new(json, json_string(node_state_name(state)));
        return json;
}

/* "memory, cpu" */
static void print_states(unsigned states, char *out, size_t size)
{
        size_t len = 0;

        *out = '\0';
        for (unsigned state = 0; state < NR_NODE_STATES; state++)
                if (states >> state & 1)
                        len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "",
                                                node_state_name(state));
}

static json_t *json_distances(const struct snapshot *snap, const struct node *node)
{
        const struct sample *s = snapshot_sample(snap);
        json_t *json = json_object();
        int16_t row[MAX_NUMNODES];

        if (!node)
                return json;
        node_distance_row(snap, node, row);
        for (size_t i = 0; i < s->n_nodes; i++) {
                char key[12];

                snprintf(key, sizeof(key), "%d", s->nodes[i].nid);
                if (row[i] >= 0)
                        json_object_set_new(json, key, json_integer(row[i]));
        }
        return json;
}

static void add_node_event(const struct comparison *c, enum event_type type, int nid)
{
        struct event e = {
                .type = type,
                .nid = nid,
                .before = json_states(states_of(c, c->before, nid)),
                .after = json_states(states_of(c, c->after, nid)),
        };

        if (type == EVENT_NODE_ONLINE)
                e.more = json_pack("{s:o}", "distances",
                                   json_distances(c->after, snapshot_node(c->after, nid)));
        event_list_add(c->out, e, "Node %d is %s.", nid,
                       type == EVENT_NODE_ONLINE ? "online" : "offline");
}

static void add_state_event(const struct comparison *c, int nid, unsigned before, unsigned after)
{
        char gained[128], lost[128];

        print_states(after & ~before, gained, sizeof(gained));
        print_states(before & ~after, lost, sizeof(lost));
        event_list_add(c->out,
                       (struct event){ .type = EVENT_NODE_STATE_CHANGED,
                                       .nid = nid,
                                       .before = json_states(before),
                                       .after = json_states(after) },
                       "Node %d %s%s%s%s%s.", nid, *gained ? "is now in " : "", gained,
                       *gained && *lost ? "; it " : "", *lost ? "is no longer in " : "", lost);
}

static void compare_nodes(const struct comparison *c, enum event_type type)
{
        for (int nid = 0; nid < MAX_NUMNODES; nid++) {
                bool was = node_online(c->before, nid), is = node_online(c->after, nid);
                unsigned before, after;

                if (type != EVENT_NODE_STATE_CHANGED) {
                        if (was != is && is == (type == EVENT_NODE_ONLINE))
                                add_node_event(c, type, nid);
                        continue;
                }
                before = states_of(c, c->before, nid);
                after = states_of(c, c->after, nid);
                if (was == is && before != after)
                        add_state_event(c, nid, before, after);
        }
}

/* CPUs. */

/* Larger ids are never read. */
#define CPU_WORDS (65536 / 64)

struct cpu_set {
        uint64_t bits[CPU_WORDS];
};

static void cpu_set_fill(struct cpu_set *set, const struct node *node)
{
        memset(set, 0, sizeof(*set));
        for (size_t k = 0; node && k < node->cpus.n; k++)
                for (uint32_t cpu = node->cpus.ranges[k].first;
                     cpu <= node->cpus.ranges[k].last && cpu < CPU_WORDS * 64; cpu++)
                        set->bits[cpu / 64] |= UINT64_C(1) << (cpu % 64);
}

static bool has_cpu(const struct cpu_set *set, unsigned cpu)
{
        return cpu < CPU_WORDS * 64 && set->bits[cpu / 64] >> (cpu % 64) & 1;
}

/* What a holds and b does not, if without, else what both hold. False: nothing. */
static bool cpu_set_combine(struct cpu_set *out, const struct cpu_set *a, const struct cpu_set *b,
                            bool without)
{
        uint64_t any = 0;

        for (size_t i = 0; i < CPU_WORDS; i++) {
                out->bits[i] = a->bits[i] & (without ? ~b->bits[i] : b->bits[i]);
                any |= out->bits[i];
        }
        return any != 0;
}

/* "0-3,8" and, unless ids is NULL, the ids in it. */
static json_t *json_cpus(const struct cpu_set *set, json_t *ids)
{
        struct buffer list = BUFFER_INIT;
        json_t *json;

        for (unsigned cpu = 0; cpu < CPU_WORDS * 64; cpu++) {
                unsigned first = cpu;

                if (!has_cpu(set, cpu))
                        continue;
                while (has_cpu(set, cpu + 1))
                        cpu++;
                id_range_print(&list, (struct id_range){ .first = first, .last = cpu },
                               list.len == 0);
                for (unsigned id = first; ids && id <= cpu; id++)
                        json_array_append_new(ids, json_integer(id));
        }
        if (buffer_failed(&list))
                json_memory_note_failure();
        json = json_stringn(list.data ? list.data : "", list.len);
        buffer_release(&list);
        return json;
}

static void add_cpu_event(const struct comparison *c, enum event_type type, int nid,
                          const struct cpu_set *before, const struct cpu_set *after,
                          const struct cpu_set *changed)
{
        json_t *ids = json_array(), *list = json_cpus(changed, ids);
        bool one = json_array_size(ids) == 1;

        event_list_add(c->out,
                       (struct event){ .type = type,
                                       .nid = nid,
                                       .before = json_cpus(before, NULL),
                                       .after = json_cpus(after, NULL),
                                       .more = json_pack("{s:o}", "cpus", ids) },
                       "CPU%s %s of node %d %s %s.", one ? "" : "s",
                       list ? json_string_value(list) : "?", nid, one ? "is" : "are",
                       type == EVENT_CPU_ONLINE ? "online" : "offline");
        json_decref(list);
}

static bool same_cpus(const struct node *a, const struct node *b)
{
        size_t size = a && b ? a->cpus.n * sizeof(*a->cpus.ranges) : 0;

        return a && b && a->cpus.n == b->cpus.n &&
               (size == 0 || memcmp(a->cpus.ranges, b->cpus.ranges, size) == 0);
}

static void compare_cpus_of(const struct comparison *c, enum event_type type, int nid,
                            struct cpu_set sets[static 4])
{
        const struct node *a = snapshot_node(c->before, nid), *b = snapshot_node(c->after, nid);
        struct cpu_set *before = &sets[0], *after = &sets[1], *both = &sets[2], *changed = &sets[3];

        if ((a && !a->cpus.known) || (b && !b->cpus.known) || same_cpus(a, b) || (!a && !b))
                return;
        cpu_set_fill(before, a);
        cpu_set_fill(after, b);
        cpu_set_combine(both, before, after, false);
        if (type == EVENT_CPU_OFFLINE && cpu_set_combine(changed, before, after, true))
                add_cpu_event(c, type, nid, before, both, changed);
        if (type == EVENT_CPU_ONLINE && cpu_set_combine(changed, after, before, true))
                add_cpu_event(c, type, nid, both, after, changed);
}

static void compare_cpus(const struct comparison *c, enum event_type type)
{
        struct cpu_set *sets = calloc(4, sizeof(*sets));

        if (!sets) {
                c->out->lost++;
                return;
        }
        for (int nid = 0; nid < MAX_NUMNODES; nid++)
                compare_cpus_of(c, type, nid, sets);
        free(sets);
}

/* Distances. */

/* By nid; -1: unknown. */
static void distances_by_nid(const struct snapshot *snap, const struct node *node,
                             int16_t out[static MAX_NUMNODES])
{
        const struct sample *s = snapshot_sample(snap);
        int16_t row[MAX_NUMNODES];

        memset(out, -1, MAX_NUMNODES * sizeof(*out));
        node_distance_row(snap, node, row);
        for (size_t i = 0; i < s->n_nodes; i++)
                out[s->nodes[i].nid] = row[i];
}

/*
 * What the events so far tell of the way to a node; -1: nothing, or the truth. node_online tells
 * the distances from the node, and as long as nothing else is said they hold for the way back.
 */
static int distance_told(const struct comparison *c, const int16_t *old, int from, int to)
{
        bool from_is_new = !snapshot_node(c->before, from);
        uint8_t back;

        if (snapshot_node(c->before, to))
                return from_is_new ? -1 : old[to];
        if (from_is_new && to <= from)
                return -1;
        return node_distance(c->after, to, from, &back) ? back : -1;
}

static void compare_distances_of(const struct comparison *c, const struct node *before,
                                 const struct node *after)
{
        int16_t old[MAX_NUMNODES], new[MAX_NUMNODES];
        struct event e = { .type = EVENT_DISTANCE_CHANGED, .nid = after->nid };
        int to, was = 0, is = 0, first = NUMA_NO_NODE;

        if (before)
                distances_by_nid(c->before, before, old);
        distances_by_nid(c->after, after, new);
        e.before = json_object();
        e.after = json_object();
        for (to = 0; to < MAX_NUMNODES; to++) {
                int there = new[to] < 0 ? -1 : distance_told(c, old, after->nid, to);
                char key[12];

                if (there < 0 || there == new[to])
                        continue;
                if (first == NUMA_NO_NODE) {
                        first = to;
                        was = there;
                        is = new[to];
                }
                snprintf(key, sizeof(key), "%d", to);
                json_object_set_new(e.before, key, json_integer(there));
                json_object_set_new(e.after, key, json_integer(new[to]));
        }
        if (first == NUMA_NO_NODE) {
                json_decref(e.before);
                json_decref(e.after);
                return;
        }
        event_list_add(c->out, e, "The distance from node %d to node %d is %d, it was %d%s.",
                       after->nid, first, is, was,
                       json_object_size(e.after) > 1 ? "; others changed, too" : "");
}

static bool same_distances(const struct comparison *c, const struct node *a, const struct node *b)
{
        return a &&
               nodes_equal(node_states_mask(c->before, a->distance_columns),
                           node_states_mask(c->after, b->distance_columns)) &&
               a->n_distances == b->n_distances &&
               (a->n_distances == 0 || memcmp(a->distances, b->distances, a->n_distances) == 0);
}

static void compare_distances(const struct comparison *c)
{
        const struct sample *s = snapshot_sample(c->after);

        for (size_t i = 0; i < s->n_nodes; i++) {
                const struct node *old = snapshot_node(c->before, s->nodes[i].nid);

                if ((!old || old->distances_known) && s->nodes[i].distances_known &&
                    !same_distances(c, old, &s->nodes[i]))
                        compare_distances_of(c, old, &s->nodes[i]);
        }
}

/* Huge pages. */

static uint64_t pool_of(const struct node *node, uint64_t size_bytes)
{
        for (size_t i = 0; node && i < node->n_hugepages; i++)
                if (node->hugepages[i].size_bytes == size_bytes)
                        return node->hugepages[i].total;
        return 0;
}

/* Pages beyond the pool, which come and go as they are used: they are no change of it. */
static uint64_t surplus_of(const struct node *node, uint64_t size_bytes)
{
        for (size_t i = 0; node && i < node->n_hugepages; i++)
                if (node->hugepages[i].size_bytes == size_bytes)
                        return node->hugepages[i].surplus;
        return 0;
}

static void compare_pool(const struct comparison *c, const struct node *before,
                         const struct node *after, uint64_t size_bytes)
{
        uint64_t was = pool_of(before, size_bytes), is = pool_of(after, size_bytes);
        uint64_t surplus_was = surplus_of(before, size_bytes);
        uint64_t surplus_is = surplus_of(after, size_bytes);

        if (was == HUGEPAGES_UNKNOWN || is == HUGEPAGES_UNKNOWN ||
            (surplus_was == HUGEPAGES_UNKNOWN) != (surplus_is == HUGEPAGES_UNKNOWN) ||
            was - surplus_was == is - surplus_is)
                return;
        event_list_add(
                c->out,
                (struct event){ .type = EVENT_HUGEPAGES_CHANGED,
                                .nid = after->nid,
                                .before = json_integer((json_int_t)was),
                                .after = json_integer((json_int_t)is),
                                .more = json_pack("{s:I}", "size_bytes", (json_int_t)size_bytes) },
                "Node %d has %" PRIu64 " huge pages of %" PRIu64 " KiB, it had %" PRIu64 ".",
                after->nid, is, size_bytes >> 10, was);
}

static bool has_pool(const struct node *node, uint64_t size_bytes)
{
        for (size_t i = 0; i < node->n_hugepages; i++)
                if (node->hugepages[i].size_bytes == size_bytes)
                        return true;
        return false;
}

static void compare_hugepages(const struct comparison *c)
{
        const struct sample *s = snapshot_sample(c->after);

        for (size_t i = 0; i < s->n_nodes; i++) {
                const struct node *new = &s->nodes[i], *old = snapshot_node(c->before, new->nid);

                if (!new->hugepages_known || (old && !old->hugepages_known))
                        continue;
                for (size_t k = 0; k < new->n_hugepages; k++)
                        compare_pool(c, old, new, new->hugepages[k].size_bytes);
                for (size_t k = 0; old && k < old->n_hugepages; k++)
                        if (!has_pool(new, old->hugepages[k].size_bytes))
                                compare_pool(c, old, new, old->hugepages[k].size_bytes);
        }
}

/* Checks and collectors. */

static void compare_check(const struct comparison *c, enum check check)
{
        const struct finding *a = snapshot_finding(c->before, check);
        const struct finding *b = snapshot_finding(c->after, check);
        bool was = snapshot_told(c->before, check) == CHECK_RAISED;
        bool is = snapshot_told(c->after, check) == CHECK_RAISED;
        const char *severity = severity_name(check_severity(check));
        struct event e = {
                .type = is ? EVENT_CHECK_RAISED : EVENT_CHECK_CLEARED,
                .nid = NUMA_NO_NODE,
        };

        if (was == is)
                return;
        /* A finding of one node is that node's. */
        if (nodes_weight(is ? &b->nodes : &a->nodes) == 1)
                e.nid = first_node(is ? &b->nodes : &a->nodes);
        e.before = json_boolean(was);
        e.after = json_boolean(is);
        e.more = json_pack("{s:s, s:s}", "check", check_name(check), "severity", severity);
        if (is)
                event_list_add(c->out, e, "Check %s (%s): %s", check_name(check), severity,
                               b->evidence ? b->evidence : check_help(check));
        else
                event_list_add(c->out, e, "Check %s finds nothing any more.", check_name(check));
}

static void compare_collector(const struct comparison *c, enum collector collector)
{
        bool was = snapshot_sample(c->before)->collectors[collector].success;
        bool is = snapshot_sample(c->after)->collectors[collector].success;

        if (was == is)
                return;
        event_list_add(c->out,
                       (struct event){
                               .type = is ? EVENT_SAMPLE_RECOVERED : EVENT_SAMPLE_FAILED,
                               .nid = NUMA_NO_NODE,
                               .before = json_boolean(was),
                               .after = json_boolean(is),
                               .more = json_pack("{s:s}", "collector", collector_name(collector)) },
                       is ? "All files of collector %s can be read again."
                          : "Some file of collector %s cannot be read.",
                       collector_name(collector));
}

void diff(const struct snapshot *before, const struct snapshot *after, struct event_list *out)
{
        const struct comparison c = { .before = before, .after = after, .out = out };

        json_memory_watch();
        if (snapshot_generation(before) != snapshot_generation(after)) {
                compare_cpus(&c, EVENT_CPU_OFFLINE);
                diff_memory(before, after, EVENT_MEMORY_OFFLINE, EVENT_MEMORY_REMOVED, out);
                compare_nodes(&c, EVENT_NODE_OFFLINE);
                compare_nodes(&c, EVENT_NODE_ONLINE);
                compare_nodes(&c, EVENT_NODE_STATE_CHANGED);
                diff_memory(before, after, EVENT_MEMORY_ADDED, EVENT_MEMORY_ONLINE, out);
                compare_cpus(&c, EVENT_CPU_ONLINE);
                compare_distances(&c);
        }
        compare_hugepages(&c);
        for (unsigned i = 0; i < NR_CHECKS; i++)
                compare_check(&c, i);
        for (unsigned i = 0; i < NR_COLLECTORS; i++)
                compare_collector(&c, i);
        out->lost += json_memory_failed();
}
