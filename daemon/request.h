/* SPDX-License-Identifier: MIT */
/*
 * Parsers of what an HTTP client sends: request target, Accept, Accept-Encoding, If-None-Match.
 * All are pure: bytes in, a decision out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request_target {
        char *path;      /* decoded: "/v1/nodes/0" */
        char *query;     /* as sent, after the '?'; NULL: none; next_parameter() uses it up */
        char *authority; /* of an absolute form, "host:port"; NULL: none */
        char *memory;
};

/*
 * Takes apart the target of a request line (RFC 9112, 3.2): origin form, or absolute form. 0;
 * -ENOMEM; or -EINVAL with *reason a constant, fit for "target has …": what stands in it that no
 * honest client sends.
 */
int request_target_parse(struct request_target *target, const char *text, const char **reason);
void request_target_release(struct request_target *target);

struct request_parameter {
        const char *key;
        const char *value; /* NULL: no '=' */
};

/*
 * Cuts the next "key[=value]" off a query, in place; start with *pos = query. '+' is a space.
 * 1; 0 at the end; or -EINVAL with *reason as above.
 */
int request_next_parameter(char **pos, struct request_parameter *out, const char **reason);

/*
 * The index of the offered media type that an Accept header likes best, the first of equals; -1 if
 * it accepts none. NULL, empty and malformed headers accept everything. A range with parameters
 * accepts an offer that has them; "charset=utf-8" and "escaping", which hold for all that we send,
 * are passed over.
 */
int accept_choose(const char *header, const char *const offered[], size_t n_offered);

/* Whether an Accept-Encoding header prefers gzip to no coding. A malformed one does not. */
bool accept_gzip(const char *header);

/* Whether an If-None-Match list names the entity tag (with its quotes) by weak comparison, or is
 * "*". */
bool etag_list_matches(const char *header, const char *etag);

/* Whether a Host field is a host with or without a port (RFC 9110, 7.2), or empty. */
bool host_is_valid(const char *value);

/* The number of an event, in a query or as Last-Event-ID: decimal digits alone. */
bool parse_seq(const char *text, uint64_t *seq);
