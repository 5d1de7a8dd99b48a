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

char *gzip_compress(struct gzip *gzip, const char *data, size_t len, int level, size_t *out_len)
{
        z_stream *z = &gzip->z;
        size_t cap;
        char *out, *smaller;

        if (len > UINT32_MAX / 2 || deflateReset(z) != Z_OK ||
            deflateParams(z, level, Z_DEFAULT_STRATEGY) != Z_OK)
                return NULL;
        cap = deflateBound(z, len);
        out = malloc(cap);
        if (!out)
                return NULL;
        z->next_in = (z_const Bytef *)(uintptr_t)data;
        z->avail_in = (uInt)len;
        z->next_out = (Bytef *)out;
        z->avail_out = (uInt)cap;
        if (deflate(z, Z_FINISH) != Z_STREAM_END) {
                free(out);
                return NULL;
        }
        *out_len = z->total_out;
        smaller = realloc(out, *out_len);
        return smaller ? smaller : out;
}
