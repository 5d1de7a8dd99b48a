/* SPDX-License-Identifier: MIT */
#include "array.h"

#include <stdlib.h>
#include <string.h>

bool array_grow(void *array, size_t *cap, size_t n, size_t size)
{
        size_t wanted = *cap ? *cap * 2 : 8;
        void *old, *grown;

        if (n < *cap)
                return true;
        memcpy(&old, array, sizeof(old));
        grown = reallocarray(old, wanted, size);
        if (!grown)
                return false;
        memcpy(array, &grown, sizeof(grown));
        *cap = wanted;
        /* cppcheck-suppress memleak ; the caller's pointer has it */
        return true;
}
