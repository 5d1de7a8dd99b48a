/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <stdlib.h>
#include <string.h>

#define SRAT_FIXED 48 /* the header, and twelve reserved bytes */

uint8_t input_byte(struct input *in)
{
        if (in->left == 0)
                return 0;
        in->left--;
        return *in->bytes++;
}

unsigned input_below(struct input *in, unsigned n)
{
        return input_byte(in) % n;
}

size_t input_bytes(struct input *in, void *out, size_t size)
{
        if (size > in->left)
                size = in->left;
        if (size == 0)
                return 0;
        memcpy(out, in->bytes, size);
        in->bytes += size;
        in->left -= size;
        return size;
}

char *input_string(struct input *in)
{
        char *text = calloc(in->left + 1, 1);

        if (text)
                input_bytes(in, text, in->left);
        return text;
}

static void put32(uint8_t *p, uint64_t value)
{
        for (size_t i = 0; i < 4; i++)
                p[i] = (uint8_t)(value >> (8 * i));
}

static void put64(uint8_t *p, uint64_t value)
{
        put32(p, value);
        put32(p + 4, value >> 32);
}

static size_t put_memory(struct input *in, uint8_t *p)
{
        uint64_t start = (uint64_t)input_byte(in) << 26, size = (uint64_t)input_byte(in) << 25;
        uint8_t flags = input_byte(in);

        /* A wild one now and then. */
        if (flags >> 4 == 15)
                start = (uint64_t)input_byte(in) << 56 | (start << 20);
        p[0] = 1;
        p[1] = 40;
        put32(p + 2, flags >> 3 & 1 ? 0 : input_below(in, 6));
        put64(p + 8, start);
        put64(p + 16, size);
        put32(p + 28, (flags & 7) ^ 1);
        return 40;
}

static size_t put_processor(struct input *in, uint8_t *p)
{
        p[0] = 2;
        p[1] = 24;
        put32(p + 4, input_below(in, 6));
        put32(p + 8, input_byte(in));
        put32(p + 12, (input_byte(in) & 1) ^ 1);
        return 24;
}

size_t input_srat(struct input *in, uint8_t *out, size_t size)
{
        unsigned structures = input_below(in, 16);
        size_t len = SRAT_FIXED;
        uint8_t sum = 0;

        memset(out, 0, size);
        while (structures-- > 0 && len + 40 <= size)
                len += input_below(in, 3) ? put_memory(in, out + len)
                                          : put_processor(in, out + len);
        memcpy(out, "SRAT", 4);
        put32(out + 4, len);
        out[8] = 3;
        put32(out + 36, 1);
        for (size_t i = 0; i < len; i++)
                sum = (uint8_t)(sum + out[i]);
        out[9] = (uint8_t)-sum;
        return len;
}
