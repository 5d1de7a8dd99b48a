/* SPDX-License-Identifier: MIT */
/*
 * The topology as hwloc has it: loaded by a process of its own when a request asks for it, kept
 * until the structure or the devices change. Requests that come meanwhile wait, suspended.
 */
#pragma once

#include "render.h"

#include <microhttpd.h>
#include <systemd/sd-event.h>

struct topology;

enum topology_answer {
        TOPOLOGY_READY,
        TOPOLOGY_WAITS, /* the connection is suspended; its request is then handled anew */
        TOPOLOGY_FAILED,
};

/*
 * root: of a recorded machine, which must outlive it; NULL: this one. changed is called when the
 * documents may be others and connections were resumed. NULL when memory is exhausted.
 */
struct topology *topology_new(sd_event *event, const char *root, void (*changed)(void *context),
                              void *context);
/* Resumes everybody, as libmicrohttpd wants it before it is stopped. */
void topology_resume_all(struct topology *t);
/* After libmicrohttpd was stopped. NULL is allowed. */
void topology_free(struct topology *t);

/*
 * Whether there are documents for the snapshot. *since is 0 at first, and then what this wrote
 * there when the request had to wait. reason, where it failed, is valid until the next call.
 */
enum topology_answer topology_ask(struct topology *t, const struct snapshot *snap,
                                  struct MHD_Connection *connection, uint64_t *since,
                                  const char **reason);
/* What was loaded last; valid until the loop runs again. NULL: nothing. */
const struct topology_documents *topology_documents(const struct topology *t);
