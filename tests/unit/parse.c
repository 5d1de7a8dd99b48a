/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct parser parser_of(const char *text)
{
        struct parser p;

        parse_init(&p, text, strlen(text));
        return p;
}

static bool is_named(const struct parse_field *field, const char *name)
{
        return field->name_len == strlen(name) && memcmp(field->name, name, field->name_len) == 0;
}

static void meminfo_gives_bytes_and_counts(void **state)
{
        (void)state;
        struct parser p = parser_of("\nNode 3 MemTotal:  8387892 kB\nNode 3 HugePages_Total:  512\n"
                                    "Active(anon): 4 kB\n");
        struct parse_field f;

        assert_true(parse_meminfo(&p, &f));
        assert_true(is_named(&f, "MemTotal") && f.is_bytes && f.nid == 3);
        assert_int_equal(f.value, UINT64_C(8387892) * 1024);
        assert_true(parse_meminfo(&p, &f));
        assert_true(is_named(&f, "HugePages_Total") && !f.is_bytes);
        assert_int_equal(f.value, 512);
        assert_true(parse_meminfo(&p, &f));
        assert_true(is_named(&f, "Active(anon)") && f.nid == -1);
        assert_false(parse_meminfo(&p, &f));
        assert_int_equal(p.errors, 0);
}

static void a_malformed_meminfo_line_costs_only_itself(void **state)
{
        (void)state;
        static const char *const wrong[] = {
                "Node 3\n",
                "Node 3 A 5 kB\n",
                "Node 3 A: kB\n",
                "Node 3 A: 5 MB\n",
                "Node x A: 5 kB\n",
                "Node 3 A: -5 kB\n",
                "Node 3 : 5 kB\n",
                "Node 3 A: 5 kB x\n",
                "Node 3 A: 99999999999999999999 kB\n",
                "Node 3 A: 18014398509481984 kB\n",
                "Node 3 A: 5 kB\r\n",
                "Node 3 A B: 5 kB\n",
                "Node 3 \xc3\xa9: 5 kB\n",
        };

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                char text[128];
                struct parse_field f;
                struct parser p;

                strcpy(text, wrong[i]);
                strcat(text, "Node 3 B: 1 kB\n");
                p = parser_of(text);
                assert_true(parse_meminfo(&p, &f));
                assert_true(is_named(&f, "B"));
                assert_int_equal(f.value, 1024);
                assert_int_equal(p.errors, 1);
                assert_int_equal(p.error_offset, 0);
        }
}

/* The values that are still given after a cut are the whole text's. */
static void text_cut_after_any_byte_gives_no_wrong_value(void **state)
{
        (void)state;
        static const char text[] = "Node 0 MemTotal: 123 kB\nNode 0 MemFree: 45 kB\n";
        static const uint64_t values[] = { 123 * 1024, 45 * 1024 };

        for (size_t len = 0; len < strlen(text); len++) {
                struct parse_field f;
                struct parser p;
                size_t n = 0;

                parse_init(&p, text, len);
                while (parse_meminfo(&p, &f))
                        assert_int_equal(f.value, values[n++]);
                assert_int_equal(p.errors, len != 0 && len != 24);
                if (p.errors)
                        assert_int_equal(p.error_offset, len);
        }
}

static void counters_are_name_and_number(void **state)
{
        (void)state;
        struct parser p = parser_of("numa_hit 18446744073709551615\nx\n 5\ny 5 6\nz 1\n");
        struct parse_field f;

        assert_true(parse_counter(&p, &f));
        assert_true(is_named(&f, "numa_hit") && !f.is_bytes);
        assert_int_equal(f.value, UINT64_MAX);
        assert_true(parse_counter(&p, &f));
        assert_true(is_named(&f, "z"));
        assert_false(parse_counter(&p, &f));
        assert_int_equal(p.errors, 3);
}

static void lists_are_ranges(void **state)
{
        (void)state;
        struct parser p;
        struct id_range r;

        parse_init(&p, "0-2,33,45-45\n\0\0", 15);
        assert_true(parse_list(&p, 100, &r) && r.first == 0 && r.last == 2);
        assert_true(parse_list(&p, 100, &r) && r.first == 33 && r.last == 33);
        assert_true(parse_list(&p, 100, &r) && r.first == 45 && r.last == 45);
        assert_false(parse_list(&p, 100, &r));
        assert_int_equal(p.errors, 0);
        p = parser_of("\n");
        assert_false(parse_list(&p, 100, &r));
        assert_int_equal(p.errors, 0);
        p = parser_of("");
        assert_false(parse_list(&p, 100, &r));
        assert_int_equal(p.errors, 0);
}

static void what_is_no_list_is_an_error(void **state)
{
        (void)state;
        static const char *const wrong[] = { "0-1",          "x\n",     "0-\n",  "-1\n",
                                             "1-0\n",        "0,,1\n",  "0,\n",  "101\n",
                                             "0-101\n",      "0-1\n\n", "0 1\n", "0-1-2\n",
                                             "99999999999\n" };

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                struct parser p = parser_of(wrong[i]);
                struct id_range r;

                while (parse_list(&p, 100, &r))
                        ;
                assert_int_equal(p.errors, 1);
        }
}

static void cpumap_words_are_most_significant_first(void **state)
{
        (void)state;
        struct parser p = parser_of("00000001,80000000,0000003f\n");
        struct parse_cpumap map;
        struct id_range r;

        assert_int_equal(parse_cpumap_init(&map, &p), 0);
        assert_true(parse_cpumap_next(&map, &r) && r.first == 0 && r.last == 5);
        assert_true(parse_cpumap_next(&map, &r) && r.first == 63 && r.last == 64);
        assert_false(parse_cpumap_next(&map, &r));
        p = parser_of("0f\n");
        assert_int_equal(parse_cpumap_init(&map, &p), 0);
        assert_true(parse_cpumap_next(&map, &r) && r.first == 0 && r.last == 3);
        assert_false(parse_cpumap_next(&map, &r));
        p = parser_of("0\n");
        assert_int_equal(parse_cpumap_init(&map, &p), 0);
        assert_false(parse_cpumap_next(&map, &r));
}

static void what_is_no_cpumap_is_an_error(void **state)
{
        (void)state;
        static const char *const wrong[] = { "",     "\n",     "f",           "g\n",   ",f\n",
                                             "f,\n", "f,,f\n", "123456789\n", "f\nf\n" };

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                struct parser p = parser_of(wrong[i]);
                struct parse_cpumap map;

                assert_int_equal(parse_cpumap_init(&map, &p), -EINVAL);
                assert_int_not_equal(p.errors, 0);
        }
}

static void distances_are_one_row(void **state)
{
        (void)state;
        struct parser p = parser_of("10 21 255\n");
        static const uint8_t expected[] = { 10, 21, 255 };
        uint8_t d;
        size_t n = 0;

        while (parse_distance(&p, &d))
                assert_int_equal(d, expected[n++]);
        assert_int_equal(n, 3);
        assert_int_equal(p.errors, 0);
}

static void what_is_no_row_of_distances_is_an_error(void **state)
{
        (void)state;
        static const char *const wrong[] = { "10 2", "10 256\n", "10 x\n", "10\n20\n",
                                             "\n",   "10  20\n", "-1\n" };

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                struct parser p = parser_of(wrong[i]);
                uint8_t d;

                while (parse_distance(&p, &d))
                        ;
                assert_int_equal(p.errors, 1);
        }
}

static void a_scalar_stands_alone(void **state)
{
        (void)state;
        static const char *const wrong[] = {
                "", "\n", "5", "5 \n", "x\n", "5\n6\n", "18446744073709551616\n"
        };
        struct parser p = parser_of("8000000\n");
        uint64_t v;

        assert_int_equal(parse_scalar(&p, 16, &v), 0);
        assert_int_equal(v, 0x8000000);
        p = parser_of("0x10\n");
        assert_int_equal(parse_scalar(&p, 16, &v), 0);
        assert_int_equal(v, 16);
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                p = parser_of(wrong[i]);
                assert_int_equal(parse_scalar(&p, 10, &v), -EINVAL);
                assert_int_equal(p.errors, 1);
        }
}

static void zoneinfo_gives_the_zones_figures_and_not_the_node_s(void **state)
{
        (void)state;
        struct parser p = parser_of("Node 1, zone   Normal\n"
                                    "  per-node stats\n"
                                    "      nr_inactive_anon 1412\n"
                                    "  pages free     3840\n"
                                    "        boost    0\n"
                                    "        min      52\n"
                                    "        low      65\n"
                                    "        high     78\n"
                                    "        spanned  4095\n"
                                    "        present  3998\n"
                                    "        managed  3840\n"
                                    "        protection: (0, 1, 2)\n"
                                    "      nr_free_pages 3840\n"
                                    "  pagesets\n"
                                    "    cpu: 0\n"
                                    "              count: 7\n"
                                    "              high:  9\n"
                                    "  start_pfn:           1\n"
                                    "Node 1, zone  Movable\n"
                                    "  pages free     0\n");
        struct parse_zone z;

        assert_true(parse_zoneinfo(&p, &z));
        assert_int_equal(z.nid, 1);
        assert_memory_equal(z.name, "Normal", 6);
        assert_int_equal(z.known, (1U << NR_ZONE_FIGURES) - 1);
        assert_int_equal(z.pages[ZONE_FREE], 3840);
        assert_int_equal(z.pages[ZONE_HIGH], 78);
        assert_int_equal(z.pages[ZONE_PRESENT], 3998);
        assert_int_equal(z.pages[ZONE_START_PFN], 1);
        assert_true(parse_zoneinfo(&p, &z));
        assert_int_equal(z.known, 1U << ZONE_FREE);
        assert_false(parse_zoneinfo(&p, &z));
        assert_int_equal(p.errors, 0);
}

static void buddyinfo_gives_as_many_orders_as_there_are(void **state)
{
        (void)state;
        struct parser p =
                parser_of("Node 0, zone      DMA      0      1     22 \nNode 0, zone\nnoise\n"
                          "Node 2, zone   Normal 5\n");
        struct parse_buddy b;

        assert_true(parse_buddyinfo(&p, &b));
        assert_int_equal(b.n_orders, 3);
        assert_int_equal(b.free_blocks[2], 22);
        assert_true(parse_buddyinfo(&p, &b));
        assert_int_equal(b.nid, 2);
        assert_int_equal(b.n_orders, 1);
        assert_false(parse_buddyinfo(&p, &b));
        assert_int_equal(p.errors, 2);
}

static void proc_stat_gives_the_cpus_and_passes_over_the_rest(void **state)
{
        (void)state;
        struct parser p =
                parser_of("cpu  1 2 3\ncpu0 1 2 3 4 5 6 7 8 9 10 11\ncpu12 7 8\ncpux 1\nintr 5\n");
        struct parse_cpu c;

        assert_true(parse_proc_stat(&p, &c));
        assert_int_equal(c.n_modes, NR_CPU_MODES);
        assert_int_equal(c.ticks[CPU_GUEST_NICE], 10);
        assert_true(parse_proc_stat(&p, &c));
        assert_int_equal(c.cpu, 12);
        assert_int_equal(c.n_modes, 2);
        assert_false(parse_proc_stat(&p, &c));
        assert_int_equal(p.errors, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(meminfo_gives_bytes_and_counts),
                cmocka_unit_test(a_malformed_meminfo_line_costs_only_itself),
                cmocka_unit_test(text_cut_after_any_byte_gives_no_wrong_value),
                cmocka_unit_test(counters_are_name_and_number),
                cmocka_unit_test(lists_are_ranges),
                cmocka_unit_test(what_is_no_list_is_an_error),
                cmocka_unit_test(cpumap_words_are_most_significant_first),
                cmocka_unit_test(what_is_no_cpumap_is_an_error),
                cmocka_unit_test(distances_are_one_row),
                cmocka_unit_test(what_is_no_row_of_distances_is_an_error),
                cmocka_unit_test(a_scalar_stands_alone),
                cmocka_unit_test(zoneinfo_gives_the_zones_figures_and_not_the_node_s),
                cmocka_unit_test(buddyinfo_gives_as_many_orders_as_there_are),
                cmocka_unit_test(proc_stat_gives_the_cpus_and_passes_over_the_rest),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
