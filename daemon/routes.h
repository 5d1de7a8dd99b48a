/* SPDX-License-Identifier: MIT */
/*
 * The table of routes, and from path and query to what exactly is asked for: a representation.
 */
#pragma once

#include "render.h"
#include "request.h"

enum route_kind {
        ROUTE_BODY,     /* rendered from the snapshot */
        ROUTE_STATIC,   /* the same at all times */
        ROUTE_HEALTH,   /* "ok" or why not */
        ROUTE_EVENTS,   /* rendered from the events; media[1] is the stream of them */
        ROUTE_STREAM,   /* a stream of events and figures */
        ROUTE_TOPOLOGY, /* rendered from what hwloc says, which may have to be loaded first */
};

struct representation;

struct route {
        const char *path; /* a final "/N" stands for any node id */
        const char *help;
        enum route_kind kind;
        bool takes_collect, takes_pretty, takes_since;
        size_t n_media;
        const char *media[2]; /* in order of preference */
        const char *policy;   /* Content-Security-Policy; NULL: none */
        uint64_t shows; /* COLLECTOR_BIT()s of the figures in it, beside the masks; 0: of all */
        /* How its body comes about: as the first of these that is not NULL says, else as the part.
         */
        void (*text)(struct buffer *out, const struct snapshot *snap);
        void (*document)(struct buffer *out, bool pretty);
        void (*render)(struct buffer *out, const struct snapshot *snap,
                       const struct self_stats *self, const struct representation *what);
        enum json_part part;
};

/* What is asked for. Two equal ones of the same snapshot have the same body. */
struct representation {
        const struct route *route;
        unsigned media; /* index in route->media */
        int nid;        /* NUMA_NO_NODE: not a route of a node */
        bool pretty;
        uint64_t collect;           /* COLLECT_BIT()s; 0 where they mean nothing */
        int distance_metrics_limit; /* as in struct prometheus_options */
        bool since_given;
        uint64_t since; /* events with a higher number */
};

/* How long a request may wait for the next event. */
#define WAIT_SECONDS_MAX 3600

bool representation_equal(const struct representation *a, const struct representation *b);

/* Appends the body; snap may be NULL for a static route. */
void route_render(struct buffer *out, const struct snapshot *snap, const struct self_stats *self,
                  const struct representation *what);

/* The figures that it is made of: COLLECTOR_BIT()s. */
uint64_t representation_needs(const struct representation *what);

/* The route at index i, NULL past the last. */
const struct route *route_at(size_t i);

/* The route of a path; NULL: nothing is there. */
const struct route *route_find(const char *path);

/*
 * Reads what the target says beyond its route (NULL: 404): the node id and the query, which is used
 * up, into out and into *wait_ns how long the answer may wait for something to say. 0, or the HTTP
 * status to answer with and *detail, malloc()ed; NULL if memory is exhausted.
 */
unsigned route_resolve(struct representation *out, const struct route *route,
                       struct request_target *target, uint64_t *wait_ns, char **detail);
