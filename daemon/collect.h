/* SPDX-License-Identifier: MIT */
/*
 * Reads the kernel's files into a sample.
 *
 * Figures are read at each sample, as far as they are wanted. Structure (which nodes, distances,
 * CPUs, memory blocks) is read when a node mask, the online CPUs, the number of memory blocks or
 * the memory present in a zone changed, when a file went away, and when the caller asks for it;
 * below a root that is not the running kernel's, whenever any of it is wanted.
 */
#pragma once

#include "reader.h"

struct collect;

/* source stays the caller's and must outlive it. NULL when memory is exhausted. */
struct collect *collect_new(struct source *source);
void collect_free(struct collect *c);

/*
 * A sample is taken in steps of at most about a millisecond, so that other work can be done between
 * them: begin it, then step as long as that returns 1; 0: *sample is complete, and valid until the
 * next begins; -ENOMEM: there is none. It is consistent: if nodes come or go meanwhile it is taken
 * again, and what does not settle is left out; one during which they never stood still is torn.
 *
 * look: read the structure in any case. wanted: COLLECTOR_BIT()s of the figures that are needed;
 * those of the others stay as they were, and sample.collected says which were read.
 */
void collect_begin(struct collect *c, bool look, uint64_t wanted);
int collect_step(struct collect *c, const struct sample **sample);
/* The same of everything, at once. NULL when memory is exhausted. */
const struct sample *collect_sample(struct collect *c, bool look);
/* What became unreadable or readable again with the last sample. */
const struct problem *collect_problems(const struct collect *c, size_t *n);
