/* SPDX-License-Identifier: MIT */
/*
 * Clients that wait for events: streams of them (text/event-stream) and requests that are answered
 * when there is one (long poll). While there is nothing to say their connections are suspended, so
 * they cost no processor time.
 */
#pragma once

#include "events.h"

#include <microhttpd.h>
#include <systemd/sd-event.h>

/*
 * A stream is dropped when it is this many events behind: its client does not read. 512 is what a
 * burst on the largest machine can be without anybody being slow.
 */
#define SUBSCRIBER_BACKLOG_MAX 1024
/* A comment this often keeps proxies from closing a stream, and finds clients that are gone. */
#define SUBSCRIBER_HEARTBEAT_SECONDS 15

struct subscribers;

/*
 * kick is called when libmicrohttpd has to run because connections were resumed. events must
 * outlive it. NULL when memory is exhausted.
 */
struct subscribers *subscribers_new(sd_event *loop, const struct events *events,
                                    void (*kick)(void *context), void *context);
/* Resumes everybody, as libmicrohttpd wants it before it is stopped. */
void subscribers_resume_all(struct subscribers *s);
/* After libmicrohttpd was stopped. NULL is allowed. */
void subscribers_free(struct subscribers *s);

/* There are new events. */
void subscribers_notify(struct subscribers *s);

/*
 * A response that streams the events with a number above since; fd is the connection's socket. NULL
 * when memory is exhausted.
 */
struct MHD_Response *subscribers_stream(struct subscribers *s, struct MHD_Connection *connection,
                                        int fd, uint64_t since);
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
