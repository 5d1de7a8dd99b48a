/* SPDX-License-Identifier: MIT */
/* Any header gives an answer within the offers. */
#include "request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const offered[] = {
                "text/plain; version=0.0.4; charset=utf-8",
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
        };
        char *header = strndup((const char *)data, size);
        int chosen;

        if (!header)
                return 0;
        chosen = accept_choose(header, offered, 2);
        if (chosen < -1 || chosen > 1)
                abort();
        accept_gzip(header);
        etag_list_matches(header, "\"0123456789abcdef\"");
        free(header);
        return 0;
}
