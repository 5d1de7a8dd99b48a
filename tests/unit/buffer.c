/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void assert_text(struct buffer *b, const char *expected)
{
        assert_false(buffer_failed(b));
        assert_int_equal(b->len, strlen(expected));
        assert_memory_equal(b->data, expected, b->len);
        buffer_release(b);
}

static void numbers_are_printed_as_printf_prints_them(void **state)
{
        (void)state;
        static const uint64_t others[] = { 0, UINT32_MAX, UINT64_C(1) << 32, INT64_MAX,
                                           UINT64_MAX };

        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
                struct buffer b = BUFFER_INIT;
                char expected[32];

                snprintf(expected, sizeof(expected), "%" PRIu64, others[i]);
                buffer_add_u64(&b, others[i]);
                assert_text(&b, expected);
        }
        /* Both sides of each further digit. */
        for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10)
                for (uint64_t value = power * 10 - 1; value <= power * 10 + 1; value++) {
                        struct buffer b = BUFFER_INIT;
                        char expected[32], digits[20];

                        snprintf(expected, sizeof(expected), "%" PRIu64, value);
                        assert_int_equal(u64_print(value, digits), strlen(expected));
                        assert_memory_equal(digits, expected, strlen(expected));
                        buffer_add_u64(&b, value);
                        assert_text(&b, expected);
                }
        for (uint64_t value = 0; value < 1000; value++) {
                struct buffer b = BUFFER_INIT;
                char expected[32];

                snprintf(expected, sizeof(expected), "%" PRIu64, value);
                buffer_add_u64(&b, value);
                assert_text(&b, expected);
        }
}

static void scaled_numbers_have_no_trailing_zeros(void **state)
{
        (void)state;
        static const struct {
                uint64_t value, scale;
                const char *text;
        } cases[] = {
                { 0, 100, "0" },
                { 7, 1, "7" },
                { 100, 100, "1" },
                { 150, 100, "1.5" },
                { 101, 100, "1.01" },
                { 1, 100, "0.01" },
                { 99, 100, "0.99" },
                { 1, 1000000000, "0.000000001" },
                { 1700000000123456789, 1000000000, "1700000000.123456789" },
                { 1700000000100000000, 1000000000, "1700000000.1" },
                { UINT64_MAX, 1000000000, "18446744073.709551615" },
                { UINT64_MAX, UINT64_C(10000000000000000000), "1.8446744073709551615" },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct buffer b = BUFFER_INIT;

                buffer_add_scaled(&b, cases[i].value, cases[i].scale);
                assert_text(&b, cases[i].text);
        }
}

static void pieces_are_joined_in_order(void **state)
{
        (void)state;
        struct buffer b = BUFFER_INIT;

        buffer_add_str(&b, "node");
        buffer_add_char(&b, '=');
        buffer_add_u64(&b, 12);
        buffer_add(&b, "xyz", 2);
        buffer_add(&b, NULL, 0);
        buffer_printf(&b, "[%03d %s]", 5, "a");
        buffer_add_str(&b, "");
        assert_text(&b, "node=12xy[005 a]");
}

static void content_survives_growth(void **state)
{
        (void)state;
        struct buffer b = BUFFER_INIT;

        for (unsigned i = 0; i < 100000; i++)
                buffer_add_char(&b, (char)('a' + i % 26));
        assert_int_equal(b.len, 100000);
        assert_true(b.cap >= b.len);
        for (unsigned i = 0; i < 100000; i++)
                assert_int_equal(b.data[i], 'a' + i % 26);
        buffer_release(&b);
        assert_null(b.data);
        assert_int_equal(b.len, 0);
        assert_int_equal(b.cap, 0);
}

static void text_longer_than_the_growth_step_fits(void **state)
{
        (void)state;
        static char text[10001];
        struct buffer b = BUFFER_INIT;

        memset(text, 'x', 10000);
        buffer_printf(&b, "%s", text);
        buffer_add(&b, text, 10000);
        assert_int_equal(b.len, 20000);
        assert_int_equal(b.data[0], 'x');
        assert_int_equal(b.data[19999], 'x');
        buffer_release(&b);
}

static void reserved_room_can_be_written_directly(void **state)
{
        (void)state;
        struct buffer b = BUFFER_INIT;

        buffer_add_str(&b, "ab");
        assert_true(buffer_reserve(&b, 5000));
        assert_true(b.cap - b.len >= 5000);
        memset(b.data + b.len, 'c', 5000);
        b.len += 5000;
        assert_int_equal(b.data[1], 'b');
        assert_int_equal(b.data[5001], 'c');
        buffer_release(&b);
}

static void what_cannot_be_allocated_is_remembered_and_later_text_ignored(void **state)
{
        (void)state;
        static const size_t too_much[] = { SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 2 - 1 };

        for (size_t i = 0; i < sizeof(too_much) / sizeof(too_much[0]); i++) {
                struct buffer b = BUFFER_INIT;

                buffer_add_str(&b, "kept");
                assert_false(buffer_reserve(&b, too_much[i]));
                assert_true(buffer_failed(&b));
                buffer_add_str(&b, "lost");
                buffer_add_u64(&b, 1);
                buffer_printf(&b, "%d", 1);
                assert_int_equal(b.len, 4);
                assert_memory_equal(b.data, "kept", 4);
                buffer_release(&b);
                assert_false(buffer_failed(&b));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers_are_printed_as_printf_prints_them),
                cmocka_unit_test(scaled_numbers_have_no_trailing_zeros),
                cmocka_unit_test(pieces_are_joined_in_order),
                cmocka_unit_test(content_survives_growth),
                cmocka_unit_test(text_longer_than_the_growth_step_fits),
                cmocka_unit_test(reserved_room_can_be_written_directly),
                cmocka_unit_test(what_cannot_be_allocated_is_remembered_and_later_text_ignored),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
