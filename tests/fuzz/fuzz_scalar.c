/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct parser p;
        uint64_t value;

        for (unsigned base = 10; base <= 16; base += 6) {
                parse_init(&p, (const char *)data, size);
                if ((parse_scalar(&p, base, &value) < 0) != (p.errors > 0))
                        abort();
        }
        return 0;
}
