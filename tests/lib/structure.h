/* SPDX-License-Identifier: MIT */
/*
 * A machine's structure as a client of the events keeps it: an object of facts, "states 0 0": 7,
 * "cpus 0 0": "0-3", "distance 0 1": 21, "pool 0 2097152": 8, "block 0 12": "online". What is not
 * in it is not there. node -1: of no node.
 */
#pragma once

#include "event.h"
#include "model.h"

/* What the snapshot says, of masks those that the other one knows, too. The caller's reference. */
json_t *structure_of(const struct snapshot *snap, const struct snapshot *other);
/* Applies the event from its JSON alone. NULL, or what in it contradicts the facts, a constant. */
const char *structure_apply(json_t *facts, const struct event *event);
/*
 * Leaves out what one of the snapshots does not know, which diff() does not tell of. Without its
 * directory nothing is known of a node that is online.
 */
void structure_forget_unknown(json_t *facts, const struct snapshot *before,
                              const struct snapshot *after);
