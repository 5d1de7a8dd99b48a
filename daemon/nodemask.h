/* SPDX-License-Identifier: MIT */
/*
 * nodemask_t: a set of NUMA node ids (nid), as the kernel keeps it
 * (include/linux/nodemask.h), and its three printed forms.
 *
 * Everything here is pure; nothing allocates. A nid outside 0 … MAX_NUMNODES - 1 is never in a
 * set, and setting it does nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* include/linux/numa.h: 1 << NODES_SHIFT, with the largest NODES_SHIFT that any kernel uses. */
#define NODES_SHIFT    10
#define MAX_NUMNODES   (1 << NODES_SHIFT)
#define NUMA_NO_NODE   (-1)
#define NODEMASK_LONGS (MAX_NUMNODES / 64)

typedef struct {
        uint64_t bits[NODEMASK_LONGS];
} nodemask_t;

/* Longest list a mask can have: every other node of 1,024, each with at most 4 digits and a comma.
 */
#define NODEMASK_LIST_MAX (MAX_NUMNODES / 2 * 5 + 1)
/* "{", 16 numbers of up to 20 digits, separators, "}", NUL */
#define NODEMASK_WORDS_MAX (NODEMASK_LONGS * 22 + 3)

void nodemask_clear(nodemask_t *mask);
void node_set(int nid, nodemask_t *mask);
void node_clear(int nid, nodemask_t *mask);
bool node_isset(int nid, const nodemask_t *mask);
/* Sets first … last, both included; the part outside the possible ids is ignored. */
void nodes_set_range(int first, int last, nodemask_t *mask);

void nodes_and(nodemask_t *dst, const nodemask_t *a, const nodemask_t *b);
void nodes_or(nodemask_t *dst, const nodemask_t *a, const nodemask_t *b);
void nodes_andnot(nodemask_t *dst, const nodemask_t *a, const nodemask_t *b);
bool nodes_equal(const nodemask_t *a, const nodemask_t *b);
bool nodes_empty(const nodemask_t *mask);
bool nodes_subset(const nodemask_t *a, const nodemask_t *b);
/* Number of nodes in the set. */
int nodes_weight(const nodemask_t *mask);

/* First nid in the set, and the first one after nid; MAX_NUMNODES when there is none, as in the
 * kernel. */
int first_node(const nodemask_t *mask);
int next_node(int nid, const nodemask_t *mask);

#define for_each_node_mask(nid, mask) \
        for ((nid) = first_node(mask); (nid) < MAX_NUMNODES; (nid) = next_node((nid), (mask)))

/* The list form, "0-1,4", as %*pbl prints it; "" for the empty set. Returns its length. */
size_t nodemask_print_list(const nodemask_t *mask, char out[static NODEMASK_LIST_MAX]);
/* "{3, 0, …}": the 16 unsigned longs in decimal, as a debugger shows them in a crash dump. */
size_t nodemask_print_words(const nodemask_t *mask, char out[static NODEMASK_WORDS_MAX]);
/* The ids themselves, ascending. Returns how many. */
size_t nodemask_print_ids(const nodemask_t *mask, int out[static MAX_NUMNODES]);
