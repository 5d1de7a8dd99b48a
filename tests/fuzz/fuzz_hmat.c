/* SPDX-License-Identifier: MIT */
#include "firmware.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct firmware_fault fault;
        struct hmat hmat;
        char line[256];

        hmat_decode(data, size, &hmat, &fault);
        for (size_t l = 0; l < hmat.n_localities; l++)
                for (size_t i = 0; i < hmat.localities[l].n_initiators; i++)
                        for (size_t t = 0; t < hmat.localities[l].n_targets; t++)
                                hmat_value(&hmat, &hmat.localities[l], i, t);
        firmware_fault_print(&fault, line, sizeof(line));
        hmat_free(&hmat);
        return 0;
}
