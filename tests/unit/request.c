/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
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
        assert_null(reason);
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

static void a_path_may_hold_any_character_but_controls(void **state)
{
        (void)state;
        assert_taken("/a%20b", "/a b", NULL);
        assert_taken("/%7e%3f%23", "/~?#", NULL);
        assert_taken("/%c3%Bc", "/\xc3\xbc", NULL);
        assert_taken("/..a/a../.a/a./...", "/..a/a../.a/a./...", NULL);
        assert_taken("/a.b/.a", "/a.b/.a", NULL);
        assert_refused("/%1f", "a control character");
        assert_refused("/%01", "a control character");
        assert_refused("/%7F", "a control character");
}

static void assert_authority(const char *text, const char *authority)
{
        struct request_target target;
        const char *reason;

        assert_int_equal(request_target_parse(&target, text, &reason), 0);
        if (authority)
                assert_string_equal(target.authority, authority);
        else
                assert_null(target.authority);
        request_target_release(&target);
        assert_null(target.path);
        assert_null(target.query);
        assert_null(target.authority);
        assert_null(target.memory);
}

static void absolute_form_gives_path_and_authority(void **state)
{
        (void)state;
        assert_taken("http://host:6862/metrics?a", "/metrics", "a");
        assert_taken("HTTP://host", "/", NULL);
        assert_taken("https://host?a", "/", "a");
        assert_taken("httpS://host/v1/nodes/", "/v1/nodes/", NULL);
        assert_taken("http://host/?a=/b", "/", "a=/b");
        assert_authority("http://host:6862/metrics?a", "host:6862");
        assert_authority("HTTPS://[::1]:1", "[::1]:1");
        assert_authority("https://host?a=http://other/", "host");
        assert_authority("/metrics?http://host/", NULL);
        assert_refused("http:/metrics", "no leading slash");
        assert_refused("https:/metrics", "no leading slash");
        assert_refused("ftp://host/metrics", "no leading slash");
        assert_refused("http://host/%2f", "an encoded slash in its path");
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
        assert_refused("/..", "a '.' or '..' path segment");
        assert_refused("/a/./b", "a '.' or '..' path segment");
        assert_refused("/a/b/.", "a '.' or '..' path segment");
        assert_refused("/a/b//", "an empty path segment");
        assert_refused("/a/%2e%2E", "a '.' or '..' path segment");
        assert_refused("/a#b", "a fragment");
        assert_refused("http://host#b", "a fragment");
        assert_refused("http://", "an empty host");
        assert_refused("https:///metrics", "an empty host");
        assert_refused("http://?a", "an empty host");
        assert_refused("http://:6862/", "an empty host");
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

static void parameter_ends_at_ampersand_and_its_key_at_the_first_equals_sign(void **state)
{
        (void)state;
        char query[] = "a=b=c&&=v&x%3D%2F=%2F+%2b&";
        struct request_parameter p;
        const char *reason = "none yet";
        char *pos = query;

        assert_int_equal(request_next_parameter(&pos, &p, &reason), 1);
        assert_null(reason);
        assert_string_equal(p.key, "a");
        assert_string_equal(p.value, "b=c");
        assert_int_equal(request_next_parameter(&pos, &p, &reason), 1);
        assert_string_equal(p.key, "");
        assert_string_equal(p.value, "v");
        assert_int_equal(request_next_parameter(&pos, &p, &reason), 1);
        assert_string_equal(p.key, "x=/");
        assert_string_equal(p.value, "/ +");
        for (int i = 0; i < 2; i++)
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
                "application/openmetrics-text, /plain",
                "application/openmetrics-text, text=plain",
                "application/openmetrics-text; =1",
                "application/openmetrics-text;version=",
                "application/openmetrics-text;a=\"b\\",
                "application/openmetrics-text;a=\"b\\\"",
                "application/openmetrics-text;a=b c",
                "application/openmetrics-text;q",
                "application/openmetrics-text;q=2.0",
                "application/openmetrics-text;q=1.001",
                "application/openmetrics-text;q=1.1",
                "application/openmetrics-text;q=1;a=",
                "application/openmetrics-text;q=00.5",
                "application/openmetrics-text;q=0,5",
                "application/openmetrics-text;q=1x5",
                "application/openmetrics-text;q=1x",
                "application/openmetrics-text, image/png;q=2",
                "application/openmetrics-text;q=0.1/",
                "application/openmetrics-text;q=0.a",
                "application/openmetrics-text;q=.5",
                "application/openmetrics-text;q=-1",
                "application/openmetrics-text;q=0.5555",
                "application/openmetrics-text\t,\t;",
                "application/openmetrics-text, text/plain;q=0x5",
                "application/openmetrics-text, text/plain;q=0.5x",
                "application/openmetrics-text, text/plain;q=1.001",
                "application/openmetrics-text, text/plain;=b;q=0.5",
                "application/openmetrics-text, text/plain;a=\"\\",
        };

        for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
                assert_int_equal(choose(headers[i]), TEXT);
}

/* RFC 9110, 5.6.2: tchar. A type that is no token makes the header malformed. */
static void tokens_hold_the_characters_of_the_rfc_and_no_others(void **state)
{
        (void)state;
        static const char marks[] = "!#$%&'*+-.^_`|~";

        for (int c = 1; c < 256; c++) {
                char header[] = "image/a?b";
                bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                bool token = letter || (c >= '0' && c <= '9') || strchr(marks, c);

                header[7] = (char)c;
                assert_int_equal(choose(header), token ? -1 : TEXT);
        }
}

static void assert_weighs_more(const char *more, const char *less)
{
        char header[200];

        snprintf(header, sizeof(header), "text/plain;q=%s, application/openmetrics-text;q=%s", less,
                 more);
        assert_int_equal(choose(header), OPENMETRICS);
        snprintf(header, sizeof(header), "application/openmetrics-text;q=%s, text/plain;q=%s", less,
                 more);
        assert_int_equal(choose(header), TEXT);
}

static void weights_have_up_to_three_decimals(void **state)
{
        (void)state;
        static const char *const falling[] = { "1.000", "0.999", "0.99", "0.91", "0.909", "0.9",
                                               "0.1",   "0.099", "0.09", "0.01", "0.009", "0.001" };

        for (size_t i = 1; i < sizeof(falling) / sizeof(falling[0]); i++)
                assert_weighs_more(falling[i - 1], falling[i]);
        assert_weighs_more("1", "0.999");
        assert_weighs_more("1.", "0.999");
        assert_weighs_more("0.001", "0");
        assert_int_equal(choose("text/plain;q=0.000, application/*;q=0."), -1);
        assert_int_equal(choose("text/plain;q=0.500, application/openmetrics-text;q=0.5"), TEXT);
        assert_int_equal(choose("text/plain;q=1.0, application/openmetrics-text"), TEXT);
        assert_int_equal(choose("text/plain, application/openmetrics-text;q=1.0"), TEXT);
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
        assert_int_equal(choose("text/*;q=0.1, */*"), OPENMETRICS);
        assert_int_equal(choose("*/*, text/*;q=0.1"), OPENMETRICS);
        assert_int_equal(choose("text/plain;q=0.1, text/*"), TEXT);
        assert_int_equal(choose("text/plain;q=0.1, application/*;q=0.2, text/*"), OPENMETRICS);
        /* Of two that describe it equally closely, the heavier. */
        assert_int_equal(choose("text/plain;q=0.5, */*;q=0.1, */*;q=0.9, */*;q=0.2"), OPENMETRICS);
        assert_int_equal(choose("text/plain;q=0.1, text/plain;q=0.9, text/plain;q=0.2, "
                                "application/*;q=0.5"),
                         TEXT);
}

static void parameters_of_a_range_must_be_those_of_the_offer(void **state)
{
        (void)state;
        assert_int_equal(choose("text/plain; version=0.0.4"), TEXT);
        assert_int_equal(choose("text/plain;VERSION=0.0.4;Charset=UTF-8"), TEXT);
        assert_int_equal(choose("text/plain\t;;version=\"0.0.4\" ; "), TEXT);
        assert_int_equal(choose("text/plain;version=0.0.4;escaping=values"), TEXT);
        assert_int_equal(choose("application/openmetrics-text;;version=1.0.0;"), OPENMETRICS);
        assert_int_equal(choose("application/openmetrics-text;,"), OPENMETRICS);
        assert_int_equal(choose("text/plain;versio=0.0.4"), -1);
        assert_int_equal(choose("text/plain;version=0.0"), -1);
        assert_int_equal(choose("text/plain;version=0.0.4;a=b"), -1);
        assert_int_equal(choose("text/plain;;version=1.0.0"), -1);
        assert_int_equal(choose("text/plain;a=\"\""), -1);
        assert_int_equal(choose("text/plain;a=\"b\\\";,c\""), -1);
        assert_int_equal(choose("text/plain;charset=utf-8;version=0.0.5"), -1);
        assert_int_equal(choose("*/*;version=1.0.0"), OPENMETRICS);
        assert_int_equal(choose("application/*;version=0.0.4"), -1);
        /* The more of the offer's parameters a range names, the closer it is. */
        assert_int_equal(choose("application/openmetrics-text;version=1.0.0;q=0.1, "
                                "application/openmetrics-text, text/plain;q=0.5"),
                         TEXT);
        assert_int_equal(choose("application/openmetrics-text, text/plain;q=0.5, "
                                "application/openmetrics-text;version=1.0.0;q=0.1"),
                         TEXT);
}

static void what_follows_the_weight_does_not_describe_the_type(void **state)
{
        (void)state;
        assert_int_equal(choose("text/plain;q=0.5;version=9"), TEXT);
        assert_int_equal(choose("application/openmetrics-text;q=0.5;ext"), OPENMETRICS);
        assert_int_equal(choose("application/openmetrics-text;ext;q=0.5"), TEXT);
        assert_int_equal(choose("application/openmetrics-text;q=0.5;q=0.1, text/plain;q=0.3"),
                         OPENMETRICS);
        assert_int_equal(choose("application/openmetrics-text;q=0.5;q=x"), OPENMETRICS);
        assert_int_equal(choose("application/openmetrics-text;q=0.5;;a=b ; c=\"d\" \t"),
                         OPENMETRICS);
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
        assert_int_equal(choose(",image/png, ,\tapplication/plain"), -1);
        assert_int_equal(choose("text/html, tex/plain, text/plai, texts/*"), -1);
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
        assert_true(accept_gzip("gzip;q=0.001"));
        assert_true(accept_gzip("gzip;q=0.1, identity;q=0, *;q=0"));
        assert_true(accept_gzip("gzip;q=0, x-gzip, identity;q=0.5"));
        assert_true(accept_gzip("x-gzip, gzip;q=0, identity;q=0.5"));
        assert_true(accept_gzip("*;q=0.5, identity;q=0.5"));
        assert_true(accept_gzip(",\tgzip ,"));
        assert_false(accept_gzip("*;q=0"));
        assert_false(accept_gzip("*;q=0.4, identity;q=0.5"));
        assert_false(accept_gzip("gzip;q=0.499, identity;q=0.5"));
        assert_false(accept_gzip("gzip;q=0.5, identity;q=0.6, *"));
        assert_false(accept_gzip("identity;q=0"));
        assert_false(accept_gzip("zip, gzi, gzipp"));
        assert_false(accept_gzip("gzip, @"));
        assert_false(accept_gzip("gzip, br;q=2"));
        assert_false(accept_gzip("gzip/x"));
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
        assert_true(etag_list_matches(" \t\"a\"", "\"a\""));
        assert_true(etag_list_matches(",\t,W/\"x\",W/\"a\"", "W/\"a\""));
        assert_true(etag_list_matches("\"\"", "\"\""));
        assert_true(etag_list_matches("*\t", "\"a\""));
        assert_false(etag_list_matches("\"\"", "\"a\""));
        assert_false(etag_list_matches("\"ab\"", "\"a\""));
        assert_false(etag_list_matches("\"b\", \"c\"", "\"a\""));
        assert_false(etag_list_matches("\"a", "\"a"));
        assert_false(etag_list_matches("*", "a"));
        assert_false(etag_list_matches("W\"a\"", "\"a\""));
        assert_false(etag_list_matches("w/\"a\"", "\"a\""));
        assert_false(etag_list_matches("V/\"a\"", "\"a\""));
        assert_false(etag_list_matches("W-\"a\"", "\"a\""));
        assert_false(etag_list_matches("x, \"a\"", "\"a\""));
}

static void event_numbers_are_decimal_digits_of_64_bits(void **state)
{
        (void)state;
        static const char *const wrong[] = { "",
                                             "-1",
                                             "+1",
                                             " 1",
                                             "1 ",
                                             "1a",
                                             "/",
                                             ":",
                                             "0x1",
                                             "1.0",
                                             "18446744073709551616",
                                             "18446744073709551620",
                                             "100000000000000000000" };
        uint64_t seq = 5;

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                assert_false(parse_seq(wrong[i], &seq));
                assert_int_equal(seq, 5);
        }
        assert_true(parse_seq("0", &seq));
        assert_int_equal(seq, 0);
        assert_true(parse_seq("00912", &seq));
        assert_int_equal(seq, 912);
        assert_true(parse_seq("18446744073709551615", &seq));
        assert_int_equal(seq, UINT64_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(path_is_decoded_and_query_kept_as_sent),
                cmocka_unit_test(a_path_may_hold_any_character_but_controls),
                cmocka_unit_test(absolute_form_gives_path_and_authority),
                cmocka_unit_test(targets_that_no_honest_client_sends_are_refused_with_the_reason),
                cmocka_unit_test(parameters_come_decoded_in_order),
                cmocka_unit_test(parameter_ends_at_ampersand_and_its_key_at_the_first_equals_sign),
                cmocka_unit_test(malformed_parameter_is_an_error_with_its_reason),
                cmocka_unit_test(absent_empty_and_malformed_accept_take_the_first_offer),
                cmocka_unit_test(tokens_hold_the_characters_of_the_rfc_and_no_others),
                cmocka_unit_test(weights_have_up_to_three_decimals),
                cmocka_unit_test(highest_weight_wins_and_the_first_offer_among_equals),
                cmocka_unit_test(most_specific_range_decides_about_an_offer),
                cmocka_unit_test(parameters_of_a_range_must_be_those_of_the_offer),
                cmocka_unit_test(what_follows_the_weight_does_not_describe_the_type),
                cmocka_unit_test(nothing_acceptable_is_minus_one),
                cmocka_unit_test(what_prometheus_sends_chooses_openmetrics),
                cmocka_unit_test(gzip_is_used_only_if_it_is_liked_no_less_than_plain),
                cmocka_unit_test(etag_lists_match_weakly),
                cmocka_unit_test(event_numbers_are_decimal_digits_of_64_bits),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
