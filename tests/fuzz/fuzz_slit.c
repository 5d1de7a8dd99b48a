/* SPDX-License-Identifier: MIT */
#include "firmware.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct firmware_fault fault;
        struct slit slit;
        char line[256];

        slit_decode(data, size, &slit, &fault);
        firmware_fault_print(&fault, line, sizeof(line));
        slit_free(&slit);
        return 0;
}
