/* SPDX-License-Identifier: MIT */
/* The fuzzer's bytes as choices: once they are used up, every choice is the first one. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct input {
        const uint8_t *bytes;
        size_t left;
};

uint8_t input_byte(struct input *in);
/* 0 … n - 1 */
unsigned input_below(struct input *in, unsigned n);
/* Up to size bytes, as many as there are; returns how many. */
size_t input_bytes(struct input *in, void *out, size_t size);
/* What is left, as a string that the caller frees; a NUL in it ends it. NULL without memory. */
char *input_string(struct input *in);
/*
 * An SRAT with a right checksum, of a few processor and memory affinities, most of which make
 * sense. Returns its length.
 */
size_t input_srat(struct input *in, uint8_t *out, size_t size);
