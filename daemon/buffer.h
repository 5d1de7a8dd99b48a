/* SPDX-License-Identifier: MIT */
/*
 * A byte buffer that grows, into which every body is rendered.
 *
 * Appending never fails in the caller's face: when memory runs out the buffer remembers it, ignores
 * what follows, and buffer_failed() says so once at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
        char *data;
        size_t len;
        size_t cap;
        bool failed;
};

#define BUFFER_INIT          \
        {                    \
                .data = NULL \
        }

void buffer_release(struct buffer *b);
bool buffer_failed(const struct buffer *b);

void buffer_add(struct buffer *b, const char *data, size_t len);
void buffer_add_str(struct buffer *b, const char *s);
void buffer_add_char(struct buffer *b, char c);
void buffer_add_u64(struct buffer *b, uint64_t value);
void buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* value / scale as a decimal fraction without trailing zeros; scale is a power of ten. */
void buffer_add_scaled(struct buffer *b, uint64_t value, uint64_t scale);
/* Gives back the room that was grown in advance, if it can. */
void buffer_shrink(struct buffer *b);
/* The digits of value in base ten without a terminator; returns their number. */
size_t u64_print(uint64_t value, char out[static 20]);
/* Room for another n bytes, so that a reader can write there directly; false when there is none. */
bool buffer_reserve(struct buffer *b, size_t n);
