/* SPDX-License-Identifier: MIT */
#include "body_cache.h"

#include "gzip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Enough for every node of a large machine; more come only from clients that try everything out. */
#define ENTRIES_MAX 512
/* All bodies together. What the newest one has beyond it is given back with the next request. */
#define BYTES_MAX (UINT64_C(8) << 20)
/* Below that gzip saves no packet. */
#define GZIP_MIN 1024

struct entry {
        struct representation what;
        uint64_t hash;
        const char *data; /* owned by identity.response */
        struct body identity;
        struct body gzip; /* response is NULL until it is asked for */
};

/* A ring: the oldest entry goes first. */
struct body_cache {
        size_t first, n;
        uint64_t bytes;
        struct gzip *gzip;
        struct entry *entries[ENTRIES_MAX];
};

struct body_cache *body_cache_new(void)
{
        struct body_cache *cache = calloc(1, sizeof(*cache));

        if (!cache)
                return NULL;
        cache->gzip = gzip_new();
        if (cache->gzip)
                return cache;
        free(cache);
        return NULL;
}

static void entry_free(struct entry *entry)
{
        if (entry->identity.response)
                MHD_destroy_response(entry->identity.response);
        if (entry->gzip.response)
                MHD_destroy_response(entry->gzip.response);
        free(entry);
}

static void drop_oldest(struct body_cache *cache)
{
        struct entry *entry = cache->entries[cache->first];

        cache->bytes -= entry->identity.len + entry->gzip.len;
        cache->entries[cache->first] = NULL;
        cache->first = (cache->first + 1) % ENTRIES_MAX;
        cache->n--;
        entry_free(entry);
}

void body_cache_clear(struct body_cache *cache)
{
        while (cache->n > 0)
                drop_oldest(cache);
}

void body_cache_free(struct body_cache *cache)
{
        if (!cache)
                return;
        body_cache_clear(cache);
        gzip_free(cache->gzip);
        free(cache);
}

/* Eight bytes at a time, a multiplication each: as fast as memory. It meets no adversary. */
static uint64_t hash_bytes(const char *data, size_t len)
{
        uint64_t hash = UINT64_C(0x9e3779b97f4a7c15) ^ len, word;

        for (; len > 0; data += sizeof(word)) {
                size_t n = len < sizeof(word) ? len : sizeof(word);

                word = 0;
                memcpy(&word, data, n);
                len -= n;
                hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
                hash ^= hash >> 32;
        }
        return hash;
}

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
        return MHD_add_response_header(response, name, value) == MHD_YES;
}

/* RFC 9110, 5.6.7: IMF-fixdate; not strftime(), which speaks the locale's language. */
static void print_date(time_t time, char out[static 64])
{
        static const char days[] = "SunMonTueWedThuFriSat";
        static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        struct tm tm = { .tm_mday = 1 };

        gmtime_r(&time, &tm);
        snprintf(out, 64, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", &days[(size_t)tm.tm_wday * 3],
                 tm.tm_mday, &months[(size_t)tm.tm_mon * 3], tm.tm_year + 1900, tm.tm_hour,
                 tm.tm_min, tm.tm_sec);
}

bool body_add_headers(struct MHD_Response *response, const char *etag, const struct snapshot *snap)
{
        if (snap) {
                char date[64];

                print_date((time_t)(snapshot_sample(snap)->realtime_ns / 1000000000), date);
                if (!add_header(response, "Last-Modified", date))
                        return false;
        }
        return add_header(response, "ETag", etag) &&
               add_header(response, "Cache-Control", "no-cache") &&
               add_header(response, "Vary", "Accept, Accept-Encoding") &&
               add_header(response, "Cross-Origin-Resource-Policy", "same-origin") &&
               add_header(response, "X-Content-Type-Options", "nosniff");
}

/* Takes data, also when it fails. */
static bool make_body(struct body *body, const struct entry *entry, char *data, size_t len,
                      bool gzip, const struct snapshot *snap)
{
        const struct representation *what = &entry->what;

        body->len = len;
        snprintf(body->etag, sizeof(body->etag), "\"%016llx%s\"", (unsigned long long)entry->hash,
                 gzip ? "-gzip" : "");
        body->response = MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_FREE);
        if (!body->response) {
                free(data);
                return false;
        }
        if (add_header(body->response, "Content-Type", what->route->media[what->media]) &&
            (!gzip || add_header(body->response, "Content-Encoding", "gzip")) &&
            (!what->route->policy ||
             add_header(body->response, "Content-Security-Policy", what->route->policy)) &&
            body_add_headers(body->response, body->etag, snap))
                return true;
        MHD_destroy_response(body->response);
        body->response = NULL;
        return false;
}

static struct entry *entry_new(const struct representation *what, const struct body_source *source)
{
        struct entry *entry = calloc(1, sizeof(*entry));
        struct buffer out = BUFFER_INIT;

        if (!entry)
                return NULL;
        route_render(&out, source->snap, source->self, what);
        if (buffer_failed(&out)) {
                buffer_release(&out);
                free(entry);
                return NULL;
        }
        buffer_shrink(&out);
        entry->what = *what;
        entry->hash = hash_bytes(out.data, out.len);
        entry->data = out.data;
        if (make_body(&entry->identity, entry, out.data, out.len, false, source->snap))
                return entry;
        entry_free(entry);
        return NULL;
}

/* Without memory for it the plain body is as good an answer. */
static void entry_compress(struct body_cache *cache, struct entry *entry,
                           const struct snapshot *snap)
{
        int level = entry->what.route->kind == ROUTE_STATIC ? GZIP_SMALL : GZIP_FAST;
        struct buffer out = BUFFER_INIT;

        gzip_compress(cache->gzip, entry->data, entry->identity.len, level, &out);
        if (buffer_failed(&out)) {
                buffer_release(&out);
                return;
        }
        buffer_shrink(&out);
        if (make_body(&entry->gzip, entry, out.data, out.len, true, snap))
                cache->bytes += out.len;
        else
                entry->gzip.len = 0;
}

static struct entry *find(struct body_cache *cache, const struct representation *what)
{
        for (size_t i = 0; i < cache->n; i++) {
                struct entry *entry = cache->entries[(cache->first + i) % ENTRIES_MAX];

                if (representation_equal(&entry->what, what))
                        return entry;
        }
        return NULL;
}

const struct body *body_cache_get(struct body_cache *cache, const struct representation *what,
                                  const struct body_source *source, bool gzip)
{
        struct entry *entry = find(cache, what);

        while (cache->bytes > BYTES_MAX && cache->entries[cache->first] != entry)
                drop_oldest(cache);
        if (!entry) {
                entry = entry_new(what, source);
                if (!entry)
                        return NULL;
                if (cache->n == ENTRIES_MAX)
                        drop_oldest(cache);
                cache->entries[(cache->first + cache->n++) % ENTRIES_MAX] = entry;
                cache->bytes += entry->identity.len;
        }
        gzip = gzip && entry->identity.len >= GZIP_MIN;
        if (gzip && !entry->gzip.response)
                entry_compress(cache, entry, source->snap);
        return gzip && entry->gzip.response ? &entry->gzip : &entry->identity;
}
