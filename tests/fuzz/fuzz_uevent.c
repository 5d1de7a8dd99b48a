/* SPDX-License-Identifier: MIT */
#include "uevent.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lies_within(const char *text, const char *bytes, size_t size)
{
        return text > bytes && text < bytes + size &&
               memchr(text, '\0', (size_t)(bytes + size - text));
}

static void parse(const char *bytes, size_t size)
{
        struct uevent u;

        if (uevent_parse(bytes, size, &u) < 0)
                return;
        if (u.action > UEVENT_OTHER || !lies_within(u.devpath, bytes, size) ||
            !lies_within(u.subsystem, bytes, size) || *u.devpath != '/' || *u.subsystem == '\0' ||
            (!u.has_seqnum && u.seqnum != 0))
                abort();
        uevent_concerns_numa(&u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        /* A head and variables that agree are too much to find by chance. */
        static const char begin[] = "add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=cpu";
        char *bytes = malloc(sizeof(begin) + size);

        parse((const char *)data, size);
        if (!bytes)
                return 0;
        /* Once as further variables, once from within the subsystem's name. */
        memcpy(bytes, begin, sizeof(begin));
        if (size > 0)
                memcpy(bytes + sizeof(begin), data, size);
        parse(bytes, sizeof(begin) + size);
        if (size > 0)
                memcpy(bytes + sizeof(begin) - sizeof("cpu"), data, size);
        parse(bytes, sizeof(begin) - sizeof("cpu") + size);
        free(bytes);
        return 0;
}
