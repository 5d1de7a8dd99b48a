/* SPDX-License-Identifier: MIT */
/* Any target is refused or taken apart into a clean path and clean parameters. */
#include "request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = strndup((const char *)data, size);
        struct request_parameter parameter;
        struct request_target target;
        const char *reason;

        if (!text)
                return 0;
        if (request_target_parse(&target, text, &reason) == 0) {
                if (target.path[0] != '/' || strstr(target.path, "//") ||
                    strstr(target.path, "/../"))
                        abort();
                while (request_next_parameter(&target.query, &parameter, &reason) > 0)
                        if (strpbrk(parameter.key, "\r\n"))
                                abort();
                request_target_release(&target);
        } else if (!reason) {
                abort();
        }
        free(text);
        return 0;
}
