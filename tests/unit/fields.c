/* SPDX-License-Identifier: MIT */
#include "fields.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void assert_name(enum field_set set, const char *kernel, bool is_bytes, const char *expected)
{
        char *name = field_metric_name(set, kernel, strlen(kernel), is_bytes);

        assert_string_equal(name, expected);
        free(name);
}

static void names_are_in_snake_case(void **state)
{
        (void)state;
        assert_name(MEMINFO, "MemTotal", true, "numa_node_mem_total_bytes");
        assert_name(MEMINFO, "Active(anon)", true, "numa_node_active_anon_bytes");
        assert_name(MEMINFO, "SReclaimable", true, "numa_node_sreclaimable_bytes");
        assert_name(MEMINFO, "NFS_Unstable", true, "numa_node_nfs_unstable_bytes");
        assert_name(MEMINFO, "Page2Tables", true, "numa_node_page2_tables_bytes");
        assert_name(VMSTAT, "nr_foo", false, "numa_node_vmstat_nr_foo");
        assert_name(NUMASTAT, "numa_new", false, "numa_node_numa_new");
        assert_name(MEMINFO, "HugePages_New", false, "numa_node_meminfo_huge_pages_new");
        assert_name(MEMINFO, "__Odd--Name__", true, "numa_node_odd_name_bytes");
        assert_name(MEMINFO, "\xc3\xa9", true, "numa_node_field_bytes");
}

static void reserved_words_are_defused(void **state)
{
        (void)state;
        assert_name(MEMINFO, "Frob_ms", true, "numa_node_frob_msfield_bytes");
        assert_name(VMSTAT, "nr_total", false, "numa_node_vmstat_nr_totalfield");
        assert_name(VMSTAT, "total_nr", false, "numa_node_vmstat_total_nr");
        assert_name(VMSTAT, "x_gauge_y", false, "numa_node_vmstat_x_gaugefield_y");
        assert_name(VMSTAT, "s", false, "numa_node_vmstat_sfield");
}

static void known_fields_keep_their_place_and_unknown_ones_follow(void **state)
{
        (void)state;
        struct field_table *table = field_table_new(NUMASTAT);
        size_t known = field_table_count(table);
        int i = field_table_index(table, 0, "numa_hit", 8, false);

        assert_int_equal(i, 0);
        assert_int_equal(field_table_index(table, 99, "numa_hit", 8, false), 0);
        assert_int_equal(field_table_index(table, 0, "numa_new", 8, false), known);
        assert_int_equal(field_table_index(table, 0, "numa_new", 8, false), known);
        assert_int_equal(field_table_get(table, known)->type, COUNTER);
        field_table_unref(field_table_ref(table));
        field_table_unref(table);
}

static void two_fields_never_share_a_family(void **state)
{
        (void)state;
        struct field_table *table = field_table_new(MEMINFO);
        int a = field_table_index(table, 0, "Active_anon", 11, true);
        int b = field_table_index(table, 0, "Foo(bar)", 8, true);
        int c = field_table_index(table, 0, "Foo_bar", 7, true);

        assert_string_equal(field_table_get(table, (size_t)a)->family,
                            "numa_node_active_anon_bytes_field");
        assert_string_equal(field_table_get(table, (size_t)b)->family, "numa_node_foo_bar_bytes");
        assert_string_equal(field_table_get(table, (size_t)c)->family,
                            "numa_node_foo_bar_bytes_field");
        field_table_unref(table);
}

static void unknown_fields_are_bounded(void **state)
{
        (void)state;
        struct field_table *table = field_table_new(VMSTAT);

        for (int i = 0; i < FIELDS_UNKNOWN_MAX + 10; i++) {
                char name[32];
                int len = snprintf(name, sizeof(name), "new_%d", i);
                int index = field_table_index(table, 0, name, (size_t)len, false);

                assert_true(i < FIELDS_UNKNOWN_MAX ? index >= 0 : index == -ENOSPC);
        }
        field_table_note_left_out(table, 10);
        field_table_note_left_out(table, 4);
        assert_int_equal(field_table_left_out(table), 10);
        field_table_unref(table);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_in_snake_case),
                cmocka_unit_test(reserved_words_are_defused),
                cmocka_unit_test(known_fields_keep_their_place_and_unknown_ones_follow),
                cmocka_unit_test(two_fields_never_share_a_family),
                cmocka_unit_test(unknown_fields_are_bounded),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
