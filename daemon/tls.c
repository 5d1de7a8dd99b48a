/* SPDX-License-Identifier: MIT */
#include "tls.h"

#include "secret.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A certificate and those that lead to a root; more is no chain. */
#define CHAIN_MAX 16

struct tls {
        unsigned refs;
        struct tls *next; /* what came into use after it; held */
        gnutls_pcert_st chain[CHAIN_MAX];
        unsigned chain_len;
        gnutls_privkey_t key;
        gnutls_x509_trust_list_t clients; /* NULL: no client certificates */
        struct secret client_ca;          /* as libmicrohttpd wants it */
        const char *priorities;
        struct MHD_OptionItem options[4];
};

/* libmicrohttpd hands nothing of ours to the callback. newest: the last that was in use and is
 * held. */
static struct tls *in_use, *newest;

void tls_use(struct tls *tls)
{
        in_use = tls;
        if (!tls)
                return;
        if (newest)
                newest->next = tls_ref(tls);
        newest = tls;
}

/* Called in each handshake. GnuTLS does not free what it is given here. */
static int retrieve(gnutls_session_t session, const gnutls_datum_t *req_ca_dn, int nreqs,
                    const gnutls_pk_algorithm_t *pk_algos, int pk_algos_length,
                    gnutls_pcert_st **pcert, unsigned int *pcert_length, gnutls_privkey_t *key)
{
        (void)session;
        (void)req_ca_dn;
        (void)nreqs;
        (void)pk_algos;
        (void)pk_algos_length;
        if (!in_use)
                return -1;
        *pcert = in_use->chain;
        *pcert_length = in_use->chain_len;
        *key = in_use->key;
        return 0;
}

static void tls_free(struct tls *tls)
{
        if (newest == tls)
                newest = NULL;
        for (unsigned i = 0; i < tls->chain_len; i++)
                gnutls_pcert_deinit(&tls->chain[i]);
        gnutls_privkey_deinit(tls->key);
        if (tls->clients)
                gnutls_x509_trust_list_deinit(tls->clients, 1);
        secret_release(&tls->client_ca);
        free(tls);
}

struct tls *tls_ref(struct tls *tls)
{
        if (tls)
                tls->refs++;
        return tls;
}

void tls_unref(struct tls *tls)
{
        while (tls && --tls->refs == 0) {
                struct tls *next = tls->next;

                tls_free(tls);
                tls = next;
        }
}

static bool is_memory_error(int r)
{
        return r == GNUTLS_E_MEMORY_ERROR;
}

/* r: of GnuTLS, or 0, which is as bad */
static int explain(error_text *error, const char *option, const char *name, int r)
{
        const char *problem = r < 0 ? gnutls_strerror(r) : "no certificate in it";

        if (is_memory_error(r))
                return -ENOMEM;
        if (asprintf(error, "%s: found '%s' (%s), expected one in PEM form", option, name,
                     problem) < 0)
                *error = NULL;
        return -EINVAL;
}

static int load_chain(struct tls *tls, const char *name, error_text *error)
{
        unsigned n = CHAIN_MAX;
        struct secret pem;
        gnutls_datum_t datum;
        int r = secret_read("[tls] certificate", name, &pem, error);

        if (r < 0)
                return r;
        datum = (gnutls_datum_t){ .data = (unsigned char *)pem.text, .size = (unsigned)pem.len };
        r = gnutls_pcert_list_import_x509_raw(tls->chain, &n, &datum, GNUTLS_X509_FMT_PEM, 0);
        secret_release(&pem);
        if (r < 0)
                return explain(error, "[tls] certificate", name, r);
        tls->chain_len = n;
        return 0;
}

static int load_key(struct tls *tls, const char *name, error_text *error)
{
        struct secret pem;
        gnutls_datum_t datum;
        int r = secret_read("[tls] key", name, &pem, error);

        if (r < 0)
                return r;
        datum = (gnutls_datum_t){ .data = (unsigned char *)pem.text, .size = (unsigned)pem.len };
        r = gnutls_privkey_import_x509_raw(tls->key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0);
        secret_release(&pem);
        return r < 0 ? explain(error, "[tls] key", name, r) : 0;
}

/* A key that is another certificate's would show only when clients are turned away. */
static int check_pair(const struct tls *tls, const struct settings *s, error_text *error)
{
        unsigned char of_certificate[64], of_key[64];
        size_t certificate_len = sizeof(of_certificate), key_len = sizeof(of_key);
        gnutls_pubkey_t public;
        int r = gnutls_pubkey_init(&public);

        if (r < 0)
                return -ENOMEM;
        r = gnutls_pubkey_import_privkey(public, tls->key, 0, 0);
        if (r >= 0)
                r = gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, of_key, &key_len);
        gnutls_pubkey_deinit(public);
        if (r >= 0)
                r = gnutls_pubkey_get_key_id(tls->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256,
                                             of_certificate, &certificate_len);
        if (r >= 0 && certificate_len == key_len && memcmp(of_certificate, of_key, key_len) == 0)
                return 0;
        if (is_memory_error(r))
                return -ENOMEM;
        if (asprintf(error, "[tls] key: found '%s', expected the key of the certificate '%s'",
                     s->tls_key, s->tls_certificate) < 0)
                *error = NULL;
        return -EINVAL;
}

static int load_clients(struct tls *tls, const char *name, error_text *error)
{
        gnutls_datum_t datum;
        int r = secret_read("[tls] client_ca", name, &tls->client_ca, error);

        if (r < 0)
                return r;
        datum = (gnutls_datum_t){ .data = (unsigned char *)tls->client_ca.text,
                                  .size = (unsigned)tls->client_ca.len };
        r = gnutls_x509_trust_list_init(&tls->clients, 0);
        if (r >= 0)
                r = gnutls_x509_trust_list_add_trust_mem(tls->clients, &datum, NULL,
                                                         GNUTLS_X509_FMT_PEM, 0, 0);
        /* It is the number of certificates. */
        if (r > 0)
                return 0;
        return explain(error, "[tls] client_ca", name, r);
}

static int load(struct tls *tls, const struct settings *s, error_text *error)
{
        int r = load_chain(tls, s->tls_certificate, error);

        if (r == 0)
                r = load_key(tls, s->tls_key, error);
        if (r == 0)
                r = check_pair(tls, s, error);
        if (r == 0 && s->tls_client_ca)
                r = load_clients(tls, s->tls_client_ca, error);
        return r;
}

static int incomplete(const struct settings *s, error_text *error)
{
        const char *found = s->tls_certificate ? "certificate" : s->tls_key ? "key" : "client_ca";

        if (asprintf(error, "[tls]: found '%s' alone, expected both certificate and key", found) <
            0)
                *error = NULL;
        return -EINVAL;
}

int tls_new(const struct settings *settings, struct tls **ret, error_text *error)
{
        struct tls *tls;
        int r;

        *ret = NULL;
        if (!settings->tls_certificate && !settings->tls_key && !settings->tls_client_ca)
                return 0;
        if (!settings->tls_certificate || !settings->tls_key)
                return incomplete(settings, error);
        tls = calloc(1, sizeof(*tls));
        if (!tls || gnutls_privkey_init(&tls->key) < 0) {
                free(tls);
                return -ENOMEM;
        }
        tls->refs = 1;
        tls->priorities = settings->tls_minimum_version == 13
                                  ? "NORMAL:-VERS-ALL:+VERS-TLS1.3"
                                  : "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
        r = load(tls, settings, error);
        if (r < 0) {
                tls_free(tls);
                return r;
        }
        *ret = tls;
        return 0;
}

struct MHD_OptionItem *tls_daemon_options(struct tls *tls)
{
        struct MHD_OptionItem *o = tls->options;

        *o++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0,
                                        (void *)(uintptr_t)tls->priorities };
        *o++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_CERT_CALLBACK, 0,
                                        (void *)(uintptr_t)retrieve };
        if (tls->clients)
                *o++ = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0,
                                                tls->client_ca.text };
        *o = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
        return tls->options;
}

bool tls_asks_for_client_certificates(const struct tls *tls)
{
        return tls && tls->clients;
}

static bool chain_verified(const struct tls *tls, gnutls_x509_crt_t *chain, unsigned n)
{
        static unsigned char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
        /* cppcheck-suppress legacyUninitvar ; it is not seen that this is an initialiser */
        gnutls_typed_vdata_st data = { .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = purpose };
        unsigned status = GNUTLS_CERT_INVALID;

        return gnutls_x509_trust_list_verify_crt2(tls->clients, chain, n, &data, 1, 0, &status,
                                                  NULL) >= 0 &&
               status == 0;
}

bool tls_client_verified(const struct tls *tls, struct MHD_Connection *connection)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
        gnutls_x509_crt_t chain[CHAIN_MAX];
        const gnutls_datum_t *peers;
        unsigned n = 0, imported = 0;
        bool verified;

        if (!tls_asks_for_client_certificates(tls) || !info)
                return false;
        peers = gnutls_certificate_get_peers(info->tls_session, &n);
        for (; peers && imported < n && imported < CHAIN_MAX; imported++) {
                if (gnutls_x509_crt_init(&chain[imported]) < 0)
                        break;
                if (gnutls_x509_crt_import(chain[imported], &peers[imported], GNUTLS_X509_FMT_DER) <
                    0) {
                        gnutls_x509_crt_deinit(chain[imported]);
                        break;
                }
        }
        verified = n > 0 && imported == n && chain_verified(tls, chain, n);
        while (imported > 0)
                gnutls_x509_crt_deinit(chain[--imported]);
        return verified;
}
