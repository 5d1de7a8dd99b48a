/* SPDX-License-Identifier: MIT */
#include "firmware.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct firmware_fault fault;
        struct cedt cedt;
        char line[256];

        cedt_decode(data, size, &cedt, &fault);
        firmware_fault_print(&fault, line, sizeof(line));
        cedt_free(&cedt);
        return 0;
}
