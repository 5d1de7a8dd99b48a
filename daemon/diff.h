/* SPDX-License-Identifier: MIT */
/*
 * Two snapshots → what changed, as events. Nothing else makes events, so that an event and the data
 * never disagree.
 *
 * Applying the events to the structure of the older snapshot gives that of the newer one: nodes,
 * masks, CPUs, memory blocks, distances, huge page pools. What one of the two snapshots does not
 * know has not changed. node_online tells the distances from the node; they hold for the way back,
 * too, unless a later distance_changed says otherwise. What goes comes first (CPUs and memory
 * before their node), then what comes (the node before its memory and CPUs), then distances, pools,
 * checks and collectors.
 */
#pragma once

#include "event.h"
#include "model.h"

/* Appends to out. */
void diff(const struct snapshot *before, const struct snapshot *after, struct event_list *out);
