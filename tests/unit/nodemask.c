/* SPDX-License-Identifier: MIT */
#include "nodemask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static nodemask_t mask_of(size_t n, const int ids[])
{
        nodemask_t mask;

        nodemask_clear(&mask);
        for (size_t i = 0; i < n; i++)
                node_set(ids[i], &mask);
        return mask;
}

#define MASK(...) mask_of(sizeof((int[]){ __VA_ARGS__ }) / sizeof(int), (int[]){ __VA_ARGS__ })

static void ids_outside_the_possible_ones_are_never_members(void **state)
{
        (void)state;
        nodemask_t mask = MASK(-1, MAX_NUMNODES, 5000);

        assert_true(nodes_empty(&mask));
        assert_false(node_isset(-1, &mask));
        assert_false(node_isset(MAX_NUMNODES, &mask));
        nodes_set_range(-5, 2, &mask);
        nodes_set_range(1022, 9000, &mask);
        assert_int_equal(nodes_weight(&mask), 5);
}

static void iteration_visits_each_member_once_in_order(void **state)
{
        (void)state;
        nodemask_t mask = MASK(0, 8, 63, 64, 250, 1023);
        const int expected[] = { 0, 8, 63, 64, 250, 1023 };
        size_t n = 0;
        int nid;

        for_each_node_mask (nid, &mask)
                assert_int_equal(nid, expected[n++]);
        assert_int_equal(n, 6);
        assert_int_equal(next_node(1023, &mask), MAX_NUMNODES);
}

static void first_node_of_an_empty_mask_is_max_numnodes(void **state)
{
        (void)state;
        nodemask_t mask;

        nodemask_clear(&mask);
        assert_int_equal(first_node(&mask), MAX_NUMNODES);
}

static void set_operations_agree_with_their_names(void **state)
{
        (void)state;
        nodemask_t a = MASK(0, 1, 70), b = MASK(1, 70, 71), out, expected;

        nodes_and(&out, &a, &b);
        expected = MASK(1, 70);
        assert_true(nodes_equal(&out, &expected));
        nodes_or(&out, &a, &b);
        expected = MASK(0, 1, 70, 71);
        assert_true(nodes_equal(&out, &expected));
        nodes_andnot(&out, &a, &b);
        expected = MASK(0);
        assert_true(nodes_equal(&out, &expected));
        assert_true(nodes_subset(&out, &a));
        assert_false(nodes_subset(&b, &a));
        node_clear(70, &a);
        assert_false(node_isset(70, &a));
}

static void every_id_is_a_member_of_its_own(void **state)
{
        (void)state;
        nodemask_t all;

        nodemask_clear(&all);
        nodes_set_range(0, MAX_NUMNODES - 1, &all);
        assert_int_equal(nodes_weight(&all), MAX_NUMNODES);
        for (int nid = 0; nid < MAX_NUMNODES; nid++) {
                nodemask_t mask = MASK(nid);

                for (int from = -1; from < nid; from += 7)
                        assert_int_equal(next_node(from, &mask), nid);
                assert_int_equal(next_node(nid, &mask), MAX_NUMNODES);
                assert_true(node_isset(nid, &all));
                node_clear(nid, &all);
                assert_false(node_isset(nid, &all));
                assert_int_equal(nodes_weight(&all), MAX_NUMNODES - 1 - nid);
        }
}

static void list_form_joins_neighbours(void **state)
{
        (void)state;
        char text[NODEMASK_LIST_MAX];
        nodemask_t mask = MASK(0, 1, 2, 33, 34, 45, 72, 73);

        assert_int_equal(nodemask_print_list(&mask, text), 18);
        assert_string_equal(text, "0-2,33-34,45,72-73");
        nodemask_clear(&mask);
        assert_int_equal(nodemask_print_list(&mask, text), 0);
        assert_string_equal(text, "");
}

static void longest_list_fits(void **state)
{
        (void)state;
        char text[NODEMASK_LIST_MAX];
        nodemask_t mask;

        nodemask_clear(&mask);
        for (int nid = 1; nid < MAX_NUMNODES; nid += 2)
                node_set(nid, &mask);
        nodemask_print_list(&mask, text);
        assert_string_equal(text + strlen(text) - 9, "1021,1023");
}

static void words_form_is_sixteen_decimal_longs(void **state)
{
        (void)state;
        char text[NODEMASK_WORDS_MAX];
        nodemask_t mask = MASK(0, 1, 64);

        nodemask_print_words(&mask, text);
        assert_string_equal(text, "{3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}");
        nodes_set_range(0, MAX_NUMNODES - 1, &mask);
        assert_int_equal(nodemask_print_words(&mask, text), 16 * 20 + 15 * 2 + 2);
        assert_string_equal(text + strlen(text) - 21, "18446744073709551615}");
}

static void ids_form_is_ascending(void **state)
{
        (void)state;
        int ids[MAX_NUMNODES];
        nodemask_t mask = MASK(9, 1);

        assert_int_equal(nodemask_print_ids(&mask, ids), 2);
        assert_int_equal(ids[0], 1);
        assert_int_equal(ids[1], 9);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ids_outside_the_possible_ones_are_never_members),
                cmocka_unit_test(iteration_visits_each_member_once_in_order),
                cmocka_unit_test(first_node_of_an_empty_mask_is_max_numnodes),
                cmocka_unit_test(set_operations_agree_with_their_names),
                cmocka_unit_test(every_id_is_a_member_of_its_own),
                cmocka_unit_test(list_form_joins_neighbours),
                cmocka_unit_test(longest_list_fits),
                cmocka_unit_test(words_form_is_sixteen_decimal_longs),
                cmocka_unit_test(ids_form_is_ascending),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
