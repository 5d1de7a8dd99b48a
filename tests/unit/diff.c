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

static struct snapshot *snapshot_of(const struct structure *s, const struct snapshot *previous)
{
        struct machine *m = calloc(1, sizeof(*m));
        struct snapshot *snap;

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
        snap = snapshot_new(&m->sample, previous);
        assert_non_null(snap);
        free(m);
        return snap;
}

static struct event_list diff_of(const struct structure *a, const struct structure *b)
{
        struct event_list list = { .n = 0 };
        struct snapshot *before = snapshot_of(a, NULL), *after = snapshot_of(b, before);

        diff(before, after, &list);
        snapshot_unref(before);
        snapshot_unref(after);
        assert_int_equal(list.lost, 0);
        return list;
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

static void a_mask_that_one_side_does_not_know_has_not_changed(void **state)
{
        (void)state;
        struct structure a = small_machine(), b = a;
        struct event_list list;

        b.mask_known[N_MEMORY] = false;
        b.states[0] &= ~(1U << N_MEMORY);
        b.states[1] &= ~(1U << N_MEMORY);
        list = diff_of(&a, &b);
        for (size_t i = 0; i < list.n; i++)
                assert_int_not_equal(list.events[i].type, EVENT_NODE_STATE_CHANGED);
        event_list_clear(&list);
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
        struct memory_block block = { .id = 5, .nid = NUMA_NO_NODE, .nid2 = NUMA_NO_NODE };
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
                cmocka_unit_test(nothing_that_changed_is_nothing_to_tell),
                cmocka_unit_test(a_mask_that_one_side_does_not_know_has_not_changed),
                cmocka_unit_test(blocks_side_by_side_are_one_event),
                cmocka_unit_test(a_block_beyond_64_bits_of_address_has_no_range),
                cmocka_unit_test(a_block_of_two_nodes_is_told_of_both),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
