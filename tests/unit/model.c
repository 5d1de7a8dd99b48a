/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct machine {
        struct sample sample;
        struct node nodes[2];
        struct id_range cpus[1];
        uint8_t row[3];
        struct memory_block blocks[4];
};

/* Nodes 0 and 8 are online, 4 is only possible; node 0 has CPUs 0-3, node 8 the row. */
static struct machine *machine_new(void)
{
        struct machine *m = calloc(1, sizeof(*m));
        struct sample *s = &m->sample;

        for (size_t i = 0; i < 2; i++)
                s->state_known[i] = true;
        node_set(0, &s->node_states[N_POSSIBLE]);
        node_set(4, &s->node_states[N_POSSIBLE]);
        node_set(8, &s->node_states[N_POSSIBLE]);
        node_set(0, &s->node_states[N_ONLINE]);
        node_set(8, &s->node_states[N_ONLINE]);
        m->cpus[0] = (struct id_range){ 0, 3 };
        m->nodes[0].cpus = (struct id_list){ .known = true, .n = 1, .ranges = m->cpus };
        m->nodes[1].nid = 8;
        m->nodes[1].distances_known = true;
        m->nodes[1].distance_columns = N_ONLINE;
        m->nodes[1].n_distances = 2;
        m->row[0] = 32;
        m->row[1] = 10;
        m->nodes[1].distances = m->row;
        s->nodes = m->nodes;
        s->n_nodes = 2;
        s->memory_blocks_known = true;
        s->memory_block_size = 1024;
        for (size_t i = 0; i < 4; i++)
                m->blocks[i] =
                        (struct memory_block){ i, BLOCK_ONLINE, i < 2 ? 0 : 8, NUMA_NO_NODE };
        s->memory_blocks = m->blocks;
        s->n_memory_blocks = 4;
        return m;
}

static void accessors_are_the_kernels(void **state)
{
        (void)state;
        struct machine *m = machine_new();
        struct snapshot *snap = snapshot_new(&m->sample, NULL);
        int nid, sum = 0;

        assert_true(node_online(snap, 8) && !node_online(snap, 4) && node_possible(snap, 4));
        assert_int_equal(num_online_nodes(snap), 2);
        assert_int_equal(num_possible_nodes(snap), 3);
        assert_int_equal(first_online_node(snap), 0);
        assert_int_equal(first_memory_node(snap), MAX_NUMNODES);
        for_each_node (nid, snap)
                sum += nid;
        for_each_online_node (nid, snap)
                sum += nid;
        assert_int_equal(sum, 12 + 8);
        assert_ptr_equal(snapshot_node(snap, 8), &snapshot_sample(snap)->nodes[1]);
        assert_null(snapshot_node(snap, 4));
        assert_null(snapshot_node(snap, -1));
        snapshot_unref(snap);
        free(m);
}

static void a_snapshot_shares_nothing_with_its_sample(void **state)
{
        (void)state;
        struct machine *m = machine_new();
        struct snapshot *snap = snapshot_new(&m->sample, NULL);
        uint8_t distance;

        memset(m, 0xff, sizeof(*m));
        free(m);
        assert_int_equal(snapshot_node(snap, 0)->cpus.ranges[0].last, 3);
        assert_true(node_distance(snap, 8, 0, &distance));
        assert_int_equal(distance, 32);
        assert_int_equal(snapshot_sample(snap)->memory_blocks[3].nid, 8);
        snapshot_unref(snapshot_ref(snap));
        snapshot_unref(snap);
}

static void distances_belong_to_the_nodes_of_their_columns(void **state)
{
        (void)state;
        struct machine *m = machine_new();
        struct snapshot *online = snapshot_new(&m->sample, NULL), *possible;
        int16_t row[MAX_NUMNODES];
        uint8_t d;

        assert_true(node_distance(online, 8, 8, &d) && d == 10);
        assert_false(node_distance(online, 8, 4, &d));
        assert_false(node_distance(online, 0, 8, &d));
        node_distance_row(online, snapshot_node(online, 8), row);
        assert_int_equal(row[0], 32);
        assert_int_equal(row[1], 10);
        assert_int_equal(row[2], -1);
        node_distance_row(online, snapshot_node(online, 0), row);
        assert_int_equal(row[0], -1);
        m->nodes[1].distance_columns = N_POSSIBLE;
        m->nodes[1].n_distances = 3;
        m->row[2] = 77;
        possible = snapshot_new(&m->sample, NULL);
        assert_true(node_distance(possible, 8, 8, &d) && d == 77);
        assert_true(node_distance(possible, 8, 4, &d) && d == 10);
        snapshot_unref(online);
        snapshot_unref(possible);
        free(m);
}

/* Each kind of change on its own: the generation rises, and only then. */
static void the_generation_rises_with_the_structure_alone(void **state)
{
        (void)state;
        struct machine *m = machine_new();
        struct snapshot *before = snapshot_new(&m->sample, NULL), *after;

        assert_int_equal(snapshot_generation(before), 1);
        for (int change = 0; change < 9; change++) {
                uint64_t expected = snapshot_generation(before) + 1;

                switch (change) {
                case 0:
                        m->sample.realtime_ns++;
                        m->nodes[0].cpu_ticks[0]++;
                        expected--;
                        break;
                case 1:
                        m->cpus[0].last = 2;
                        break;
                case 2:
                        m->row[0] = 31;
                        break;
                case 3:
                        m->blocks[3].state = BLOCK_OFFLINE;
                        break;
                case 4:
                        m->blocks[1].nid2 = 8;
                        break;
                case 5:
                        m->sample.n_memory_blocks = 3;
                        break;
                case 6:
                        node_set(9, &m->sample.node_states[N_POSSIBLE]);
                        break;
                case 7:
                        m->sample.state_known[N_CPU] = true;
                        break;
                case 8:
                        m->sample.n_nodes = 1;
                        break;
                }
                after = snapshot_new(&m->sample, before);
                assert_int_equal(snapshot_generation(after), expected);
                snapshot_unref(before);
                before = after;
        }
        snapshot_unref(before);
        free(m);
}

static void blocks_are_counted_by_node_and_joined_to_ranges(void **state)
{
        (void)state;
        struct machine *m = machine_new();
        struct node_memory_blocks counts;
        struct memory_range range;
        struct snapshot *snap;
        size_t pos = 0;

        m->blocks[1].nid2 = 8;
        m->blocks[3].state = BLOCK_OFFLINE;
        snap = snapshot_new(&m->sample, NULL);
        assert_true(node_memory_blocks(snap, 8, &counts));
        assert_int_equal(counts.total, 3);
        assert_int_equal(counts.online, 2);
        assert_int_equal(counts.offline, 1);
        assert_int_equal(counts.bytes, 3072);
        assert_true(all_memory_blocks(snap, &counts));
        assert_int_equal(counts.total, 4);
        for (size_t i = 0; i < 4; i++) {
                assert_true(next_memory_range(snap, &pos, &range));
                assert_int_equal(range.start, i * 1024);
                assert_int_equal(range.end, (i + 1) * 1024);
        }
        assert_false(next_memory_range(snap, &pos, &range));
        snapshot_unref(snap);
        m->blocks[1].nid2 = NUMA_NO_NODE;
        m->blocks[2].state = BLOCK_OFFLINE;
        snap = snapshot_new(&m->sample, NULL);
        pos = 0;
        assert_true(next_memory_range(snap, &pos, &range) && range.end == 2048 &&
                    range.last_block == 1);
        assert_true(next_memory_range(snap, &pos, &range) && range.end == 4096 &&
                    range.first_block == 2);
        snapshot_unref(snap);
        free(m);
}

static void nothing_known_is_nothing_said(void **state)
{
        (void)state;
        struct sample empty = { .n_nodes = 0 };
        struct snapshot *snap = snapshot_new(&empty, NULL);
        struct node_memory_blocks counts;
        uint8_t d;

        assert_int_equal(num_online_nodes(snap), 0);
        assert_null(snapshot_node(snap, 0));
        assert_false(node_memory_blocks(snap, 0, &counts));
        assert_false(node_distance(snap, 0, 0, &d));
        snapshot_unref(snap);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(accessors_are_the_kernels),
                cmocka_unit_test(a_snapshot_shares_nothing_with_its_sample),
                cmocka_unit_test(distances_belong_to_the_nodes_of_their_columns),
                cmocka_unit_test(the_generation_rises_with_the_structure_alone),
                cmocka_unit_test(blocks_are_counted_by_node_and_joined_to_ranges),
                cmocka_unit_test(nothing_known_is_nothing_said),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
