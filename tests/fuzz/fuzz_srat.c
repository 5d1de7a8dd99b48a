/* SPDX-License-Identifier: MIT */
#include "firmware.h"
#include "pxm.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct firmware_fault fault;
        struct pxm_map map;
        struct srat srat;
        char line[256];

        srat_decode(data, size, &srat, &fault);
        pxm_map_init(&map);
        pxm_map_add_srat(&map, &srat, NULL);
        firmware_fault_print(&fault, line, sizeof(line));
        srat_free(&srat);
        return 0;
}
