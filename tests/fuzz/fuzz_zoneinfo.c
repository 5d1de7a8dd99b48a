/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct parser p;
        struct parse_zone zone;

        parse_init(&p, (const char *)data, size);
        while (parse_zoneinfo(&p, &zone))
                if (zone.name < p.start || zone.name + zone.name_len > p.end || zone.name_len == 0)
                        abort();
        return 0;
}
