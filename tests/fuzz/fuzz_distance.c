/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct parser p;
        uint8_t distance;
        size_t n = 0;

        parse_init(&p, (const char *)data, size);
        while (parse_distance(&p, &distance))
                n++;
        if (n > size)
                abort();
        return 0;
}
