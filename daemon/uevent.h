/* SPDX-License-Identifier: MIT */
/*
 * Pure parser of one uevent datagram as the kernel sends it (lib/kobject_uevent.c:
 * alloc_uevent_skb()):
 *
 *      add@/devices/system/memory/memory32\0ACTION=add\0DEVPATH=/devices/system/memory/memory32\0
 *      SUBSYSTEM=memory\0…\0SEQNUM=1234\0
 *
 * udevd's own datagrams, which begin with "libudev" and a binary header, are none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* enum kobject_action; a later kernel's further ones are OTHER. */
enum uevent_action {
        UEVENT_ADD,
        UEVENT_REMOVE,
        UEVENT_CHANGE,
        UEVENT_ONLINE,
        UEVENT_OFFLINE,
        UEVENT_MOVE,
        UEVENT_BIND,
        UEVENT_UNBIND,
        UEVENT_OTHER,
};

struct uevent {
        enum uevent_action action;
        const char *subsystem;
        const char *devpath; /* below /sys, with a leading slash */
        bool has_seqnum;
        uint64_t seqnum;
};

/*
 * Fills out, whose strings point into the datagram. Where a variable stands twice the first counts:
 * the kernel's own come before what a driver adds. -EINVAL, and then out is undefined: no such
 * datagram, or cut short.
 */
int uevent_parse(const char *bytes, size_t len, struct uevent *out);

/*
 * Whether what it tells of can change what the NUMA model shows. By subsystem alone: there is no
 * action that cannot, and a look too many only costs a sample.
 */
bool uevent_concerns_numa(const struct uevent *uevent);
