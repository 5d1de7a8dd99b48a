/* SPDX-License-Identifier: MIT */
/*
 * The kernel's NUMA model rebuilt from a sample: the snapshot, immutable and reference-counted.
 * No file is touched here.
 *
 * The accessors are the kernel's (include/linux/nodemask.h) with the snapshot as a further
 * argument.
 */
#pragma once

#include "checks.h"
#include "memory_map.h"
#include "sample.h"

struct snapshot;

/*
 * A snapshot of the sample; it shares nothing with it. previous, which may be NULL, decides whether
 * the generation rises. NULL when memory is exhausted.
 */
struct snapshot *snapshot_new(const struct sample *sample, const struct snapshot *previous);
struct snapshot *snapshot_ref(struct snapshot *snap);
void snapshot_unref(struct snapshot *snap);

/* The data; valid as long as a reference is held. The page size is known: of a recorded machine it
 * is derived. */
const struct sample *snapshot_sample(const struct snapshot *snap);
/* Starts at 1 and rises by one each time the structure changes: nodes, masks, CPUs, distances,
 * blocks. */
uint64_t snapshot_generation(const struct snapshot *snap);

struct memory_block_list {
        bool known;
        size_t n;
        const struct memory_block *blocks; /* the snapshot's */
};

/* Which memory is whose; never NULL. */
const struct memory_map *snapshot_memory_map(const struct snapshot *snap);
/* What the check found. */
const struct finding *snapshot_finding(const struct snapshot *snap, enum check check);

/*
 * What is as it was when it was known last, where the sample does not know it: what can be told of
 * a change, however long that could not be seen. NULL: it was never known.
 */
const nodemask_t *snapshot_last_mask(const struct snapshot *snap, enum node_states state);
const struct memory_block_list *snapshot_last_memory_blocks(const struct snapshot *snap);
/* Its state, or where that is unknown what it was when it was known last. */
enum check_state snapshot_told(const struct snapshot *snap, enum check check);

/* The node of this nid, or NULL if it is not online or has no directory. */
const struct node *snapshot_node(const struct snapshot *snap, int nid);

/* Whether both have the same nodes, masks, CPUs, distances and memory blocks. */
bool structure_equal(const struct sample *a, const struct sample *b);

/* "possible", "online", "normal_memory", … */
const char *node_state_name(enum node_states state);

/* "online", "offline", "going-offline"; NULL: unknown. */
const char *memory_block_state_name(enum memory_block_state state);

bool node_state(const struct snapshot *snap, int nid, enum node_states state);
bool node_online(const struct snapshot *snap, int nid);
bool node_possible(const struct snapshot *snap, int nid);
int num_node_state(const struct snapshot *snap, enum node_states state);
int num_online_nodes(const struct snapshot *snap);
int num_possible_nodes(const struct snapshot *snap);
/* MAX_NUMNODES when there is none. */
int first_online_node(const struct snapshot *snap);
int first_memory_node(const struct snapshot *snap);
const nodemask_t *node_states_mask(const struct snapshot *snap, enum node_states state);

#define for_each_node_state(nid, snap, state) \
        for_each_node_mask ((nid), node_states_mask((snap), (state)))
#define for_each_node(nid, snap)        for_each_node_state ((nid), (snap), N_POSSIBLE)
#define for_each_online_node(nid, snap) for_each_node_state ((nid), (snap), N_ONLINE)

/* A field of nodeN/meminfo by the kernel's name, in bytes or as a count; false if unknown. */
bool node_meminfo(const struct snapshot *snap, const struct node *node, const char *kernel,
                  uint64_t *value);
/* The same of /proc/meminfo. */
bool system_meminfo(const struct snapshot *snap, const char *kernel, uint64_t *value);

struct node_memory_blocks {
        uint64_t total;
        bool states_known; /* if not, online and offline say nothing */
        uint64_t online;
        uint64_t offline; /* offline or going offline */
        bool bytes_known;
        uint64_t bytes; /* total × block size */
};

/* Blocks of one node; a block that lies in two nodes counts in both. False if nothing is known. */
bool node_memory_blocks(const struct snapshot *snap, int nid, struct node_memory_blocks *out);
/* The same over all blocks. */
bool all_memory_blocks(const struct snapshot *snap, struct node_memory_blocks *out);

/* Contiguous blocks with the same nodes and state. Walk: start with *pos = 0 until it returns
 * false. */
struct block_range {
        uint64_t start; /* bytes; 0 if the block size is unknown, like end */
        uint64_t end;   /* exclusive */
        uint64_t first_block, last_block;
        const struct memory_block *block; /* the first one: state and nodes */
};
bool next_block_range(const struct snapshot *snap, size_t *pos, struct block_range *out);

/* Distance between two online nodes; false if unknown. */
bool node_distance(const struct snapshot *snap, int from, int to, uint8_t *distance);
/* All distances of a node at once: row[i] to the i-th of the sample's nodes, -1 if unknown. */
void node_distance_row(const struct snapshot *snap, const struct node *node,
                       int16_t row[static MAX_NUMNODES]);
