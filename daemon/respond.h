/* SPDX-License-Identifier: MIT */
/*
 * From a request to the answer: routes, negotiation, validators, problems; and the count of it all.
 */
#pragma once

#include "http.h"

#include <microhttpd.h>

struct responder;

struct responder *responder_new(const struct http_source *source);
/* NULL is allowed. */
void responder_free(struct responder *responder);
/* Bodies made so far no longer hold. */
void responder_forget_bodies(struct responder *responder);
void responder_set_distance_limit(struct responder *responder, int limit);

/* Whether the request announces a body. */
bool request_has_body(struct MHD_Connection *connection);

/*
 * Queues the answer. target is the request target as sent, NULL if there was no memory to keep it;
 * connections is the number of open ones, for the metrics.
 */
enum MHD_Result respond(struct responder *responder, struct MHD_Connection *connection,
                        const char *method, const char *target, uint64_t connections);
