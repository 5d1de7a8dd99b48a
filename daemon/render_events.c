/* SPDX-License-Identifier: MIT */
#include "render.h"

#include "json_stream.h"
#include "render_json.h"

void render_events(struct buffer *out, const struct snapshot *snap, const struct events *events,
                   uint64_t since, bool pretty)
{
        uint64_t last = events_last_seq(events);
        const struct event_record *record;
        struct json_stream stream;

        json_stream_begin(&stream, out, pretty);
        json_stream_add_all(&stream, json_document(snap));
        json_stream_add(&stream, "started_at", json_time(events_started_ns(events)));
        json_stream_add(&stream, "oldest_seq", json_u64(events_oldest_seq(events)));
        json_stream_add(&stream, "last_seq", json_u64(last));
        json_stream_add(&stream, "gap", json_boolean(events_gap(events, since)));
        json_stream_open(&stream, "events", '[');
        if (since > last)
                since = 0;
        while ((record = events_after(events, since))) {
                if (pretty)
                        json_stream_add(&stream, NULL,
                                        json_loadb(record->json, record->len, 0, NULL));
                else
                        json_stream_add_text(&stream, record->json, record->len);
                since = record->seq;
        }
        json_stream_close(&stream, ']');
        json_stream_end(&stream);
}
