/* SPDX-License-Identifier: MIT */
/* Takes samples when they are due and holds the current snapshot. */
#pragma once

#include "collect.h"
#include "model.h"

struct sampler;

/* What the sampler tells its owner; both may be NULL. */
struct sampler_observer {
        /*
         * A new snapshot is current; previous, which may be NULL, was before it. A negative errno
         * undoes that: what changed could not be told, and is to be told with the next one.
         */
        int (*changed)(void *context, struct snapshot *snap, const struct snapshot *previous);
        /* A file became unreadable, malformed or readable again. */
        void (*problem)(void *context, const struct problem *problem);
        void *context;
};

/* NULL when memory is exhausted. source and observer must outlive it. */
struct sampler *sampler_new(struct source *source, const struct sampler_observer *observer);
void sampler_free(struct sampler *s);

/* Samples now; look: the structure, too, in any case. 0 or -ENOMEM, in which case the snapshot
 * before stays current; so it does if the sample is torn. */
int sampler_sample(struct sampler *s, bool look);
/*
 * The same, but bit by bit: begins a sample, unless one is under way, and works on it for a
 * millisecond. 1: there is more to do, call sampler_continue() when nothing else is; 0: it is
 * done; -ENOMEM as above.
 */
int sampler_begin(struct sampler *s, bool look);
int sampler_continue(struct sampler *s);

/*
 * The current snapshot, after sampling if it is older than max_age_ns (0: in any case) or does not
 * have all of needs (COLLECTOR_BIT()s) from the moment it was taken. A sample under way is awaited;
 * another follows only if that one is not good enough. An older one where each sample since was
 * torn. Borrowed. NULL: there is none, since memory is exhausted.
 */
struct snapshot *sampler_snapshot(struct sampler *s, uint64_t max_age_ns, uint64_t needs);
