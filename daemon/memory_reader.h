/* SPDX-License-Identifier: MIT */
/* Memory blocks: /sys/devices/system/memory and the links to them below each node. */
#pragma once

#include "reader.h"

struct memory_reader;

struct memory_reader *memory_reader_new(struct source *source);
void memory_reader_free(struct memory_reader *m);

/*
 * Reads the block size, the policy, all blocks and their states, and which of the n nodes each is
 * linked under, into sample; the arrays stay valid until the next call. It does so in parts, the
 * first with begin, and is to be called again as long as it returns true.
 */
bool memory_read(struct memory_reader *m, struct reader *r, struct sample *sample, const int *nids,
                 size_t n_nids, bool begin);
