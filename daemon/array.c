/* SPDX-License-Identifier: MIT */
#include "array.h"

#include <stdlib.h>
#include <string.h>

bool array_grow(void *array, size_t *cap, size_t n, size_t size)
{
        size_t wanted = *cap ? *cap * 2 : 8;
        void *grown;

        if (n < *cap)
                return true;
        memcpy(&grown, array, sizeof(grown));
        grown = reallocarray(grown, wanted, size);
        if (!grown)
                return false;
        memcpy(array, &grown, sizeof(grown));
        *cap = wanted;
        return true;
}
