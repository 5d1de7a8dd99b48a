/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* What a parser gave, one line a result, so that two runs can be compared. */
struct results {
        size_t n;
        char lines[256][64];
        unsigned errors;
        size_t error_offset;
};

typedef void runner(struct parser *p, struct results *out);

static void __attribute__((format(printf, 2, 3))) add(struct results *out, const char *format, ...)
{
        va_list args;

        assert_true(out->n < sizeof(out->lines) / sizeof(out->lines[0]));
        va_start(args, format);
        vsnprintf(out->lines[out->n++], sizeof(out->lines[0]), format, args);
        va_end(args);
}

static void add_field(struct results *out, const struct parse_field *f)
{
        add(out, "%.*s %" PRIu64 "%s", (int)f->name_len, f->name, f->value,
            f->is_bytes ? " B" : "");
}

static void run_meminfo(struct parser *p, struct results *out)
{
        struct parse_field f;

        while (parse_meminfo(p, &f))
                add_field(out, &f);
}

static void run_counter(struct parser *p, struct results *out)
{
        struct parse_field f;

        while (parse_counter(p, &f))
                add_field(out, &f);
}

static void run_scalar(struct parser *p, struct results *out)
{
        uint64_t value;

        if (parse_scalar(p, 10, &value) == 0)
                add(out, "%" PRIu64, value);
}

static void run_hex(struct parser *p, struct results *out)
{
        uint64_t value;

        if (parse_scalar(p, 16, &value) == 0)
                add(out, "%" PRIx64, value);
}

static void run_list(struct parser *p, struct results *out)
{
        struct id_range r;

        while (parse_list(p, 1023, &r))
                add(out, "%" PRIu32 "-%" PRIu32, r.first, r.last);
}

static void run_cpumap(struct parser *p, struct results *out)
{
        struct parse_cpumap map;
        struct id_range r;

        if (parse_cpumap_init(&map, p) == 0)
                while (parse_cpumap_next(&map, &r))
                        add(out, "%" PRIu32 "-%" PRIu32, r.first, r.last);
}

static void run_distance(struct parser *p, struct results *out)
{
        uint8_t distance;

        while (parse_distance(p, &distance))
                add(out, "%u", distance);
}

static const char *const figure_names[NR_ZONE_FIGURES] = {
        [ZONE_FREE] = "free",       [ZONE_MIN] = "min",
        [ZONE_LOW] = "low",         [ZONE_HIGH] = "high",
        [ZONE_SPANNED] = "spanned", [ZONE_PRESENT] = "present",
        [ZONE_MANAGED] = "managed", [ZONE_START_PFN] = "start_pfn",
};

static void run_zoneinfo(struct parser *p, struct results *out)
{
        struct parse_zone z;

        while (parse_zoneinfo(p, &z)) {
                add(out, "%" PRIu32 " %.*s", z.nid, (int)z.name_len, z.name);
                for (unsigned f = 0; f < NR_ZONE_FIGURES; f++)
                        if (z.known >> f & 1)
                                add(out, "%" PRIu32 " %.*s %s %" PRIu64, z.nid, (int)z.name_len,
                                    z.name, figure_names[f], z.pages[f]);
        }
}

static void run_buddyinfo(struct parser *p, struct results *out)
{
        struct parse_buddy b;

        while (parse_buddyinfo(p, &b))
                for (unsigned i = 0; i < b.n_orders; i++)
                        add(out, "%" PRIu32 " %.*s %u %" PRIu64, b.nid, (int)b.name_len, b.name, i,
                            b.free_blocks[i]);
}

static void run_proc_stat(struct parser *p, struct results *out)
{
        struct parse_cpu cpu;

        while (parse_proc_stat(p, &cpu))
                for (unsigned i = 0; i < cpu.n_modes; i++)
                        add(out, "cpu%" PRIu32 " %u %" PRIu64, cpu.cpu, i, cpu.ticks[i]);
}

static void run_iomem(struct parser *p, struct results *out)
{
        struct parse_resource r;

        while (parse_iomem(p, &r))
                add(out, "%u %" PRIx64 " %" PRIx64 " %.*s", r.depth, r.start, r.last,
                    (int)r.name_len, r.name);
}

/* The bytes stand at the end of their allocation, so that reading beyond them is seen. */
static struct results run_bytes(runner *run, const char *text, size_t len)
{
        char *copy = malloc(len ? len : 1);
        struct results out = { .n = 0 };
        struct parser p;

        assert_non_null(copy);
        memcpy(copy, text, len);
        parse_init(&p, copy, len);
        run(&p, &out);
        out.errors = p.errors;
        out.error_offset = p.error_offset;
        assert_true(p.errors == 0 || (p.error_offset <= len && p.expected));
        free(copy);
        return out;
}

static struct results run(runner *run_, const char *text)
{
        return run_bytes(run_, text, strlen(text));
}

#define RUN_LITERAL(runner, text) run_bytes(runner, text, sizeof(text) - 1)

static bool has(const struct results *r, const char *line)
{
        for (size_t i = 0; i < r->n; i++)
                if (strcmp(r->lines[i], line) == 0)
                        return true;
        return false;
}

static void assert_results(const struct results *r, size_t n, const char *const lines[])
{
        assert_int_equal(r->n, n);
        for (size_t i = 0; i < n; i++)
                assert_string_equal(r->lines[i], lines[i]);
}

#define ASSERT_RESULTS(r, ...)                                                      \
        assert_results(r, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), \
                       (const char *[]){ __VA_ARGS__ })

/* Text that gives nothing and one error. */
static void assert_refused(runner *r, const char *text)
{
        struct results got = run(r, text);

        if (got.n != 0 || got.errors == 0)
                print_message("# accepted: %s\n", text);
        assert_int_equal(got.n, 0);
        assert_true(got.errors > 0);
}

static const char meminfo_text[] = "Node 3 MemTotal:       16314532 kB\n"
                                   "Node 3 MemFree:          501248 kB\n"
                                   "Node 3 Active(anon):          0 kB\n"
                                   "Node 3 HugePages_Total:     7\n";
static const char numastat_text[] =
        "numa_hit 11000526\nnuma_miss 0\nother_node 18446744073709551615\n";
static const char zoneinfo_text[] = "Node 0, zone      DMA\n"
                                    "  per-node stats\n"
                                    "      nr_inactive_anon 2085\n"
                                    "      nr_free_cma  0\n"
                                    "  pages free     3840\n"
                                    "        boost    0\n"
                                    "        min      52\n"
                                    "        low      65\n"
                                    "        high     78\n"
                                    "        promo    91\n"
                                    "        spanned  4095\n"
                                    "        present  3998\n"
                                    "        managed  3840\n"
                                    "        cma      0\n"
                                    "        protection: (0, 3008, 3919, 3919, 3919)\n"
                                    "      nr_free_pages 3840\n"
                                    "      numa_local   3\n"
                                    "  pagesets\n"
                                    "    cpu: 0\n"
                                    "              count:    10\n"
                                    "              high:     20\n"
                                    "              batch:    1\n"
                                    "              high_min: 30\n"
                                    "              high_max: 40\n"
                                    "  vm stats threshold: 4\n"
                                    "  node_unreclaimable:  0\n"
                                    "  start_pfn:           1\n"
                                    "Node 0, zone  Movable\n"
                                    "  pages free     0\n"
                                    "        min      0\n"
                                    "        protection: (0, 0, 0, 0, 0)\n"
                                    "Node 12, zone   Normal\n"
                                    "  pages free     88\n"
                                    "  start_pfn:           1048576\n";
static const char buddyinfo_text[] = "Node 0, zone      DMA      0      1      2      0      0     "
                                     " 0      0      0      1      1      3 \n"
                                     "Node 11, zone   Normal  10367   6884   4494   2305    764    "
                                     "494    381    163     70     25    125 \n";
static const char proc_stat_text[] = "cpu  42488 1 30136 1401552 3294 0 1165 7 8 9\n"
                                     "cpu0 19932 1 13319 704889 607 2 372 3 4 5\n"
                                     "cpu17 22556 0 16816 696663 2687 0 793 0 0 0\n"
                                     "intr 1046158 0 0\n"
                                     "ctxt 99\n";

static const char iomem_text[] = "00001000-0009fbff : System RAM\n"
                                 "100000000-63fffffff : System RAM\n"
                                 "  101000000-102002607 : Kernel code\n";

static const struct {
        runner *run;
        const char *text;
} normal_texts[] = {
        { run_meminfo, meminfo_text },     { run_counter, numastat_text },
        { run_scalar, "1234567\n" },       { run_hex, "8000000\n" },
        { run_list, "0-3,8,250-255\n" },   { run_cpumap, "00000001,00000000,ffff00f1\n" },
        { run_distance, "10 21 255 0\n" }, { run_zoneinfo, zoneinfo_text },
        { run_buddyinfo, buddyinfo_text }, { run_proc_stat, proc_stat_text },
        { run_iomem, iomem_text },
};

#define N_NORMAL_TEXTS (sizeof(normal_texts) / sizeof(normal_texts[0]))

static void text_cut_after_any_byte_gives_no_value_that_the_whole_lacks(void **state)
{
        (void)state;
        for (size_t i = 0; i < N_NORMAL_TEXTS; i++) {
                struct results whole = run(normal_texts[i].run, normal_texts[i].text);

                assert_true(whole.n > 0);
                assert_int_equal(whole.errors, 0);
                for (size_t len = 0; len < strlen(normal_texts[i].text); len++) {
                        struct results cut =
                                run_bytes(normal_texts[i].run, normal_texts[i].text, len);

                        for (size_t k = 0; k < cut.n; k++)
                                assert_true(has(&whole, cut.lines[k]));
                        /* Cut inside a line: said so. */
                        if (len > 0 && normal_texts[i].text[len - 1] != '\n')
                                assert_true(cut.errors > 0);
                }
        }
}

static void trailing_nul_bytes_are_no_part_of_the_text(void **state)
{
        (void)state;
        for (size_t i = 0; i < N_NORMAL_TEXTS; i++) {
                size_t len = strlen(normal_texts[i].text);
                char *padded = calloc(1, len + 3);

                assert_non_null(padded);
                memcpy(padded, normal_texts[i].text, len);
                struct results plain = run(normal_texts[i].run, normal_texts[i].text);
                struct results got = run_bytes(normal_texts[i].run, padded, len + 3);
                free(padded);
                assert_int_equal(got.errors, 0);
                assert_int_equal(got.n, plain.n);
        }
}

static void text_with_any_byte_turned_into_nul_or_0xff_does_no_harm(void **state)
{
        (void)state;
        static const char bytes[] = { '\0', '\xff', '\r', '-', '\n' };

        for (size_t i = 0; i < N_NORMAL_TEXTS; i++)
                for (size_t at = 0; at < strlen(normal_texts[i].text); at++)
                        for (size_t b = 0; b < sizeof(bytes); b++) {
                                char *text = strdup(normal_texts[i].text);

                                assert_non_null(text);
                                text[at] = bytes[b];
                                run_bytes(normal_texts[i].run, text, strlen(normal_texts[i].text));
                                free(text);
                        }
}

static void carriage_returns_are_errors_not_parts_of_values(void **state)
{
        (void)state;
        assert_refused(run_meminfo, "Node 0 MemTotal: 1 kB\r\n");
        assert_refused(run_counter, "numa_hit 1\r\n");
        assert_refused(run_scalar, "1\r\n");
        assert_refused(run_list, "0-1\r\n");
        assert_refused(run_cpumap, "3\r\n");
        assert_refused(run_buddyinfo, "Node 0, zone DMA 1 2 \r\n");
        assert_refused(run_proc_stat, "cpu0 1 2\r\n");
        assert_refused(run_zoneinfo, "Node 0, zone DMA\r\n");
        assert_refused(run_iomem, "0-1 : System RAM\r\n");
}

static void empty_text_has_no_results(void **state)
{
        (void)state;
        for (size_t i = 0; i < N_NORMAL_TEXTS; i++) {
                struct results got = run(normal_texts[i].run, "");

                assert_int_equal(got.n, 0);
                got = RUN_LITERAL(normal_texts[i].run, "\0\0");
                assert_int_equal(got.n, 0);
        }
}

static void meminfo_gives_bytes_for_kb_and_counts_otherwise(void **state)
{
        (void)state;
        struct results got = run(run_meminfo, meminfo_text);

        ASSERT_RESULTS(&got, "MemTotal 16706080768 B", "MemFree 513277952 B", "Active(anon) 0 B",
                       "HugePages_Total 7");
        got = run(run_meminfo, "MemTotal:  123 kB\nHugePages_Rsvd:\t5\n");
        ASSERT_RESULTS(&got, "MemTotal 125952 B", "HugePages_Rsvd 5");
}

static void bad_line_does_not_cost_its_neighbours(void **state)
{
        (void)state;
        struct results got = run(run_meminfo, "MemTotal: 1 kB\nMemFree: x kB\nMemUsed: 3 kB\n");

        ASSERT_RESULTS(&got, "MemTotal 1024 B", "MemUsed 3072 B");
        assert_int_equal(got.errors, 1);
        assert_int_equal(got.error_offset, 15);
        got = run(run_counter, "a 1\nb\nc 3\n");
        ASSERT_RESULTS(&got, "a 1", "c 3");
        assert_int_equal(got.errors, 1);
        assert_int_equal(got.error_offset, 4);
        got = run(run_buddyinfo, "Node 0, zone A 1\nNode 0, zone B x\nNode 0, zone C 2\n");
        ASSERT_RESULTS(&got, "0 A 0 1", "0 C 0 2");
        assert_int_equal(got.errors, 1);
        got = run(run_proc_stat, "cpu0 1\ncpux 2\ncpu2 3\n");
        ASSERT_RESULTS(&got, "cpu0 0 1", "cpu2 0 3");
        assert_int_equal(got.errors, 1);
}

static void meminfo_multiplication_by_1024_does_not_wrap(void **state)
{
        (void)state;
        struct results got = run(run_meminfo, "A: 18014398509481983 kB\n");

        ASSERT_RESULTS(&got, "A 18446744073709550592 B");
        assert_refused(run_meminfo, "A: 18014398509481984 kB\n");
        assert_refused(run_meminfo, "A: 18446744073709551615 kB\n");
}

static void numbers_beyond_64_bits_are_errors(void **state)
{
        (void)state;
        struct results got = run(run_scalar, "18446744073709551615\n");

        ASSERT_RESULTS(&got, "18446744073709551615");
        got = run(run_hex, "ffffffffffffffff\n");
        ASSERT_RESULTS(&got, "ffffffffffffffff");
        assert_refused(run_scalar, "18446744073709551616\n");
        assert_refused(run_scalar, "99999999999999999999999999\n");
        assert_refused(run_hex, "10000000000000000\n");
        assert_refused(run_meminfo, "A: 18446744073709551616\n");
        assert_refused(run_counter, "a 18446744073709551616\n");
        assert_refused(run_buddyinfo, "Node 0, zone DMA 18446744073709551616 \n");
        assert_refused(run_proc_stat, "cpu0 18446744073709551616\n");
        assert_refused(run_distance, "18446744073709551617\n");
        assert_refused(run_list, "18446744073709551616\n");
}

static void negative_numbers_are_errors(void **state)
{
        (void)state;
        assert_refused(run_meminfo, "Node 0 MemFree: -4 kB\n");
        assert_refused(run_counter, "nr_dirty -1\n");
        assert_refused(run_scalar, "-1\n");
        assert_refused(run_list, "-1\n");
        assert_refused(run_distance, "-10\n");
        assert_refused(run_buddyinfo, "Node 0, zone DMA -1 \n");
        assert_refused(run_proc_stat, "cpu0 -1 0\n");
        assert_refused(run_proc_stat, "cpu-1 1 0\n");
        assert_refused(run_meminfo, "Node -1 MemFree: 4 kB\n");
}

static void meminfo_refuses_what_the_kernel_does_not_print(void **state)
{
        (void)state;
        assert_refused(run_meminfo, "Node 0 MemFree 4 kB\n");
        assert_refused(run_meminfo, "Node 0 : 4 kB\n");
        assert_refused(run_meminfo, "Node 0\n");
        assert_refused(run_meminfo, "Node 0,MemFree: 4 kB\n");
        assert_refused(run_meminfo, "Node MemFree: 4 kB\n");
        assert_refused(run_meminfo, "Node 4294967296 MemFree: 4 kB\n");
        assert_refused(run_meminfo, "MemFree: 4 MB\n");
        assert_refused(run_meminfo, "MemFree: 4 kB \n");
        assert_refused(run_meminfo, "MemFree: 4kB\n");
        assert_refused(run_meminfo, "MemFree:\n");
        assert_refused(run_counter, "numa_hit\n");
        assert_refused(run_counter, " 12\n");
        assert_refused(run_counter, "numa_hit 1 2\n");
        assert_refused(run_counter, "numa_hit  1\n");
}

static void names_are_printable_ascii_without_blanks(void **state)
{
        (void)state;
        struct results got = RUN_LITERAL(run_meminfo, "Mem\0Total: 4 kB\n");

        assert_int_equal(got.n, 0);
        assert_int_equal(got.errors, 1);
        got = RUN_LITERAL(run_counter, "numa\0hit 4\n");
        assert_int_equal(got.n, 0);
        assert_int_equal(got.errors, 1);
        assert_refused(run_meminfo, "Mem Total: 4 kB\n");
        assert_refused(run_meminfo, " MemTotal: 4 kB\n");
        assert_refused(run_meminfo, "Mem\x80Total: 4 kB\n");
        assert_refused(run_counter, "numa\x01hit 4\n");
        assert_refused(run_counter, "numa\thit 4\n");
        assert_refused(run_buddyinfo, "Node 0, zone D\x7fMA 4\n");
}

/* drivers/base/node.c of Linux 2.6 starts meminfo with a newline. */
static void field_tells_its_node_or_that_it_has_none(void **state)
{
        (void)state;
        static const char text[] = "Node 7 MemTotal: 3 kB\nMemFree:5\n~tilde~: 1\n";
        struct parse_field f;
        struct parser p;

        memset(&f, 0xee, sizeof(f));
        parse_init(&p, text, strlen(text));
        assert_true(parse_meminfo(&p, &f));
        assert_int_equal(f.nid, 7);
        assert_true(parse_meminfo(&p, &f));
        assert_int_equal(f.nid, -1);
        assert_int_equal(f.value, 5);
        assert_true(parse_meminfo(&p, &f));
        assert_int_equal(f.name_len, 7);
        assert_false(parse_meminfo(&p, &f));
        assert_int_equal(p.errors, 0);
        memset(&f, 0xee, sizeof(f));
        parse_init(&p, "numa_hit 1\n", 11);
        assert_true(parse_counter(&p, &f));
        assert_int_equal(f.nid, -1);
        assert_false(f.is_bytes);
}

/* A caller that asks again after the end is told of nothing new. */
static void what_is_wrong_is_told_once(void **state)
{
        (void)state;
        struct parse_cpumap map;
        struct id_range range;
        struct parse_field f;
        struct parser p;
        uint8_t distance;

        parse_init(&p, "cut short 1", 11);
        for (int i = 0; i < 2; i++)
                assert_false(parse_counter(&p, &f));
        assert_int_equal(p.errors, 1);
        parse_init(&p, "1,x,3\n", 6);
        assert_true(parse_list(&p, 1023, &range));
        for (int i = 0; i < 2; i++)
                assert_false(parse_list(&p, 1023, &range));
        assert_int_equal(p.errors, 1);
        parse_init(&p, "10 x 10\n", 8);
        assert_true(parse_distance(&p, &distance));
        for (int i = 0; i < 2; i++)
                assert_false(parse_distance(&p, &distance));
        assert_int_equal(p.errors, 1);
        parse_init(&p, "xyz\n", 4);
        assert_int_equal(parse_cpumap_init(&map, &p), -EINVAL);
        parse_init(&p, "\0\0", 2);
        assert_ptr_equal(p.end, p.start);
}

static void meminfo_may_begin_with_an_empty_line(void **state)
{
        (void)state;
        struct results got = run(run_meminfo, "\nNode 0 MemTotal: 1 kB\nNode 0 MemFree: 2 kB\n");

        ASSERT_RESULTS(&got, "MemTotal 1024 B", "MemFree 2048 B");
        assert_int_equal(got.errors, 0);
        assert_refused(run_meminfo, "\n");
        got = run(run_meminfo, "Node 0 MemTotal: 1 kB\n\n");
        assert_int_equal(got.errors, 1);
}

static void counter_gives_every_name(void **state)
{
        (void)state;
        struct results got = run(run_counter, numastat_text);

        ASSERT_RESULTS(&got, "numa_hit 11000526", "numa_miss 0", "other_node 18446744073709551615");
}

static void scalar_stands_alone(void **state)
{
        (void)state;
        struct results got = run(run_hex, "0x8000000\n");

        ASSERT_RESULTS(&got, "8000000");
        got = run(run_hex, "DeadBeefA\n");
        ASSERT_RESULTS(&got, "deadbeefa");
        got = run(run_scalar, "007\n");
        ASSERT_RESULTS(&got, "7");
        assert_refused(run_scalar, "");
        assert_refused(run_scalar, "\n");
        assert_refused(run_scalar, "1 2\n");
        assert_refused(run_scalar, "1\n2\n");
        assert_refused(run_scalar, "1\n\n");
        assert_refused(run_scalar, " 1\n");
        assert_refused(run_scalar, "0x10\n");
        assert_refused(run_scalar, "12a\n");
        assert_refused(run_hex, "0x\n");
        assert_refused(run_hex, "8g\n");
        struct results nul = RUN_LITERAL(run_scalar, "1\0002\n");
        assert_int_equal(nul.n, 0);
        assert_int_equal(nul.errors, 1);
}

static void list_gives_ranges_and_single_ids(void **state)
{
        (void)state;
        struct results got = run(run_list, "0-3,8,250-255\n");

        ASSERT_RESULTS(&got, "0-3", "8-8", "250-255");
        got = run(run_list, "\n");
        assert_int_equal(got.n, 0);
        assert_int_equal(got.errors, 0);
        got = run(run_list, "1023\n");
        ASSERT_RESULTS(&got, "1023-1023");
}

static void list_that_is_no_list_is_an_error(void **state)
{
        (void)state;
        static const char *const bad[] = {
                "0-1",      ",\n",   "-\n",     "0-\n",         "3-1\n",          "1024\n",
                "0-1024\n", " 0\n",  "0--1\n",  "4294967296\n", "0-4294967297\n", "x\n",
                "\n\n",     "0x1\n", "0-1-2\n",
        };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_refused(run_list, bad[i]);
        static const char *const bad_later[] = { "0,\n",   "0,,1\n", "0,x\n",
                                                 "0\n1\n", "0 \n",   "0, 1\n" };

        for (size_t i = 0; i < sizeof(bad_later) / sizeof(bad_later[0]); i++)
                assert_true(run(run_list, bad_later[i]).errors > 0);
        assert_true(RUN_LITERAL(run_list, "0\0001\n").errors > 0);
}

static void cpumap_ranges_ascend_and_join_across_words(void **state)
{
        (void)state;
        struct results got = run(run_cpumap, "00000000,0000003f\n");

        ASSERT_RESULTS(&got, "0-5");
        got = run(run_cpumap, "00000001,00000000,ffff00f1\n");
        ASSERT_RESULTS(&got, "0-0", "4-7", "16-31", "64-64");
        got = run(run_cpumap, "1,ffffffff,80000000\n");
        ASSERT_RESULTS(&got, "31-64");
        got = run(run_cpumap, "F\n");
        ASSERT_RESULTS(&got, "0-3");
        got = run(run_cpumap, "00000000\n");
        assert_int_equal(got.n, 0);
        assert_int_equal(got.errors, 0);
}

static void cpumap_of_8192_cpus_is_read_to_its_first_word(void **state)
{
        (void)state;
        char text[256 * 9 + 1];

        for (size_t i = 0; i < 256; i++)
                snprintf(text + i * 9, 10, "%s%c", i == 0 ? "80000000" : "00000000",
                         i == 255 ? '\n' : ',');
        struct results got = run(run_cpumap, text);
        ASSERT_RESULTS(&got, "8191-8191");
}

static void cpumap_that_is_no_map_is_an_error(void **state)
{
        (void)state;
        static const char *const bad[] = { "\n",    "",       ",\n",         "1,\n",
                                           ",1\n",  "1,,1\n", "g\n",         "0x1\n",
                                           "1 \n",  "1\n\n",  "123456789\n", "1,123456789\n",
                                           "1-2\n", "ff" };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_refused(run_cpumap, bad[i]);
}

static void distance_row_ends_at_its_newline(void **state)
{
        (void)state;
        struct results got = run(run_distance, "10 21 255 0\n");

        ASSERT_RESULTS(&got, "10", "21", "255", "0");
        got = run(run_distance, "10\n");
        ASSERT_RESULTS(&got, "10");
        assert_int_equal(got.errors, 0);
        got = run(run_distance, "10 \n");
        ASSERT_RESULTS(&got, "10");
}

static void distance_row_that_is_none_is_an_error(void **state)
{
        (void)state;
        static const char *const bad[] = { "\n", "10", "10 21", "256\n", "x\n", " 10\n", "\n10\n" };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_refused(run_distance, bad[i]);
        static const char *const bad_later[] = { "10\n21\n", "10  21\n", "10 256\n", "10\t21\n",
                                                 "10 21\n\n" };

        for (size_t i = 0; i < sizeof(bad_later) / sizeof(bad_later[0]); i++) {
                struct results got = run(run_distance, bad_later[i]);

                assert_true(got.errors > 0);
                assert_true(got.n <= 2);
        }
}

static void zoneinfo_takes_the_zones_own_figures(void **state)
{
        (void)state;
        struct results got = run(run_zoneinfo, zoneinfo_text);

        ASSERT_RESULTS(&got, "0 DMA", "0 DMA free 3840", "0 DMA min 52", "0 DMA low 65",
                       "0 DMA high 78", "0 DMA spanned 4095", "0 DMA present 3998",
                       "0 DMA managed 3840", "0 DMA start_pfn 1", "0 Movable", "0 Movable free 0",
                       "0 Movable min 0", "12 Normal", "12 Normal free 88",
                       "12 Normal start_pfn 1048576");
        assert_int_equal(got.errors, 0);
}

/* Linux 2.6.32: no managed, no per-node stats; "scanned" and "all_unreclaimable". */
static void zoneinfo_of_an_old_kernel_lacks_managed(void **state)
{
        (void)state;
        struct results got = run(run_zoneinfo, "Node 0, zone      DMA\n"
                                               "  pages free     3962\n"
                                               "        min      23\n"
                                               "        low      28\n"
                                               "        high     34\n"
                                               "        scanned  0\n"
                                               "        spanned  4095\n"
                                               "        present  3936\n"
                                               "    nr_free_pages 3962\n"
                                               "        protection: (0, 3254, 64359, 64359)\n"
                                               "  pagesets\n"
                                               "    cpu: 0\n"
                                               "              count: 0\n"
                                               "              high:  0\n"
                                               "              batch: 1\n"
                                               "  vm stats threshold: 8\n"
                                               "  all_unreclaimable: 1\n"
                                               "  prev_priority:     12\n"
                                               "  start_pfn:         0\n"
                                               "  inactive_ratio:    1\n");

        ASSERT_RESULTS(&got, "0 DMA", "0 DMA free 3962", "0 DMA min 23", "0 DMA low 28",
                       "0 DMA high 34", "0 DMA spanned 4095", "0 DMA present 3936",
                       "0 DMA start_pfn 0");
        assert_int_equal(got.errors, 0);
}

static void zoneinfo_figure_that_is_no_number_is_unknown_and_an_error(void **state)
{
        (void)state;
        struct results got = run(run_zoneinfo, "Node 0, zone DMA\n"
                                               "  pages free     -1\n"
                                               "        min      18446744073709551616\n"
                                               "        low      6x\n"
                                               "        high     7\n");

        ASSERT_RESULTS(&got, "0 DMA", "0 DMA high 7");
        assert_int_equal(got.errors, 3);
        assert_int_equal(got.error_offset, 17);
}

static void zoneinfo_skips_lines_before_a_head(void **state)
{
        (void)state;
        struct results got =
                run(run_zoneinfo, "  pages free 1\nfoo\nNode 1, zone DMA\n  pages free 2\n");

        ASSERT_RESULTS(&got, "1 DMA", "1 DMA free 2");
        assert_int_equal(got.errors, 2);
        assert_refused(run_zoneinfo, "Node 4294967296, zone DMA\n");
        assert_refused(run_zoneinfo, "Node 0, zone\n");
        assert_refused(run_zoneinfo, "Node 0, zone DMA 32\n");
}

static void buddyinfo_gives_each_order(void **state)
{
        (void)state;
        struct results got = run(run_buddyinfo, buddyinfo_text);

        assert_int_equal(got.n, 22);
        assert_string_equal(got.lines[0], "0 DMA 0 0");
        assert_string_equal(got.lines[10], "0 DMA 10 3");
        assert_string_equal(got.lines[11], "11 Normal 0 10367");
        assert_string_equal(got.lines[21], "11 Normal 10 125");
}

static void buddyinfo_holds_as_many_orders_as_any_kernel(void **state)
{
        (void)state;
        char text[256] = "Node 0, zone DMA";

        for (unsigned i = 0; i < BUDDY_ORDERS_MAX; i++)
                strcat(text, " 1");
        strcat(text, " \n");
        assert_int_equal(run(run_buddyinfo, text).n, BUDDY_ORDERS_MAX);
        strcpy(strchr(text, '\n'), "1 \n");
        assert_refused(run_buddyinfo, text);
        assert_refused(run_buddyinfo, "Node 0, zone DMA\n");
        assert_refused(run_buddyinfo, "Node 0, zone DMA \n");
        assert_refused(run_buddyinfo, "Node 0, zone DMA 1,2 \n");
}

static void iomem_gives_ranges_with_their_depth(void **state)
{
        (void)state;
        struct results got = run(run_iomem, iomem_text);

        ASSERT_RESULTS(&got, "0 1000 9fbff System RAM", "0 100000000 63fffffff System RAM",
                       "1 101000000 102002607 Kernel code");
        assert_refused(run_iomem, "2-1 : backwards\n");
        assert_refused(run_iomem, "0-1 System RAM\n");
        assert_refused(run_iomem, "0-1 : \n");
        assert_refused(run_iomem, "0- : name\n");
        assert_refused(run_iomem, "0-1ffffffffffffffff : too large\n");
}

static void proc_stat_gives_cpus_and_passes_over_the_rest(void **state)
{
        (void)state;
        struct results got = run(run_proc_stat, proc_stat_text);

        assert_int_equal(got.n, 20);
        assert_int_equal(got.errors, 0);
        assert_string_equal(got.lines[0], "cpu0 0 19932");
        assert_string_equal(got.lines[9], "cpu0 9 5");
        assert_string_equal(got.lines[10], "cpu17 0 22556");
        got = run(run_proc_stat, "cpu0 1 2 3 4\n");
        assert_int_equal(got.n, 4);
        got = run(run_proc_stat, "cpu4294967295 1\n");
        ASSERT_RESULTS(&got, "cpu4294967295 0 1");
        assert_refused(run_proc_stat, "cpu4294967296 1\n");
        assert_refused(run_proc_stat, "cpu0\n");
        assert_refused(run_proc_stat, "cpu0 \n");
        assert_refused(run_proc_stat, "cpu0  1\n");
}

static void proc_stat_with_more_modes_than_known_keeps_the_known_ones(void **state)
{
        (void)state;
        struct results got = run(run_proc_stat, "cpu0 1 2 3 4 5 6 7 8 9 10 11 12\n");

        assert_int_equal(got.n, NR_CPU_MODES);
        assert_string_equal(got.lines[9], "cpu0 9 10");
        assert_refused(run_proc_stat, "cpu0 1 2 3 4 5 6 7 8 9 10x\n");
}

static void numbers_in_names_are_taken_in_the_kernels_form_alone(void **state)
{
        (void)state;
        static const char *const wrong[] = { "node",
                                             "node01",
                                             "node00",
                                             "node+1",
                                             "node-1",
                                             "node 1",
                                             "node1 ",
                                             "node1x",
                                             "nod1",
                                             "1",
                                             "node1kB",
                                             "node11",
                                             "node18446744073709551617" };
        uint64_t number = 7;

        assert_true(parse_numbered_name("node0", "node", "", 10, &number));
        assert_int_equal(number, 0);
        assert_true(parse_numbered_name("node10", "node", "", 10, &number));
        assert_int_equal(number, 10);
        assert_true(parse_numbered_name("hugepages-2048kB", "hugepages-", "kB", 4096, &number));
        assert_int_equal(number, 2048);
        assert_false(parse_numbered_name("hugepages-2048KB", "hugepages-", "kB", 4096, &number));
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
                assert_false(parse_numbered_name(wrong[i], "node", "", 10, &number));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_cut_after_any_byte_gives_no_value_that_the_whole_lacks),
                cmocka_unit_test(trailing_nul_bytes_are_no_part_of_the_text),
                cmocka_unit_test(text_with_any_byte_turned_into_nul_or_0xff_does_no_harm),
                cmocka_unit_test(carriage_returns_are_errors_not_parts_of_values),
                cmocka_unit_test(empty_text_has_no_results),
                cmocka_unit_test(meminfo_gives_bytes_for_kb_and_counts_otherwise),
                cmocka_unit_test(bad_line_does_not_cost_its_neighbours),
                cmocka_unit_test(meminfo_multiplication_by_1024_does_not_wrap),
                cmocka_unit_test(numbers_beyond_64_bits_are_errors),
                cmocka_unit_test(negative_numbers_are_errors),
                cmocka_unit_test(meminfo_refuses_what_the_kernel_does_not_print),
                cmocka_unit_test(names_are_printable_ascii_without_blanks),
                cmocka_unit_test(field_tells_its_node_or_that_it_has_none),
                cmocka_unit_test(what_is_wrong_is_told_once),
                cmocka_unit_test(meminfo_may_begin_with_an_empty_line),
                cmocka_unit_test(counter_gives_every_name),
                cmocka_unit_test(scalar_stands_alone),
                cmocka_unit_test(list_gives_ranges_and_single_ids),
                cmocka_unit_test(list_that_is_no_list_is_an_error),
                cmocka_unit_test(cpumap_ranges_ascend_and_join_across_words),
                cmocka_unit_test(cpumap_of_8192_cpus_is_read_to_its_first_word),
                cmocka_unit_test(cpumap_that_is_no_map_is_an_error),
                cmocka_unit_test(distance_row_ends_at_its_newline),
                cmocka_unit_test(distance_row_that_is_none_is_an_error),
                cmocka_unit_test(zoneinfo_takes_the_zones_own_figures),
                cmocka_unit_test(zoneinfo_of_an_old_kernel_lacks_managed),
                cmocka_unit_test(zoneinfo_figure_that_is_no_number_is_unknown_and_an_error),
                cmocka_unit_test(zoneinfo_skips_lines_before_a_head),
                cmocka_unit_test(buddyinfo_gives_each_order),
                cmocka_unit_test(buddyinfo_holds_as_many_orders_as_any_kernel),
                cmocka_unit_test(iomem_gives_ranges_with_their_depth),
                cmocka_unit_test(proc_stat_gives_cpus_and_passes_over_the_rest),
                cmocka_unit_test(proc_stat_with_more_modes_than_known_keeps_the_known_ones),
                cmocka_unit_test(numbers_in_names_are_taken_in_the_kernels_form_alone),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
