/* SPDX-License-Identifier: MIT */
/*
 * Clients that wait for events: streams of them (text/event-stream), which may carry the figures of
 * each snapshot besides, and requests that are answered when there is an event (long poll). While
 * there is nothing to say their connections are suspended, so they cost no processor time.
 */
#pragma once

#include "http.h"

#include <microhttpd.h>
#include <systemd/sd-event.h>

/*
 * A stream is dropped when it is this many events behind: its client does not read. 512 is what a
 * burst on the largest machine can be without anybody being slow.
 */
#define SUBSCRIBER_BACKLOG_MAX 1024
/* A comment this often keeps proxies from closing a stream, and finds clients that are gone. */
#define SUBSCRIBER_HEARTBEAT_SECONDS 15

/*
 * Figures are sent at most this often, and while somebody wants them a sample is taken at least
 * this often, whatever the interval is.
 */
#define SUBSCRIBER_FIGURES_MIN_SECONDS 1
#define SUBSCRIBER_FIGURES_MAX_SECONDS 5

struct subscribers;

/*
 * kick is called when libmicrohttpd has to run because connections were resumed. What source names
 * must outlive it. NULL when memory is exhausted.
 */
struct subscribers *subscribers_new(sd_event *loop, const struct http_source *source,
                                    void (*kick)(void *context), void *context);
/* Resumes everybody, as libmicrohttpd wants it before it is stopped. */
void subscribers_resume_all(struct subscribers *s);
/* After libmicrohttpd was stopped. NULL is allowed. */
void subscribers_free(struct subscribers *s);

/* There are new events. */
void subscribers_notify(struct subscribers *s);
/* There is a new snapshot, and its events have been added. */
void subscribers_snapshot(struct subscribers *s, const struct snapshot *snap);

/*
 * A response that streams the events with a number above since; fd is the connection's socket. With
 * snap, the current snapshot, it streams figures, too: those of snap at once, then of later ones. A
 * client that is slow misses some and gets the latest. NULL when memory is exhausted.
 */
struct MHD_Response *subscribers_stream(struct subscribers *s, struct MHD_Connection *connection,
                                        int fd, uint64_t since, const struct snapshot *snap);
/*
 * Suspends the connection, whose socket is fd, until there are events, at most wait_ns. Its request
 * is then handled anew. False when memory is exhausted.
 */
bool subscribers_wait(struct subscribers *s, struct MHD_Connection *connection, int fd,
                      uint64_t wait_ns);

/* Streams that are open, and those that were dropped. */
uint64_t subscribers_open(const struct subscribers *s);
uint64_t subscribers_dropped(const struct subscribers *s);
/* A stream was cut off because its client did not read for too long. */
void subscribers_count_dropped(struct subscribers *s);
