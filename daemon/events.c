/* SPDX-License-Identifier: MIT */
#include "events.h"

#include "cleanup.h"
#include "json_memory.h"
#include "render_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct events {
        uint64_t started_ns;
        uint64_t last_seq;
        uint64_t counts[NR_EVENT_TYPES];
        struct event_record ring[EVENTS_KEPT]; /* [seq % EVENTS_KEPT] */
};

struct events *events_new(uint64_t started_ns)
{
        struct events *events = calloc(1, sizeof(*events));

        if (events)
                events->started_ns = started_ns;
        return events;
}

uint64_t events_started_ns(const struct events *events)
{
        return events->started_ns;
}

void events_free(struct events *events)
{
        if (!events)
                return;
        for (size_t i = 0; i < EVENTS_KEPT; i++)
                free(events->ring[i].json);
        free(events);
}

static void set_range(json_t *json, const struct event *e)
{
        if (e->type < EVENT_MEMORY_ADDED || e->type > EVENT_MEMORY_REMOVED)
                return;
        json_object_set_new(json, "start", json_u64_if(e->has_range, e->start));
        json_object_set_new(json, "end", json_u64_if(e->has_range, e->end));
        json_object_set_new(json, "bytes", json_u64_if(e->has_range, e->end - e->start));
}

/* NULL when memory is exhausted. */
static char *print_event(const struct event *e, uint64_t seq, const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        json_t *json;
        char *text;

        json_memory_watch();
        json = json_object();
        json_object_set_new(json, "seq", json_u64(seq));
        json_object_set_new(json, "boot_id", json_text(s->boot_id));
        json_object_set_new(json, "time", json_time(s->realtime_ns));
        json_object_set_new(json, "monotonic_ns", json_u64(s->monotonic_ns));
        json_object_set_new(json, "generation", json_u64(snapshot_generation(snap)));
        json_object_set_new(json, "type", json_string(event_type_name(e->type)));
        json_object_set_new(json, "nid",
                            e->nid == NUMA_NO_NODE ? json_null() : json_integer(e->nid));
        json_object_set(json, "before", e->before);
        json_object_set(json, "after", e->after);
        set_range(json, e);
        if (e->more)
                json_object_update(json, e->more);
        json_object_set_new(json, "message", json_text(e->message));
        text = json_dumps(json, JSON_COMPACT);
        json_decref(json);
        if (!json_memory_failed())
                return text;
        free(text);
        return NULL;
}

/* Takes the text. */
static void keep(struct events *events, enum event_type type, char *text)
{
        struct event_record *record;

        events->counts[type]++;
        events->last_seq++;
        record = &events->ring[events->last_seq % EVENTS_KEPT];
        free(record->json);
        *record = (struct event_record){
                .seq = events->last_seq,
                .type = type,
                .json = text,
                .len = strlen(text),
        };
}

int events_add(struct events *events, const struct event_list *list, const struct snapshot *snap)
{
        _cleanup_(free_p) char **texts = calloc(list->n + 1, sizeof(*texts));
        size_t n = 0;

        while (texts && n < list->n &&
               (texts[n] = print_event(&list->events[n], events->last_seq + 1 + n, snap)))
                n++;
        if (texts && n == list->n) {
                for (size_t i = 0; i < n; i++)
                        keep(events, list->events[i].type, texts[i]);
                return 0;
        }
        while (n > 0)
                free(texts[--n]);
        return -ENOMEM;
}

uint64_t events_last_seq(const struct events *events)
{
        return events->last_seq;
}

uint64_t events_oldest_seq(const struct events *events)
{
        return events->last_seq < EVENTS_KEPT ? 1 : events->last_seq - EVENTS_KEPT + 1;
}

const struct event_record *events_after(const struct events *events, uint64_t seq)
{
        uint64_t oldest = events_oldest_seq(events);

        seq = seq < oldest ? oldest : seq + 1;
        return seq <= events->last_seq ? &events->ring[seq % EVENTS_KEPT] : NULL;
}

bool events_gap(const struct events *events, uint64_t seq)
{
        return seq > events->last_seq || seq + 1 < events_oldest_seq(events);
}

uint64_t events_count(const struct events *events, enum event_type type)
{
        return events->counts[type];
}
