/* SPDX-License-Identifier: MIT */
/* The pieces that JSON documents are made of; each gives a new reference, NULL without memory. */
#pragma once

#include "model.h"

#include <jansson.h>

json_t *json_u64(uint64_t value);
/* null if not known. */
json_t *json_u64_if(bool known, uint64_t value);
/* null for NULL. */
json_t *json_text(const char *s);
/* Sets key to an object of kernel field name → value, or to null. */
void json_counters(json_t *object, const char *key, const struct counters *c,
                   const struct field_table *table);
json_t *json_block_counts(const struct node_memory_blocks *blocks);
/* One node, as /v1/nodes has it. */
json_t *json_node(const struct snapshot *snap, const struct node *node);
