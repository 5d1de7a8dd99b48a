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

static void assert_named(enum field_set set, const char *kernel, bool is_bytes, const char *family)
{
        /* Not terminated, so that reading beyond the length is seen. */
        size_t len = strlen(kernel);
        char *exact = malloc(len ? len : 1), *got;

        assert_non_null(exact);
        memcpy(exact, kernel, len);
        got = field_metric_name(set, exact, len, is_bytes);
        assert_non_null(got);
        assert_string_equal(got, family);
        free(got);
        free(exact);
}

static int index_of(struct field_table *table, size_t hint, const char *name, bool is_bytes)
{
        return field_table_index(table, hint, name, strlen(name), is_bytes);
}

static const struct field *field_of(struct field_table *table, const char *name, bool is_bytes)
{
        int i = index_of(table, 0, name, is_bytes);

        assert_true(i >= 0);
        return field_table_get(table, (size_t)i);
}

static void name_becomes_snake_case(void **state)
{
        (void)state;
        assert_named(MEMINFO, "Active(anon)", true, "numa_node_active_anon_bytes");
        assert_named(MEMINFO, "MemFree", true, "numa_node_mem_free_bytes");
        assert_named(MEMINFO, "SReclaimable", true, "numa_node_sreclaimable_bytes");
        assert_named(MEMINFO, "NFS_Unstable", true, "numa_node_nfs_unstable_bytes");
        assert_named(MEMINFO, "Node3Dim", true, "numa_node_node3_dim_bytes");
        assert_named(NUMASTAT, "numa_hit", false, "numa_node_numa_hit");
        assert_named(VMSTAT, "nr_free_pages", false, "numa_node_vmstat_nr_free_pages");
}

static void meminfo_count_is_told_from_bytes(void **state)
{
        (void)state;
        assert_named(MEMINFO, "HugePages_Free", false, "numa_node_meminfo_huge_pages_free");
        assert_named(MEMINFO, "Frob", true, "numa_node_frob_bytes");
        assert_named(MEMINFO, "Frob", false, "numa_node_meminfo_frob");
}

static void reserved_words_are_defused(void **state)
{
        (void)state;
        assert_named(VMSTAT, "Frob_ms", false, "numa_node_vmstat_frob_msfield");
        assert_named(VMSTAT, "ms_frob", false, "numa_node_vmstat_msfield_frob");
        assert_named(VMSTAT, "foo_bytes", false, "numa_node_vmstat_foo_bytesfield");
        assert_named(VMSTAT, "a_gauge_x", false, "numa_node_vmstat_a_gaugefield_x");
        assert_named(MEMINFO, "foo_bytes", true, "numa_node_foo_bytesfield_bytes");
        /* Reserved at the end only. */
        assert_named(VMSTAT, "x_total", false, "numa_node_vmstat_x_totalfield");
        assert_named(VMSTAT, "x_total_", false, "numa_node_vmstat_x_totalfield");
        assert_named(VMSTAT, "total_x", false, "numa_node_vmstat_total_x");
        assert_named(VMSTAT, "x_count", false, "numa_node_vmstat_x_countfield");
        assert_named(VMSTAT, "count", false, "numa_node_vmstat_countfield");
        /* A word that only contains a reserved one is free. */
        assert_named(VMSTAT, "items_frames", false, "numa_node_vmstat_items_frames");
}

static void other_bytes_become_single_underscores(void **state)
{
        (void)state;
        assert_named(VMSTAT, "a--x", false, "numa_node_vmstat_a_x");
        assert_named(VMSTAT, "__a__", false, "numa_node_vmstat_a");
        assert_named(VMSTAT, "a.x:c/y", false, "numa_node_vmstat_a_x_c_y");
        assert_named(VMSTAT,
                     "gr\xc3\xb6\xc3\x9f"
                     "e",
                     false, "numa_node_vmstat_gr_e");
        assert_named(VMSTAT, "a\"x\\c\ny", false, "numa_node_vmstat_a_x_c_y");
}

static void name_without_letters_is_called_field(void **state)
{
        (void)state;
        assert_named(VMSTAT, "()", false, "numa_node_vmstat_field");
        assert_named(VMSTAT, "", false, "numa_node_vmstat_field");
        assert_named(MEMINFO, "\xe2\x82\xac", true, "numa_node_field_bytes");
}

static void known_fields_come_first_with_their_own_names(void **state)
{
        (void)state;
        struct field_table *table = field_table_new(MEMINFO);
        const struct field *first = field_table_get(table, 0);

        assert_string_equal(first->kernel, "MemTotal");
        assert_string_equal(first->family, "numa_node_mem_total_bytes");
        assert_true(first->is_bytes);
        assert_int_equal(first->type, GAUGE);
        assert_int_equal(index_of(table, 0, "MemTotal", true), 0);
        assert_int_equal(index_of(table, 0, "MemFree", true), 1);
        field_table_unref(table);
        table = field_table_new(NUMASTAT);
        assert_string_equal(field_table_get(table, 0)->family, "numa_node_numa_hit");
        assert_int_equal(field_table_get(table, 0)->type, COUNTER);
        assert_false(field_table_get(table, 0)->is_bytes);
        field_table_unref(table);
        table = field_table_new(VMSTAT);
        assert_string_equal(field_table_get(table, 0)->family, "numa_node_vmstat_nr_free_pages");
        field_table_unref(table);
}

static void index_once_given_stays(void **state)
{
        (void)state;
        struct field_table *table = field_table_new(VMSTAT);
        size_t known = field_table_count(table);
        int a = index_of(table, 0, "frob_a", false), b = index_of(table, 0, "frob_b", false);
        const struct field *field = field_table_get(table, (size_t)a);

        assert_int_equal(a, known);
        assert_int_equal(b, known + 1);
        for (unsigned i = 0; i < 100; i++) {
                char name[32];

                snprintf(name, sizeof(name), "more_%u", i);
                assert_int_equal(index_of(table, 0, name, false), known + 2 + i);
        }
        assert_int_equal(index_of(table, 0, "frob_a", false), a);
        assert_ptr_equal(field_table_get(table, (size_t)a), field);
        assert_string_equal(field->kernel, "frob_a");
        field_table_unref(table);
}

static void wrong_hint_changes_nothing(void **state)
{
        (void)state;
        struct field_table *table = field_table_new(NUMASTAT);

        for (size_t hint = 0; hint < 20; hint++) {
                assert_int_equal(index_of(table, hint, "numa_foreign", false), 2);
                assert_int_equal(index_of(table, hint, "frob", false), 6);
        }
        assert_int_equal(index_of(table, SIZE_MAX, "numa_hit", false), 0);
        field_table_unref(table);
}

static void name_is_compared_over_its_whole_length(void **state)
{
        (void)state;
        struct field_table *table = field_table_new(MEMINFO);
        size_t known = field_table_count(table);

        assert_int_equal(field_table_index(table, 0, "MemTotalX", 8, true), 0);
        assert_int_equal(index_of(table, 0, "MemTot", true), known);
        assert_int_equal(index_of(table, 0, "MemTotalX", true), known + 1);
        /* A NUL is no end of a name that is longer. */
        assert_int_equal(index_of(table, 0, "Mem", true), known + 2);
        assert_int_not_equal(
                field_table_index(table, known + 2, "Mem\0xxxxxxxxxxxxxxxxxxxxxxxx", 28, true),
                known + 2);
        field_table_unref(table);
}

static void unknown_field_is_described(void **state)
{
        (void)state;
        struct field_table *meminfo = field_table_new(MEMINFO), *vmstat = field_table_new(VMSTAT),
                           *numastat = field_table_new(NUMASTAT);
        const struct field *field = field_of(meminfo, "Frob", true);

        assert_int_equal(field->type, GAUGE);
        assert_int_equal(field->choice, DEFAULT);
        assert_true(field->is_bytes);
        assert_string_equal(field->kernel, "Frob");
        assert_true(strlen(field->help) > 0);
        assert_int_equal(field_of(vmstat, "nr_frob", false)->type, GAUGE);
        assert_int_equal(field_of(vmstat, "frob", false)->type, UNKNOWN);
        assert_int_equal(field_of(vmstat, "frob", false)->choice, EXTRA);
        assert_int_equal(field_of(numastat, "frob", false)->type, COUNTER);
        assert_int_equal(field_of(numastat, "frob", false)->choice, DEFAULT);
        field_table_unref(meminfo);
        field_table_unref(vmstat);
        field_table_unref(numastat);
}

static void families_are_unique(void **state)
{
        (void)state;
        struct field_table *meminfo = field_table_new(MEMINFO),
                           *numastat = field_table_new(NUMASTAT);

        assert_string_equal(field_of(meminfo, "Foo(bar)", true)->family, "numa_node_foo_bar_bytes");
        assert_string_equal(field_of(meminfo, "Foo_bar", true)->family,
                            "numa_node_foo_bar_bytes_field");
        assert_string_equal(field_of(meminfo, "Foo-bar", true)->family,
                            "numa_node_foo_bar_bytes_field_field");
        /* Known fields and the other families are taken, too. */
        assert_string_equal(field_of(meminfo, "mem_free", true)->family,
                            "numa_node_mem_free_bytes_field");
        assert_string_equal(field_of(numastat, "distance", false)->family,
                            "numa_node_distance_field");
        assert_string_equal(field_of(numastat, "Numa_Hit", false)->family,
                            "numa_node_numa_hit_field");
        field_table_unref(meminfo);
        field_table_unref(numastat);
}

static void no_two_families_of_the_table_are_the_same(void **state)
{
        (void)state;
        struct field_table *tables[NR_FIELD_SETS];
        const char *names[1024];
        size_t n = 0;

        for (unsigned set = 0; set < NR_FIELD_SETS; set++) {
                tables[set] = field_table_new(set);
                for (size_t i = 0; i < field_table_count(tables[set]); i++)
                        names[n++] = field_table_get(tables[set], i)->family;
        }
        for (size_t i = 0; i < NR_FAMILIES; i++)
                names[n++] = families[i].name;
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < i; k++)
                        assert_string_not_equal(names[i], names[k]);
        for (unsigned set = 0; set < NR_FIELD_SETS; set++)
                field_table_unref(tables[set]);
}

static void fields_beyond_the_limit_are_left_out_and_counted_by_file(void **state)
{
        (void)state;
        struct field_table *table = field_table_new(VMSTAT);
        size_t known = field_table_count(table);
        char name[32];

        for (unsigned i = 0; i < FIELDS_UNKNOWN_MAX; i++) {
                snprintf(name, sizeof(name), "frob_%u", i);
                assert_int_equal(index_of(table, 0, name, false), known + i);
        }
        assert_int_equal(field_table_left_out(table), 0);
        assert_int_equal(index_of(table, 0, "one_more", false), -ENOSPC);
        assert_int_equal(index_of(table, 0, "two_more", false), -ENOSPC);
        field_table_note_left_out(table, 2);
        field_table_note_left_out(table, 1);
        assert_int_equal(field_table_left_out(table), 2);
        assert_int_equal(field_table_count(table), known + FIELDS_UNKNOWN_MAX);
        assert_int_equal(index_of(table, 0, "frob_255", false), known + 255);
        assert_int_equal(index_of(table, 0, "nr_free_pages", false), 0);
        field_table_unref(table);
}

static void table_lives_as_long_as_its_last_reference(void **state)
{
        (void)state;
        struct field_table *table = field_table_new(NUMASTAT);
        struct field_table *second = field_table_ref(table);

        assert_ptr_equal(second, table);
        assert_int_equal(index_of(table, 0, "frob", false), 6);
        field_table_unref(table);
        assert_string_equal(field_table_get(second, 6)->kernel, "frob");
        assert_string_equal(field_table_get(second, 6)->family, "numa_node_frob");
        field_table_unref(second);
        field_table_unref(NULL);
}

static void set_is_named_after_its_file(void **state)
{
        (void)state;
        assert_string_equal(field_set_name(MEMINFO), "meminfo");
        assert_string_equal(field_set_name(NUMASTAT), "numastat");
        assert_string_equal(field_set_name(VMSTAT), "vmstat");
}

static void no_set_takes_the_names_of_another(void **state)
{
        (void)state;
        assert_named(NUMASTAT, "vmstat_foo", false, "numa_node_vmstatfield_foo");
        assert_named(VMSTAT, "foo", false, "numa_node_vmstat_foo");
        assert_named(NUMASTAT, "meminfo_foo", false, "numa_node_meminfofield_foo");
        assert_named(MEMINFO, "foo", false, "numa_node_meminfo_foo");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(no_set_takes_the_names_of_another),
                cmocka_unit_test(name_becomes_snake_case),
                cmocka_unit_test(meminfo_count_is_told_from_bytes),
                cmocka_unit_test(reserved_words_are_defused),
                cmocka_unit_test(other_bytes_become_single_underscores),
                cmocka_unit_test(name_without_letters_is_called_field),
                cmocka_unit_test(known_fields_come_first_with_their_own_names),
                cmocka_unit_test(index_once_given_stays),
                cmocka_unit_test(wrong_hint_changes_nothing),
                cmocka_unit_test(name_is_compared_over_its_whole_length),
                cmocka_unit_test(unknown_field_is_described),
                cmocka_unit_test(families_are_unique),
                cmocka_unit_test(no_two_families_of_the_table_are_the_same),
                cmocka_unit_test(fields_beyond_the_limit_are_left_out_and_counted_by_file),
                cmocka_unit_test(table_lives_as_long_as_its_last_reference),
                cmocka_unit_test(set_is_named_after_its_file),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
