/* SPDX-License-Identifier: MIT */
#include "sampler.h"

#include "clock.h"

#include <errno.h>
#include <stdlib.h>

/*
 * How long the structure is believed when nothing tells of a change (see collect.h): what could
 * change unseen is that one memory block goes offline and another of its size online between two
 * samples, and the speed of memory.
 */
#define LOOK_INTERVAL_NS UINT64_C(600000000000)

/* How long a piece of work on a sample is; then whoever else is waiting has his turn. */
#define PIECE_NS UINT64_C(1000000)

struct sampler {
        struct collect *collect;
        struct snapshot *current;
        uint64_t last_look_ns;
        bool under_way;
        bool looking; /* the sample under way looks at the structure */
        bool again;   /* somebody asked for a look meanwhile */
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

/* Makes the sample the current snapshot. */
static int publish(struct sampler *s, const struct sample *sample)
{
        struct snapshot *previous = s->current, *snap = snapshot_new(sample, previous);
        int r = 0;

        if (!snap)
                return -ENOMEM;
        s->current = snap;
        if (s->observer->changed)
                r = s->observer->changed(s->observer->context, snap, previous);
        if (r < 0) {
                s->current = previous;
                snapshot_unref(snap);
                return r;
        }
        if (s->looking)
                s->last_look_ns = sample->monotonic_ns;
        snapshot_unref(previous);
        return 0;
}

static void begin(struct sampler *s, bool look, uint64_t wanted)
{
        uint64_t now = monotonic_now_ns();

        s->looking = look || !s->current || now - s->last_look_ns >= LOOK_INTERVAL_NS;
        s->under_way = true;
        collect_begin(s->collect, s->looking, wanted);
}

/* Works on the sample under way until the time comes. 1: there is more to do; else as below. */
static int work(struct sampler *s, uint64_t until_ns)
{
        const struct sample *sample;
        int r;

        do
                r = collect_step(s->collect, &sample);
        while (r > 0 && monotonic_now_ns() < until_ns);
        if (r > 0)
                return r;
        s->under_way = false;
        tell_problems(s);
        if (r < 0)
                return r;
        return sample->torn && s->current ? 0 : publish(s, sample);
}

int sampler_sample(struct sampler *s, bool look)
{
        begin(s, look, COLLECTORS_ALL);
        return work(s, UINT64_MAX);
}

int sampler_begin(struct sampler *s, bool look)
{
        if (s->under_way)
                s->again = s->again || look;
        else
                begin(s, look, COLLECTORS_ALL);
        return sampler_continue(s);
}

int sampler_continue(struct sampler *s)
{
        int r = s->under_way ? work(s, monotonic_now_ns() + PIECE_NS) : 0;

        if (r > 0 || !s->again)
                return r;
        s->again = false;
        begin(s, true, COLLECTORS_ALL);
        return 1;
}

/* Whether the current snapshot is young enough and has what is needed. */
static bool will_do(const struct sampler *s, uint64_t max_age_ns, uint64_t needs)
{
        const struct sample *sample = s->current ? snapshot_sample(s->current) : NULL;

        return sample && max_age_ns > 0 && !(needs & ~sample->collected) &&
               monotonic_now_ns() - sample->monotonic_ns <= max_age_ns;
}

struct snapshot *sampler_snapshot(struct sampler *s, uint64_t max_age_ns, uint64_t needs)
{
        if (will_do(s, max_age_ns, needs))
                return s->current;
        if (s->under_way) {
                if (work(s, UINT64_MAX) < 0)
                        return NULL;
                if (will_do(s, max_age_ns, needs))
                        return s->current;
        }
        begin(s, false, needs);
        return work(s, UINT64_MAX) < 0 ? NULL : s->current;
}
