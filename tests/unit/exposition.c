/* SPDX-License-Identifier: MIT */
/* What tests/fuzz/fuzz_tree relies on: that the reader of the exposition finds what is wrong. */
#include "exposition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "# HELP a A.\n# TYPE a gauge\n"

struct text {
        const char *text;
        const char *wrong; /* NULL: nothing is */
        size_t at;         /* where its line begins */
};

static void assert_judged(const struct text *texts, size_t n, bool openmetrics)
{
        for (size_t i = 0; i < n; i++) {
                const struct text *t = &texts[i];
                size_t at;
                const char *wrong = exposition_check(t->text, strlen(t->text), openmetrics, &at);

                if (t->wrong && !wrong)
                        fail_msg("nothing is found wrong: %s", t->text);
                if (t->wrong)
                        assert_string_equal(wrong, t->wrong);
                else if (wrong)
                        fail_msg("%s: %s", wrong, t->text);
                if (t->wrong)
                        assert_int_equal(at, t->at);
        }
}

#define assert_all_judged(texts, openmetrics) \
        assert_judged(texts, sizeof(texts) / sizeof((texts)[0]), openmetrics)

static void well_formed_text_passes(void **state)
{
        (void)state;
        static const struct text texts[] = {
                { .text = "" },
                { .text = HEAD },
                { .text = HEAD "a 1\n" },
                { .text = HEAD "a{b=\"\"} 1\na{b=\"x\",c=\"y\"} -1.5e+3\na{b=\"z\"} NaN\n" },
                { .text = "# HELP a Back\\\\slash, line\\n.\n# TYPE a counter\na 0\n" },
                { .text = HEAD "a{b=\"\\\\ \\n \\\" \xc3\xa9 } , =\"} +Inf\n" },
                { .text = HEAD "a 1\n# TYPE a:b untyped\na:b 2\n" },
        };

        assert_all_judged(texts, false);
}

static void families_are_each_in_one_piece(void **state)
{
        (void)state;
        static const struct text texts[] = {
                { "a 1\n", "a sample outside of its family", 0 },
                { "# HELP a A.\na 1\n", "a sample outside of its family", 12 },
                { HEAD "b 1\n", "a sample outside of its family", 27 },
                { HEAD "ab 1\n", "a sample outside of its family", 27 },
                { HEAD "a 1\n# HELP a A.\n", "a comment on a family among its samples", 31 },
                { HEAD "a 1\n# TYPE b gauge\n# HELP a A.\n", "a family for the second time", 46 },
                { HEAD "# TYPE a gauge\n", "TYPE for the second time", 27 },
                { "# TYPE a histogramm\n", "an unknown type", 0 },
                { "# TYPE a\n", "no name of a family", 0 },
                { "# TYPE  gauge\n", "no name of a family", 0 },
                { "# TYPE 1a gauge\n", "no name of a family", 0 },
                { "# a comment\n", "a comment that is neither HELP nor TYPE", 0 },
                { "# UNIT a bytes\n", "a comment that is neither HELP nor TYPE", 0 },
                { "# HELP a \\t\n", "a wrong escape in HELP", 0 },
                { "# HELP a \\\"\n", "a wrong escape in HELP", 0 },
                { "# HELP a \\\n", "a wrong escape in HELP", 0 },
        };

        assert_all_judged(texts, false);
}

static void series_come_once_and_have_a_number(void **state)
{
        (void)state;
        static const struct text texts[] = {
                { HEAD "a 1\na 2\n", "a series for the second time", 31 },
                { HEAD "a{b=\"x\"} 1\na{b=\"x\"} 1\n", "a series for the second time", 38 },
                { HEAD "a\n", "no value", 27 },
                { HEAD "a \n", "no value", 27 },
                { HEAD "a  1\n", "no value", 27 },
                { HEAD "a{b=\"x\"}1\n", "no value", 27 },
                { HEAD "a x\n", "a value that is no number", 27 },
                { HEAD "a 1 \n", "a value that is no number", 27 },
                { HEAD "a 1,5\n", "a value that is no number", 27 },
        };

        assert_all_judged(texts, false);
}

static void labels_are_escaped_and_named_once(void **state)
{
        (void)state;
        static const struct text texts[] = {
                { HEAD "a{b=\"x\",b=\"y\"} 1\n", "a label for the second time", 27 },
                { HEAD "a{b=x} 1\n", "no label=\"", 27 },
                { HEAD "a{=\"x\"} 1\n", "no label=\"", 27 },
                { HEAD "a{b:c=\"x\"} 1\n", "no label=\"", 27 },
                { HEAD "a{1=\"x\"} 1\n", "no label=\"", 27 },
                { HEAD "a{b=\"x\"", "a line without an end", 27 },
                { HEAD "a{b=\"x\"\n", "no end of the labels", 27 },
                { HEAD "a{b=\"x\",} 1\n", "no end of the labels", 27 },
                { HEAD "a{b=\"x\"c=\"y\"} 1\n", "no end of the labels", 27 },
                { HEAD "a{b=\"\\t\"} 1\n", "a wrong escape in a label", 27 },
                { HEAD "a{b=\"x} 1\n", "a wrong escape in a label", 27 },
                { HEAD "a{b=\"\\\n", "a wrong escape in a label", 27 },
        };

        assert_all_judged(texts, false);
}

static void lines_are_utf8_and_end(void **state)
{
        (void)state;
        static const char nul[] = HEAD "a 1\0\n";
        static const struct text texts[] = {
                { HEAD "a{b=\"\xff\"} 1\n", "a line that is not UTF-8, or has NUL", 27 },
                { "# HELP a \xc3\n", "a line that is not UTF-8, or has NUL", 0 },
                { HEAD "a 1", "a line without an end", 27 },
                { HEAD "\n", "a sample outside of its family", 27 },
        };
        size_t at;

        assert_all_judged(texts, false);
        assert_string_equal(exposition_check(nul, sizeof(nul) - 1, false, &at),
                            "a line that is not UTF-8, or has NUL");
}

static void openmetrics_ends_and_names_counters_and_information(void **state)
{
        (void)state;
        static const struct text texts[] = {
                { .text = "# EOF\n" },
                { .text = "# TYPE a counter\n# UNIT a bytes\n# HELP a \\\"\na_total 1\n# EOF\n" },
                { .text = "# TYPE a info\na_info{b=\"x\"} 1\n# EOF\n" },
                { .text = HEAD "a 1\n# EOF\n" },
                { HEAD "a 1\n", "no EOF", 31 },
                { "", "no EOF", 0 },
                { "# EOF\n# EOF\n", "a line behind EOF", 6 },
                { "# TYPE a counter\na 1\n# EOF\n", "a sample outside of its family", 17 },
                { "# TYPE a counter\na_totals 1\n# EOF\n", "a sample outside of its family", 17 },
                { "# TYPE a info\na 1\n# EOF\n", "a sample outside of its family", 14 },
                { HEAD "a_total 1\n# EOF\n", "a sample outside of its family", 27 },
        };
        static const struct text plain[] = {
                { "# EOF\n", "EOF outside of OpenMetrics", 0 },
                { "# TYPE a counter\na_total 1\n", "a sample outside of its family", 17 },
        };

        assert_all_judged(texts, true);
        assert_all_judged(plain, false);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(well_formed_text_passes),
                cmocka_unit_test(families_are_each_in_one_piece),
                cmocka_unit_test(series_come_once_and_have_a_number),
                cmocka_unit_test(labels_are_escaped_and_named_once),
                cmocka_unit_test(lines_are_utf8_and_end),
                cmocka_unit_test(openmetrics_ends_and_names_counters_and_information),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
