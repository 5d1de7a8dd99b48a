/* SPDX-License-Identifier: MIT */
/* The last events, numbered and as JSON: what /v1/events answers from, and how many there were. */
#pragma once

#include "buffer.h"
#include "event.h"
#include "model.h"

#define EVENTS_KEPT 4096

struct events;

/* One that is kept: {"seq":7,"boot_id":…} on one line without a newline. */
struct event_record {
        uint64_t seq;
        enum event_type type;
        char *json;
        size_t len;
};

/* started_ns: since when events are numbered, realtime. NULL when memory is exhausted. */
struct events *events_new(uint64_t started_ns);
void events_free(struct events *events);

/*
 * Numbers the events of this snapshot, from 1 upwards, and keeps them; the oldest ones give way. 0,
 * or -ENOMEM: then none of them.
 */
int events_add(struct events *events, const struct event_list *list, const struct snapshot *snap);

uint64_t events_started_ns(const struct events *events);
/* The number of the last event, 0 if there was none. */
uint64_t events_last_seq(const struct events *events);
/* The number of the oldest one that is kept; one above the last if none is. */
uint64_t events_oldest_seq(const struct events *events);
/* The first one that is kept with a number above seq; NULL: there is none. */
const struct event_record *events_after(const struct events *events, uint64_t seq);
/* Whether events above seq are no longer kept, or seq is of another numbering. */
bool events_gap(const struct events *events, uint64_t seq);
/* How many of this type there were. */
uint64_t events_count(const struct events *events, enum event_type type);
