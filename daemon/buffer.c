/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_release(struct buffer *b)
{
        free(b->data);
        *b = (struct buffer)BUFFER_INIT;
}

bool buffer_failed(const struct buffer *b)
{
        return b->failed;
}

bool buffer_reserve(struct buffer *b, size_t n)
{
        size_t cap = b->cap ? b->cap : 512;
        char *data;

        if (b->failed)
                return false;
        if (b->cap - b->len >= n)
                return true;
        /* No object is larger; the growth below must not wrap around. */
        if (n > PTRDIFF_MAX - b->len) {
                b->failed = true;
                return false;
        }
        while (cap - b->len < n)
                cap += cap / 2;
        data = realloc(b->data, cap);
        if (!data) {
                b->failed = true;
                return false;
        }
        b->data = data;
        b->cap = cap;
        return true;
}

void buffer_shrink(struct buffer *b)
{
        size_t cap = b->len ? b->len : 1;
        char *data = realloc(b->data, cap);

        if (!data)
                return;
        b->data = data;
        b->cap = cap;
}

void buffer_add(struct buffer *b, const char *data, size_t len)
{
        if (len == 0 || !buffer_reserve(b, len))
                return;
        memcpy(b->data + b->len, data, len);
        b->len += len;
}

void buffer_add_str(struct buffer *b, const char *s)
{
        buffer_add(b, s, strlen(s));
}

void buffer_add_char(struct buffer *b, char c)
{
        buffer_add(b, &c, 1);
}

size_t u64_print(uint64_t value, char out[static 20])
{
        static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                    "25262728293031323334353637383940414243444546474849"
                                    "50515253545556575859606162636465666768697071727374"
                                    "75767778798081828384858687888990919293949596979899";
        char digits[20];
        char *p = digits + sizeof(digits);

        for (; value >= 100; value /= 100) {
                p -= 2;
                memcpy(p, pairs + value % 100 * 2, 2);
        }
        if (value >= 10) {
                p -= 2;
                memcpy(p, pairs + value * 2, 2);
        } else {
                *--p = (char)('0' + value);
        }
        size_t len = (size_t)(digits + sizeof(digits) - p);
        memcpy(out, p, len);
        return len;
}

void buffer_add_u64(struct buffer *b, uint64_t value)
{
        if (buffer_reserve(b, 20))
                b->len += u64_print(value, b->data + b->len);
}

void buffer_add_scaled(struct buffer *b, uint64_t value, uint64_t scale)
{
        uint64_t rest = value % scale;

        buffer_add_u64(b, value / scale);
        if (rest == 0)
                return;
        buffer_add_char(b, '.');
        while (rest > 0) {
                scale /= 10;
                /* cppcheck-suppress zerodivcond ; at scale 1 nothing is left */
                buffer_add_char(b, (char)('0' + rest / scale));
                rest %= scale;
        }
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
        va_list args, again;
        int n;

        va_start(args, format);
        va_copy(again, args);
        n = vsnprintf(NULL, 0, format, args);
        if (n < 0)
                b->failed = true;
        else if (buffer_reserve(b, (size_t)n + 1)) {
                vsnprintf(b->data + b->len, (size_t)n + 1, format, again);
                b->len += (size_t)n;
        }
        va_end(again);
        va_end(args);
}
