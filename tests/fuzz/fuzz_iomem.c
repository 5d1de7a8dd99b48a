/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct parse_resource resource;
        struct parser p;

        parse_init(&p, (const char *)data, size);
        while (parse_iomem(&p, &resource))
                if (resource.last < resource.start || resource.name < p.start ||
                    resource.name + resource.name_len > p.end)
                        abort();
        return 0;
}
