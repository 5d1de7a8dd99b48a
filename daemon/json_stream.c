/* SPDX-License-Identifier: MIT */
#include "json_stream.h"

#include "json_memory.h"

#include <string.h>

static void new_line(struct json_stream *s)
{
        if (!s->pretty)
                return;
        buffer_add_char(s->out, '\n');
        for (unsigned i = 0; i < s->depth; i++)
                buffer_add_str(s->out, "  ");
}

/* Kernel field names are printable ASCII (see parse.c), of which these two are JSON's own. */
static void add_key(struct buffer *out, const char *key)
{
        for (size_t len; *key; key += len) {
                len = strcspn(key, "\"\\");
                buffer_add(out, key, len);
                if (!key[len])
                        return;
                buffer_add_char(out, '\\');
                buffer_add_char(out, key[len++]);
        }
}

/* What stands before each member or element. */
static void lead_in(struct json_stream *s, const char *key)
{
        if (!s->empty)
                buffer_add_char(s->out, ',');
        s->empty = false;
        new_line(s);
        if (!key)
                return;
        buffer_add_char(s->out, '"');
        add_key(s->out, key);
        buffer_add_str(s->out, s->pretty ? "\": " : "\":");
}

/* jansson indents from the margin: shift what it writes. A newline is never part of a string. */
static int add_indented(const char *data, size_t len, void *context)
{
        struct json_stream *s = context;

        while (len > 0) {
                const char *newline = s->pretty ? memchr(data, '\n', len) : NULL;
                size_t n = newline ? (size_t)(newline - data) : len;

                buffer_add(s->out, data, n);
                if (newline) {
                        new_line(s);
                        n++;
                }
                data += n;
                len -= n;
        }
        return 0;
}

void json_stream_begin(struct json_stream *s, struct buffer *out, bool pretty)
{
        json_memory_watch();
        *s = (struct json_stream){ .out = out, .pretty = pretty, .depth = 1, .empty = true };
        buffer_add_char(out, '{');
}

void json_stream_add(struct json_stream *s, const char *key, json_t *value)
{
        /* 15 digits are exact both ways; 17 would show 0.07 as 0.070000000000000007. */
        size_t flags = JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY |
                       (s->pretty ? JSON_INDENT(2) : JSON_COMPACT);

        lead_in(s, key);
        if (!value || json_dump_callback(value, add_indented, s, flags) < 0)
                s->out->failed = true;
        json_decref(value);
}

void json_stream_add_u64(struct json_stream *s, const char *key, uint64_t value)
{
        if (value > INT64_MAX) {
                json_stream_add(s, key, json_real((double)value));
                return;
        }
        lead_in(s, key);
        buffer_add_u64(s->out, value);
}

void json_stream_add_text(struct json_stream *s, const char *text, size_t len)
{
        lead_in(s, NULL);
        buffer_add(s->out, text, len);
}

void json_stream_add_all(struct json_stream *s, json_t *object)
{
        const char *key;
        json_t *value;

        if (!object)
                s->out->failed = true;
        json_object_foreach (object, key, value)
                json_stream_add(s, key, json_incref(value));
        json_decref(object);
}

void json_stream_open(struct json_stream *s, const char *key, char bracket)
{
        lead_in(s, key);
        buffer_add_char(s->out, bracket);
        s->depth++;
        s->empty = true;
}

void json_stream_close(struct json_stream *s, char bracket)
{
        s->depth--;
        if (!s->empty)
                new_line(s);
        buffer_add_char(s->out, bracket);
        s->empty = false;
}

void json_stream_end(struct json_stream *s)
{
        json_stream_close(s, '}');
        buffer_add_char(s->out, '\n');
        if (json_memory_failed())
                s->out->failed = true;
}
