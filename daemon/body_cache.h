/* SPDX-License-Identifier: MIT */
/*
 * Bodies of the current snapshot, each rendered, hashed and compressed once and then shared by all
 * requests: a body is a struct MHD_Response, to which every queued answer holds a reference.
 */
#pragma once

#include "routes.h"

#include <microhttpd.h>

/* One representation in one coding. */
struct body {
        struct MHD_Response *response;
        size_t len;
        char etag[32]; /* "0123456789abcdef-gzip", with the quotes */
};

struct body_cache;

struct body_cache *body_cache_new(void);
/* NULL is allowed. */
void body_cache_free(struct body_cache *cache);
void body_cache_clear(struct body_cache *cache);

struct body_source {
        const struct snapshot *snap; /* may be NULL for a static route */
        const struct self_stats *self;
};

/*
 * The body of a representation, gzip()ed if that is wanted and worth it. It stays valid until the
 * next call. NULL when memory is exhausted.
 */
const struct body *body_cache_get(struct body_cache *cache, const struct representation *what,
                                  const struct body_source *source, bool gzip);

/* Adds the header fields that a body and its 304 have in common. */
bool body_add_headers(struct MHD_Response *response, const char *etag, const struct snapshot *snap);
