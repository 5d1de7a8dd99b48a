/* SPDX-License-Identifier: MIT */
/* Zones of all nodes: /proc/zoneinfo and /proc/buddyinfo. */
#pragma once

#include "node_reader.h"

struct zone_reader;

/* NULL when memory is exhausted. */
struct zone_reader *zone_reader_new(struct source *source);
void zone_reader_free(struct zone_reader *z);

/* Both fill the zones of the nodes, which are by nid; NULL: no such node. */
void zones_read(struct zone_reader *z, struct reader *r,
                struct node_reader *const nodes[static MAX_NUMNODES]);
void buddies_read(struct zone_reader *z, struct reader *r,
                  struct node_reader *const nodes[static MAX_NUMNODES]);
