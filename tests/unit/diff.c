/* SPDX-License-Identifier: MIT */
#include "diff.h"
#include "structure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NODES  6
#define BLOCKS 24
#define SIZES  2
#define NOBODY NODES /* the owner of blocks that are linked under no node */

/* Which of the coming allocations of arrays that grow fails, once; 0: none. */
static unsigned failing_allocation;

/* In place of the C library's. */
void *reallocarray(void *old, size_t n, size_t size)
{
        if (failing_allocation > 0 && --failing_allocation == 0)
                return NULL;
        return realloc(old, n * size);
}

/* The structure of a small machine. */
struct structure {
        unsigned states[NODES];
        uint64_t cpus[NODES];
        int distance[NODES][NODES];     /* -1: none */
        unsigned pools[NODES][SIZES];   /* huge pages by size */
        char blocks[NODES + 1][BLOCKS]; /* 'n' online, 'f' offline, 0 not there */
        bool mask_known[NR_NODE_STATES];
};

static const uint64_t pool_sizes[SIZES] = { 2 << 20, 1 << 30 };

static bool is_online(const struct structure *m, int nid)
{
        return m->states[nid] >> N_ONLINE & 1;
}

/* What a snapshot is made of; lives as long as the sample is used. */
struct machine {
        struct sample sample;
        struct node nodes[NODES];
        uint8_t distances[NODES][NODES];
        struct id_range cpus[NODES][64];
        struct hugepages pools[NODES][SIZES];
        struct memory_block blocks[BLOCKS];
};

static void build_node(struct machine *m, const struct structure *s, int nid)
{
        struct node *node = &m->nodes[m->sample.n_nodes];
        size_t i = m->sample.n_nodes++;

        *node = (struct node){ .nid = nid,
                               .cpus = { .known = true, .ranges = m->cpus[i] },
                               .distances_known = true,
                               .distance_columns = N_ONLINE,
                               .distances = m->distances[i],
                               .hugepages_known = true,
                               .hugepages = m->pools[i] };
        for (uint32_t cpu = 0; cpu < 64; cpu++) {
                size_t n = node->cpus.n;

                if (!(s->cpus[nid] >> cpu & 1))
                        continue;
                if (n > 0 && m->cpus[i][n - 1].last + 1 == cpu)
                        m->cpus[i][n - 1].last = cpu;
                else
                        m->cpus[i][node->cpus.n++] = (struct id_range){ cpu, cpu };
        }
        for (int to = 0; to < NODES; to++)
                if (is_online(s, to))
                        m->distances[i][node->n_distances++] = (uint8_t)s->distance[nid][to];
        /* A pool that is not there is as good as an empty one. */
        for (size_t k = 0; k < SIZES; k++)
                if (s->pools[nid][k] > 0)
                        m->pools[i][node->n_hugepages++] =
                                (struct hugepages){ .size_bytes = pool_sizes[k],
                                                    .total = s->pools[nid][k] };
}

static void build_block(struct machine *m, const struct structure *s, uint64_t id)
{
        struct memory_block block = { .id = id, .nid = NUMA_NO_NODE, .nid2 = NUMA_NO_NODE };
        char state = s->blocks[NOBODY][id];

        for (int nid = 0; nid < NODES; nid++) {
                if (!s->blocks[nid][id])
                        continue;
                state = s->blocks[nid][id];
                *(block.nid == NUMA_NO_NODE ? &block.nid : &block.nid2) = nid;
        }
        if (!state)
                return;
        block.state = state == 'n' ? BLOCK_ONLINE : BLOCK_OFFLINE;
        m->blocks[m->sample.n_memory_blocks++] = block;
}

static struct machine *machine_of(const struct structure *s)
{
        struct machine *m = calloc(1, sizeof(*m));

        assert_non_null(m);
        for (unsigned state = 0; state < NR_NODE_STATES; state++) {
                m->sample.state_known[state] = s->mask_known[state];
                for (int nid = 0; nid < NODES; nid++)
                        if (s->states[nid] >> state & 1)
                                node_set(nid, &m->sample.node_states[state]);
        }
        m->sample.nodes = m->nodes;
        m->sample.memory_blocks = m->blocks;
        m->sample.memory_blocks_known = true;
        m->sample.memory_block_size = 128 << 20;
        for (int nid = 0; nid < NODES; nid++)
                if (is_online(s, nid))
                        build_node(m, s, nid);
        for (uint64_t id = 0; id < BLOCKS; id++)
                build_block(m, s, id);
        return m;
}

/* Takes the machine over. */
static struct snapshot *snapshot_from(struct machine *m, const struct snapshot *previous)
{
        struct snapshot *snap = snapshot_new(&m->sample, previous);

        assert_non_null(snap);
        free(m);
        return snap;
}

static struct snapshot *snapshot_of(const struct structure *s, const struct snapshot *previous)
{
        return snapshot_from(machine_of(s), previous);
}

static struct event_list diff_from(struct machine *a, struct machine *b)
{
        struct event_list list = { .n = 0 };
        struct snapshot *before = snapshot_from(a, NULL), *after = snapshot_from(b, before);

        diff(before, after, &list);
        snapshot_unref(before);
        snapshot_unref(after);
        assert_int_equal(list.lost, 0);
        return list;
}

static struct event_list diff_of(const struct structure *a, const struct structure *b)
{
        return diff_from(machine_of(a), machine_of(b));
}

static void assert_json(const json_t *json, const char *expected)
{
        char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);

        assert_string_equal(text ? text : "nothing", expected);
        free(text);
}

/* The event with its JSON, "nothing": it has none. */
static void assert_event(const struct event *e, enum event_type type, int nid, const char *before,
                         const char *after, const char *more, const char *message)
{
        assert_string_equal(e->message, message);
        assert_int_equal(e->type, type);
        assert_int_equal(e->nid, nid);
        assert_json(e->before, before);
        assert_json(e->after, after);
        assert_json(e->more, more);
}

/* How many there are before those of checks, which new nodes may raise. */
static size_t n_before_checks(const struct event_list *list)
{
        size_t n = 0;

        while (n < list->n && list->events[n].type != EVENT_CHECK_RAISED &&
               list->events[n].type != EVENT_CHECK_CLEARED)
                n++;
        return n;
}

/* Distances from and to nodes that are not online say nothing. */
static void forget_offline(struct structure *m)
{
        for (int a = 0; a < NODES; a++)
                for (int b = 0; b < NODES; b++)
                        if (!is_online(m, a) || !is_online(m, b))
                                m->distance[a][b] = -1;
}

/* A generator of its own, so that a failure can be repeated. */
static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
        random_state = random_state * 1664525 + 1013904223;
        return (uint32_t)((uint64_t)(random_state >> 8) * n >> 24);
}

static void random_blocks(struct structure *m, uint64_t id)
{
        char state = random_below(3) ? 'n' : 'f';

        for (int nid = 0; nid <= NODES; nid++)
                m->blocks[nid][id] = 0;
        switch (random_below(4)) {
        case 0:
                return;
        case 1:
                m->blocks[NOBODY][id] = state;
                return;
        default:
                for (int links = 0, nid = (int)random_below(NODES); links < 2; links++) {
                        if (is_online(m, nid))
                                m->blocks[nid][id] = state;
                        if (random_below(4))
                                return;
                        nid = (int)random_below(NODES);
                }
        }
}

static void random_node(struct structure *m, int nid)
{
        m->states[nid] = 1U << N_POSSIBLE;
        for (unsigned state = 0; state < NR_NODE_STATES; state++)
                m->states[nid] |= random_below(2) << state;
        m->cpus[nid] = 0;
        memset(m->pools[nid], 0, sizeof(m->pools[nid]));
        if (!is_online(m, nid))
                return;
        for (unsigned i = random_below(6); i > 0; i--)
                m->cpus[nid] |= UINT64_C(1) << random_below(64);
        for (size_t i = 0; i < SIZES; i++)
                m->pools[nid][i] = random_below(3);
        for (int to = 0; to < NODES; to++) {
                m->distance[nid][to] = (int)(10 + random_below(3));
                if (random_below(3))
                        m->distance[to][nid] = m->distance[nid][to];
        }
}

/* Changes a few things, or everything. */
static void mutate(struct structure *m, bool all)
{
        for (int nid = 0; nid < NODES; nid++)
                if (all || random_below(4) == 0)
                        random_node(m, nid);
        for (uint64_t id = 0; id < BLOCKS; id++) {
                bool orphan = false;

                for (int nid = 0; nid < NODES; nid++)
                        orphan = orphan || (m->blocks[nid][id] && !is_online(m, nid));
                if (all || orphan || random_below(6) == 0)
                        random_blocks(m, id);
        }
        /* Nodes that come online have distances both ways. */
        for (int a = 0; a < NODES; a++)
                for (int b = 0; b < NODES; b++)
                        if (m->distance[a][b] < 0)
                                m->distance[a][b] = (int)(10 + random_below(3));
        forget_offline(m);
}

/* As a client does it: from the events' JSON alone. */
static void assert_events_lead_from_to(const struct structure *a, const struct structure *b)
{
        struct snapshot *before = snapshot_of(a, NULL), *after = snapshot_of(b, before);
        json_t *facts = structure_of(before, after), *wanted = structure_of(after, before);
        struct event_list list = { .n = 0 };

        diff(before, after, &list);
        for (size_t i = 0; i < list.n; i++)
                assert_null(structure_apply(facts, &list.events[i]));
        structure_forget_unknown(facts, before, after);
        assert_true(json_equal(facts, wanted));
        json_decref(facts);
        json_decref(wanted);
        event_list_clear(&list);
        snapshot_unref(before);
        snapshot_unref(after);
}

static void events_turn_the_old_structure_into_the_new(void **state)
{
        (void)state;
        for (uint32_t seed = 1; seed <= 1000; seed++) {
                struct structure a = { .states = { 0 } }, b;

                random_state = seed;
                memset(a.mask_known, true, sizeof(a.mask_known));
                mutate(&a, true);
                b = a;
                mutate(&b, seed % 4 == 0);
                assert_events_lead_from_to(&a, &b);
        }
}

static void assert_in_order(const struct event_list *list)
{
        static const int ranks[NR_EVENT_TYPES] = {
                [EVENT_CPU_OFFLINE] = 0,       [EVENT_MEMORY_OFFLINE] = 1,
                [EVENT_MEMORY_REMOVED] = 1,    [EVENT_NODE_OFFLINE] = 2,
                [EVENT_NODE_ONLINE] = 3,       [EVENT_NODE_STATE_CHANGED] = 3,
                [EVENT_MEMORY_ADDED] = 4,      [EVENT_MEMORY_ONLINE] = 4,
                [EVENT_CPU_ONLINE] = 5,        [EVENT_DISTANCE_CHANGED] = 6,
                [EVENT_HUGEPAGES_CHANGED] = 7, [EVENT_CHECK_RAISED] = 8,
                [EVENT_CHECK_CLEARED] = 8,     [EVENT_SAMPLE_FAILED] = 9,
                [EVENT_SAMPLE_RECOVERED] = 9,
        };

        for (size_t i = 1; i < list->n; i++)
                assert_true(ranks[list->events[i - 1].type] <= ranks[list->events[i].type]);
}

static void what_goes_is_told_before_what_comes(void **state)
{
        (void)state;
        for (uint32_t seed = 1; seed <= 200; seed++) {
                struct structure a = { .states = { 0 } }, b;
                struct event_list list;

                random_state = seed;
                memset(a.mask_known, true, sizeof(a.mask_known));
                mutate(&a, true);
                b = a;
                mutate(&b, true);
                list = diff_of(&a, &b);
                assert_in_order(&list);
                event_list_clear(&list);
        }
}

static void nothing_that_changed_is_nothing_to_tell(void **state)
{
        (void)state;
        for (uint32_t seed = 1; seed <= 100; seed++) {
                struct structure a = { .states = { 0 } };
                struct event_list list;

                random_state = seed;
                memset(a.mask_known, true, sizeof(a.mask_known));
                mutate(&a, true);
                list = diff_of(&a, &a);
                assert_int_equal(list.n, 0);
                event_list_clear(&list);
        }
}

/* Two nodes, one block each. */
static struct structure small_machine(void)
{
        struct structure m = { .states = { 0 } };

        memset(m.mask_known, true, sizeof(m.mask_known));
        for (int nid = 0; nid < 2; nid++) {
                m.states[nid] = 1U << N_POSSIBLE | 1U << N_ONLINE | 1U << N_MEMORY | 1U << N_CPU;
                m.cpus[nid] = UINT64_C(3) << (2 * nid);
                m.blocks[nid][nid] = 'n';
                for (int to = 0; to < 2; to++)
                        m.distance[nid][to] = nid == to ? 10 : 20;
        }
        return m;
}

static void what_changed_while_it_could_not_be_seen_is_told_once_it_can(void **state)
{
        (void)state;
        struct structure a = small_machine(), hidden = a, b = a;
        struct snapshot *snaps[4];
        struct event_list list;

        hidden.mask_known[N_MEMORY] = false;
        b.states[1] &= ~(1U << N_MEMORY);
        b.blocks[1][1] = 'f';
        snaps[0] = snapshot_of(&a, NULL);
        for (int i = 1; i < 4; i++) {
                struct machine *m = machine_of(i < 3 ? &hidden : &b);

                if (i < 3) {
                        m->sample.memory_blocks_known = false;
                        m->sample.n_memory_blocks = 0;
                }
                snaps[i] = snapshot_from(m, snaps[i - 1]);
                list = (struct event_list){ .n = 0 };
                diff(snaps[i - 1], snaps[i], &list);
                snapshot_unref(snaps[i - 1]);
                assert_int_equal(n_before_checks(&list), i < 3 ? 0 : 2);
                if (i < 3)
                        event_list_clear(&list);
        }
        assert_int_equal(list.events[0].type, EVENT_MEMORY_OFFLINE);
        assert_int_equal(list.events[0].nid, 1);
        assert_string_equal(list.events[1].message, "Node 1 is no longer in memory.");
        event_list_clear(&list);
        snapshot_unref(snaps[3]);
}

static void a_node_that_comes_tells_its_masks_and_distances(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct event_list list;

        b.states[2] = 1U << N_POSSIBLE | 1U << N_ONLINE | 1U << N_GENERIC_INITIATOR;
        for (int nid = 0; nid < 3; nid++)
                b.distance[nid][2] = b.distance[2][nid] = nid == 2 ? 10 : 30 + nid;
        a.states[2] = 1U << N_POSSIBLE;
        list = diff_of(&a, &b);
        assert_int_equal(n_before_checks(&list), 1);
        assert_event(&list.events[0], EVENT_NODE_ONLINE, 2, "[\"possible\"]",
                     "[\"possible\",\"online\",\"generic_initiator\"]",
                     "{\"distances\":{\"0\":30,\"1\":31,\"2\":10}}", "Node 2 is online.");
        event_list_clear(&list);

        list = diff_of(&b, &a);
        assert_int_equal(n_before_checks(&list), 1);
        assert_event(&list.events[0], EVENT_NODE_OFFLINE, 2,
                     "[\"possible\",\"online\",\"generic_initiator\"]", "[\"possible\"]", "nothing",
                     "Node 2 is offline.");
        event_list_clear(&list);
}

static void a_node_that_comes_without_its_directory_has_no_distances(void **state)
{
        (void)state;
        struct structure a = small_machine();
        struct machine *without_directory = machine_of(&a);
        struct event_list list;

        node_set(2, &without_directory->sample.node_states[N_ONLINE]);
        list = diff_from(machine_of(&a), without_directory);
        assert_int_equal(n_before_checks(&list), 1);
        assert_event(&list.events[0], EVENT_NODE_ONLINE, 2, "[]", "[\"online\"]",
                     "{\"distances\":{}}", "Node 2 is online.");
        event_list_clear(&list);
}

static void a_distance_that_is_not_known_is_not_told(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct machine *short_row;
        struct event_list list;

        b.states[2] = 1U << N_ONLINE;
        short_row = machine_of(&b);
        short_row->nodes[2].n_distances = 1;
        short_row->distances[2][0] = 0; /* which is no unknown one */
        list = diff_from(machine_of(&a), short_row);
        assert_event(&list.events[0], EVENT_NODE_ONLINE, 2, "[]", "[\"online\"]",
                     "{\"distances\":{\"0\":0}}", "Node 2 is online.");
        event_list_clear(&list);
}

static void a_node_that_enters_and_leaves_masks_says_which(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct event_list list;

        b.states[0] =
                1U << N_ONLINE | 1U << N_NORMAL_MEMORY | 1U << N_MEMORY | 1U << N_GENERIC_INITIATOR;
        b.states[1] |= 1U << N_HIGH_MEMORY;
        list = diff_of(&a, &b);
        assert_int_equal(list.n, 2);
        assert_event(&list.events[0], EVENT_NODE_STATE_CHANGED, 0,
                     "[\"possible\",\"online\",\"memory\",\"cpu\"]",
                     "[\"online\",\"normal_memory\",\"memory\",\"generic_initiator\"]", "nothing",
                     "Node 0 is now in normal_memory, generic_initiator; it is no longer in "
                     "possible, cpu.");
        assert_event(&list.events[1], EVENT_NODE_STATE_CHANGED, 1,
                     "[\"possible\",\"online\",\"memory\",\"cpu\"]",
                     "[\"possible\",\"online\",\"high_memory\",\"memory\",\"cpu\"]", "nothing",
                     "Node 1 is now in high_memory.");
        event_list_clear(&list);

        list = diff_of(&b, &a);
        assert_string_equal(list.events[1].message, "Node 1 is no longer in high_memory.");
        event_list_clear(&list);
}

static void a_mask_that_one_side_does_not_know_has_not_changed(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct event_list list;

        b.mask_known[N_MEMORY] = false;
        b.states[0] &= ~(1U << N_MEMORY);
        b.states[1] &= ~(1U << N_MEMORY);
        for (int way = 0; way < 2; way++) {
                list = way ? diff_of(&a, &b) : diff_of(&b, &a);
                assert_int_equal(list.n, 0);
                event_list_clear(&list);
        }
}

static void cpus_that_go_and_come_are_told_by_node(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct event_list list;

        a.cpus[0] = 0x0f;
        a.cpus[1] = 0xf0;
        b.cpus[0] = 0x10b; /* 2 goes, 8 comes */
        b.cpus[1] = 0x0c;  /* all go, 2 and 3 come */
        b.cpus[0] &= ~UINT64_C(8);
        list = diff_of(&a, &b);
        assert_int_equal(list.n, 4);
        assert_event(&list.events[0], EVENT_CPU_OFFLINE, 0, "\"0-3\"", "\"0-1\"",
                     "{\"cpus\":[2,3]}", "CPUs 2-3 of node 0 are offline.");
        assert_event(&list.events[1], EVENT_CPU_OFFLINE, 1, "\"4-7\"", "\"\"",
                     "{\"cpus\":[4,5,6,7]}", "CPUs 4-7 of node 1 are offline.");
        assert_event(&list.events[2], EVENT_CPU_ONLINE, 0, "\"0-1\"", "\"0-1,8\"", "{\"cpus\":[8]}",
                     "CPU 8 of node 0 is online.");
        assert_event(&list.events[3], EVENT_CPU_ONLINE, 1, "\"\"", "\"2-3\"", "{\"cpus\":[2,3]}",
                     "CPUs 2-3 of node 1 are online.");
        event_list_clear(&list);
}

/* A node 0 that has the range of CPUs besides. */
static struct machine *machine_with_cpus(uint32_t first, uint32_t last)
{
        const struct structure s = small_machine();
        struct machine *m = machine_of(&s);

        m->cpus[0][m->nodes[0].cpus.n++] = (struct id_range){ first, last };
        return m;
}

static void cpus_are_told_up_to_the_largest_id(void **state)
{
        (void)state;
        struct structure a = small_machine();
        struct event_list list;

        list = diff_from(machine_of(&a), machine_with_cpus(65534, 70000));
        assert_int_equal(list.n, 1);
        assert_event(&list.events[0], EVENT_CPU_ONLINE, 0, "\"0-1\"", "\"0-1,65534-65535\"",
                     "{\"cpus\":[65534,65535]}", "CPUs 65534-65535 of node 0 are online.");
        event_list_clear(&list);
        list = diff_from(machine_with_cpus(65535, 65535), machine_of(&a));
        assert_int_equal(list.n, 1);
        assert_string_equal(list.events[0].message, "CPU 65535 of node 0 is offline.");
        event_list_clear(&list);
}

static void cpus_that_one_side_does_not_know_have_not_changed(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;

        b.cpus[0] = 0x70;
        for (int way = 0; way < 2; way++) {
                struct machine *before = machine_of(&a), *after = machine_of(&b);
                struct event_list list;

                (way ? before : after)->nodes[0].cpus.known = false;
                list = diff_from(before, after);
                assert_int_equal(list.n, 0);
                event_list_clear(&list);
        }
}

static void distances_that_change_are_told_with_what_they_were(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct event_list list;

        b.distance[0][1] = 21;
        b.distance[1][0] = 31;
        b.distance[1][1] = 11;
        list = diff_of(&a, &b);
        assert_event(&list.events[0], EVENT_DISTANCE_CHANGED, 0, "{\"1\":20}", "{\"1\":21}",
                     "nothing", "The distance from node 0 to node 1 is 21, it was 20.");
        assert_event(&list.events[1], EVENT_DISTANCE_CHANGED, 1, "{\"0\":20,\"1\":10}",
                     "{\"0\":31,\"1\":11}", "nothing",
                     "The distance from node 1 to node 0 is 31, it was 20; others changed, too.");
        event_list_clear(&list);
}

static void a_distance_of_0_is_a_distance(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct event_list list;

        b.distance[0][1] = 0;
        list = diff_of(&a, &b);
        assert_event(&list.events[0], EVENT_DISTANCE_CHANGED, 0, "{\"1\":20}", "{\"1\":0}",
                     "nothing", "The distance from node 0 to node 1 is 0, it was 20.");
        event_list_clear(&list);
        list = diff_of(&b, &a);
        assert_event(&list.events[0], EVENT_DISTANCE_CHANGED, 0, "{\"1\":0}", "{\"1\":20}",
                     "nothing", "The distance from node 0 to node 1 is 20, it was 0.");
        event_list_clear(&list);
}

static void a_new_node_that_knows_no_distances_tells_none(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct machine *after;
        struct event_list list;

        b.states[2] = 1U << N_ONLINE;
        b.distance[0][2] = b.distance[1][2] = 20;
        after = machine_of(&b);
        after->nodes[2].distances_known = false;
        list = diff_from(machine_of(&a), after);
        assert_int_equal(n_before_checks(&list), 1);
        assert_event(&list.events[0], EVENT_NODE_ONLINE, 2, "[]", "[\"online\"]",
                     "{\"distances\":{}}", "Node 2 is online.");
        event_list_clear(&list);
}

/* How many events tell of distances. */
static size_t n_distance_events(struct event_list list)
{
        size_t n = 0;

        for (size_t i = 0; i < list.n; i++)
                n += list.events[i].type == EVENT_DISTANCE_CHANGED;
        event_list_clear(&list);
        return n;
}

static void distances_that_one_side_does_not_know_have_not_changed(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;

        b.distance[0][1] = b.distance[1][0] = 21;
        for (int way = 0; way < 2; way++) {
                struct machine *before = machine_of(&a), *after = machine_of(&b);

                (way ? before : after)->nodes[0].distances_known = false;
                assert_int_equal(n_distance_events(diff_from(before, after)), 1);
                before = machine_of(&a);
                after = machine_of(&b);
                /* A row cut short, whose last entry is not known. */
                (way ? before : after)->nodes[0].n_distances = 1;
                assert_int_equal(n_distance_events(diff_from(before, after)), 1);
        }
}

/* Of three nodes the last has the largest id there is. */
static struct machine *machine_of_sparse_ids(void)
{
        struct structure s = small_machine();
        struct machine *m;

        s.states[2] = 1U << N_ONLINE;
        for (int nid = 0; nid < 3; nid++)
                s.distance[nid][2] = s.distance[2][nid] = nid == 2 ? 10 : 20;
        m = machine_of(&s);
        m->nodes[2].nid = MAX_NUMNODES - 1;
        node_clear(2, &m->sample.node_states[N_ONLINE]);
        node_set(MAX_NUMNODES - 1, &m->sample.node_states[N_ONLINE]);
        return m;
}

static void a_node_of_the_largest_id_comes_and_goes_without_other_distances(void **state)
{
        (void)state;
        const struct structure s = small_machine();
        struct event_list list;

        list = diff_from(machine_of(&s), machine_of_sparse_ids());
        assert_int_equal(n_before_checks(&list), 1);
        assert_event(&list.events[0], EVENT_NODE_ONLINE, MAX_NUMNODES - 1, "[]", "[\"online\"]",
                     "{\"distances\":{\"0\":20,\"1\":20,\"1023\":10}}", "Node 1023 is online.");
        event_list_clear(&list);
        list = diff_from(machine_of_sparse_ids(), machine_of(&s));
        assert_int_equal(n_before_checks(&list), 1);
        assert_event(&list.events[0], EVENT_NODE_OFFLINE, MAX_NUMNODES - 1, "[\"online\"]", "[]",
                     "nothing", "Node 1023 is offline.");
        event_list_clear(&list);
}

static void a_new_node_with_another_way_back_tells_it(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct event_list list;

        b.states[2] = b.states[3] = 1U << N_POSSIBLE | 1U << N_ONLINE;
        a.states[2] = a.states[3] = 1U << N_POSSIBLE;
        for (int from = 0; from < 4; from++)
                for (int to = 0; to < 4; to++)
                        b.distance[from][to] = from == to ? 10 : 20;
        b.distance[0][2] = 22; /* node 2 tells that it is 20 */
        b.distance[2][3] = 23; /* node 3 tells the same */
        b.distance[3][1] = 24; /* what node 3 tells itself */
        b.distance[1][3] = 24;
        list = diff_of(&a, &b);
        assert_int_equal(n_before_checks(&list), 4);
        assert_string_equal(list.events[1].message, "Node 3 is online.");
        assert_event(&list.events[2], EVENT_DISTANCE_CHANGED, 0, "{\"2\":20}", "{\"2\":22}",
                     "nothing", "The distance from node 0 to node 2 is 22, it was 20.");
        assert_event(&list.events[3], EVENT_DISTANCE_CHANGED, 2, "{\"3\":20}", "{\"3\":23}",
                     "nothing", "The distance from node 2 to node 3 is 23, it was 20.");
        event_list_clear(&list);
}

static void pools_that_change_are_told(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct event_list list;

        a.pools[0][0] = 4;
        b.pools[0][0] = 8;
        a.pools[1][1] = 2;
        list = diff_of(&a, &b);
        assert_int_equal(list.n, 2);
        assert_event(&list.events[0], EVENT_HUGEPAGES_CHANGED, 0, "4", "8",
                     "{\"size_bytes\":2097152}", "Node 0 has 8 huge pages of 2048 KiB, it had 4.");
        assert_event(&list.events[1], EVENT_HUGEPAGES_CHANGED, 1, "2", "0",
                     "{\"size_bytes\":1073741824}",
                     "Node 1 has 0 huge pages of 1048576 KiB, it had 2.");
        event_list_clear(&list);
}

static void a_size_of_huge_pages_that_comes_or_goes_is_told_as_a_pool(void **state)
{
        (void)state;
        struct structure s = small_machine();
        static const char *const expected[SIZES][2] = {
                { "Node 0 has 8 huge pages of 2048 KiB, it had 0.",
                  "Node 0 has 0 huge pages of 2048 KiB, it had 8." },
                { "Node 0 has 3 huge pages of 1048576 KiB, it had 0.",
                  "Node 0 has 0 huge pages of 1048576 KiB, it had 3." },
        };

        s.pools[0][0] = 8;
        s.pools[0][1] = 3;
        for (size_t size = 0; size < SIZES; size++)
                for (int goes = 0; goes < 2; goes++) {
                        struct machine *with = machine_of(&s), *without = machine_of(&s);
                        struct event_list list;

                        without->nodes[0].n_hugepages = 1;
                        without->nodes[0].hugepages = &without->pools[0][size == 0 ? 1 : 0];
                        list = goes ? diff_from(with, without) : diff_from(without, with);
                        assert_int_equal(list.n, 1);
                        assert_string_equal(list.events[0].message, expected[size][goes]);
                        event_list_clear(&list);
                }
}

static void surplus_pages_are_no_change_of_the_pool(void **state)
{
        (void)state;
        struct structure s = small_machine();
        struct machine *before, *after;
        struct event_list list;

        s.pools[0][1] = 4;
        before = machine_of(&s);
        after = machine_of(&s);
        before->pools[0][0].surplus = 1;
        before->pools[0][0].total = 5;
        after->pools[0][0].surplus = 3;
        after->pools[0][0].total = 7;
        list = diff_from(before, after);
        assert_int_equal(list.n, 0);
        event_list_clear(&list);

        /* What one side does not know of it says nothing of the pool; what both do not know is as
         * it was. */
        for (int way = 0; way < 3; way++) {
                before = machine_of(&s);
                after = machine_of(&s);
                after->pools[0][0].total = 5;
                if (way != 1)
                        before->pools[0][0].surplus = HUGEPAGES_UNKNOWN;
                if (way != 0)
                        after->pools[0][0].surplus = HUGEPAGES_UNKNOWN;
                list = diff_from(before, after);
                assert_int_equal(list.n, way == 2);
                if (way == 2)
                        assert_string_equal(list.events[0].message,
                                            "Node 0 has 5 huge pages of 1048576 KiB, it had 4.");
                event_list_clear(&list);
        }
}

static void pools_that_one_side_does_not_know_have_not_changed(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;

        a.pools[0][0] = 4;
        b.pools[0][0] = 8;
        for (int way = 0; way < 4; way++) {
                struct machine *before = machine_of(&a), *after = machine_of(&b);
                struct machine *unknown = way % 2 ? before : after;
                struct event_list list;

                if (way < 2)
                        unknown->nodes[0].hugepages_known = false;
                else
                        unknown->pools[0][0].total = HUGEPAGES_UNKNOWN;
                list = diff_from(before, after);
                assert_int_equal(list.n, 0);
                event_list_clear(&list);
        }
}

static void checks_that_are_raised_and_cleared_are_told_with_the_evidence(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct event_list list;

        b.distance[0][1] = 30;
        b.distance[1][1] = 11;
        list = diff_of(&a, &b);
        assert_int_equal(list.n, 4);
        assert_event(&list.events[2], EVENT_CHECK_RAISED, NUMA_NO_NODE, "false", "true",
                     "{\"check\":\"distance_asymmetric\",\"severity\":\"warning\"}",
                     "Check distance_asymmetric (warning): The distance from node 0 to node 1 is "
                     "30, but 20 the other way; 1 pair of nodes so.");
        assert_event(
                &list.events[3], EVENT_CHECK_RAISED, 1, "false", "true",
                "{\"check\":\"distance_self\",\"severity\":\"warning\"}",
                "Check distance_self (warning): Node 1 is at distance 11 from itself, not 10.");
        event_list_clear(&list);

        list = diff_of(&b, &a);
        assert_int_equal(list.n, 4);
        assert_event(&list.events[2], EVENT_CHECK_CLEARED, NUMA_NO_NODE, "true", "false",
                     "{\"check\":\"distance_asymmetric\",\"severity\":\"warning\"}",
                     "Check distance_asymmetric finds nothing any more.");
        assert_event(&list.events[3], EVENT_CHECK_CLEARED, 1, "true", "false",
                     "{\"check\":\"distance_self\",\"severity\":\"warning\"}",
                     "Check distance_self finds nothing any more.");
        event_list_clear(&list);
}

static void collectors_that_fail_and_recover_are_told(void **state)
{
        (void)state;
        struct structure s = small_machine();
        struct machine *well = machine_of(&s), *ill = machine_of(&s);
        struct event_list list;

        well->sample.collectors[0].success = well->sample.collectors[NR_COLLECTORS - 1].success =
                true;
        list = diff_from(well, ill);
        assert_int_equal(list.n, 2);
        assert_event(&list.events[0], EVENT_SAMPLE_FAILED, NUMA_NO_NODE, "true", "false",
                     "{\"collector\":\"node_states\"}",
                     "Some file of collector node_states cannot be read.");
        assert_event(&list.events[1], EVENT_SAMPLE_FAILED, NUMA_NO_NODE, "true", "false",
                     "{\"collector\":\"devices\"}",
                     "Some file of collector devices cannot be read.");
        event_list_clear(&list);

        well = machine_of(&s);
        well->sample.collectors[COLLECTOR_MEMINFO].success = true;
        list = diff_from(machine_of(&s), well);
        assert_int_equal(list.n, 1);
        assert_event(&list.events[0], EVENT_SAMPLE_RECOVERED, NUMA_NO_NODE, "false", "true",
                     "{\"collector\":\"meminfo\"}",
                     "All files of collector meminfo can be read again.");
        event_list_clear(&list);
}

static void memory_that_comes_and_goes_is_told_with_its_range(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct event_list list;

        a.blocks[1][2] = a.blocks[1][3] = 'f'; /* removed */
        a.blocks[0][4] = 'n';                  /* set offline */
        b.blocks[0][4] = 'f';
        b.blocks[NOBODY][6] = 'f'; /* added */
        a.blocks[1][8] = 'f';      /* set online */
        b.blocks[1][8] = 'n';
        list = diff_of(&a, &b);
        assert_int_equal(list.n, 4);
        assert_event(&list.events[0], EVENT_MEMORY_OFFLINE, 0, "\"online\"", "\"offline\"",
                     "{\"first_block\":4,\"last_block\":4}",
                     "128 MiB of memory were set offline on node 0: [mem 0x20000000-0x27ffffff].");
        assert_event(&list.events[1], EVENT_MEMORY_REMOVED, 1, "\"offline\"", "null",
                     "{\"first_block\":2,\"last_block\":3}",
                     "256 MiB of memory were removed from node 1: [mem 0x10000000-0x1fffffff].");
        assert_event(&list.events[2], EVENT_MEMORY_ADDED, NUMA_NO_NODE, "null", "\"offline\"",
                     "{\"first_block\":6,\"last_block\":6}",
                     "128 MiB of memory were added to no node: [mem 0x30000000-0x37ffffff].");
        assert_event(&list.events[3], EVENT_MEMORY_ONLINE, 1, "\"offline\"", "\"online\"",
                     "{\"first_block\":8,\"last_block\":8}",
                     "128 MiB of memory were set online on node 1: [mem 0x40000000-0x47ffffff].");
        assert_true(list.events[1].has_range);
        assert_int_equal(list.events[1].start, 2UL * (128 << 20));
        assert_int_equal(list.events[1].end, 4UL * (128 << 20));
        event_list_clear(&list);
}

static void without_a_block_size_memory_is_told_by_its_blocks(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;

        b.blocks[1][5] = b.blocks[1][6] = 'n';
        for (int known = 0; known < 3; known++) {
                struct machine *before = machine_of(&a), *after = machine_of(&b);
                struct event_list list;

                before->sample.memory_block_size = known == 1 ? 128 << 20 : 0;
                after->sample.memory_block_size = known == 2 ? 128 << 20 : 0;
                list = diff_from(before, after);
                assert_int_equal(list.n, 1);
                assert_event(&list.events[0], EVENT_MEMORY_ONLINE, 1, "null", "\"online\"",
                             "{\"first_block\":5,\"last_block\":6}",
                             known ? "256 MiB of memory were set online on node 1: [mem "
                                     "0x28000000-0x37ffffff]."
                                   : "Memory blocks 5 to 6 were set online on node 1.");
                assert_int_equal(list.events[0].has_range, known != 0);
                event_list_clear(&list);
        }
}

static void a_block_whose_state_cannot_be_read_has_not_changed(void **state)
{
        (void)state;
        struct structure s = small_machine();

        for (int way = 0; way < 2; way++)
                for (int was = 0; was < 2; was++) {
                        struct machine *before, *after;
                        struct event_list list;

                        s.blocks[1][5] = was ? 'n' : 'f';
                        before = machine_of(&s);
                        after = machine_of(&s);
                        (way ? before : after)->blocks[2].state = BLOCK_UNKNOWN;
                        list = diff_from(before, after);
                        assert_int_equal(n_before_checks(&list), 0);
                        event_list_clear(&list);
                }
}

static void a_block_that_comes_in_an_unknown_state_is_added(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct machine *after;
        struct event_list list;

        a.blocks[1][1] = b.blocks[1][1] = 0;
        b.blocks[NOBODY][1] = 'f';
        after = machine_of(&b);
        after->blocks[1].state = BLOCK_UNKNOWN;
        list = diff_from(machine_of(&a), after);
        assert_int_equal(n_before_checks(&list), 1);
        assert_event(&list.events[0], EVENT_MEMORY_ADDED, NUMA_NO_NODE, "null", "null",
                     "{\"first_block\":1,\"last_block\":1}",
                     "128 MiB of memory were added to no node: [mem 0x08000000-0x0fffffff].");
        event_list_clear(&list);
}

static void memory_is_not_told_of_while_one_side_does_not_know_its_blocks(void **state)
{
        (void)state;
        struct structure s = small_machine();

        for (int way = 0; way < 2; way++) {
                struct machine *known = machine_of(&s), *unknown = machine_of(&s);
                struct event_list list;

                unknown->sample.memory_blocks_known = false;
                unknown->sample.n_memory_blocks = 0;
                list = way ? diff_from(known, unknown) : diff_from(unknown, known);
                assert_int_equal(n_before_checks(&list), 0);
                event_list_clear(&list);
        }
}

/* Of nodes that take turns only what changed is told. */
static void blocks_of_several_nodes_are_compared_by_node(void **state)
{
        (void)state;
        struct structure a = small_machine(), b;
        struct event_list list;

        for (size_t id = 2; id < 20; id++)
                a.blocks[id % 2 ? 0 : 1][id] = 'n';
        b = a;
        b.blocks[0][2] = 'n';
        b.blocks[1][2] = 0;
        list = diff_of(&a, &b);
        assert_int_equal(list.n, 2);
        assert_int_equal(list.events[0].type, EVENT_MEMORY_OFFLINE);
        assert_int_equal(list.events[0].nid, 1);
        assert_int_equal(list.events[1].type, EVENT_MEMORY_ONLINE);
        assert_int_equal(list.events[1].nid, 0);
        event_list_clear(&list);
}

static void memory_that_could_not_be_compared_counts_as_lost(void **state)
{
        (void)state;
        struct structure a = small_machine(), b;
        struct snapshot *before, *after;

        for (size_t id = 2; id < 20; id++)
                a.blocks[0][id] = a.blocks[1][id] = 'n';
        b = a;
        b.blocks[0][20] = 'n';
        before = snapshot_of(&a, NULL);
        after = snapshot_of(&b, before);
        /* Of what goes, then of what comes; 38 links need four allocations a side. */
        for (unsigned failing = 1; failing <= 16; failing++) {
                struct event_list list = { .n = 0 };

                failing_allocation = failing;
                diff(before, after, &list);
                assert_int_equal(failing_allocation, 0);
                assert_int_equal(list.n, failing <= 8 ? 1 : 0);
                assert_int_equal(list.lost, 1);
                event_list_clear(&list);
        }
        snapshot_unref(before);
        snapshot_unref(after);
}

static void blocks_side_by_side_are_one_event(void **state)
{
        (void)state;
        struct structure a = small_machine(), b;
        struct event_list list;

        for (size_t id = 8; id < 20; id++)
                a.blocks[1][id] = 'f';
        b = a;
        for (size_t id = 8; id < 20; id++)
                b.blocks[1][id] = id == 13 ? 'f' : 'n';
        list = diff_of(&a, &b);
        assert_int_equal(list.n, 2);
        assert_int_equal(list.events[0].type, EVENT_MEMORY_ONLINE);
        assert_int_equal(list.events[0].end - list.events[0].start, 5 * (128 << 20));
        assert_int_equal(list.events[1].start, 14UL * (128 << 20));
        event_list_clear(&list);
}

static void a_block_beyond_64_bits_of_address_has_no_range(void **state)
{
        (void)state;
        struct memory_block block = { .id = 3, .nid = NUMA_NO_NODE, .nid2 = NUMA_NO_NODE };
        struct sample sample = { .memory_blocks_known = true,
                                 .memory_block_size = UINT64_C(1) << 62 };
        struct snapshot *before = snapshot_new(&sample, NULL), *after;
        struct event_list list = { .n = 0 };

        block.state = BLOCK_ONLINE;
        sample.memory_blocks = &block;
        sample.n_memory_blocks = 1;
        after = snapshot_new(&sample, before);
        diff(before, after, &list);
        assert_int_equal(list.n, 1);
        assert_int_equal(list.events[0].type, EVENT_MEMORY_ONLINE);
        assert_false(list.events[0].has_range);
        event_list_clear(&list);
        snapshot_unref(before);
        snapshot_unref(after);
}

static void a_block_of_two_nodes_is_told_of_both(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct event_list list;

        b.blocks[0][5] = b.blocks[1][5] = 'n';
        list = diff_of(&a, &b);
        assert_int_equal(list.n, 2);
        assert_int_equal(list.events[0].nid, 0);
        assert_int_equal(list.events[1].nid, 1);
        event_list_clear(&list);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(events_turn_the_old_structure_into_the_new),
                cmocka_unit_test(what_goes_is_told_before_what_comes),
                cmocka_unit_test(nothing_that_changed_is_nothing_to_tell),
                cmocka_unit_test(what_changed_while_it_could_not_be_seen_is_told_once_it_can),
                cmocka_unit_test(a_node_that_comes_tells_its_masks_and_distances),
                cmocka_unit_test(a_node_that_comes_without_its_directory_has_no_distances),
                cmocka_unit_test(a_distance_that_is_not_known_is_not_told),
                cmocka_unit_test(a_node_that_enters_and_leaves_masks_says_which),
                cmocka_unit_test(a_mask_that_one_side_does_not_know_has_not_changed),
                cmocka_unit_test(cpus_that_go_and_come_are_told_by_node),
                cmocka_unit_test(cpus_are_told_up_to_the_largest_id),
                cmocka_unit_test(cpus_that_one_side_does_not_know_have_not_changed),
                cmocka_unit_test(distances_that_change_are_told_with_what_they_were),
                cmocka_unit_test(a_distance_of_0_is_a_distance),
                cmocka_unit_test(a_new_node_that_knows_no_distances_tells_none),
                cmocka_unit_test(distances_that_one_side_does_not_know_have_not_changed),
                cmocka_unit_test(a_node_of_the_largest_id_comes_and_goes_without_other_distances),
                cmocka_unit_test(a_new_node_with_another_way_back_tells_it),
                cmocka_unit_test(pools_that_change_are_told),
                cmocka_unit_test(a_size_of_huge_pages_that_comes_or_goes_is_told_as_a_pool),
                cmocka_unit_test(surplus_pages_are_no_change_of_the_pool),
                cmocka_unit_test(pools_that_one_side_does_not_know_have_not_changed),
                cmocka_unit_test(checks_that_are_raised_and_cleared_are_told_with_the_evidence),
                cmocka_unit_test(collectors_that_fail_and_recover_are_told),
                cmocka_unit_test(memory_that_comes_and_goes_is_told_with_its_range),
                cmocka_unit_test(without_a_block_size_memory_is_told_by_its_blocks),
                cmocka_unit_test(a_block_whose_state_cannot_be_read_has_not_changed),
                cmocka_unit_test(a_block_that_comes_in_an_unknown_state_is_added),
                cmocka_unit_test(memory_is_not_told_of_while_one_side_does_not_know_its_blocks),
                cmocka_unit_test(blocks_of_several_nodes_are_compared_by_node),
                cmocka_unit_test(memory_that_could_not_be_compared_counts_as_lost),
                cmocka_unit_test(blocks_side_by_side_are_one_event),
                cmocka_unit_test(a_block_beyond_64_bits_of_address_has_no_range),
                cmocka_unit_test(a_block_of_two_nodes_is_told_of_both),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
