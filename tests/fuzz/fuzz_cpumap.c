/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct parser p;
        struct parse_cpumap map;
        struct id_range r;
        int64_t last = -1;

        parse_init(&p, (const char *)data, size);
        if (parse_cpumap_init(&map, &p) < 0)
                return 0;
        while (parse_cpumap_next(&map, &r)) {
                if (r.first > r.last || r.first <= last)
                        abort();
                last = r.last;
        }
        return 0;
}
