/* SPDX-License-Identifier: MIT */
/* The part of diff.h that compares memory blocks. */
#pragma once

#include "event.h"
#include "model.h"

/* Appends the events of the two types, first all of the one and then all of the other; a range of
 * blocks that changed in the same way is one event. */
void diff_memory(const struct snapshot *before, const struct snapshot *after, enum event_type first,
                 enum event_type second, struct event_list *out);
