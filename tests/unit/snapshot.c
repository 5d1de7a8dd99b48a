/* SPDX-License-Identifier: MIT */
/* What a snapshot copies of a sample, and what it derives from it. */
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define PAGE UINT64_C(4096)

/* A machine with one or two nodes, of which each test knows more. */
struct machine {
        struct sample sample;
        struct node nodes[2];
        uint8_t distances[2][2];
        struct zone zones[2][2];
        char zone_names[2][8];
        uint64_t mem_total[2], present[2];
};

static void machine_init(struct machine *m, size_t n_nodes)
{
        static const uint8_t distances[2][2] = { { 10, 20 }, { 20, 10 } };

        memset(m, 0, sizeof(*m));
        memcpy(m->distances, distances, sizeof(distances));
        strcpy(m->zone_names[0], "DMA32");
        strcpy(m->zone_names[1], "Normal");
        for (size_t i = 0; i < n_nodes; i++) {
                m->nodes[i] = (struct node){ .nid = (int)i,
                                             .cpus = { .known = true },
                                             .distances_known = true,
                                             .distance_columns = N_ONLINE,
                                             .n_distances = n_nodes,
                                             .distances = m->distances[i] };
                node_set((int)i, &m->sample.node_states[N_ONLINE]);
                node_set((int)i, &m->sample.node_states[N_POSSIBLE]);
        }
        m->sample.state_known[N_ONLINE] = m->sample.state_known[N_POSSIBLE] = true;
        m->sample.page_size = PAGE;
        m->sample.n_nodes = n_nodes;
        m->sample.nodes = m->nodes;
}

static struct snapshot *snapshot_of(const struct sample *sample, const struct snapshot *previous)
{
        struct snapshot *snap = snapshot_new(sample, previous);

        assert_non_null(snap);
        return snap;
}

static void machine_is_known_by_more_than_its_nodes(void **state)
{
        (void)state;
        char hostname[] = "a name of 16 ...", kernel[] = "6.1.0";
        struct memory_tier tiers[] = { { .id = 4 }, { .id = 22 } };
        struct machine m;
        struct snapshot *snap;
        const struct sample *s;

        machine_init(&m, 1);
        m.sample.hostname = hostname;
        m.sample.kernel = kernel;
        m.sample.n_memory_tiers = 2;
        m.sample.memory_tiers = tiers;
        snap = snapshot_of(&m.sample, NULL);
        memset(hostname, 'x', sizeof(hostname) - 1);
        memset(kernel, 'x', sizeof(kernel) - 1);
        memset(tiers, 0, sizeof(tiers));
        s = snapshot_sample(snap);
        assert_string_equal(s->hostname, "a name of 16 ...");
        assert_string_equal(s->kernel, "6.1.0");
        assert_int_equal(s->memory_tiers[0].id, 4);
        assert_int_equal(s->memory_tiers[1].id, 22);
        snapshot_unref(snap);
}

static void node_is_known_by_access_caches_and_zones(void **state)
{
        (void)state;
        struct node_access accesses[] = { { .access_class = 0 }, { .access_class = 1 } };
        struct side_cache caches[] = { { .level = 1 }, { .level = 2 } };
        struct machine m;
        struct snapshot *snap;
        const struct node *node;

        machine_init(&m, 1);
        m.nodes[0].n_accesses = m.nodes[0].n_side_caches = m.nodes[0].n_zones = 2;
        m.nodes[0].accesses = accesses;
        m.nodes[0].side_caches = caches;
        m.nodes[0].zones = m.zones[0];
        m.zones[0][0].name = m.zone_names[0];
        m.zones[0][1].name = m.zone_names[1];
        snap = snapshot_of(&m.sample, NULL);
        memset(accesses, 0xee, sizeof(accesses));
        memset(caches, 0xee, sizeof(caches));
        memset(m.zone_names, 'x', sizeof(m.zone_names));
        node = snapshot_node(snap, 0);
        assert_int_equal(node->accesses[1].access_class, 1);
        assert_int_equal(node->side_caches[1].level, 2);
        assert_string_equal(node->zones[0].name, "DMA32");
        assert_string_equal(node->zones[1].name, "Normal");
        snapshot_unref(snap);
}

static void empty_array_is_null_and_one_byte_is_an_array(void **state)
{
        (void)state;
        struct hugepages hugepages;
        struct machine m;
        struct snapshot *snap;
        uint8_t distance;

        machine_init(&m, 1);
        m.nodes[0].hugepages = &hugepages;
        snap = snapshot_of(&m.sample, NULL);
        assert_null(snapshot_node(snap, 0)->hugepages);
        assert_true(node_distance(snap, 0, 0, &distance));
        assert_int_equal(distance, 10);
        snapshot_unref(snap);
}

/* Arrays of the exact size, so that a sanitizer sees what is read behind them. */
static struct counters counters_new(size_t n)
{
        struct counters c = { .known = true, .n = n };

        c.values = calloc(n, sizeof(*c.values));
        c.present = calloc((n + 63) / 64, sizeof(*c.present));
        assert_true(c.values && c.present);
        for (size_t i = 0; i < n; i++) {
                c.values[i] = 1000 + i;
                c.present[i / 64] |= UINT64_C(1) << (i % 64);
        }
        return c;
}

static void counters_of_every_file_are_copied_with_the_bits_that_say_which(void **state)
{
        (void)state;
        static const size_t counts[] = { 1, 63, 64, 65, 128, 129 };

        for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
                struct counters numastat = counters_new(counts[k]);
                struct machine m;
                struct snapshot *snap;
                const struct counters *copy;

                machine_init(&m, 1);
                m.nodes[0].fields[NUMASTAT] = numastat;
                m.nodes[0].fields[VMSTAT] = (struct counters){ .n = 7, .values = numastat.values };
                snap = snapshot_of(&m.sample, NULL);
                memset(numastat.values, 0, counts[k] * sizeof(*numastat.values));
                free(numastat.values);
                free(numastat.present);
                copy = &snapshot_node(snap, 0)->fields[NUMASTAT];
                for (size_t i = 0; i < counts[k]; i++) {
                        assert_true(counters_has(copy, i));
                        assert_int_equal(copy->values[i], 1000 + i);
                }
                assert_int_equal(snapshot_node(snap, 0)->fields[VMSTAT].n, 0);
                snapshot_unref(snap);
        }
}

static void many_small_arrays_fill_many_chunks(void **state)
{
        (void)state;
        enum { N = 600 };
        struct node *nodes = calloc(N, sizeof(*nodes));
        uint8_t *row = malloc(N);
        struct sample sample = { .n_nodes = N, .nodes = nodes, .page_size = PAGE };
        struct snapshot *snap;

        assert_true(nodes && row);
        memset(row, 20, N);
        for (int i = 0; i < N; i++)
                nodes[i] = (struct node){ .nid = i, .n_distances = N, .distances = row };
        snap = snapshot_of(&sample, NULL);
        free(row);
        free(nodes);
        for (int i = 0; i < N; i++)
                for (size_t to = 0; to < N; to++)
                        assert_int_equal(snapshot_node(snap, i)->distances[to], 20);
        snapshot_unref(snap);
}

static void firmware_tables_live_as_long_as_the_snapshot(void **state)
{
        (void)state;
        struct machine m;
        struct snapshot *snap;

        machine_init(&m, 1);
        m.sample.firmware = firmware_tables_new();
        assert_non_null(m.sample.firmware);
        m.sample.firmware->kernel_start = 77;
        snap = snapshot_of(&m.sample, NULL);
        firmware_tables_unref(m.sample.firmware);
        assert_int_equal(snapshot_sample(snap)->firmware->kernel_start, 77);
        snapshot_unref(snap);
}

static void field_is_found_by_its_name_where_the_file_had_it(void **state)
{
        (void)state;
        uint64_t values[] = { 111, 222 }, present = 1, value;
        struct counters counters = { .known = true, .n = 2, .values = values, .present = &present };
        struct machine m;
        struct snapshot *snap;
        const struct node *node;

        machine_init(&m, 1);
        m.sample.tables[MEMINFO] = field_table_new(MEMINFO);
        m.sample.proc_meminfo_table = field_table_ref(m.sample.tables[MEMINFO]);
        m.sample.proc_meminfo = m.nodes[0].fields[MEMINFO] = counters;
        snap = snapshot_of(&m.sample, NULL);
        node = snapshot_node(snap, 0);
        values[0] = 0;
        assert_true(node_meminfo(snap, node, "MemTotal", &value));
        assert_int_equal(value, 111);
        assert_true(system_meminfo(snap, "MemTotal", &value));
        assert_int_equal(value, 111);
        assert_false(node_meminfo(snap, node, "MemFree", &value));
        assert_false(node_meminfo(snap, node, "NoSuchField", &value));
        field_table_unref(m.sample.tables[MEMINFO]);
        field_table_unref(m.sample.proc_meminfo_table);
        snapshot_unref(snap);
}

/* The page size of a recorded machine whose two nodes have so many bytes and pages in all. */
static uint64_t page_size_of(uint64_t bytes, uint64_t pages, uint64_t said)
{
        struct machine m;
        struct snapshot *snap;
        uint64_t size;

        machine_init(&m, 2);
        m.sample.page_size = said;
        m.sample.tables[MEMINFO] = field_table_new(MEMINFO);
        m.mem_total[0] = bytes / 4;
        m.mem_total[1] = bytes - bytes / 4;
        for (size_t i = 0; i < 2; i++) {
                m.present[i] = 1;
                m.nodes[i].fields[MEMINFO] = (struct counters){
                        .known = true, .n = 1, .values = &m.mem_total[i], .present = &m.present[i]
                };
                m.nodes[i].n_zones = 2;
                m.nodes[i].zones = m.zones[i];
                for (size_t z = 0; z < 2; z++)
                        m.zones[i][z] = (struct zone){ .name = m.zone_names[z],
                                                       .known = 1U << ZONE_PRESENT };
        }
        m.zones[0][0].pages[ZONE_PRESENT] = pages / 8;
        m.zones[0][1].pages[ZONE_PRESENT] = pages / 4;
        m.zones[1][1].pages[ZONE_PRESENT] = pages - pages / 8 - pages / 4;
        /* Nobody knows that one. */
        m.zones[1][0] = (struct zone){ .name = m.zone_names[0],
                                       .known = 1U << ZONE_FREE,
                                       .pages[ZONE_PRESENT] = 1000000 };
        snap = snapshot_of(&m.sample, NULL);
        field_table_unref(m.sample.tables[MEMINFO]);
        size = snapshot_sample(snap)->page_size;
        snapshot_unref(snap);
        return size;
}

static void page_size_of_a_recorded_machine_follows_from_its_memory(void **state)
{
        (void)state;
        assert_int_equal(page_size_of(4000 * 100, 100, 0), 4096);
        assert_int_equal(page_size_of(16000 * 100, 100, 0), 16384);
        assert_int_equal(page_size_of(64000 * 100, 100, 0), 65536);
        /* MemTotal may be a little more than the zones have, and is rounded down. */
        assert_int_equal(page_size_of(4352 * 100 + 99, 100, 0), 4096);
        assert_int_equal(page_size_of(4353 * 100, 100, 0), 8192);
        assert_int_equal(page_size_of(16384, 1, 0), 16384);
        /* No architecture has larger ones. */
        assert_int_equal(page_size_of(UINT64_C(1) << 40, 100, 0), 65536);
        assert_int_equal(page_size_of(UINT64_C(1) << 40, 0, 0), 4096);
        assert_int_equal(page_size_of(64000 * 100, 100, 8192), 8192);
}

static void block_of_no_node_counts_in_all_blocks_only(void **state)
{
        (void)state;
        struct memory_block blocks[] = {
                { .id = 0, .state = BLOCK_ONLINE, .nid = 0, .nid2 = NUMA_NO_NODE },
                { .id = 1, .state = BLOCK_ONLINE, .nid = MAX_NUMNODES, .nid2 = NUMA_NO_NODE },
                { .id = 2, .state = BLOCK_OFFLINE, .nid = 5, .nid2 = NUMA_NO_NODE },
        };
        static const int nobody[] = { -1, 5, MAX_NUMNODES };
        struct node_memory_blocks count;
        struct machine m;
        struct snapshot *snap;

        machine_init(&m, 1);
        m.sample.memory_blocks_known = true;
        m.sample.memory_block_size = 1;
        m.sample.n_memory_blocks = 3;
        m.sample.memory_blocks = blocks;
        snap = snapshot_of(&m.sample, NULL);
        assert_true(node_memory_blocks(snap, 0, &count));
        assert_int_equal(count.total, 1);
        assert_true(count.bytes_known);
        assert_int_equal(count.bytes, 1);
        for (size_t i = 0; i < 3; i++) {
                assert_true(node_memory_blocks(snap, nobody[i], &count));
                assert_int_equal(count.total, 0);
                assert_true(count.states_known);
        }
        assert_true(all_memory_blocks(snap, &count));
        assert_int_equal(count.total, 3);
        assert_true(count.states_known && count.bytes_known);
        assert_int_equal(count.bytes, 3);
        snapshot_unref(snap);
}

static void possible_mask_and_first_block_are_part_of_the_structure(void **state)
{
        (void)state;
        struct memory_block block = { .state = BLOCK_ONLINE }, other = { .state = BLOCK_OFFLINE };
        struct sample a = { .memory_blocks = &block, .n_memory_blocks = 1 }, b = a;

        assert_true(structure_equal(&a, &b));
        b.memory_blocks = &other;
        assert_false(structure_equal(&a, &b));
        b = a;
        b.state_known[N_POSSIBLE] = true;
        assert_false(structure_equal(&a, &b));
}

static void distance_row_is_unknown_behind_the_last_column(void **state)
{
        (void)state;
        struct machine m;
        struct snapshot *snap;
        int16_t row[MAX_NUMNODES];

        machine_init(&m, 2);
        m.nodes[1].nid = 8;
        node_clear(1, &m.sample.node_states[N_ONLINE]);
        node_set(8, &m.sample.node_states[N_ONLINE]);
        node_set(5, &m.sample.node_states[N_POSSIBLE]);
        node_clear(1, &m.sample.node_states[N_POSSIBLE]);
        m.nodes[0].distance_columns = N_POSSIBLE; /* 0 and 5: the one of 8 is not there */
        snap = snapshot_of(&m.sample, NULL);
        node_distance_row(snap, snapshot_node(snap, 0), row);
        assert_int_equal(row[0], 10);
        for (size_t i = 1; i < MAX_NUMNODES; i++)
                assert_int_equal(row[i], -1);
        snapshot_unref(snap);
}

static void findings_follow_the_structure_and_stay_with_it(void **state)
{
        (void)state;
        const struct finding *f;
        struct machine m;
        struct snapshot *first, *second;

        machine_init(&m, 2);
        m.distances[0][1] = 30;
        first = snapshot_of(&m.sample, NULL);
        f = snapshot_finding(first, CHECK_DISTANCE_ASYMMETRIC);
        assert_int_equal(f->state, CHECK_RAISED);
        assert_int_equal(snapshot_finding(first, CHECK_DISTANCE_SELF)->state, CHECK_CLEAR);
        assert_int_equal(snapshot_told(first, CHECK_DISTANCE_SELF), CHECK_CLEAR);
        second = snapshot_of(&m.sample, first);
        assert_string_equal(snapshot_finding(second, CHECK_DISTANCE_ASYMMETRIC)->evidence,
                            f->evidence);
        assert_ptr_equal(snapshot_memory_map(first), snapshot_memory_map(second));
        snapshot_unref(first);
        assert_int_equal(snapshot_finding(second, CHECK_DISTANCE_ASYMMETRIC)->state, CHECK_RAISED);
        snapshot_unref(second);
}

static void what_was_told_stays_told_while_it_is_unknown(void **state)
{
        (void)state;
        struct machine m;
        struct snapshot *raised, *unknown, *clear;

        machine_init(&m, 2);
        m.distances[0][1] = 30;
        raised = snapshot_of(&m.sample, NULL);
        assert_int_equal(snapshot_told(raised, CHECK_DISTANCE_ASYMMETRIC), CHECK_RAISED);
        m.nodes[0].distances_known = m.nodes[1].distances_known = false;
        unknown = snapshot_of(&m.sample, raised);
        assert_int_equal(snapshot_finding(unknown, CHECK_DISTANCE_ASYMMETRIC)->state,
                         CHECK_UNKNOWN);
        assert_int_equal(snapshot_told(unknown, CHECK_DISTANCE_ASYMMETRIC), CHECK_RAISED);
        m.nodes[0].distances_known = m.nodes[1].distances_known = true;
        m.distances[0][1] = 20;
        clear = snapshot_of(&m.sample, unknown);
        assert_int_equal(snapshot_told(clear, CHECK_DISTANCE_ASYMMETRIC), CHECK_CLEAR);
        snapshot_unref(raised);
        snapshot_unref(unknown);
        snapshot_unref(clear);
}

static void new_firmware_tables_are_a_new_memory_map(void **state)
{
        (void)state;
        struct firmware_tables *old = firmware_tables_new(), *new = firmware_tables_new();
        struct machine m;
        struct snapshot *before, *after;

        assert_true(old && new);
        machine_init(&m, 1);
        m.sample.firmware = old;
        before = snapshot_of(&m.sample, NULL);
        m.sample.firmware = new;
        after = snapshot_of(&m.sample, before);
        assert_ptr_not_equal(snapshot_memory_map(before), snapshot_memory_map(after));
        firmware_tables_unref(old);
        firmware_tables_unref(new);
        snapshot_unref(before);
        snapshot_unref(after);
}

static void collectors_and_block_states_have_the_names_of_the_interface(void **state)
{
        (void)state;
        assert_string_equal(collector_name(COLLECTOR_NODE_STATES), "node_states");
        assert_string_equal(collector_name(COLLECTOR_FIRMWARE), "firmware");
        assert_string_equal(memory_block_state_name(BLOCK_ONLINE), "online");
        assert_string_equal(memory_block_state_name(BLOCK_GOING_OFFLINE), "going-offline");
        assert_null(memory_block_state_name(BLOCK_UNKNOWN));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(machine_is_known_by_more_than_its_nodes),
                cmocka_unit_test(node_is_known_by_access_caches_and_zones),
                cmocka_unit_test(empty_array_is_null_and_one_byte_is_an_array),
                cmocka_unit_test(counters_of_every_file_are_copied_with_the_bits_that_say_which),
                cmocka_unit_test(many_small_arrays_fill_many_chunks),
                cmocka_unit_test(firmware_tables_live_as_long_as_the_snapshot),
                cmocka_unit_test(field_is_found_by_its_name_where_the_file_had_it),
                cmocka_unit_test(page_size_of_a_recorded_machine_follows_from_its_memory),
                cmocka_unit_test(block_of_no_node_counts_in_all_blocks_only),
                cmocka_unit_test(possible_mask_and_first_block_are_part_of_the_structure),
                cmocka_unit_test(distance_row_is_unknown_behind_the_last_column),
                cmocka_unit_test(findings_follow_the_structure_and_stay_with_it),
                cmocka_unit_test(what_was_told_stays_told_while_it_is_unknown),
                cmocka_unit_test(new_firmware_tables_are_a_new_memory_map),
                cmocka_unit_test(collectors_and_block_states_have_the_names_of_the_interface),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
