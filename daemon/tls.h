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
/*
 * NULL is allowed. A handshake may take the one that is in use at any moment between its two ends:
 * who holds one holds those that come into use after it, too.
 */
struct tls *tls_ref(struct tls *tls);
void tls_unref(struct tls *tls);

/* Makes handshakes use this one, which must be held meanwhile; NULL for none. */
void tls_use(struct tls *tls);

/* The options that make libmicrohttpd speak it, for MHD_OPTION_ARRAY; tls's, until it is freed. */
struct MHD_OptionItem *tls_daemon_options(struct tls *tls);

bool tls_asks_for_client_certificates(const struct tls *tls);
/* Whether the client on the other side has shown a certificate that is believed now. */
bool tls_client_verified(const struct tls *tls, struct MHD_Connection *connection);
