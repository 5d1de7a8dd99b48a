/* SPDX-License-Identifier: MIT */
/* The server's certificate and key, and whose clients' certificates are believed. */
#pragma once

#include "settings.h"

#include <microhttpd.h>

struct tls;

/*
 * Loads what the settings name. 0 with *ret NULL if they name no certificate; -errno with *error,
 * which never holds what is in a file.
 */
int tls_new(const struct settings *settings, struct tls **ret, error_text *error);
/* NULL is allowed. */
void tls_free(struct tls *tls);

/*
 * Makes new connections use this one; NULL for none. The one before may be freed once another one
 * is in use: handshakes under way may still need it until then.
 */
void tls_use(struct tls *tls);

/* The options that make libmicrohttpd speak it, for MHD_OPTION_ARRAY; tls's, until it is freed. */
struct MHD_OptionItem *tls_daemon_options(struct tls *tls);

bool tls_asks_for_client_certificates(const struct tls *tls);
/* Whether the client on the other side has shown a certificate that is believed now. */
bool tls_client_verified(const struct tls *tls, struct MHD_Connection *connection);
