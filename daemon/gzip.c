/* SPDX-License-Identifier: MIT */
#include "gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

/* zlib's way to ask for the largest window in gzip's wrapping. */
#define WINDOW_BITS  (15 + 16)
#define MEMORY_LEVEL 8

struct gzip {
        z_stream z;
};

struct gzip *gzip_new(void)
{
        struct gzip *gzip = calloc(1, sizeof(*gzip));

        if (gzip && deflateInit2(&gzip->z, GZIP_FAST, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
                                 Z_DEFAULT_STRATEGY) == Z_OK)
                return gzip;
        free(gzip);
        return NULL;
}

void gzip_free(struct gzip *gzip)
{
        if (!gzip)
                return;
        deflateEnd(&gzip->z);
        free(gzip);
}

void gzip_compress(struct gzip *gzip, const char *data, size_t len, int level, struct buffer *out)
{
        z_stream *z = &gzip->z;
        size_t cap;

        if (len > UINT32_MAX / 2 || deflateReset(z) != Z_OK ||
            deflateParams(z, level, Z_DEFAULT_STRATEGY) != Z_OK) {
                out->failed = true;
                return;
        }
        cap = deflateBound(z, len);
        if (!buffer_reserve(out, cap))
                return;
        z->next_in = (z_const Bytef *)(uintptr_t)data;
        z->avail_in = (uInt)len;
        z->next_out = (Bytef *)(out->data + out->len);
        z->avail_out = (uInt)cap;
        if (deflate(z, Z_FINISH) == Z_STREAM_END)
                out->len += z->total_out;
        else
                out->failed = true;
}
