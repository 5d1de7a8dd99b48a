/* SPDX-License-Identifier: MIT */
/* A number is read as strtoull() reads it, and what is none is refused. */
#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = strndup((const char *)data, size), *end;
        unsigned long long expected;
        uint64_t seq = 0;
        bool valid;

        if (!text)
                return 0;
        errno = 0;
        expected = strtoull(text, &end, 10);
        valid = *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
        if (parse_seq(text, &seq) != valid || (valid && seq != expected))
                abort();
        free(text);
        return 0;
}
