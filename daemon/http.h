/* SPDX-License-Identifier: MIT */
/*
 * The HTTP interface: libmicrohttpd driven by its epoll descriptor inside the sd-event loop.
 *
 * Bodies are rendered once per snapshot and representation and shared by all requests. The snapshot
 * comes from the caller's function, which samples when the current one is too old.
 */
#pragma once

#include "events.h"
#include "hotplug.h"
#include "model.h"
#include "settings.h"

#include <systemd/sd-event.h>

struct http;

/* What the daemon gives to the server. */
struct http_source {
        /* The snapshot to answer from, fresh enough for a request now that needs these figures
         * (COLLECTOR_BIT()s); borrowed. NULL: there is none. */
        struct snapshot *(*snapshot)(void *context, uint64_t needs);
        /* NULL if all is well, else why not, for /healthz and /readyz; a constant or owned by
         * context. */
        const char *(*not_ready)(void *context);
        /* Of a recorded machine; NULL: this one is shown. Outlives the server. */
        const char *root;
        /* What changed so far. */
        const struct events *events;
        /* The uevents heard so far. */
        void (*uevents)(void *context, struct hotplug_stats *stats);
        void *context;
};

/*
 * settings is copied as far as needed. 0 or -errno with *error one line for the operator.
 */
int http_new(struct http **ret, sd_event *event, const struct settings *settings,
             const struct http_source *source, error_text *error);
/*
 * Listens on one address ("ADDR:PORT", "[ADDR6]:PORT", "unix:/path", the first two with
 * "tls:" before). 0 or -errno; *bound,
 * malloc()ed, is the address really bound, with the port that was picked for port 0.
 */
int http_listen(struct http *http, const char *address, char **bound, error_text *error);
/* Takes over a listening socket (socket activation). */
int http_listen_fd(struct http *http, int fd, bool tls, char **bound, error_text *error);
/* Whether it listens on what was given to http_listen(); and ends that. Connections go on. */
bool http_listens(struct http *http, const char *address);
void http_unlisten(struct http *http, const char *address);

/*
 * All settings but the addresses, with certificates, users and tokens read anew, to be applied:
 * what can fail comes before anything is changed. -errno with *error.
 */
struct http_changes;
int http_prepare(struct http *http, const struct settings *settings, struct http_changes **ret,
                 error_text *error);
/* Applies them; connections go on. */
void http_apply(struct http *http, struct http_changes *changes);
/* Not applied after all. NULL is allowed. */
void http_changes_free(struct http_changes *changes);

/* There are new events: those who wait for them are told. */
void http_events_added(struct http *http);
/* A new snapshot is current, and its events were added: drops the bodies of the old one, and
 * streams its figures. */
void http_snapshot_changed(struct http *http, const struct snapshot *snap);
/* Closes listeners and connections. */
void http_free(struct http *http);
