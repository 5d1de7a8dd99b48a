/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct parser p;
        struct parse_buddy buddy;

        parse_init(&p, (const char *)data, size);
        while (parse_buddyinfo(&p, &buddy))
                if (buddy.n_orders == 0 || buddy.n_orders > BUDDY_ORDERS_MAX)
                        abort();
        return 0;
}
