/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A machine with online nodes 0, 8 and 250, whose arrays the tests may change. */
struct machine {
        struct sample sample;
        struct node nodes[3];
        uint8_t distances[3][3];
        struct id_range cpus[2];
        struct memory_block blocks[6];
        uint64_t values[2], present[1];
        struct hugepages hugepages[1];
        struct zone zones[1];
        struct sysctl_value sysctls[1];
        char boot_id[8], zone_name[8], policy[8];
};

static struct machine *machine_new(void)
{
        static const uint8_t rows[3][3] = { { 10, 21, 80 }, { 22, 10, 81 }, { 82, 83, 10 } };
        static const int nids[3] = { 0, 8, 250 };
        struct machine *m = calloc(1, sizeof(*m));

        assert_non_null(m);
        memcpy(m->distances, rows, sizeof(rows));
        m->cpus[0] = (struct id_range){ 0, 3 };
        m->cpus[1] = (struct id_range){ 8, 11 };
        for (size_t i = 0; i < 3; i++) {
                m->nodes[i] = (struct node){
                        .nid = nids[i],
                        .cpus = { .known = true },
                        .distances_known = true,
                        .distance_columns = N_ONLINE,
                        .n_distances = 3,
                        .distances = m->distances[i],
                };
                node_set(nids[i], &m->sample.node_states[N_ONLINE]);
                node_set(nids[i], &m->sample.node_states[N_POSSIBLE]);
        }
        m->nodes[0].cpus.n = 2;
        m->nodes[0].cpus.ranges = m->cpus;
        m->values[0] = 111;
        m->values[1] = 222;
        m->present[0] = 1;
        m->nodes[0].fields[MEMINFO] = (struct counters){
                .known = true, .n = 2, .values = m->values, .present = m->present
        };
        m->hugepages[0] = (struct hugepages){ .size_bytes = 2 << 20, .total = 5 };
        m->nodes[0].hugepages_known = true;
        m->nodes[0].n_hugepages = 1;
        m->nodes[0].hugepages = m->hugepages;
        strcpy(m->zone_name, "Normal");
        m->zones[0] = (struct zone){ .name = m->zone_name, .known = 1, .pages = { 77 } };
        m->nodes[0].n_zones = 1;
        m->nodes[0].zones = m->zones;
        node_set(300, &m->sample.node_states[N_POSSIBLE]);
        node_set(8, &m->sample.node_states[N_MEMORY]);
        node_set(250, &m->sample.node_states[N_MEMORY]);
        m->sample.state_known[N_ONLINE] = true;
        m->sample.state_known[N_POSSIBLE] = true;
        m->sample.state_known[N_MEMORY] = true;
        m->sample.nodes = m->nodes;
        m->sample.n_nodes = 3;
        for (size_t i = 0; i < 6; i++)
                m->blocks[i] = (struct memory_block){
                        .id = i, .state = BLOCK_ONLINE, .nid = 0, .nid2 = NUMA_NO_NODE
                };
        m->blocks[2].nid2 = 8; /* the boundary lies inside it */
        for (size_t i = 3; i < 6; i++)
                m->blocks[i].nid = 8;
        m->blocks[4].state = BLOCK_OFFLINE;
        m->blocks[5].id = 32;
        m->sample.memory_blocks_known = true;
        m->sample.memory_block_size = 128 << 20;
        m->sample.n_memory_blocks = 6;
        m->sample.memory_blocks = m->blocks;
        m->sysctls[0] =
                (struct sysctl_value){ .name = "vm.zone_reclaim_mode", .known = true, .value = 1 };
        m->sample.n_sysctls = 1;
        m->sample.sysctls = m->sysctls;
        strcpy(m->boot_id, "boot");
        m->sample.boot_id = m->boot_id;
        strcpy(m->policy, "online");
        m->sample.auto_online_blocks = m->policy;
        return m;
}

static void snapshot_shares_nothing_with_the_sample(void **state)
{
        (void)state;
        struct machine *m = machine_new();
        struct snapshot *snap;
        const struct sample *s;
        uint8_t distance;

        m->sample.tables[MEMINFO] = field_table_new(MEMINFO);
        snap = snapshot_new(&m->sample, NULL);
        assert_non_null(snap);
        field_table_unref(m->sample.tables[MEMINFO]);
        /* Overwrite, then free, all that the sample pointed to. */
        memset(m, 0xee, sizeof(*m));
        free(m);

        s = snapshot_sample(snap);
        assert_string_equal(s->boot_id, "boot");
        assert_string_equal(s->auto_online_blocks, "online");
        assert_null(s->hostname);
        assert_int_equal(s->n_nodes, 3);
        const struct node *node = snapshot_node(snap, 0);
        assert_int_equal(node->fields[MEMINFO].values[0], 111);
        assert_true(counters_has(&node->fields[MEMINFO], 0));
        assert_false(counters_has(&node->fields[MEMINFO], 1));
        assert_false(counters_has(&node->fields[MEMINFO], 64));
        assert_false(counters_has(&node->fields[VMSTAT], 0));
        assert_int_equal(node->cpus.ranges[1].last, 11);
        assert_int_equal(node->hugepages[0].total, 5);
        assert_string_equal(node->zones[0].name, "Normal");
        assert_int_equal(node->zones[0].pages[0], 77);
        assert_int_equal(s->memory_blocks[5].id, 32);
        assert_int_equal(s->sysctls[0].value, 1);
        assert_true(node_distance(snap, 8, 250, &distance));
        assert_int_equal(distance, 81);
        assert_string_equal(field_table_get(s->tables[MEMINFO], 0)->kernel, "MemTotal");
        snapshot_unref(snap);
}

static void snapshot_lives_as_long_as_its_last_reference(void **state)
{
        (void)state;
        struct machine *m = machine_new();
        struct snapshot *snap = snapshot_new(&m->sample, NULL), *second = snapshot_ref(snap);

        free(m);
        assert_ptr_equal(snap, second);
        snapshot_unref(snap);
        assert_int_equal(num_online_nodes(second), 3);
        snapshot_unref(second);
        snapshot_unref(NULL);
}

typedef void change(struct machine *m);

static void node_gone(struct machine *m)
{
        m->sample.n_nodes--;
}

static void online_mask(struct machine *m)
{
        node_clear(250, &m->sample.node_states[N_ONLINE]);
}

static void cpu_mask(struct machine *m)
{
        node_set(0, &m->sample.node_states[N_CPU]);
}

static void mask_known(struct machine *m)
{
        m->sample.state_known[N_GENERIC_INITIATOR] = true;
}

static void nid(struct machine *m)
{
        m->nodes[2].nid = 251;
}

static void cpu_range(struct machine *m)
{
        m->cpus[1].last--;
}

static void cpu_ranges(struct machine *m)
{
        m->nodes[0].cpus.n--;
}

static void cpus_known(struct machine *m)
{
        m->nodes[2].cpus.known = false;
}

static void distance_value(struct machine *m)
{
        m->distances[2][1]++;
}

static void distances_known(struct machine *m)
{
        m->nodes[1].distances_known = false;
}

static void distances_shorter(struct machine *m)
{
        m->nodes[1].n_distances = 2;
}

static void block_state(struct machine *m)
{
        m->blocks[4].state = BLOCK_GOING_OFFLINE;
}

static void block_gone(struct machine *m)
{
        m->sample.n_memory_blocks--;
}

static void block_id(struct machine *m)
{
        m->blocks[5].id++;
}

static void block_node(struct machine *m)
{
        m->blocks[5].nid = 250;
}

static void block_second_node(struct machine *m)
{
        m->blocks[2].nid2 = NUMA_NO_NODE;
}

static void block_size(struct machine *m)
{
        m->sample.memory_block_size *= 2;
}

static void blocks_known(struct machine *m)
{
        m->sample.memory_blocks_known = false;
}

static void figures(struct machine *m)
{
        m->values[0]++;
        m->present[0] = 3;
        m->hugepages[0].total++;
        m->zones[0].pages[0]++;
        m->nodes[1].cpu_ticks[0]++;
        m->sample.realtime_ns++;
        m->sample.sysctls[0].value++;
        m->sample.collectors[0].errors++;
}

/* What a reading that failed left behind says nothing. */
static void remains_of_unknown_lists(struct machine *m)
{
        m->nodes[0].cpus.n = 1;
        m->nodes[0].n_distances = 1;
}

static uint64_t generation_after(change *first, change *second)
{
        struct machine *m = machine_new();
        struct snapshot *before, *after;
        uint64_t generation;

        if (first)
                first(m);
        before = snapshot_new(&m->sample, NULL);
        assert_int_equal(snapshot_generation(before), 1);
        second(m);
        after = snapshot_new(&m->sample, before);
        generation = snapshot_generation(after);
        assert_int_equal(structure_equal(snapshot_sample(before), snapshot_sample(after)),
                         generation == 1);
        snapshot_unref(before);
        snapshot_unref(after);
        free(m);
        return generation;
}

static void generation_rises_by_one_on_each_kind_of_structural_change(void **state)
{
        (void)state;
        static change *const changes[] = {
                node_gone,         online_mask, cpu_mask,     mask_known,     nid,
                cpu_range,         cpu_ranges,  cpus_known,   distance_value, distances_known,
                distances_shorter, block_state, block_gone,   block_id,       block_node,
                block_second_node, block_size,  blocks_known,
        };

        for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
                assert_int_equal(generation_after(NULL, changes[i]), 2);
}

static void generation_stays_when_only_figures_change(void **state)
{
        (void)state;
        assert_int_equal(generation_after(NULL, figures), 1);
}

static void all_unknown(struct machine *m)
{
        m->nodes[0].cpus.known = false;
        m->nodes[0].distances_known = false;
}

static void generation_stays_when_only_the_remains_of_unknown_lists_change(void **state)
{
        (void)state;
        assert_int_equal(generation_after(all_unknown, remains_of_unknown_lists), 1);
}

static void generation_is_counted_from_the_previous_one(void **state)
{
        (void)state;
        struct machine *m = machine_new();
        struct snapshot *snap = snapshot_new(&m->sample, NULL);

        for (uint64_t i = 2; i < 5; i++) {
                struct snapshot *next;

                m->distances[0][1]++;
                next = snapshot_new(&m->sample, snap);
                snapshot_unref(snap);
                snap = next;
                assert_int_equal(snapshot_generation(snap), i);
        }
        snapshot_unref(snap);
        free(m);
}

static void accessors_answer_as_the_kernels_do(void **state)
{
        (void)state;
        struct machine *m = machine_new();
        struct snapshot *snap = snapshot_new(&m->sample, NULL);
        int expected[] = { 0, 8, 250 }, n = 0, nid_;

        assert_true(node_online(snap, 8));
        assert_false(node_online(snap, 300));
        assert_true(node_possible(snap, 300));
        assert_false(node_online(snap, -1));
        assert_false(node_possible(snap, MAX_NUMNODES));
        assert_true(node_state(snap, 250, N_MEMORY));
        assert_false(node_state(snap, 0, N_MEMORY));
        assert_int_equal(num_online_nodes(snap), 3);
        assert_int_equal(num_possible_nodes(snap), 4);
        assert_int_equal(num_node_state(snap, N_MEMORY), 2);
        assert_int_equal(first_online_node(snap), 0);
        assert_int_equal(first_memory_node(snap), 8);
        for_each_online_node (nid_, snap)
                assert_int_equal(nid_, expected[n++]);
        assert_int_equal(n, 3);
        n = 0;
        for_each_node (nid_, snap)
                n++;
        assert_int_equal(n, 4);
        assert_int_equal(snapshot_node(snap, 250)->nid, 250);
        assert_null(snapshot_node(snap, 1));
        assert_null(snapshot_node(snap, 300));
        assert_null(snapshot_node(snap, -1));
        assert_null(snapshot_node(snap, MAX_NUMNODES));
        snapshot_unref(snap);
        free(m);
}

static void unknown_state_has_no_members_and_says_so(void **state)
{
        (void)state;
        struct machine *m = machine_new();
        struct snapshot *snap = snapshot_new(&m->sample, NULL);

        assert_false(snapshot_sample(snap)->state_known[N_CPU]);
        assert_int_equal(num_node_state(snap, N_CPU), 0);
        assert_false(node_state(snap, 0, N_CPU));
        snapshot_unref(snap);
        free(m);
}

static void distance_columns_follow_the_online_nodes_not_the_ids(void **state)
{
        (void)state;
        static const int nids[] = { 0, 8, 250 };
        static const uint8_t expected[3][3] = { { 10, 21, 80 }, { 22, 10, 81 }, { 82, 83, 10 } };
        struct machine *m = machine_new();
        struct snapshot *snap = snapshot_new(&m->sample, NULL);
        int16_t row[MAX_NUMNODES];
        uint8_t distance;

        for (size_t from = 0; from < 3; from++) {
                node_distance_row(snap, snapshot_node(snap, nids[from]), row);
                for (size_t to = 0; to < 3; to++) {
                        assert_true(node_distance(snap, nids[from], nids[to], &distance));
                        assert_int_equal(distance, expected[from][to]);
                        assert_int_equal(row[to], distance);
                }
                assert_int_equal(row[3], -1);
        }
        assert_false(node_distance(snap, 0, 1, &distance));
        assert_false(node_distance(snap, 0, 300, &distance));
        assert_false(node_distance(snap, 300, 0, &distance));
        assert_false(node_distance(snap, 0, -1, &distance));
        snapshot_unref(snap);
        free(m);
}

static void distance_columns_can_be_those_of_the_possible_nodes(void **state)
{
        (void)state;
        uint8_t row[4] = { 10, 21, 80, 90 }, distance;
        struct machine *m = machine_new();
        struct snapshot *snap;

        m->nodes[0].distance_columns = N_POSSIBLE;
        m->nodes[0].n_distances = 4;
        m->nodes[0].distances = row;
        snap = snapshot_new(&m->sample, NULL);
        assert_true(node_distance(snap, 0, 250, &distance));
        assert_int_equal(distance, 80);
        assert_true(node_distance(snap, 0, 300, &distance));
        assert_int_equal(distance, 90);
        assert_true(node_distance(snap, 8, 0, &distance));
        assert_int_equal(distance, 22);
        snapshot_unref(snap);
        free(m);
}

static void unknown_or_short_distances_are_unknown(void **state)
{
        (void)state;
        struct machine *m = machine_new();
        struct snapshot *snap;
        int16_t row[MAX_NUMNODES];
        uint8_t distance;

        m->nodes[0].distances_known = false;
        m->nodes[1].n_distances = 2;
        snap = snapshot_new(&m->sample, NULL);
        assert_false(node_distance(snap, 0, 0, &distance));
        assert_true(node_distance(snap, 8, 8, &distance));
        assert_false(node_distance(snap, 8, 250, &distance));
        node_distance_row(snap, snapshot_node(snap, 8), row);
        assert_int_equal(row[1], 10);
        assert_int_equal(row[2], -1);
        snapshot_unref(snap);
        free(m);
}

static void block_in_two_nodes_counts_in_both(void **state)
{
        (void)state;
        struct machine *m = machine_new();
        struct snapshot *snap = snapshot_new(&m->sample, NULL);
        struct node_memory_blocks blocks;

        assert_true(node_memory_blocks(snap, 0, &blocks));
        assert_int_equal(blocks.total, 3);
        assert_int_equal(blocks.online, 3);
        assert_int_equal(blocks.bytes, 3 * (128 << 20));
        assert_true(node_memory_blocks(snap, 8, &blocks));
        assert_int_equal(blocks.total, 4);
        assert_int_equal(blocks.online, 3);
        assert_int_equal(blocks.offline, 1);
        assert_true(blocks.states_known && blocks.bytes_known);
        assert_true(node_memory_blocks(snap, 250, &blocks));
        assert_int_equal(blocks.total, 0);
        assert_int_equal(blocks.bytes, 0);
        assert_true(all_memory_blocks(snap, &blocks));
        assert_int_equal(blocks.total, 6);
        assert_int_equal(blocks.offline, 1);
        snapshot_unref(snap);
        free(m);
}

static void unknown_block_state_and_size_are_said(void **state)
{
        (void)state;
        struct machine *m = machine_new();
        struct snapshot *snap;
        struct node_memory_blocks blocks;

        m->blocks[0].state = BLOCK_UNKNOWN;
        m->blocks[4].state = BLOCK_GOING_OFFLINE;
        m->sample.memory_block_size = 0;
        snap = snapshot_new(&m->sample, NULL);
        assert_true(node_memory_blocks(snap, 0, &blocks));
        assert_false(blocks.states_known);
        assert_false(blocks.bytes_known);
        assert_true(node_memory_blocks(snap, 8, &blocks));
        assert_true(blocks.states_known);
        assert_int_equal(blocks.offline, 1);
        snapshot_unref(snap);
        m->sample.memory_blocks_known = false;
        snap = snapshot_new(&m->sample, NULL);
        assert_false(node_memory_blocks(snap, 0, &blocks));
        assert_false(all_memory_blocks(snap, &blocks));
        snapshot_unref(snap);
        free(m);
}

static void memory_ranges_end_at_gaps_nodes_and_states(void **state)
{
        (void)state;
        static const struct {
                uint64_t first, last;
                int nid, nid2;
                enum memory_block_state state;
        } expected[] = {
                { 0, 1, 0, NUMA_NO_NODE, BLOCK_ONLINE },   { 2, 2, 0, 8, BLOCK_ONLINE },
                { 3, 3, 8, NUMA_NO_NODE, BLOCK_ONLINE },   { 4, 4, 8, NUMA_NO_NODE, BLOCK_OFFLINE },
                { 32, 32, 8, NUMA_NO_NODE, BLOCK_ONLINE },
        };
        struct machine *m = machine_new();
        struct snapshot *snap = snapshot_new(&m->sample, NULL);
        struct block_range range;
        size_t pos = 0, n = 0;

        for (; next_block_range(snap, &pos, &range); n++) {
                assert_true(n < 5);
                assert_int_equal(range.first_block, expected[n].first);
                assert_int_equal(range.last_block, expected[n].last);
                assert_int_equal(range.start, expected[n].first * (128 << 20));
                assert_int_equal(range.end, (expected[n].last + 1) * (128 << 20));
                assert_int_equal(range.block->nid, expected[n].nid);
                assert_int_equal(range.block->nid2, expected[n].nid2);
                assert_int_equal(range.block->state, expected[n].state);
        }
        assert_int_equal(n, 5);
        snapshot_unref(snap);
        free(m);
}

static void range_beyond_64_bits_or_of_unknown_size_has_no_addresses(void **state)
{
        (void)state;
        static const uint64_t ids[] = { UINT64_MAX, UINT64_MAX / 2, 1 };
        static const uint64_t sizes[] = { 1, 128 << 20, 0 };

        for (size_t i = 0; i < 3; i++) {
                struct machine *m = machine_new();
                struct snapshot *snap;
                struct block_range range;
                size_t pos = 0;

                m->blocks[0].id = ids[i];
                m->sample.n_memory_blocks = 1;
                m->sample.memory_block_size = sizes[i];
                snap = snapshot_new(&m->sample, NULL);
                assert_true(next_block_range(snap, &pos, &range));
                assert_int_equal(range.start, 0);
                assert_int_equal(range.end, 0);
                assert_false(next_block_range(snap, &pos, &range));
                snapshot_unref(snap);
                free(m);
        }
}

static void machine_without_nodes_is_a_snapshot(void **state)
{
        (void)state;
        static const struct sample nothing;
        struct snapshot *snap = snapshot_new(&nothing, NULL), *again;
        struct node_memory_blocks blocks;
        struct block_range range;
        size_t pos = 0;
        uint8_t distance;

        assert_non_null(snap);
        assert_int_equal(num_online_nodes(snap), 0);
        assert_int_equal(first_online_node(snap), MAX_NUMNODES);
        assert_int_equal(first_memory_node(snap), MAX_NUMNODES);
        assert_null(snapshot_node(snap, 0));
        assert_false(node_distance(snap, 0, 0, &distance));
        assert_false(all_memory_blocks(snap, &blocks));
        assert_false(next_block_range(snap, &pos, &range));
        again = snapshot_new(&nothing, snap);
        assert_int_equal(snapshot_generation(again), 1);
        snapshot_unref(snap);
        snapshot_unref(again);
}

static void more_data_than_one_chunk_is_copied_whole(void **state)
{
        (void)state;
        enum { N = 20000 };
        struct memory_block *blocks = calloc(N, sizeof(*blocks));
        struct sample sample = { .memory_blocks_known = true, .n_memory_blocks = N };
        struct snapshot *snap;

        assert_non_null(blocks);
        for (size_t i = 0; i < N; i++)
                blocks[i] = (struct memory_block){ .id = i * 2 };
        sample.memory_blocks = blocks;
        snap = snapshot_new(&sample, NULL);
        free(blocks);
        for (size_t i = 0; i < N; i++)
                assert_int_equal(snapshot_sample(snap)->memory_blocks[i].id, i * 2);
        snapshot_unref(snap);
}

static void states_have_the_names_of_the_interface(void **state)
{
        (void)state;
        static const char *const names[NR_NODE_STATES] = {
                "possible", "online", "normal_memory",     "high_memory",
                "memory",   "cpu",    "generic_initiator",
        };

        for (unsigned i = 0; i < NR_NODE_STATES; i++)
                assert_string_equal(node_state_name(i), names[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(snapshot_shares_nothing_with_the_sample),
                cmocka_unit_test(snapshot_lives_as_long_as_its_last_reference),
                cmocka_unit_test(generation_rises_by_one_on_each_kind_of_structural_change),
                cmocka_unit_test(generation_stays_when_only_figures_change),
                cmocka_unit_test(generation_stays_when_only_the_remains_of_unknown_lists_change),
                cmocka_unit_test(generation_is_counted_from_the_previous_one),
                cmocka_unit_test(accessors_answer_as_the_kernels_do),
                cmocka_unit_test(unknown_state_has_no_members_and_says_so),
                cmocka_unit_test(distance_columns_follow_the_online_nodes_not_the_ids),
                cmocka_unit_test(distance_columns_can_be_those_of_the_possible_nodes),
                cmocka_unit_test(unknown_or_short_distances_are_unknown),
                cmocka_unit_test(block_in_two_nodes_counts_in_both),
                cmocka_unit_test(unknown_block_state_and_size_are_said),
                cmocka_unit_test(memory_ranges_end_at_gaps_nodes_and_states),
                cmocka_unit_test(range_beyond_64_bits_or_of_unknown_size_has_no_addresses),
                cmocka_unit_test(machine_without_nodes_is_a_snapshot),
                cmocka_unit_test(more_data_than_one_chunk_is_copied_whole),
                cmocka_unit_test(states_have_the_names_of_the_interface),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
