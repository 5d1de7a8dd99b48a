/* SPDX-License-Identifier: MIT */
/*
 * Who is let in: users with passwords (crypt(5) hashes) and bearer tokens (SHA-256 digests), each
 * from a file with a NAME:HASH a line.
 *
 * Passwords that were right are remembered, as a digest under a key of this process, because their
 * hashes are slow on purpose; wrong ones are counted against the client's address, which after some
 * of them is answered without looking until time has passed. How many hashes are computed in all is
 * limited, too, so that nobody can stall the loop with them.
 */
#pragma once

#include "settings.h"

#include <netinet/in.h>

struct auth;

enum auth_result {
        AUTH_OK,
        AUTH_MISSING,   /* no credentials, or of a kind that is not known */
        AUTH_WRONG,     /* counted against the address */
        AUTH_THROTTLED, /* too many wrong ones: not looked at */
        AUTH_EXHAUSTED, /* no memory to look at them */
        NR_AUTH_RESULTS,
};

/* Loads what the settings name. 0 with *ret NULL if they name no users and no tokens; -errno with
 * *error, which never holds what is in a file. */
int auth_new(const struct settings *settings, struct auth **ret, error_text *error);
/* NULL is allowed. */
void auth_free(struct auth *auth);

bool auth_has_users(const struct auth *auth);
bool auth_has_tokens(const struct auth *auth);

/* authorization: the header's value, NULL: none. now_us: CLOCK_MONOTONIC. */
enum auth_result auth_check(struct auth *auth, const struct in6_addr *address,
                            const char *authorization, uint64_t now_us);
