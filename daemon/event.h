/* SPDX-License-Identifier: MIT */
/* An event: what changed between two snapshots, where, and in words. */
#pragma once

#include "nodemask.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum event_type {
        EVENT_NODE_ONLINE,
        EVENT_NODE_OFFLINE,
        EVENT_NODE_STATE_CHANGED,
        EVENT_MEMORY_ADDED, /* plugged, but not online */
        EVENT_MEMORY_ONLINE,
        EVENT_MEMORY_OFFLINE,
        EVENT_MEMORY_REMOVED, /* unplugged when it was not online */
        EVENT_CPU_ONLINE,
        EVENT_CPU_OFFLINE,
        EVENT_DISTANCE_CHANGED,
        EVENT_HUGEPAGES_CHANGED,
        EVENT_CHECK_RAISED,
        EVENT_CHECK_CLEARED,
        EVENT_SAMPLE_FAILED,
        EVENT_SAMPLE_RECOVERED,
        NR_EVENT_TYPES,
};

struct event {
        enum event_type type;
        int nid; /* NUMA_NO_NODE: it is not of a node */
        /*
         * The state before and after, owned; null where there was none. Of a node the names of its
         * masks, of memory the word that sysfs has, of CPUs the node's list, of distances an object
         * of those that changed, of huge pages the size of the pool.
         */
        json_t *before, *after;
        json_t *more;        /* an object of what this type has besides, owned; NULL: nothing */
        bool has_range;      /* start and end are known: of memory only */
        uint64_t start, end; /* bytes; end is the first byte after */
        char *message;       /* one sentence, owned */
};

struct event_list {
        size_t n, cap;
        struct event *events;
        size_t lost; /* for which there was no memory */
};

/* "node_online", … */
const char *event_type_name(enum event_type type);
/* Appends the event, which is taken over, with the sentence. */
__attribute__((format(printf, 3, 4))) void
event_list_add(struct event_list *list, struct event event, const char *format, ...);
/* Frees the events and leaves an empty list. */
void event_list_clear(struct event_list *list);
