/* SPDX-License-Identifier: MIT */
/* A file of users, and the same as one of tokens: loaded, or refused with a reason. */
#include "auth.h"
#include "tree.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(bool tokens)
{
        struct settings settings = { .n_listen = 0 };
        char **name = tokens ? &settings.tokens_file : &settings.users_file;
        struct auth *auth;
        error_text error = NULL;
        int r;

        if (asprintf(name, "%s/file", tree_root()) < 0)
                return;
        r = auth_new(&settings, &auth, &error);
        if ((r < 0) != (error != NULL) || (r < 0) == (auth != NULL))
                abort();
        if (r == 0 && !auth_has_users(auth) && !auth_has_tokens(auth))
                abort();
        auth_free(auth);
        free(error);
        settings_release(&settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        tree_begin();
        tree_put("file", (const char *)data, size);
        tree_commit();
        load(false);
        load(true);
        return 0;
}
