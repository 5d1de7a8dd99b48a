/* SPDX-License-Identifier: MIT */
#include "gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

/* zlib's way to ask for the largest window in gzip's wrapping. */
#define WINDOW_BITS  (15 + 16)
#define MEMORY_LEVEL 8
/* zlib before 1.2.12 writes the head already when the level changes, and an empty block after it.
 */
#define HEAD_ROOM 64

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

        if (len > UINT32_MAX / 2 || deflateReset(z) != Z_OK) {
                out->failed = true;
                return;
        }
        cap = deflateBound(z, len) + HEAD_ROOM;
        if (!buffer_reserve(out, cap))
                return;
        z->avail_in = 0;
        z->next_out = (Bytef *)(out->data + out->len);
        z->avail_out = (uInt)cap;
        if (deflateParams(z, level, Z_DEFAULT_STRATEGY) != Z_OK) {
                out->failed = true;
                return;
        }
        z->next_in = (z_const Bytef *)(uintptr_t)data;
        z->avail_in = (uInt)len;
        if (deflate(z, Z_FINISH) == Z_STREAM_END)
                out->len += z->total_out;
        else
                out->failed = true;
}
