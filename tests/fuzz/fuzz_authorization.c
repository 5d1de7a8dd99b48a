/* SPDX-License-Identifier: MIT */
/* Nobody gets in but by the one password and the one token there are. */
#include "auth.h"
#include "tree.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HASH   "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW" /* of secret */
#define SECRET "dXNlcjpzZWNyZXQ="                                             /* user:secret */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The token is "token". */
static struct auth *auth_load(void)
{
        struct settings settings = { .n_listen = 0 };
        struct auth *auth = NULL;
        error_text error = NULL;

        tree_begin();
        tree_printf("users", "user:%s\n", HASH);
        tree_printf("tokens", "name:"
                              "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0\n");
        tree_commit();
        if (asprintf(&settings.users_file, "%s/users", tree_root()) < 0 ||
            asprintf(&settings.tokens_file, "%s/tokens", tree_root()) < 0 ||
            auth_new(&settings, &auth, &error) < 0) {
                fprintf(stderr, "%s\n", error);
                abort();
        }
        settings_release(&settings);
        return auth;
}

/* Whether the header's credentials are the right ones; what is not of base64 may be skipped. */
static bool is_right(const char *header)
{
        const char *value = strchr(header, ' ');
        char base64[64];
        size_t n = 0;

        if (!value)
                return false;
        value += strspn(value, " ");
        if (strncasecmp(header, "Bearer ", 7) == 0)
                return strcmp(value, "token") == 0;
        for (; *value && n < sizeof(base64) - 1; value++)
                if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=",
                           *value))
                        base64[n++] = *value;
        base64[n] = '\0';
        return strncasecmp(header, "Basic ", 6) == 0 && strncmp(base64, SECRET, 15) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct auth *auth;
        static uint64_t now_us;
        const struct in6_addr address = { { { size > 0 ? data[0] : 0 } } };
        char *header = strndup((const char *)data, size);
        enum auth_result result;

        if (!auth)
                auth = auth_load();
        if (!header)
                return 0;
        now_us += 100000;
        result = auth_check(auth, &address, header, now_us);
        if (result >= NR_AUTH_RESULTS || (result == AUTH_OK && !is_right(header)))
                abort();
        free(header);
        return 0;
}
