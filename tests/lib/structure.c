/* SPDX-License-Identifier: MIT */
#include "structure.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct key {
        char text[64];
};

static struct key key_of(const char *kind, int nid, uint64_t what)
{
        struct key key;

        snprintf(key.text, sizeof(key.text), "%s %d %" PRIu64, kind, nid, what);
        return key;
}

/* NULL takes the fact out. */
static void set(json_t *facts, struct key key, json_t *value)
{
        json_object_del(facts, key.text);
        if (value)
                json_object_set_new(facts, key.text, value);
}

static json_t *get(const json_t *facts, struct key key)
{
        return json_object_get(facts, key.text);
}

/* 0 is the same as nothing. */
static json_t *number(uint64_t value)
{
        return value ? json_integer((json_int_t)value) : NULL;
}

static json_t *string(const char *text, size_t len)
{
        return len ? json_stringn(text, len) : NULL;
}

/* From a snapshot. */

static void add_states(json_t *facts, const struct snapshot *snap, const struct snapshot *other)
{
        const bool *known = snapshot_sample(snap)->state_known;
        const bool *known_to_other = snapshot_sample(other)->state_known;

        for (int nid = 0; nid < MAX_NUMNODES; nid++) {
                uint64_t states = 0;

                for (unsigned state = 0; state < NR_NODE_STATES; state++)
                        if (node_state(snap, nid, state) &&
                            (state == N_ONLINE || (known[state] && known_to_other[state])))
                                states |= UINT64_C(1) << state;
                set(facts, key_of("states", nid, 0), number(states));
        }
}

static void add_node(json_t *facts, const struct snapshot *snap, const struct node *node)
{
        const struct sample *s = snapshot_sample(snap);
        struct buffer list = BUFFER_INIT;

        id_list_print(&list, &node->cpus);
        set(facts, key_of("cpus", node->nid, 0), string(list.data, list.len));
        buffer_release(&list);
        for (size_t i = 0; i < s->n_nodes; i++) {
                uint8_t distance;

                if (node_distance(snap, node->nid, s->nodes[i].nid, &distance))
                        set(facts, key_of("distance", node->nid, (uint64_t)s->nodes[i].nid),
                            json_integer(distance));
        }
        for (size_t i = 0; node->hugepages_known && i < node->n_hugepages; i++)
                set(facts, key_of("pool", node->nid, node->hugepages[i].size_bytes),
                    number(node->hugepages[i].total));
}

/* Memory that is going offline is still there. */
static json_t *memory_word(const char *word)
{
        return word ? json_string(strcmp(word, "offline") == 0 ? word : "online") : NULL;
}

static void add_block(json_t *facts, const struct memory_block *block, int nid)
{
        set(facts, key_of("block", nid, block->id),
            memory_word(memory_block_state_name(block->state)));
}

json_t *structure_of(const struct snapshot *snap, const struct snapshot *other)
{
        const struct sample *s = snapshot_sample(snap);
        json_t *facts = json_object();

        add_states(facts, snap, other);
        for (size_t i = 0; i < s->n_nodes; i++)
                add_node(facts, snap, &s->nodes[i]);
        for (size_t i = 0; i < s->n_memory_blocks; i++) {
                add_block(facts, &s->memory_blocks[i], s->memory_blocks[i].nid);
                if (s->memory_blocks[i].nid2 != NUMA_NO_NODE)
                        add_block(facts, &s->memory_blocks[i], s->memory_blocks[i].nid2);
        }
        return facts;
}

/* From an event. */

static uint64_t states_from(const json_t *names)
{
        uint64_t states = 0;

        for (size_t i = 0; i < json_array_size(names); i++)
                for (unsigned state = 0; state < NR_NODE_STATES; state++)
                        if (strcmp(json_string_value(json_array_get(names, i)),
                                   node_state_name(state)) == 0)
                                states |= UINT64_C(1) << state;
        return states;
}

static bool same(const json_t *a, const json_t *b)
{
        return a == b || (a && b && json_equal(a, b));
}

static void apply_distances(json_t *facts, int nid, json_t *row, bool both_ways)
{
        const char *to;
        json_t *value;

        json_object_foreach (row, to, value) {
                set(facts, key_of("distance", nid, (uint64_t)atoi(to)), json_incref(value));
                if (both_ways)
                        set(facts, key_of("distance", atoi(to), (uint64_t)nid), json_incref(value));
        }
}

static const char *apply_memory(json_t *facts, const struct event *e)
{
        uint64_t first = (uint64_t)json_integer_value(json_object_get(e->more, "first_block"));
        uint64_t last = (uint64_t)json_integer_value(json_object_get(e->more, "last_block"));
        uint64_t size = first <= last ? (e->end - e->start) / (last - first + 1) : 0;
        json_t *before = memory_word(json_string_value(e->before));
        const char *wrong = NULL;

        /* Divided, so that what wrapped around is found. */
        if (e->has_range && (size == 0 || e->start / size != first || e->end / size != last + 1))
                wrong = "memory: a range that is not that of the blocks";
        for (; first <= last && !wrong; first++) {
                if (!same(get(facts, key_of("block", e->nid, first)), before))
                        wrong = "memory: another state before";
                set(facts, key_of("block", e->nid, first),
                    memory_word(json_string_value(e->after)));
        }
        json_decref(before);
        return wrong;
}

static const char *apply_cpus(json_t *facts, const struct event *e)
{
        const struct key key = key_of("cpus", e->nid, 0);
        json_t *before = string(json_string_value(e->before), json_string_length(e->before));
        bool agree = same(get(facts, key), before);

        json_decref(before);
        set(facts, key, string(json_string_value(e->after), json_string_length(e->after)));
        return agree ? NULL : "CPUs: others before";
}

static const char *apply_pool(json_t *facts, const struct event *e)
{
        json_t *size = json_object_get(e->more, "size_bytes");

        set(facts, key_of("pool", e->nid, (uint64_t)json_integer_value(size)),
            number((uint64_t)json_integer_value(e->after)));
        return NULL;
}

/* What was a node's has gone before it, but for its pools. */
static const char *forget_node(json_t *facts, int nid)
{
        const char *name;
        json_t *value;
        void *next;

        json_object_foreach_safe(facts, next, name, value)
        {
                char kind[16];
                int of;

                if (sscanf(name, "%15s %d", kind, &of) != 2 || of != nid)
                        continue;
                if (strcmp(kind, "cpus") == 0 || strcmp(kind, "block") == 0)
                        return "node offline: it still has CPUs or memory";
                if (strcmp(kind, "pool") == 0)
                        json_object_del(facts, name);
        }
        return NULL;
}

static const char *apply_node(json_t *facts, const struct event *e)
{
        const struct key key = key_of("states", e->nid, 0);
        uint64_t states = (uint64_t)json_integer_value(get(facts, key));
        bool online = states >> N_ONLINE & 1;

        set(facts, key, number(states_from(e->after)));
        if (e->type == EVENT_NODE_STATE_CHANGED)
                return states == states_from(e->before) ? NULL : "states: others before";
        if (online == (e->type == EVENT_NODE_ONLINE))
                return "node: it is so already";
        if (e->type == EVENT_NODE_OFFLINE)
                return forget_node(facts, e->nid);
        apply_distances(facts, e->nid, json_object_get(e->more, "distances"), true);
        return NULL;
}

const char *structure_apply(json_t *facts, const struct event *e)
{
        if (!e->message)
                return "no message";
        switch (e->type) {
        case EVENT_NODE_ONLINE:
        case EVENT_NODE_OFFLINE:
        case EVENT_NODE_STATE_CHANGED:
                return apply_node(facts, e);
        case EVENT_MEMORY_ADDED:
        case EVENT_MEMORY_ONLINE:
        case EVENT_MEMORY_OFFLINE:
        case EVENT_MEMORY_REMOVED:
                return apply_memory(facts, e);
        case EVENT_CPU_ONLINE:
        case EVENT_CPU_OFFLINE:
                return apply_cpus(facts, e);
        case EVENT_DISTANCE_CHANGED:
                apply_distances(facts, e->nid, e->after, false);
                return NULL;
        case EVENT_HUGEPAGES_CHANGED:
                return apply_pool(facts, e);
        default:
                return NULL; /* checks and collectors are no structure */
        }
}

/* What both know. */

struct both {
        const struct snapshot *before, *after;
};

static bool has_directory_if_online(const struct snapshot *snap, int nid)
{
        return node_online(snap, nid) == (snapshot_node(snap, nid) != NULL);
}

/* Distances from and to nodes that are not online any more say nothing. */
static bool distance_known(const struct both *b, int from, int to)
{
        const struct node *was = snapshot_node(b->before, from);
        uint8_t distance;

        if (!node_distance(b->after, from, to, &distance) || !snapshot_node(b->after, to) ||
            !has_directory_if_online(b->before, from) || !has_directory_if_online(b->before, to))
                return false;
        if (!was)
                return true;
        if (snapshot_node(b->before, to))
                return node_distance(b->before, from, to, &distance);
        return was->distances_known && node_distance(b->after, to, from, &distance);
}

static bool pool_known_to(const struct snapshot *snap, int nid, uint64_t size)
{
        const struct node *node = snapshot_node(snap, nid);

        if (!has_directory_if_online(snap, nid) || (node && !node->hugepages_known))
                return false;
        /* Pages beyond the pool come and go without an event. */
        for (size_t i = 0; node && i < node->n_hugepages; i++)
                if (node->hugepages[i].size_bytes == size &&
                    (node->hugepages[i].total == HUGEPAGES_UNKNOWN ||
                     node->hugepages[i].surplus != 0))
                        return false;
        return true;
}

static bool block_known_to(const struct snapshot *snap, uint64_t id)
{
        const struct sample *s = snapshot_sample(snap);

        for (size_t i = 0; i < s->n_memory_blocks; i++)
                if (s->memory_blocks[i].id == id)
                        return s->memory_blocks[i].state != BLOCK_UNKNOWN;
        return s->memory_blocks_known;
}

static bool cpus_known_to(const struct snapshot *snap, int nid)
{
        const struct node *node = snapshot_node(snap, nid);

        return !node || node->cpus.known;
}

static bool is_known(const struct both *b, const char *kind, int nid, uint64_t what)
{
        if (strcmp(kind, "cpus") == 0)
                return cpus_known_to(b->before, nid) && cpus_known_to(b->after, nid);
        if (strcmp(kind, "distance") == 0)
                return distance_known(b, nid, (int)what);
        if (strcmp(kind, "pool") == 0)
                return pool_known_to(b->before, nid, what) && pool_known_to(b->after, nid, what);
        return block_known_to(b->before, what) && block_known_to(b->after, what);
}

void structure_forget_unknown(json_t *facts, const struct snapshot *before,
                              const struct snapshot *after)
{
        const struct both both = { before, after };
        const char *name;
        json_t *value;
        void *next;

        json_object_foreach_safe(facts, next, name, value)
        {
                char kind[16];
                uint64_t what;
                int nid;

                if (sscanf(name, "%15s %d %" SCNu64, kind, &nid, &what) == 3 &&
                    strcmp(kind, "states") != 0 && !is_known(&both, kind, nid, what))
                        json_object_del(facts, name);
        }
}
