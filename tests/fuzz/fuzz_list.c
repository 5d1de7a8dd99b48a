/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct parser p;
        struct id_range r;

        parse_init(&p, (const char *)data, size);
        while (parse_list(&p, 1023, &r))
                if (r.first > r.last || r.last > 1023)
                        abort();
        return 0;
}
