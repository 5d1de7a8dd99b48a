/* SPDX-License-Identifier: MIT */
#include "auth.h"

#include "cleanup.h"
#include "parse.h"
#include "secret.h"

#include <crypt.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <strings.h>

#define DIGEST_SIZE 32 /* SHA-256 */

/* Wrong attempts of one address that are looked at, and how soon another one is. */
#define ADDRESS_ATTEMPTS  5
#define ADDRESS_REFILL_US UINT64_C(5000000)
/* Password hashes at once and then a second, of all clients: at 50 ms each a fifth of the time. */
#define HASH_ATTEMPTS  4
#define HASH_REFILL_US UINT64_C(250000)
/* Addresses that are remembered; the one that was wrong longest ago gives way. */
#define ADDRESSES_MAX 256
/* Right passwords that are remembered. */
#define REMEMBERED_MAX 64
/* A longer header holds no credentials. */
#define CREDENTIALS_MAX 1024

struct entry {
        char *name;
        char *hash;                        /* of a password; NULL: it is a token */
        unsigned char digest[DIGEST_SIZE]; /* of a token */
};

struct entries {
        size_t n;
        struct entry *entries;
};

/* So many attempts, one more each refill. */
struct bucket {
        uint64_t full_at_us; /* when all of them are there again */
};

struct offender {
        struct in6_addr address;
        struct bucket bucket;
};

struct auth {
        struct entries users, tokens;
        unsigned char key[DIGEST_SIZE]; /* of this process */
        size_t n_remembered, next_remembered;
        unsigned char remembered[REMEMBERED_MAX][DIGEST_SIZE];
        struct bucket hashes;
        size_t n_offenders;
        struct offender offenders[ADDRESSES_MAX];
        struct crypt_data crypt;
};

static void entries_release(struct entries *list)
{
        for (size_t i = 0; i < list->n; i++) {
                free(list->entries[i].name);
                if (list->entries[i].hash)
                        explicit_bzero(list->entries[i].hash, strlen(list->entries[i].hash));
                free(list->entries[i].hash);
        }
        free(list->entries);
}

void auth_free(struct auth *auth)
{
        if (!auth)
                return;
        entries_release(&auth->users);
        entries_release(&auth->tokens);
        explicit_bzero(auth, sizeof(*auth));
        free(auth);
}

/* Loading. */

static bool parse_digest(const char *hex, unsigned char out[static DIGEST_SIZE])
{
        if (strlen(hex) != 2 * DIGEST_SIZE)
                return false;
        for (size_t i = 0; i < DIGEST_SIZE; i++) {
                int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

                if (high < 0 || low < 0)
                        return false;
                out[i] = (unsigned char)(high << 4 | low);
        }
        return true;
}

/* The part of a line behind the name. -EINVAL: no hash of its kind. */
static int take_hash(struct entry *entry, const char *hash, bool is_token)
{
        if (is_token)
                return parse_digest(hash, entry->digest) ? 0 : -EINVAL;
        if (crypt_checksalt(hash) != CRYPT_SALT_OK)
                return -EINVAL;
        entry->hash = strdup(hash);
        return entry->hash ? 0 : -ENOMEM;
}

static int take_line(struct entries *list, char *line, bool is_token)
{
        char *colon = strchr(line, ':');
        struct entry *entries;
        int r;

        if (*line == '\0' || *line == '#')
                return 0;
        if (!colon || colon == line)
                return -EINVAL;
        *colon = '\0';
        entries = reallocarray(list->entries, list->n + 1, sizeof(*entries));
        if (!entries)
                return -ENOMEM;
        list->entries = entries;
        entries[list->n] = (struct entry){ .name = strdup(line) };
        if (!entries[list->n].name)
                return -ENOMEM;
        r = take_hash(&entries[list->n], colon + 1, is_token);
        list->n++;
        return r;
}

/* What is wrong is named by its line alone: it may be a secret. */
static int load(struct entries *list, const char *option, const char *name, bool is_token,
                error_text *error)
{
        struct secret text;
        int r = secret_read(option, name, &text, error);
        unsigned line_number = 0;
        char *rest, *line;

        if (r < 0)
                return r;
        rest = text.text;
        while (r == 0 && (line = strsep(&rest, "\n"))) {
                line[strcspn(line, "\r")] = '\0';
                line_number++;
                r = take_line(list, line, is_token);
        }
        if (r == 0 && list->n == 0)
                r = -ENODATA;
        secret_release(&text);
        if (r == -EINVAL &&
            asprintf(error, "%s: %s:%u: found a malformed line, expected %s", option, name,
                     line_number,
                     is_token ? "NAME:SHA256-OF-THE-TOKEN" : "NAME:HASH as crypt(5) has them") < 0)
                *error = NULL;
        if (r == -ENODATA && asprintf(error, "%s: found nobody in '%s', expected a line NAME:HASH",
                                      option, name) < 0)
                *error = NULL;
        return r;
}

int auth_new(const struct settings *settings, struct auth **ret, error_text *error)
{
        struct auth *auth;
        int r = 0;

        *ret = NULL;
        if (!settings->users_file && !settings->tokens_file)
                return 0;
        auth = calloc(1, sizeof(*auth));
        if (!auth)
                return -ENOMEM;
        if (gnutls_rnd(GNUTLS_RND_KEY, auth->key, sizeof(auth->key)) < 0)
                r = -EIO;
        if (r == 0 && settings->users_file)
                r = load(&auth->users, "[authentication] users", settings->users_file, false,
                         error);
        if (r == 0 && settings->tokens_file)
                r = load(&auth->tokens, "[authentication] tokens", settings->tokens_file, true,
                         error);
        if (r < 0) {
                auth_free(auth);
                return r;
        }
        *ret = auth;
        return 0;
}

bool auth_has_users(const struct auth *auth)
{
        return auth && auth->users.n > 0;
}

bool auth_has_tokens(const struct auth *auth)
{
        return auth && auth->tokens.n > 0;
}

/* Throttling. */

static bool bucket_empty(const struct bucket *b, unsigned attempts, uint64_t refill_us,
                         uint64_t now_us)
{
        return b->full_at_us > now_us + (attempts - 1) * refill_us;
}

static void bucket_take(struct bucket *b, uint64_t refill_us, uint64_t now_us)
{
        if (b->full_at_us < now_us)
                b->full_at_us = now_us;
        b->full_at_us += refill_us;
}

/* NULL if it was never wrong. */
static struct offender *find_offender(struct auth *auth, const struct in6_addr *address)
{
        for (size_t i = 0; i < auth->n_offenders; i++)
                if (memcmp(&auth->offenders[i].address, address, sizeof(*address)) == 0)
                        return &auth->offenders[i];
        return NULL;
}

static void count_wrong(struct auth *auth, const struct in6_addr *address, uint64_t now_us)
{
        struct offender *o = find_offender(auth, address);

        if (!o && auth->n_offenders < ADDRESSES_MAX) {
                o = &auth->offenders[auth->n_offenders++];
        } else if (!o) {
                o = &auth->offenders[0];
                for (size_t i = 1; i < ADDRESSES_MAX; i++)
                        if (auth->offenders[i].bucket.full_at_us < o->bucket.full_at_us)
                                o = &auth->offenders[i];
        }
        if (memcmp(&o->address, address, sizeof(*address)) != 0)
                *o = (struct offender){ .address = *address };
        bucket_take(&o->bucket, ADDRESS_REFILL_US, now_us);
}

static bool is_throttled(struct auth *auth, const struct in6_addr *address, uint64_t now_us)
{
        const struct offender *o = find_offender(auth, address);

        return o && bucket_empty(&o->bucket, ADDRESS_ATTEMPTS, ADDRESS_REFILL_US, now_us);
}

/* Tokens: each is compared, whichever it is. */

static enum auth_result look_up_token(const struct auth *auth, const char *token)
{
        unsigned char digest[DIGEST_SIZE];
        unsigned found = 0;

        if (gnutls_hash_fast(GNUTLS_DIG_SHA256, token, strlen(token), digest) < 0)
                return AUTH_EXHAUSTED;
        for (size_t i = 0; i < auth->tokens.n; i++)
                found |= gnutls_memcmp(digest, auth->tokens.entries[i].digest, DIGEST_SIZE) == 0;
        return found ? AUTH_OK : AUTH_WRONG;
}

/* Passwords. */

static bool is_remembered(const struct auth *auth, const unsigned char digest[static DIGEST_SIZE])
{
        unsigned found = 0;

        for (size_t i = 0; i < auth->n_remembered; i++)
                found |= gnutls_memcmp(digest, auth->remembered[i], DIGEST_SIZE) == 0;
        return found;
}

static void remember(struct auth *auth, const unsigned char digest[static DIGEST_SIZE])
{
        memcpy(auth->remembered[auth->next_remembered], digest, DIGEST_SIZE);
        auth->next_remembered = (auth->next_remembered + 1) % REMEMBERED_MAX;
        if (auth->n_remembered < REMEMBERED_MAX)
                auth->n_remembered++;
}

/* For a user who does not exist the first one's hash is computed, so that it takes as long. */
static enum auth_result hash_password(struct auth *auth, const char *user, const char *password)
{
        const struct entry *entry = &auth->users.entries[0];
        bool exists = false, right, exhausted;
        const char *hash;

        for (size_t i = 0; i < auth->users.n && !exists; i++) {
                exists = strcmp(auth->users.entries[i].name, user) == 0;
                if (exists)
                        entry = &auth->users.entries[i];
        }
        errno = 0;
        hash = crypt_r(password, entry->hash, &auth->crypt);
        exhausted = errno == ENOMEM;
        right = hash && strlen(hash) == strlen(entry->hash) &&
                gnutls_memcmp(hash, entry->hash, strlen(hash)) == 0;
        explicit_bzero(&auth->crypt, sizeof(auth->crypt));
        if (!right && exhausted)
                return AUTH_EXHAUSTED;
        return exists && right ? AUTH_OK : AUTH_WRONG;
}

static enum auth_result check_password(struct auth *auth, const struct in6_addr *address,
                                       char *user_and_password, uint64_t now_us)
{
        unsigned char digest[DIGEST_SIZE];
        char *colon = strchr(user_and_password, ':');
        enum auth_result result;

        if (!colon)
                return AUTH_WRONG;
        if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, auth->key, sizeof(auth->key), user_and_password,
                             strlen(user_and_password), digest) < 0)
                return AUTH_EXHAUSTED;
        if (is_remembered(auth, digest))
                return AUTH_OK;
        if (is_throttled(auth, address, now_us) ||
            bucket_empty(&auth->hashes, HASH_ATTEMPTS, HASH_REFILL_US, now_us))
                return AUTH_THROTTLED;
        bucket_take(&auth->hashes, HASH_REFILL_US, now_us);
        *colon = '\0';
        result = hash_password(auth, user_and_password, colon + 1);
        if (result == AUTH_OK)
                remember(auth, digest);
        return result;
}

/* Decodes Basic credentials. AUTH_OK with *text, which the caller wipes and frees. */
static enum auth_result decode_basic(const char *base64, char **text)
{
        gnutls_datum_t in = { .data = (unsigned char *)(uintptr_t)base64,
                              .size = (unsigned)strlen(base64) };
        gnutls_datum_t out;
        enum auth_result result = AUTH_WRONG;
        int r = gnutls_base64_decode2(&in, &out);

        if (r < 0)
                return r == GNUTLS_E_MEMORY_ERROR ? AUTH_EXHAUSTED : AUTH_WRONG;
        if (!memchr(out.data, '\0', out.size)) {
                *text = strndup((char *)out.data, out.size);
                result = *text ? AUTH_OK : AUTH_EXHAUSTED;
        }
        explicit_bzero(out.data, out.size);
        gnutls_free(out.data);
        return result;
}

static enum auth_result check_basic(struct auth *auth, const struct in6_addr *address,
                                    const char *base64, uint64_t now_us)
{
        char *text = NULL;
        enum auth_result result = decode_basic(base64, &text);

        if (result == AUTH_OK) {
                size_t len = strlen(text);

                result = check_password(auth, address, text, now_us);
                explicit_bzero(text, len);
        }
        free(text);
        return result;
}

static enum auth_result check_token(struct auth *auth, const struct in6_addr *address,
                                    const char *token, uint64_t now_us)
{
        enum auth_result result = look_up_token(auth, token);

        return result == AUTH_WRONG && is_throttled(auth, address, now_us) ? AUTH_THROTTLED
                                                                           : result;
}

/* What follows "Scheme " in the header; NULL: another scheme. */
static const char *after_scheme(const char *header, const char *scheme)
{
        size_t len = strlen(scheme);

        if (strncasecmp(header, scheme, len) != 0 || header[len] != ' ')
                return NULL;
        return header + len + strspn(header + len, " ");
}

enum auth_result auth_check(struct auth *auth, const struct in6_addr *address,
                            const char *authorization, uint64_t now_us)
{
        enum auth_result result = AUTH_MISSING;
        const char *value;

        if (!authorization || strlen(authorization) > CREDENTIALS_MAX)
                return AUTH_MISSING;
        if (auth_has_users(auth) && (value = after_scheme(authorization, "Basic")))
                result = check_basic(auth, address, value, now_us);
        else if (auth_has_tokens(auth) && (value = after_scheme(authorization, "Bearer")))
                result = check_token(auth, address, value, now_us);
        if (result == AUTH_WRONG)
                count_wrong(auth, address, now_us);
        return result;
}
