/* SPDX-License-Identifier: MIT */
/* The pieces that JSON documents are made of; each gives a new reference, NULL without memory. */
#pragma once

#include "json_stream.h"
#include "model.h"

#include <jansson.h>

json_t *json_u64(uint64_t value);
/* null if not known. */
json_t *json_u64_if(bool known, uint64_t value);
/* null for NULL. */
json_t *json_text(const char *s);
/* The text of the buffer. */
json_t *json_buffer(const struct buffer *text);
/* "0-3,8"; null if it is not known. */
json_t *json_cpulist(const struct id_list *cpus);
/* RFC 3339, UTC, with nanoseconds. */
json_t *json_time(uint64_t realtime_ns);
/* What every document begins with: boot_id, hostname, … */
json_t *json_document(const struct snapshot *snap);
json_t *json_block_counts(const struct node_memory_blocks *blocks);
/* What the kernel says of access to the node's memory and of the caches before it. */
json_t *json_accesses(const struct node *node);
json_t *json_side_caches(const struct node *node);

/* A member: an object of kernel field name → value, or null. */
void add_counters(struct json_stream *stream, const char *key, const struct counters *c,
                  const struct field_table *table);
/* The members of one node, as /v1/nodes has it. */
void add_node(struct json_stream *stream, const struct snapshot *snap, const struct node *node);
/* Parts of the document that concern memory and its map. */
void add_numa_meminfo(struct json_stream *stream, const struct snapshot *snap);
void add_memblock(struct json_stream *stream, const struct snapshot *snap);
void add_memory_tiers(struct json_stream *stream, const struct snapshot *snap);
void add_firmware(struct json_stream *stream, const struct snapshot *snap);
/* The tables' members; map may be NULL. */
void add_firmware_tables(struct json_stream *stream, const struct firmware_tables *fw,
                         const struct pxm_map *map);
void add_devices(struct json_stream *stream, const struct snapshot *snap);
void add_checks(struct json_stream *stream, const struct snapshot *snap);
/* An array of node ids. */
json_t *json_nids(const nodemask_t *mask);
