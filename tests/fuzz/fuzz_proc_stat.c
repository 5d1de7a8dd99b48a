/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct parser p;
        struct parse_cpu cpu;

        parse_init(&p, (const char *)data, size);
        while (parse_proc_stat(&p, &cpu))
                if (cpu.n_modes == 0 || cpu.n_modes > NR_CPU_MODES)
                        abort();
        return 0;
}
