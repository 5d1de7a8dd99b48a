/* SPDX-License-Identifier: MIT */
/* The files of one node: its structure (distances, CPUs, huge page sizes) and its figures. */
#pragma once

#include "reader.h"

struct node_reader;

/* inode: of the node's directory, to tell it from a later one of the same name. NULL: out of
 * memory. */
struct node_reader *node_reader_new(struct source *source, int nid, uint64_t inode);
void node_reader_free(struct node_reader *n);
int node_reader_nid(const struct node_reader *n);
uint64_t node_reader_inode(const struct node_reader *n);

/* What the readings below have filled in; valid until the next one. */
struct node *node_reader_node(struct node_reader *n);

/* possible and online: the masks whose nodes the row's entries may belong to. */
void node_read_distances(struct node_reader *n, struct reader *r, const nodemask_t *online,
                         const nodemask_t *possible);
void node_read_cpus(struct node_reader *n, struct reader *r);
/* Which page sizes there are; node_read_hugepages() reads their figures. */
void node_find_hugepages(struct node_reader *n, struct reader *r);
void node_read_hugepages(struct node_reader *n, struct reader *r);
/* Which collector answers for the files of a set. */
enum collector field_set_collector(enum field_set set);
void node_read_fields(struct node_reader *n, struct reader *r, enum field_set set,
                      struct field_table *table);

/*
 * Fields of a parsed file into counters, which grow as the table does. For nodeN's files and for
 * /proc/meminfo. next: parse_meminfo or parse_counter. A line that names another node than nid
 * (NUMA_NO_NODE: any) is an error. False: out of memory.
 */
bool counters_read(struct counters *c, struct field_table *table, int nid, struct parser *p,
                   bool (*next)(struct parser *, struct parse_field *));
void counters_release(struct counters *c);

/* Zones and CPU time come from files of all nodes at once. */
void node_clear_cpu_ticks(struct node_reader *n);
void node_clear_zones(struct node_reader *n);
/* The node's zone of this name, added if there is none; NULL: out of memory. name: a constant. */
struct zone *node_zone(struct node_reader *n, const char *name);
