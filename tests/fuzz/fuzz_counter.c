/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct parser p;
        struct parse_field f;

        parse_init(&p, (const char *)data, size);
        while (parse_counter(&p, &f))
                if (f.name < p.start || f.name + f.name_len > p.end || f.name_len == 0)
                        abort();
        return 0;
}
