/* SPDX-License-Identifier: MIT */
/* In place of tls.c and auth.c in a build without them: what needs them is an error. */
#include "auth.h"
#include "tls.h"

#include <errno.h>
#include <stdio.h>

static int refuse(error_text *error, const char *found)
{
        if (asprintf(error,
                     "found '%s', expected none: this build has neither TLS nor authentication",
                     found) < 0)
                *error = NULL;
        return -EINVAL;
}

int tls_new(const struct settings *settings, struct tls **ret, error_text *error)
{
        *ret = NULL;
        if (settings->tls_certificate || settings->tls_key || settings->tls_client_ca)
                return refuse(error, "[tls]");
        return 0;
}

struct tls *tls_ref(struct tls *tls)
{
        return tls;
}

void tls_unref(struct tls *tls)
{
        (void)tls;
}

void tls_use(struct tls *tls)
{
        (void)tls;
}

struct MHD_OptionItem *tls_daemon_options(struct tls *tls)
{
        (void)tls;
        return NULL;
}

bool tls_asks_for_client_certificates(const struct tls *tls)
{
        (void)tls;
        return false;
}

bool tls_client_verified(const struct tls *tls, struct MHD_Connection *connection)
{
        (void)tls;
        (void)connection;
        return false;
}

int auth_new(const struct settings *settings, struct auth **ret, error_text *error)
{
        *ret = NULL;
        if (settings->users_file || settings->tokens_file)
                return refuse(error, "[authentication]");
        return 0;
}

void auth_free(struct auth *auth)
{
        (void)auth;
}

bool auth_has_users(const struct auth *auth)
{
        (void)auth;
        return false;
}

bool auth_has_tokens(const struct auth *auth)
{
        (void)auth;
        return false;
}

enum auth_result auth_check(struct auth *auth, const struct in6_addr *address,
                            const char *authorization, uint64_t now_us)
{
        (void)auth;
        (void)address;
        (void)authorization;
        (void)now_us;
        return AUTH_MISSING;
}
