/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>

/* systemd/numad-telemetry.catalog explains each; an id once given stays. */
static const char *message_id(enum event_type type)
{
        static const char *const ids[NR_EVENT_TYPES] = {
                [EVENT_NODE_ONLINE] = "0e4be008f0c74811b9c75da2a7423c57",
                [EVENT_NODE_OFFLINE] = "cfd357e7b36345b3b4d8b94ca46c41b0",
                [EVENT_NODE_STATE_CHANGED] = "ad44c6a16d71412b9794f86b186778b4",
                [EVENT_MEMORY_ADDED] = "419ecdcdf6f94eb398b1b1df7aec62ce",
                [EVENT_MEMORY_ONLINE] = "97d8c9aac0fe484f8cadbe5d4f61fece",
                [EVENT_MEMORY_OFFLINE] = "796fa5742d75450c935eac879a3f5846",
                [EVENT_MEMORY_REMOVED] = "76ab1c9ce15e44f48b660d6217416bf2",
                [EVENT_CPU_ONLINE] = "3609318770494e5699ed1e93c4aa32fe",
                [EVENT_CPU_OFFLINE] = "0913debeab8b480990c71fdbdd79a41d",
                [EVENT_DISTANCE_CHANGED] = "4880a5ff5785491eb09fceada87faf78",
                [EVENT_HUGEPAGES_CHANGED] = "913c38563b3545498e9f96bbd390eb7b",
                [EVENT_CHECK_RAISED] = "bcedaaf7ffd94f619dfed32de28b2686",
                [EVENT_CHECK_CLEARED] = "1fa572e691674f7a96c5aa1187dd13c3",
                [EVENT_SAMPLE_FAILED] = "8ca70cc256a04f7db6894fc28ea1d4db",
                [EVENT_SAMPLE_RECOVERED] = "3f81c42b854848a1bd136647217439de",
        };

        return ids[type];
}

static int priority(const struct event *e)
{
        switch (e->type) {
        case EVENT_NODE_OFFLINE:
        case EVENT_MEMORY_OFFLINE:
        case EVENT_MEMORY_REMOVED:
        case EVENT_CPU_OFFLINE:
        case EVENT_CHECK_RAISED:
                return LOG_NOTICE;
        case EVENT_SAMPLE_FAILED:
                return LOG_WARNING;
        default:
                return LOG_INFO;
        }
}

static int add_field(struct iovec *field, const char *name, const char *value)
{
        char *text;
        int n = value ? asprintf(&text, "%s=%s", name, value) : -1;

        if (n < 0)
                return 0;
        *field = (struct iovec){ .iov_base = text, .iov_len = (size_t)n };
        return 1;
}

static int add_number(struct iovec *field, const char *name, uint64_t value)
{
        char text[24];

        snprintf(text, sizeof(text), "%" PRIu64, value);
        return add_field(field, name, text);
}

static int add_json(struct iovec *field, const char *name, const json_t *value)
{
        char *text;
        int n;

        if (json_is_null(value))
                return 0;
        if (json_is_string(value))
                return add_field(field, name, json_string_value(value));
        text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        n = add_field(field, name, text);
        free(text);
        return n;
}

static void send_fields(const struct event *e, uint64_t seq)
{
        struct iovec fields[16];
        const char *key;
        json_t *value;
        int n = 0;

        n += add_field(&fields[n], "MESSAGE", e->message);
        n += add_field(&fields[n], "MESSAGE_ID", message_id(e->type));
        n += add_number(&fields[n], "PRIORITY", (uint64_t)priority(e));
        n += add_field(&fields[n], "SYSLOG_IDENTIFIER", "numad-telemetry");
        n += add_field(&fields[n], "NUMA_EVENT", event_type_name(e->type));
        n += add_number(&fields[n], "NUMA_SEQ", seq);
        if (e->nid != NUMA_NO_NODE)
                n += add_number(&fields[n], "NUMA_NODE", (uint64_t)e->nid);
        n += add_json(&fields[n], "NUMA_BEFORE", e->before);
        n += add_json(&fields[n], "NUMA_AFTER", e->after);
        if (e->has_range) {
                n += add_number(&fields[n], "NUMA_START", e->start);
                n += add_number(&fields[n], "NUMA_END", e->end);
                n += add_number(&fields[n], "NUMA_BYTES", e->end - e->start);
        }
        /* What the catalog's texts name. */
        json_object_foreach (e->more, key, value) {
                if (strcmp(key, "check") == 0)
                        n += add_field(&fields[n], "NUMA_CHECK", json_string_value(value));
                if (strcmp(key, "collector") == 0)
                        n += add_field(&fields[n], "NUMA_COLLECTOR", json_string_value(value));
        }
        sd_journal_sendv(fields, n);
        for (int i = 0; i < n; i++)
                free(fields[i].iov_base);
}

void journal_event(const struct event *event, uint64_t seq)
{
        if (!log_enabled(priority(event)))
                return;
        if (log_is_journal())
                send_fields(event, seq);
        else
                log_message(priority(event), "%s", event->message);
}
