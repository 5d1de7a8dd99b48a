/* SPDX-License-Identifier: MIT */
/* A header matches if it holds the tag, or is "*". */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char tag[] = "\"0123\"";
        char *header = strndup((const char *)data, size), *list = NULL;

        if (!header)
                return 0;
        if (etag_list_matches(header, tag) && !strstr(header, tag) && !strchr(header, '*'))
                abort();
        if (asprintf(&list, "%s, %s", tag, header) >= 0 && !etag_list_matches(list, tag))
                abort();
        free(list);
        free(header);
        return 0;
}
