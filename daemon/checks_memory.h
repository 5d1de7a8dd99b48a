/* SPDX-License-Identifier: MIT */
/* The checks of memory and of firmware's description of it; and how a check makes its finding. */
#pragma once

#include "checks.h"

/* Raises the finding; the first explanation stays. */
__attribute__((format(printf, 2, 3))) void finding_explain(struct finding *f, const char *format,
                                                           ...);
void finding_add_node(struct finding *f, int nid);

struct finding srat_node_offline(const struct snapshot *snap, bool was_raised);
struct finding srat_refused(const struct snapshot *snap, bool was_raised);
struct finding firmware_table_damaged(const struct snapshot *snap, bool was_raised);
struct finding memory_overlap(const struct snapshot *snap, bool was_raised);
struct finding memory_self_overlap(const struct snapshot *snap, bool was_raised);
struct finding memory_uneven(const struct snapshot *snap, bool was_raised);
struct finding memory_block_offline(const struct snapshot *snap, bool was_raised);
struct finding memory_total_mismatch(const struct snapshot *snap, bool was_raised);
struct finding memory_unmanaged(const struct snapshot *snap, bool was_raised);
struct finding memory_exhausted(const struct snapshot *snap, bool was_raised);
