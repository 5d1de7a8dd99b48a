/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void assert_refused(const char *text, const char *expected)
{
        struct request_target target;
        const char *reason;

        assert_int_equal(request_target_parse(&target, text, &reason), -EINVAL);
        assert_string_equal(reason, expected);
        assert_null(target.memory);
}

static void assert_taken(const char *text, const char *path, const char *query)
{
        struct request_target target;
        const char *reason;

        assert_int_equal(request_target_parse(&target, text, &reason), 0);
        assert_string_equal(target.path, path);
        if (query)
                assert_string_equal(target.query, query);
        else
                assert_null(target.query);
        request_target_release(&target);
}

static void path_is_decoded_and_query_kept_as_sent(void **state)
{
        (void)state;
        assert_taken("/", "/", NULL);
        assert_taken("/v1/nodes/", "/v1/nodes/", NULL);
        assert_taken("/v1/%6eodes/1+2?pretty=%31", "/v1/nodes/1+2", "pretty=%31");
        assert_taken("/metrics?", "/metrics", "");
        assert_taken("/a?b?c", "/a", "b?c");
        assert_taken("/a...b/.c", "/a...b/.c", NULL);
}

static void absolute_form_loses_its_authority(void **state)
{
        (void)state;
        assert_taken("http://host:6862/metrics?a", "/metrics", "a");
        assert_taken("HTTP://host", "/", NULL);
        assert_taken("https://host?a", "/", "a");
}

static void targets_that_no_honest_client_sends_are_refused_with_the_reason(void **state)
{
        (void)state;
        assert_refused("", "no leading slash");
        assert_refused("*", "no leading slash");
        assert_refused("metrics", "no leading slash");
        assert_refused("/%00", "an encoded NUL");
        assert_refused("/a%0ab", "a control character");
        assert_refused("/a\x7f", "a control character");
        assert_refused("/a%2Fb", "an encoded slash in its path");
        assert_refused("/%", "a '%' without two hexadecimal digits");
        assert_refused("/%4", "a '%' without two hexadecimal digits");
        assert_refused("/%g0", "a '%' without two hexadecimal digits");
        assert_refused("//", "an empty path segment");
        assert_refused("/a//b", "an empty path segment");
        assert_refused("/.", "a '.' or '..' path segment");
        assert_refused("/a/../b", "a '.' or '..' path segment");
        assert_refused("/a/%2e%2E", "a '.' or '..' path segment");
        assert_refused("/a#b", "a fragment");
        assert_refused("http://host#b", "a fragment");
}

static void parameters_come_decoded_in_order(void **state)
{
        (void)state;
        char query[] = "&collect[]=a%26b&&collect%5B%5D=c+d&pretty&x=";
        const char *expected[][2] = {
                { "collect[]", "a&b" }, { "collect[]", "c d" }, { "pretty", NULL }, { "x", "" }
        };
        struct request_parameter p;
        const char *reason;
        char *pos = query;

        for (size_t i = 0; i < 4; i++) {
                assert_int_equal(request_next_parameter(&pos, &p, &reason), 1);
                assert_string_equal(p.key, expected[i][0]);
                if (expected[i][1])
                        assert_string_equal(p.value, expected[i][1]);
                else
                        assert_null(p.value);
        }
        assert_int_equal(request_next_parameter(&pos, &p, &reason), 0);
        pos = NULL;
        assert_int_equal(request_next_parameter(&pos, &p, &reason), 0);
}

static void malformed_parameter_is_an_error_with_its_reason(void **state)
{
        (void)state;
        char key[] = "a%00=1", value[] = "a=%zz";
        struct request_parameter p;
        const char *reason;
        char *pos = key;

        assert_int_equal(request_next_parameter(&pos, &p, &reason), -EINVAL);
        assert_string_equal(reason, "an encoded NUL");
        pos = value;
        assert_int_equal(request_next_parameter(&pos, &p, &reason), -EINVAL);
        assert_string_equal(reason, "a '%' without two hexadecimal digits");
}

enum { TEXT, OPENMETRICS };

static int choose(const char *header)
{
        static const char *const offered[] = {
                "text/plain; version=0.0.4; charset=utf-8",
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
        };

        return accept_choose(header, offered, 2);
}

static void absent_empty_and_malformed_accept_take_the_first_offer(void **state)
{
        (void)state;
        const char *const headers[] = {
                NULL,
                "",
                " , ",
                "text",
                "text/",
                "*/plain",
                "text/plain;q=2",
                "text/plain;q=0.1234",
                "text/plain;q=",
                "text/html;version",
                "text/html;a=\"b",
                "text/html image/png",
                "application/openmetrics-text, @",
                "application/openmetrics-text, text/plain;q=0x5",
                "application/openmetrics-text, text/plain;q=0.5x",
                "application/openmetrics-text, text/plain;q=1.001",
                "application/openmetrics-text, text/plain;=b;q=0.5",
                "application/openmetrics-text, text/plain;a=\"\\",
        };

        for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
                assert_int_equal(choose(headers[i]), TEXT);
}

static void highest_weight_wins_and_the_first_offer_among_equals(void **state)
{
        (void)state;
        assert_int_equal(choose("text/plain;q=0.5, application/openmetrics-text"), OPENMETRICS);
        assert_int_equal(choose("application/openmetrics-text, text/plain"), TEXT);
        assert_int_equal(choose("application/*;q=0.3, */*;q=0.2"), OPENMETRICS);
        assert_int_equal(choose("text/html, application/xml;q=0.9, */*;q=0.8"), TEXT);
        assert_int_equal(choose("TEXT/Plain;Q=0.001"), TEXT);
        assert_int_equal(choose("text/plain;;q=0.5, application/openmetrics-text;q=0.6;"),
                         OPENMETRICS);
        assert_int_equal(choose("text/plain;q=0.1, text/plain;q=0.9, text/plain;q=0.2, "
                                "application/openmetrics-text;q=0.5"),
                         TEXT);
}

static void most_specific_range_decides_about_an_offer(void **state)
{
        (void)state;
        assert_int_equal(choose("text/plain;q=0.1, text/*;q=1, application/*;q=0.5"), OPENMETRICS);
        assert_int_equal(choose("*/*, text/plain;version=0.0.4;q=0"), OPENMETRICS);
        assert_int_equal(choose("text/plain;q=0.2, text/plain;version=\"0.0.4\";q=0.9, "
                                "application/openmetrics-text;q=0.5"),
                         TEXT);
        assert_int_equal(choose("text/plain, text/plain;;version=0.0.4;q=0.2, "
                                "application/openmetrics-text;q=0.5"),
                         OPENMETRICS);
        assert_int_equal(choose("text/plain;a=\"\\\"\", application/openmetrics-text;q=0.5"),
                         OPENMETRICS);
}

static void nothing_acceptable_is_minus_one(void **state)
{
        (void)state;
        assert_int_equal(choose("image/png"), -1);
        assert_int_equal(choose("*/*;q=0"), -1);
        assert_int_equal(choose("text/plain;version=2.0.0"), -1);
        assert_int_equal(choose("text/plain;charset=latin1"), -1);
}

static void what_prometheus_sends_chooses_openmetrics(void **state)
{
        (void)state;
        assert_int_equal(choose("application/openmetrics-text;version=1.0.0,"
                                "application/openmetrics-text;version=0.0.1;q=0.75,"
                                "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
                         OPENMETRICS);
        assert_int_equal(choose("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;"
                                "q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
                                "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                                "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"),
                         OPENMETRICS);
}

static void gzip_is_used_only_if_it_is_liked_no_less_than_plain(void **state)
{
        (void)state;
        assert_true(accept_gzip("gzip"));
        assert_true(accept_gzip("deflate, GZip;q=0.5, br"));
        assert_true(accept_gzip("x-gzip"));
        assert_true(accept_gzip("*"));
        assert_true(accept_gzip("gzip;q=0.5, identity;q=0.5"));
        assert_false(accept_gzip(NULL));
        assert_false(accept_gzip(""));
        assert_false(accept_gzip("br, deflate"));
        assert_false(accept_gzip("gzip;q=0"));
        assert_false(accept_gzip("gzip;q=0, *"));
        assert_false(accept_gzip("identity, gzip;q=0.5"));
        assert_false(accept_gzip("gzip;q=x"));
        assert_false(accept_gzip("gzip deflate"));
}

static void etag_lists_match_weakly(void **state)
{
        (void)state;
        assert_true(etag_list_matches("\"a\"", "\"a\""));
        assert_true(etag_list_matches("W/\"a\"", "\"a\""));
        assert_true(etag_list_matches("\"x,\\\", W/\"y\" ,\"a\"", "\"a\""));
        assert_true(etag_list_matches(" * ", "\"a\""));
        assert_false(etag_list_matches(NULL, "\"a\""));
        assert_false(etag_list_matches("", "\"a\""));
        assert_false(etag_list_matches("\"A\"", "\"a\""));
        assert_false(etag_list_matches("\"a-gzip\"", "\"a\""));
        assert_false(etag_list_matches("a", "\"a\""));
        assert_false(etag_list_matches("\"a", "\"a\""));
        assert_false(etag_list_matches("*x, \"a\"", "\"a\""));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(path_is_decoded_and_query_kept_as_sent),
                cmocka_unit_test(absolute_form_loses_its_authority),
                cmocka_unit_test(targets_that_no_honest_client_sends_are_refused_with_the_reason),
                cmocka_unit_test(parameters_come_decoded_in_order),
                cmocka_unit_test(malformed_parameter_is_an_error_with_its_reason),
                cmocka_unit_test(absent_empty_and_malformed_accept_take_the_first_offer),
                cmocka_unit_test(highest_weight_wins_and_the_first_offer_among_equals),
                cmocka_unit_test(most_specific_range_decides_about_an_offer),
                cmocka_unit_test(nothing_acceptable_is_minus_one),
                cmocka_unit_test(what_prometheus_sends_chooses_openmetrics),
                cmocka_unit_test(gzip_is_used_only_if_it_is_liked_no_less_than_plain),
                cmocka_unit_test(etag_lists_match_weakly),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
