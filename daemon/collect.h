/* SPDX-License-Identifier: MIT */
/*
 * Reads the kernel's files into a sample.
 *
 * Figures are read at each sample. Structure (which nodes, distances, CPUs, memory blocks) is read
 * when a node mask or the online CPUs changed, when a file went away, and when the caller asks for
 * it; below a root that is not the running kernel's, at each sample.
 */
#pragma once

#include "reader.h"

struct collect;

/* source stays the caller's and must outlive it. NULL when memory is exhausted. */
struct collect *collect_new(struct source *source);
void collect_free(struct collect *c);

/*
 * Takes a sample; look: read the structure, too. The sample is valid until the next call. It is
 * consistent: if nodes come or go meanwhile it is taken again, and what does not settle is left
 * out. One during which they never stood still is torn.
 */
const struct sample *collect_sample(struct collect *c, bool look);
/* What became unreadable or readable again with the last sample. */
const struct problem *collect_problems(const struct collect *c, size_t *n);
