/* SPDX-License-Identifier: MIT */
#include "fields.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the kernel may call a field, its family is a name that Prometheus accepts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *name = field_metric_name(VMSTAT, (const char *)data, size, false);

        if (!name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name) ||
            strstr(name, "__") || name[strlen(name) - 1] == '_')
                abort();
        free(name);
        return 0;
}
