/* SPDX-License-Identifier: MIT */
#include "sampler.h"

#include "clock.h"

#include <errno.h>
#include <stdlib.h>

/*
 * How long the structure is believed when nothing tells of a change: masks and CPUs are compared at
 * each sample, but the state of a memory block can change without either. That uevents can be
 * subscribed to does not mean that any arrives (a network namespace of its own), so it does not
 * make this longer.
 */
#define LOOK_INTERVAL_NS UINT64_C(10000000000)

struct sampler {
        struct collect *collect;
        struct snapshot *current;
        uint64_t last_look_ns;
        const struct sampler_observer *observer;
};

struct sampler *sampler_new(struct source *source, const struct sampler_observer *observer)
{
        struct sampler *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->observer = observer;
        s->collect = collect_new(source);
        if (s->collect)
                return s;
        free(s);
        return NULL;
}

void sampler_free(struct sampler *s)
{
        if (!s)
                return;
        snapshot_unref(s->current);
        collect_free(s->collect);
        free(s);
}

static void tell_problems(struct sampler *s)
{
        size_t n;
        const struct problem *problems = collect_problems(s->collect, &n);

        if (!s->observer->problem)
                return;
        for (size_t i = 0; i < n; i++)
                s->observer->problem(s->observer->context, &problems[i]);
}

int sampler_sample(struct sampler *s, bool look)
{
        uint64_t now = monotonic_now_ns();
        struct snapshot *snap, *previous = s->current;
        const struct sample *sample;

        look = look || !previous || now - s->last_look_ns >= LOOK_INTERVAL_NS;
        sample = collect_sample(s->collect, look);
        tell_problems(s);
        if (sample->torn && previous)
                return 0;
        snap = snapshot_new(sample, previous);
        if (!snap)
                return -ENOMEM;
        if (look)
                s->last_look_ns = now;
        s->current = snap;
        if (s->observer->changed)
                s->observer->changed(s->observer->context, snap, previous);
        snapshot_unref(previous);
        return 0;
}

struct snapshot *sampler_snapshot(struct sampler *s, uint64_t max_age_ns)
{
        uint64_t age_ns = UINT64_MAX;

        if (s->current)
                age_ns = monotonic_now_ns() - snapshot_sample(s->current)->monotonic_ns;
        if (max_age_ns == 0 || age_ns > max_age_ns)
                sampler_sample(s, false);
        return s->current;
}
