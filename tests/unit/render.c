/* SPDX-License-Identifier: MIT */
#include "render.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

/* Two nodes, 0 and 5; 5 has no CPU, and nothing is known of it but a distance and MemFree. */
struct machine {
        struct sample sample;
        struct node nodes[2];
        uint64_t values[64], present[1];
        uint64_t values5[64], present5[1];
        struct id_range cpus[2];
        uint8_t rows[2][2];
        struct memory_block blocks[3];
        struct snapshot *snap;
};

static void set_field(struct machine *m, struct counters *c, uint64_t *values, uint64_t *present,
                      const char *kernel, uint64_t value)
{
        int i = field_table_index(m->sample.tables[MEMINFO], 0, kernel, strlen(kernel), true);

        assert_in_range(i, 0, 63);
        *c = (struct counters){ .known = true, .n = 64, .values = values, .present = present };
        values[i] = value;
        present[0] |= UINT64_C(1) << i;
}

static int setup(void **state)
{
        struct machine *m = calloc(1, sizeof(*m));
        struct sample *s = &m->sample;

        for (unsigned set = 0; set < NR_FIELD_SETS; set++)
                s->tables[set] = field_table_new(set);
        s->proc_meminfo_table = field_table_new(MEMINFO);
        s->boot_id = "b";
        s->hostname = "h\"\\\n\xff";
        s->realtime_ns = UINT64_C(1700000000000000007);
        s->state_known[N_POSSIBLE] = s->state_known[N_ONLINE] = s->state_known[N_CPU] = true;
        node_set(0, &s->node_states[N_POSSIBLE]);
        node_set(5, &s->node_states[N_POSSIBLE]);
        s->node_states[N_ONLINE] = s->node_states[N_POSSIBLE];
        node_set(0, &s->node_states[N_CPU]);
        set_field(m, &m->nodes[0].fields[MEMINFO], m->values, m->present, "MemTotal", 3 << 20);
        set_field(m, &m->nodes[0].fields[MEMINFO], m->values, m->present, "MemFree", 1 << 20);
        set_field(m, &m->nodes[1].fields[MEMINFO], m->values5, m->present5, "MemFree", 7 << 20);
        m->cpus[0] = (struct id_range){ 0, 1 };
        m->cpus[1] = (struct id_range){ 8, 8 };
        m->nodes[0].cpus = (struct id_list){ .known = true, .n = 2, .ranges = m->cpus };
        memcpy(m->rows, (uint8_t[2][2]){ { 10, 21 }, { 21, 10 } }, sizeof(m->rows));
        for (size_t i = 0; i < 2; i++) {
                m->nodes[i].nid = i ? 5 : 0;
                m->nodes[i].distances_known = true;
                m->nodes[i].distance_columns = N_ONLINE;
                m->nodes[i].n_distances = 2;
                m->nodes[i].distances = m->rows[i];
        }
        m->nodes[0].n_cpu_modes = 1;
        m->nodes[0].cpu_ticks[CPU_USER] = 105;
        s->nodes = m->nodes;
        s->n_nodes = 2;
        s->memory_blocks_known = true;
        s->memory_block_size = 1 << 27;
        m->blocks[0] = (struct memory_block){ 0, BLOCK_ONLINE, 0, NUMA_NO_NODE };
        m->blocks[1] = (struct memory_block){ 1, BLOCK_ONLINE, 0, 5 };
        m->blocks[2] = (struct memory_block){ 2, BLOCK_OFFLINE, 5, NUMA_NO_NODE };
        s->memory_blocks = m->blocks;
        s->n_memory_blocks = 3;
        m->snap = snapshot_new(s, NULL);
        *state = m;
        return m->snap ? 0 : -1;
}

static int teardown(void **state)
{
        struct machine *m = *state;

        snapshot_unref(m->snap);
        for (unsigned set = 0; set < NR_FIELD_SETS; set++)
                field_table_unref(m->sample.tables[set]);
        field_table_unref(m->sample.proc_meminfo_table);
        free(m);
        return 0;
}

static char *text_of(struct buffer *b)
{
        buffer_add_char(b, '\0');
        assert_false(buffer_failed(b));
        return b->data;
}

static char *prometheus(const struct machine *m, enum prometheus_format format, uint64_t collect,
                        int limit)
{
        const struct prometheus_options options = { .format = format,
                                                    .collect = collect,
                                                    .distance_metrics_limit = limit };
        struct buffer out = BUFFER_INIT;

        render_prometheus(&out, m->snap, NULL, &options);
        return text_of(&out);
}

static void meminfo_is_one_family_a_field_and_unknown_fields_are_absent(void **state)
{
        char *text = prometheus(*state, PROMETHEUS_TEXT, COLLECT_BIT(COLLECTOR_MEMINFO), 64);

        assert_string_equal(
                text,
                "# HELP numa_node_mem_total_bytes Memory of the node that the kernel manages.\n"
                "# TYPE numa_node_mem_total_bytes gauge\n"
                "numa_node_mem_total_bytes{node=\"0\"} 3145728\n"
                "# HELP numa_node_mem_free_bytes Memory on the node that is free.\n"
                "# TYPE numa_node_mem_free_bytes gauge\n"
                "numa_node_mem_free_bytes{node=\"0\"} 1048576\n"
                "numa_node_mem_free_bytes{node=\"5\"} 7340032\n");
        free(text);
}

static void counters_are_named_by_each_format_as_it_wants(void **state)
{
        char *text = prometheus(*state, PROMETHEUS_TEXT, COLLECT_BIT(COLLECTOR_CPU_SECONDS), 64);
        char *open = prometheus(*state, OPENMETRICS, COLLECT_BIT(COLLECTOR_CPU_SECONDS), 64);

        assert_non_null(strstr(text,
                               "# TYPE numa_node_cpu_seconds_total counter\n"
                               "numa_node_cpu_seconds_total{node=\"0\",mode=\"user\"} 1.05\n"));
        assert_non_null(strstr(
                open, "# TYPE numa_node_cpu_seconds counter\n"
                      "numa_node_cpu_seconds_total{node=\"0\",mode=\"user\"} 1.05\n# EOF\n"));
        free(text);
        free(open);
}

static void unknown_masks_have_no_series(void **state)
{
        char *text = prometheus(*state, PROMETHEUS_TEXT, COLLECT_BIT(COLLECTOR_NODE_STATES), 64);

        assert_non_null(strstr(text, "numa_node_state{node=\"5\",state=\"cpu\"} 0\n"));
        assert_non_null(strstr(text, "numa_nodes{state=\"cpu\"} 1\n"));
        assert_null(strstr(text, "state=\"memory\""));
        free(text);
}

static void distances_beyond_the_limit_are_counted(void **state)
{
        char *all = prometheus(*state, PROMETHEUS_TEXT, COLLECT_BIT(COLLECTOR_DISTANCES), 2);
        char *none = prometheus(*state, PROMETHEUS_TEXT, COLLECT_BIT(COLLECTOR_DISTANCES), 1);

        assert_non_null(strstr(all, "numa_node_distance{node=\"0\",to=\"5\"} 21\n"));
        assert_non_null(strstr(all, "numa_node_distances_left_out 0\n"));
        assert_null(strstr(none, "numa_node_distance{"));
        assert_non_null(strstr(none, "numa_node_distances_left_out 4\n"));
        free(all);
        free(none);
}

static json_t *json_of(const struct machine *m, enum json_part part)
{
        struct buffer out = BUFFER_INIT;
        json_t *json;

        render_json(&out, m->snap, part, false);
        json = json_loads(text_of(&out), 0, NULL);
        assert_non_null(json);
        buffer_release(&out);
        return json;
}

static void a_node_of_which_little_is_known_has_nulls(void **state)
{
        json_t *json = json_of(*state, JSON_NODES);
        json_t *node = json_array_get(json_object_get(json, "nodes"), 1);

        assert_int_equal(json_integer_value(json_object_get(node, "nid")), 5);
        assert_true(json_is_null(json_object_get(node, "cpus")));
        assert_true(json_is_null(json_object_get(node, "cpulist")));
        assert_true(json_is_null(json_object_get(node, "numastat")));
        assert_true(json_is_null(json_object_get(node, "hugepages")));
        assert_true(json_is_null(json_object_get(node, "zones")));
        assert_int_equal(json_object_size(json_object_get(node, "meminfo")), 1);
        assert_int_equal(
                json_integer_value(json_object_get(json_object_get(node, "distances"), "0")), 21);
        json_decref(json);
}

static void a_block_in_two_nodes_counts_in_both_and_is_a_range_of_its_own(void **state)
{
        json_t *json = json_of(*state, JSON_SNAPSHOT);
        json_t *nodes = json_object_get(json, "nodes"),
               *blocks = json_object_get(json, "memory_blocks");
        json_t *ranges = json_object_get(blocks, "ranges");

        for (size_t i = 0; i < 2; i++) {
                json_t *of_node = json_object_get(json_array_get(nodes, i), "memory_blocks");

                assert_int_equal(json_integer_value(json_object_get(of_node, "total")), 2);
        }
        assert_int_equal(json_integer_value(json_object_get(blocks, "total")), 3);
        assert_int_equal(json_array_size(ranges), 3);
        assert_int_equal(json_array_size(json_object_get(json_array_get(ranges, 1), "nids")), 2);
        assert_int_equal(json_integer_value(json_object_get(json_array_get(ranges, 2), "start")),
                         2 << 27);
        json_decref(json);
}

static void times_are_rfc_3339_with_nanoseconds_and_strings_are_made_utf8(void **state)
{
        json_t *json = json_of(*state, JSON_NODE_STATES);

        assert_string_equal(json_string_value(json_object_get(json, "sampled_at")),
                            "2023-11-14T22:13:20.000000007Z");
        assert_string_equal(json_string_value(json_object_get(json, "hostname")), "h\"\\\n?");
        assert_true(json_is_null(json_object_get(json_object_get(json, "node_states"), "memory")));
        json_decref(json);
}

static void hardware_is_what_numactl_prints(void **state)
{
        const struct machine *m = *state;
        struct buffer out = BUFFER_INIT;

        render_hardware(&out, m->snap);
        assert_string_equal(text_of(&out), "available: 2 nodes (0,5)\n"
                                           "node 0 cpus: 0 1 8\n"
                                           "node 0 size: 3 MB\n"
                                           "node 0 free: 1 MB\n"
                                           "node 5 cpus:\n"
                                           "node 5 size: <not available>\n"
                                           "node 5 free: 7 MB\n"
                                           "node distances:\n"
                                           "node   0   5 \n"
                                           "  0:  10  21 \n"
                                           "  5:  21  10 \n");
        buffer_release(&out);
}

static void node_states_are_printed_as_a_debugger_does(void **state)
{
        const struct machine *m = *state;
        struct buffer out = BUFFER_INIT;
        char *text;

        render_node_states(&out, m->snap);
        text = text_of(&out);
        assert_non_null(strstr(
                text,
                "  [N_ONLINE] = {bits = {33, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},\n"));
        assert_non_null(strstr(text, "  [N_MEMORY] = <unavailable>,\n"));
        assert_string_equal(text + strlen(text) - 41,
                            "  [N_GENERIC_INITIATOR] = <unavailable>\n}\n" + 1);
        buffer_release(&out);
}

static void node_exporter_view_leaves_out_what_makes_no_series_of_its_own(void **state)
{
        const struct machine *m = *state;
        struct machine other = *m;
        struct buffer out = BUFFER_INIT;
        struct snapshot *snap;

        set_field(&other, &other.nodes[0].fields[MEMINFO], other.values, other.present,
                  "Active(anon)", 1);
        set_field(&other, &other.nodes[0].fields[MEMINFO], other.values, other.present,
                  "Active_anon", 2);
        set_field(&other, &other.nodes[0].fields[MEMINFO], other.values, other.present, "Foo-Bar",
                  3);
        other.sample.nodes = other.nodes;
        snap = snapshot_new(&other.sample, NULL);
        render_node_exporter(&out, snap);
        assert_non_null(strstr(text_of(&out), "node_memory_numa_Active_anon{node=\"0\"} 1\n"));
        assert_null(strstr(out.data, "node_memory_numa_Active_anon{node=\"0\"} 2\n"));
        assert_null(strstr(out.data, "Foo"));
        buffer_release(&out);
        snapshot_unref(snap);
}

/* Where node_exporter's own name for a counter is a field's, the counter has it. */
static void node_exporter_view_keeps_a_counter_from_a_field_of_its_name(void **state)
{
        const struct machine *m = *state;
        struct machine other = *m;
        struct buffer out = BUFFER_INIT;
        uint64_t hits[1] = { 5 }, present[1] = { 1 };
        struct snapshot *snap;

        other.nodes[0].fields[NUMASTAT] =
                (struct counters){ .known = true, .n = 1, .values = hits, .present = present };
        set_field(&other, &other.nodes[0].fields[MEMINFO], other.values, other.present,
                  "numa_hit_total", 3);
        other.sample.nodes = other.nodes;
        snap = snapshot_new(&other.sample, NULL);
        render_node_exporter(&out, snap);
        assert_null(strstr(text_of(&out), "numa_hit_total{node=\"0\"} 3\n"));
        assert_non_null(strstr(out.data, "node_memory_numa_numa_hit_total{node=\"0\"} 5\n"));
        buffer_release(&out);
        snapshot_unref(snap);
}

/* A client whose integers have 63 bits reads them as it reads those of /v1/nodes. */
static void figures_beyond_63_bits_are_printed_as_the_nodes_have_them(void **state)
{
        const struct machine *m = *state;
        struct machine other = *m;
        struct buffer figures = BUFFER_INIT, node = BUFFER_INIT;
        struct snapshot *snap;

        set_field(&other, &other.nodes[0].fields[MEMINFO], other.values, other.present, "MemFree",
                  UINT64_MAX);
        other.sample.nodes = other.nodes;
        snap = snapshot_new(&other.sample, NULL);
        render_figures(&figures, snap, 0);
        render_json_node(&node, snap, 0, false);
        assert_non_null(strstr(text_of(&figures), "\"MemFree\":1.84467440737096e+19,"));
        assert_non_null(strstr(text_of(&node), "\"MemFree\":1.84467440737096e19"));
        buffer_release(&figures);
        buffer_release(&node);
        snapshot_unref(snap);
}

static void hundredths_of_a_second_are_printed_as_such(void **state)
{
        const struct machine *m = *state;
        struct machine other = *m;
        struct buffer out = BUFFER_INIT;
        struct snapshot *snap;

        other.nodes[0].cpu_ticks[CPU_USER] = 7;
        other.sample.nodes = other.nodes;
        snap = snapshot_new(&other.sample, NULL);
        render_json_node(&out, snap, 0, false);
        assert_non_null(strstr(text_of(&out), "\"cpu_seconds\":{\"user\":0.07}"));
        buffer_release(&out);
        snapshot_unref(snap);
}

static void node_exporter_view_has_its_names(void **state)
{
        const struct machine *m = *state;
        struct buffer out = BUFFER_INIT;

        render_node_exporter(&out, m->snap);
        assert_non_null(strstr(text_of(&out),
                               "# HELP node_memory_numa_MemFree Memory information field MemFree.\n"
                               "# TYPE node_memory_numa_MemFree gauge\n"
                               "node_memory_numa_MemFree{node=\"0\"} 1048576\n"));
        buffer_release(&out);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(meminfo_is_one_family_a_field_and_unknown_fields_are_absent),
                cmocka_unit_test(counters_are_named_by_each_format_as_it_wants),
                cmocka_unit_test(unknown_masks_have_no_series),
                cmocka_unit_test(distances_beyond_the_limit_are_counted),
                cmocka_unit_test(a_node_of_which_little_is_known_has_nulls),
                cmocka_unit_test(a_block_in_two_nodes_counts_in_both_and_is_a_range_of_its_own),
                cmocka_unit_test(times_are_rfc_3339_with_nanoseconds_and_strings_are_made_utf8),
                cmocka_unit_test(hardware_is_what_numactl_prints),
                cmocka_unit_test(node_states_are_printed_as_a_debugger_does),
                cmocka_unit_test(node_exporter_view_has_its_names),
                cmocka_unit_test(node_exporter_view_leaves_out_what_makes_no_series_of_its_own),
                cmocka_unit_test(node_exporter_view_keeps_a_counter_from_a_field_of_its_name),
                cmocka_unit_test(figures_beyond_63_bits_are_printed_as_the_nodes_have_them),
                cmocka_unit_test(hundredths_of_a_second_are_printed_as_such),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, setup, teardown);
}
