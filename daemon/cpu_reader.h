/* SPDX-License-Identifier: MIT */
/* Which node each CPU belongs to, and from /proc/stat the CPUs' time, summed over each node. */
#pragma once

#include "node_reader.h"

struct cpu_reader;

/* NULL when memory is exhausted. */
struct cpu_reader *cpu_reader_new(struct source *source);
void cpu_reader_free(struct cpu_reader *c);

/* No CPU belongs to any node; then those of a node to it. */
void cpus_unmap(struct cpu_reader *c);
void cpus_map(struct cpu_reader *c, struct reader *r, const struct node *node);
/* NUMA_NO_NODE: not known. */
int cpu_to_node(const struct cpu_reader *c, uint32_t cpu);

/* Adds the time of each CPU to its node's; nodes are by nid. */
void cpu_seconds_read(struct cpu_reader *c, struct reader *r,
                      struct node_reader *const nodes[static MAX_NUMNODES]);
