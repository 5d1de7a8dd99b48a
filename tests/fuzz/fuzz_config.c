/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct settings settings = { .n_listen = 0 };
        error_text error = NULL;
        int r = settings_parse_file_text(&settings, "fuzz", (const char *)data, size, &error);

        /* An error is always explained, and what is right never is. */
        if ((r < 0) != (error != NULL))
                abort();
        free(error);
        settings_release(&settings);
        return 0;
}
