/* SPDX-License-Identifier: MIT */
/*
 * From a request to the answer: routes, negotiation, validators, problems; and the count of it all.
 */
#pragma once

#include "gate.h"
#include "http.h"
#include "subscribers.h"
#include "topology.h"

#include <microhttpd.h>

struct responder;

/* What is known of a request's connection, and how one that can wait is told and tells. */
struct respond_client {
        int fd;                  /* the connection's socket */
        bool has_body;           /* the request announces one */
        bool needs_host;         /* its version of HTTP demands a Host field */
        unsigned n_hosts;        /* how many it has */
        const char *host;        /* the first; NULL: none */
        struct in6_addr address; /* the client's; all zero: it has none */
        bool verified;           /* its certificate is believed */
        bool waited;             /* it has waited already: answer */
        uint64_t since;          /* what it waited for */
        bool patient;            /* set: it waits or streams, which may take long */
};

/* subscribers, gate and topology must outlive it. */
struct responder *responder_new(const struct http_source *source, struct subscribers *subscribers,
                                struct gate *gate, struct topology *topology);
/* NULL is allowed. */
void responder_free(struct responder *responder);
/* Bodies made so far no longer hold. */
void responder_forget_bodies(struct responder *responder);
void responder_set_distance_limit(struct responder *responder, int limit);

/* Fills in what the request's header says of its body and Host; once, before the answer. */
void respond_read_signs(struct MHD_Connection *connection, const char *version,
                        struct respond_client *client);

/*
 * Queues the answer, or suspends the connection and sets client->patient. target is the request
 * target as sent; that and client are NULL if there was no memory to keep them; connections is the
 * number of open ones, for the metrics.
 */
enum MHD_Result respond(struct responder *responder, struct MHD_Connection *connection,
                        const char *method, const char *target, uint64_t connections,
                        struct respond_client *client);
