/* SPDX-License-Identifier: MIT */
#include "uevent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

static const char *const action_names[] = {
        [UEVENT_ADD] = "add",       [UEVENT_REMOVE] = "remove",   [UEVENT_CHANGE] = "change",
        [UEVENT_ONLINE] = "online", [UEVENT_OFFLINE] = "offline", [UEVENT_MOVE] = "move",
        [UEVENT_BIND] = "bind",     [UEVENT_UNBIND] = "unbind",
};

static enum uevent_action action_by_name(const char *name)
{
        for (size_t i = 0; i < N_ELEMENTS(action_names); i++)
                if (strcmp(action_names[i], name) == 0)
                        return (enum uevent_action)i;
        return UEVENT_OTHER;
}

/* The value of the first variable of this name; NULL: there is none. Each one ends with a NUL. */
static const char *find_variable(const char *pos, const char *end, const char *name)
{
        size_t n = strlen(name);

        for (; pos < end; pos += strlen(pos) + 1)
                if (strncmp(pos, name, n) == 0 && pos[n] == '=')
                        return pos + n + 1;
        return NULL;
}

/* The datagram begins with "ACTION@DEVPATH". */
static bool head_is(const char *head, const char *action, const char *devpath)
{
        size_t n = strlen(action);

        return strncmp(head, action, n) == 0 && head[n] == '@' &&
               strcmp(head + n + 1, devpath) == 0;
}

static int parse_seqnum(const char *text, uint64_t *seqnum)
{
        char *end;

        /* strtoull() would take blanks and signs. */
        if (*text < '0' || *text > '9')
                return -EINVAL;
        errno = 0;
        *seqnum = strtoull(text, &end, 10);
        return errno == 0 && *end == '\0' ? 0 : -EINVAL;
}

int uevent_parse(const char *bytes, size_t len, struct uevent *out)
{
        const char *end = bytes + len;
        const char *variables, *action, *seqnum;

        if (len == 0 || end[-1] != '\0')
                return -EINVAL;
        variables = bytes + strlen(bytes) + 1;
        action = find_variable(variables, end, "ACTION");
        seqnum = find_variable(variables, end, "SEQNUM");
        *out = (struct uevent){
                .devpath = find_variable(variables, end, "DEVPATH"),
                .subsystem = find_variable(variables, end, "SUBSYSTEM"),
                .has_seqnum = seqnum != NULL,
        };
        if (!action || *action == '\0' || !out->devpath || *out->devpath != '/' ||
            !head_is(bytes, action, out->devpath) || !out->subsystem || *out->subsystem == '\0')
                return -EINVAL;
        out->action = action_by_name(action);
        return seqnum ? parse_seqnum(seqnum, &out->seqnum) : 0;
}

bool uevent_concerns_numa(const struct uevent *uevent)
{
        static const char *const subsystems[] = {
                /* drivers/base/memory.c: a block came, went or changed its state; with it the size
                 * of its nodes, and has_memory, which has no uevent of its own. */
                "memory",
                /* drivers/base/cpu.c: cpulist of its node, and has_cpu, which has none either. */
                "cpu",
                /* drivers/base/node.c: the node's directory came or went, and with it the rows of
                 * distances. */
                "node",
                /* mm/memory-tiers.c: the first node of a tier came or the last one went. */
                "memory_tiering",
                /* drivers/dax/kmem.c: device memory becomes a node's. "bind" is sent when all of
                 * its blocks are there, so that the look does not come amid them. */
                "dax",
        };

        for (size_t i = 0; i < N_ELEMENTS(subsystems); i++)
                if (strcmp(subsystems[i], uevent->subsystem) == 0)
                        return true;
        return false;
}
