/* SPDX-License-Identifier: MIT */
/* A header that names gzip nowhere, nor "*", never gets it. */
#include "request.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *header = strndup((const char *)data, size);

        if (!header)
                return 0;
        if (accept_gzip(header) && !strcasestr(header, "gzip") && !strchr(header, '*'))
                abort();
        free(header);
        return 0;
}
