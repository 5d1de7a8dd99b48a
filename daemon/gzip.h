/* SPDX-License-Identifier: MIT */
/* Compresses bodies. zlib's state is made once: clearing its tables costs as much as a small body.
 */
#pragma once

#include "buffer.h"

struct gzip;

/* For what is sent a few times at most, like a snapshot's body: a quarter of the time of the usual
 * level 6 for a sixth more bytes. */
#define GZIP_FAST 1
/* For what is made once and sent for as long as the daemon runs. */
#define GZIP_SMALL 9

/* NULL when memory is exhausted. */
struct gzip *gzip_new(void);
/* NULL is allowed. */
void gzip_free(struct gzip *gzip);

/* Appends the data in gzip's format; memory exhaustion shows in buffer_failed(). */
void gzip_compress(struct gzip *gzip, const char *data, size_t len, int level, struct buffer *out);
