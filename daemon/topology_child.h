/* SPDX-License-Identifier: MIT */
/*
 * The process that loads hwloc: started when somebody asks, read in the event loop, ended when it
 * takes too long. Its memory goes with it.
 */
#pragma once

#include "render.h"

#include <systemd/sd-event.h>

/* hwloc takes a quarter of a second, for thousands of CPUs two; what takes this long never ends. */
#define TOPOLOGY_SECONDS_MAX 10

struct topology_child;

/*
 * Is told of the end of each load: the documents, or NULL and why there are none. Both are valid
 * during the call.
 */
typedef void topology_child_done(void *context, const struct topology_documents *documents,
                                 const char *reason);

/* root: of a recorded machine, which must outlive it; NULL: this one. NULL: no memory. */
struct topology_child *topology_child_new(sd_event *event, const char *root,
                                          topology_child_done *done, void *context);
/* Ends the process, if there is one. NULL is allowed. */
void topology_child_free(struct topology_child *child);

/* Starts a load. 0, -EBUSY while a process has not ended that was to be, or another -errno. */
int topology_child_start(struct topology_child *child);
