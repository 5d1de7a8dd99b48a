/* SPDX-License-Identifier: MIT */
/*
 * Hears uevents and says when to look at the machine: once for a burst of them, because a DIMM is
 * hundreds of memory blocks.
 *
 * It listens to the kernel's own multicast group, not to udevd's, which is what libsystemd's device
 * monitor means by default: that group is there with and without udevd, it is heard sooner, and
 * what udevd adds, its rules and its database, decides nothing that is read here.
 *
 * The kernel sends to the network namespaces that the initial user namespace owns
 * (uevent_net_init() in lib/kobject_uevent.c): a service with PrivateNetwork= hears it, a container
 * with a user namespace does not, and there only the interval finds a change.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct hotplug;

/* From the last uevent of a burst to the look, and from the first one at most. */
#define HOTPLUG_SETTLE_NS     UINT64_C(50000000)
#define HOTPLUG_SETTLE_MAX_NS UINT64_C(500000000)

struct hotplug_burst {
        uint64_t uevents;  /* that concern NUMA; 0: all that is known is that some were lost */
        uint64_t first_ns; /* CLOCK_MONOTONIC, when the first one was read, or its loss noticed */
        uint64_t last_ns;
        bool lost; /* there may have been others, of anything: look at everything */
};

struct hotplug_callbacks {
        /* A burst has settled. It may call hotplug_free(). */
        void (*look)(void *context, const struct hotplug_burst *burst);
        void *context;
};

/* Each datagram is counted once: in uevents, malformed or foreign. */
struct hotplug_stats {
        uint64_t uevents;   /* well-formed, from the kernel */
        uint64_t relevant;  /* those of them that concern NUMA */
        uint64_t malformed; /* from the kernel, but no uevent that this program understands */
        uint64_t foreign;   /* not from the kernel; ignored */
        uint64_t lost;      /* how often the kernel said that it had to drop some (ENOBUFS) */
        int error;          /* -errno why nothing is heard any more; 0: all is well */
};

/*
 * callbacks is copied. 0 or -errno: -EAFNOSUPPORT where netlink sockets are forbidden,
 * -EPROTONOSUPPORT where the kernel has no uevents. Should the socket fail later, a last look with
 * lost set tells of it, and the statistics of the error.
 */
int hotplug_new(sd_event *loop, const struct hotplug_callbacks *callbacks, struct hotplug **ret);
/*
 * The same with any socket that keeps datagrams apart, which it takes over on success. Senders are
 * checked on a netlink socket only, which must have SO_PASSCRED; another kind is believed, and an
 * empty datagram is its end.
 */
int hotplug_new_fd(sd_event *loop, int fd, const struct hotplug_callbacks *callbacks,
                   struct hotplug **ret);
/* A burst that has not settled is forgotten. */
void hotplug_free(struct hotplug *h);

void hotplug_stats(const struct hotplug *h, struct hotplug_stats *stats);
