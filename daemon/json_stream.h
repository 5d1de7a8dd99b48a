/* SPDX-License-Identifier: MIT */
/*
 * A large JSON document written member by member, each of them built with jansson and freed once it
 * is written: a machine of 1,024 nodes would need 200 MB as one tree.
 */
#pragma once

#include "buffer.h"

#include <jansson.h>

struct json_stream {
        struct buffer *out;
        bool pretty; /* indented by two blanks a level; else compact */
        unsigned depth;
        bool empty; /* nothing stands in the innermost object or array yet */
};

/* Opens the document, an object. */
void json_stream_begin(struct json_stream *s, struct buffer *out, bool pretty);
/* A member, whose key is printable ASCII, or with key NULL an element. Takes the reference; NULL
 * (no memory) fails the buffer. */
void json_stream_add(struct json_stream *s, const char *key, json_t *value);
/* The same of a number, without a tree: a large machine has a million of them. Beyond INT64_MAX,
 * which JSON's readers do not take, it is rounded. */
void json_stream_add_u64(struct json_stream *s, const char *key, uint64_t value);
/* An element that is JSON already, on one line. */
void json_stream_add_text(struct json_stream *s, const char *text, size_t len);
/* All members of an object. Takes the reference. */
void json_stream_add_all(struct json_stream *s, json_t *object);
/* Opens an object ('{') or array ('[') as a member or element. */
void json_stream_open(struct json_stream *s, const char *key, char bracket);
void json_stream_close(struct json_stream *s, char bracket);
/* Closes the document, with a newline. */
void json_stream_end(struct json_stream *s);
