/* SPDX-License-Identifier: MIT */
#include "event.h"

#include "array.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *event_type_name(enum event_type type)
{
        static const char *const names[NR_EVENT_TYPES] = {
                [EVENT_NODE_ONLINE] = "node_online",
                [EVENT_NODE_OFFLINE] = "node_offline",
                [EVENT_NODE_STATE_CHANGED] = "node_state_changed",
                [EVENT_MEMORY_ADDED] = "memory_added",
                [EVENT_MEMORY_ONLINE] = "memory_online",
                [EVENT_MEMORY_OFFLINE] = "memory_offline",
                [EVENT_MEMORY_REMOVED] = "memory_removed",
                [EVENT_CPU_ONLINE] = "cpu_online",
                [EVENT_CPU_OFFLINE] = "cpu_offline",
                [EVENT_DISTANCE_CHANGED] = "distance_changed",
                [EVENT_HUGEPAGES_CHANGED] = "hugepages_changed",
                [EVENT_CHECK_RAISED] = "check_raised",
                [EVENT_CHECK_CLEARED] = "check_cleared",
                [EVENT_SAMPLE_FAILED] = "sample_failed",
                [EVENT_SAMPLE_RECOVERED] = "sample_recovered",
        };

        return names[type];
}

static void event_release(struct event *e)
{
        json_decref(e->before);
        json_decref(e->after);
        json_decref(e->more);
        free(e->message);
}

void event_list_add(struct event_list *list, struct event event, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        if (vasprintf(&event.message, format, args) < 0)
                event.message = NULL;
        va_end(args);
        if (event.message && event.before && event.after &&
            array_grow(&list->events, &list->cap, list->n, sizeof(event))) {
                list->events[list->n++] = event;
                return;
        }
        event_release(&event);
        list->lost++;
}

void event_list_clear(struct event_list *list)
{
        for (size_t i = 0; i < list->n; i++)
                event_release(&list->events[i]);
        free(list->events);
        *list = (struct event_list){ .n = 0 };
}
