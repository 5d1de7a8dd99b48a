/* SPDX-License-Identifier: MIT */
#include "render.h"

#include "render_json.h"

void render_topology(struct buffer *out, const struct snapshot *snap,
                     const struct topology_documents *documents, bool pretty)
{
        struct json_stream stream;

        json_stream_begin(&stream, out, pretty);
        json_stream_add_all(&stream, json_document(snap));
        json_stream_add_all(&stream, json_loadb(documents->json, documents->json_len, 0, NULL));
        json_stream_end(&stream);
}
