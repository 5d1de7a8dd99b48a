/* SPDX-License-Identifier: MIT */
/*
 * What sysfs says of how fast memory is and how it lies: access classes and memory-side caches of
 * each node (from the HMAT), memory tiers, packages.
 */
#pragma once

#include "reader.h"

struct topology_reader;

/* NULL when memory is exhausted. */
struct topology_reader *topology_reader_new(struct source *source);
void topology_reader_free(struct topology_reader *t);

/* Starts a look: what the nodes were given before is no longer valid. */
void topology_begin(struct topology_reader *t);
/* Notes what there is of a node; topology_end() hands it out. */
void topology_read_node(struct topology_reader *t, struct reader *r, int nid);
/* Tiers into sample. */
void topology_read_tiers(struct topology_reader *t, struct reader *r, struct sample *sample);
/* In how many packages these CPUs are. */
void topology_read_packages(struct topology_reader *t, struct reader *r, struct sample *sample,
                            const struct id_list *cpus);
/* Ends a look. */
void topology_end(struct topology_reader *t);
/* Points the node to what was noted of it; valid until the next look. */
void topology_assign(struct topology_reader *t, struct node *node);
