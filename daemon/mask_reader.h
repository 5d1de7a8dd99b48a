/* SPDX-License-Identifier: MIT */
/* The node masks of /sys/devices/system/node, and which CPUs are online: what tells of changes. */
#pragma once

#include "reader.h"

struct mask_reader;

/* NULL when memory is exhausted. */
struct mask_reader *mask_reader_new(struct source *source);
void mask_reader_free(struct mask_reader *m);

/*
 * Reads them into sample. Whether any mask, or the list of CPUs that are online, differs from what
 * it was at the last sample. look: ask also for files that the kernel did not have before.
 */
bool masks_read(struct mask_reader *m, struct reader *r, struct sample *sample, bool look);
/* Whether the nodes that are online are still those of sample. */
bool masks_still_online(struct mask_reader *m, struct reader *r, const struct sample *sample);
