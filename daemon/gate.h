/* SPDX-License-Identifier: MIT */
/*
 * Whether a request is answered at all: by which name the machine is asked, and who asks.
 *
 * A page of a foreign site whose name is made to lead here (DNS rebinding) reads what it is sent,
 * because for its browser we are that site. So a request must name this machine: by an address, a
 * name without a dot (which is nobody's on the Internet), its host name, with or without a domain,
 * or a name that the operator gave.
 */
#pragma once

#include "auth.h"

struct gate;

enum gate_refusal {
        GATE_OPEN,
        GATE_HOST,      /* 421: another machine is asked for */
        GATE_MISSING,   /* 401, or 403 if only a certificate helps */
        GATE_WRONG,     /* the same */
        GATE_THROTTLED, /* 429 */
        GATE_EXHAUSTED, /* 503: no memory to find out */
        NR_GATE_REFUSALS,
};

struct gate_request {
        const char *host;          /* of the target or the header; NULL: none */
        const char *authorization; /* NULL: none */
        struct in6_addr address;
        bool verified; /* the client has shown a certificate that is believed */
        bool health;   /* it asks how the daemon is */
};

/* NULL when memory is exhausted. */
struct gate *gate_new(void);
/* NULL is allowed. */
void gate_free(struct gate *gate);

/*
 * Whom to let in: those that auth knows, which is taken over and may be NULL, and those with a
 * certificate, if certificates; everybody, if neither. open_health: everybody asks for health.
 */
void gate_set_auth(struct gate *gate, struct auth *auth, bool certificates, bool open_health);
/* The operator's names, which are taken over: made by the first, NULL when memory is exhausted. */
char **gate_copy_hosts(char *const *hosts, size_t n);
void gate_set_hosts(struct gate *gate, char **hosts);
void gate_release_hosts(char **hosts);

/* now_us: CLOCK_MONOTONIC. */
enum gate_refusal gate_check(struct gate *gate, const struct gate_request *request,
                             uint64_t now_us);
/* How many were refused so; "host", "credentials_missing", … */
uint64_t gate_count(const struct gate *gate, enum gate_refusal refusal);
const char *gate_refusal_name(enum gate_refusal refusal);
/* Which of them help: for WWW-Authenticate. */
bool gate_takes_passwords(const struct gate *gate);
bool gate_takes_tokens(const struct gate *gate);
