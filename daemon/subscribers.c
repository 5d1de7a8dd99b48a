/* SPDX-License-Identifier: MIT */
#include "subscribers.h"

#include "buffer.h"
#include "render.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#define NS_PER_USEC  1000
#define USEC_PER_SEC UINT64_C(1000000)

/* Pieces of a stream; libmicrohttpd keeps one in the connection's memory while it is sent. */
#define BLOCK_SIZE ((size_t)4 * 1024)
/* How much is made ready at once. */
#define READY_MAX ((size_t)16 * 1024)
/* What the kernel buffers for a client that does not read, so that it is noticed. */
#define SEND_BUFFER (64 * 1024)

/* The figures of one snapshot, shared by the streams that send them. */
struct frame {
        unsigned references;
        uint64_t sample_ns; /* CLOCK_MONOTONIC, of the sample */
        struct buffer text;
};

struct stream {
        TAILQ_ENTRY(stream) link;
        struct subscribers *owner;
        struct MHD_Connection *connection;
        int fd;
        uint64_t seq; /* the last event that was made ready */
        bool suspended;
        bool heartbeat; /* one is due */
        bool dropped;
        bool wants_figures;
        uint64_t seen_ns;    /* the sample of the frame that was sent last */
        struct frame *frame; /* what is being sent; NULL: ready is */
        struct buffer ready;
        size_t sent;
};

/* A request that waits. */
struct waiter {
        TAILQ_ENTRY(waiter) link;
        struct MHD_Connection *connection;
        int fd;
        uint64_t until_us; /* CLOCK_MONOTONIC */
};

struct subscribers {
        sd_event *loop;
        const struct http_source *source;
        void (*kick)(void *context);
        void *context;
        sd_event_source *heartbeat; /* on while anybody waits */
        sd_event_source *timeout;   /* of the waiter whose time is up first */
        sd_event_source *pace;      /* on while there are streams with figures */
        struct frame *frame;        /* the latest; NULL: nobody wants figures */
        uint64_t frame_us;          /* CLOCK_MONOTONIC: when it was made */
        uint64_t n_streams, n_with_figures, dropped;
        TAILQ_HEAD(streams, stream) streams;
        TAILQ_HEAD(waiters, waiter) waiters;
};

static int on_heartbeat(sd_event_source *source, uint64_t usec, void *userdata);
static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata);
static int on_pace(sd_event_source *source, uint64_t usec, void *userdata);

struct subscribers *subscribers_new(sd_event *loop, const struct http_source *source,
                                    void (*kick)(void *context), void *context)
{
        struct subscribers *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return NULL;
        TAILQ_INIT(&s->streams);
        TAILQ_INIT(&s->waiters);
        s->loop = sd_event_ref(loop);
        s->source = source;
        s->kick = kick;
        s->context = context;
        /* A heartbeat may be late by a second: then it joins other wake-ups. */
        r = sd_event_add_time(loop, &s->heartbeat, CLOCK_MONOTONIC, 0, USEC_PER_SEC, on_heartbeat,
                              s);
        if (r >= 0)
                r = sd_event_add_time(loop, &s->timeout, CLOCK_MONOTONIC, 0, 0, on_timeout, s);
        if (r >= 0)
                r = sd_event_add_time(loop, &s->pace, CLOCK_MONOTONIC, 0, 0, on_pace, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->heartbeat, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->timeout, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->pace, SD_EVENT_OFF);
        if (r >= 0)
                return s;
        subscribers_free(s);
        return NULL;
}

void subscribers_free(struct subscribers *s)
{
        if (!s)
                return;
        sd_event_source_disable_unref(s->heartbeat);
        sd_event_source_disable_unref(s->timeout);
        sd_event_source_disable_unref(s->pace);
        sd_event_unref(s->loop);
        free(s);
}

static uint64_t now_us(const struct subscribers *s)
{
        uint64_t now = 0;

        sd_event_now(s->loop, CLOCK_MONOTONIC, &now);
        return now;
}

static void resume_stream(struct stream *stream)
{
        if (!stream->suspended)
                return;
        stream->suspended = false;
        MHD_resume_connection(stream->connection);
}

static void resume_waiter(struct subscribers *s, struct waiter *waiter)
{
        TAILQ_REMOVE(&s->waiters, waiter, link);
        MHD_resume_connection(waiter->connection);
        free(waiter);
}

void subscribers_resume_all(struct subscribers *s)
{
        struct stream *stream;

        TAILQ_FOREACH (stream, &s->streams, link)
                resume_stream(stream);
        while (!TAILQ_EMPTY(&s->waiters))
                resume_waiter(s, TAILQ_FIRST(&s->waiters));
}

/* libmicrohttpd finds a connection whose socket is shut down and closes it. */
static void drop_if_behind(struct subscribers *s, struct stream *stream)
{
        uint64_t last = events_last_seq(s->source->events);

        /* It may have asked for what comes after a number that was never given. */
        if (stream->dropped || stream->seq > last || last - stream->seq <= SUBSCRIBER_BACKLOG_MAX)
                return;
        stream->dropped = true;
        s->dropped++;
        shutdown(stream->fd, SHUT_RDWR);
}

void subscribers_notify(struct subscribers *s)
{
        struct stream *stream;

        if (TAILQ_EMPTY(&s->streams) && TAILQ_EMPTY(&s->waiters))
                return;
        TAILQ_FOREACH (stream, &s->streams, link) {
                if (!stream->suspended)
                        drop_if_behind(s, stream);
                resume_stream(stream);
        }
        while (!TAILQ_EMPTY(&s->waiters))
                resume_waiter(s, TAILQ_FIRST(&s->waiters));
        s->kick(s->context);
}

/* Figures. */

static void frame_unref(struct frame *frame)
{
        if (!frame || --frame->references > 0)
                return;
        buffer_release(&frame->text);
        free(frame);
}

/* NULL when memory is exhausted. */
static struct frame *frame_new(const struct snapshot *snap, uint64_t last_seq)
{
        struct frame *frame = calloc(1, sizeof(*frame));

        if (!frame)
                return NULL;
        frame->references = 1;
        frame->sample_ns = snapshot_sample(snap)->monotonic_ns;
        buffer_add_str(&frame->text, "event: figures\ndata: ");
        render_figures(&frame->text, snap, last_seq); /* ends with a newline */
        buffer_add_char(&frame->text, '\n');
        if (!buffer_failed(&frame->text))
                return frame;
        frame_unref(frame);
        return NULL;
}

/* The timer fires so long after the last frame. */
static void set_pace(struct subscribers *s, uint64_t seconds)
{
        sd_event_source_set_time(s->pace, s->frame_us + seconds * USEC_PER_SEC);
        sd_event_source_set_enabled(s->pace, SD_EVENT_ONESHOT);
}

/* Without memory the frame before stays the latest. */
static void publish(struct subscribers *s, const struct snapshot *snap)
{
        struct frame *frame = frame_new(snap, events_last_seq(s->source->events));
        struct stream *stream;

        s->frame_us = now_us(s);
        set_pace(s, SUBSCRIBER_FIGURES_MAX_SECONDS);
        if (!frame)
                return;
        frame_unref(s->frame);
        s->frame = frame;
        TAILQ_FOREACH (stream, &s->streams, link)
                if (stream->wants_figures)
                        resume_stream(stream);
        s->kick(s->context);
}

static bool is_published(const struct subscribers *s, const struct snapshot *snap)
{
        return s->frame && s->frame->sample_ns == snapshot_sample(snap)->monotonic_ns;
}

void subscribers_snapshot(struct subscribers *s, const struct snapshot *snap)
{
        /* One of some figures alone would show those of before as new. */
        if (s->n_with_figures == 0 || snapshot_sample(snap)->collected != COLLECTORS_ALL)
                return;
        if (now_us(s) - s->frame_us >= SUBSCRIBER_FIGURES_MIN_SECONDS * USEC_PER_SEC)
                publish(s, snap);
        else
                set_pace(s, SUBSCRIBER_FIGURES_MIN_SECONDS);
}

/* Either a snapshot came too soon after the one before, or none came for long. */
static int on_pace(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct subscribers *s = userdata;
        const struct snapshot *snap;

        (void)source;
        (void)usec;
        s->frame_us = now_us(s);
        set_pace(s, SUBSCRIBER_FIGURES_MAX_SECONDS);
        snap = s->source->snapshot(s->source->context, COLLECTORS_ALL);
        if (snap && !is_published(s, snap))
                publish(s, snap);
        return 0;
}

/* Streams. */

static bool anybody_waits(const struct subscribers *s)
{
        return !TAILQ_EMPTY(&s->streams) || !TAILQ_EMPTY(&s->waiters);
}

/* Begins with the first who waits; the heartbeat itself goes on as long as there is one. */
static void start_heartbeat(struct subscribers *s)
{
        if (anybody_waits(s))
                return;
        sd_event_source_set_time_relative(s->heartbeat,
                                          SUBSCRIBER_HEARTBEAT_SECONDS * USEC_PER_SEC);
        sd_event_source_set_enabled(s->heartbeat, SD_EVENT_ONESHOT);
}

/* A suspended connection does not notice that its client has gone. */
static bool is_gone(int fd)
{
        char byte;
        ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

        return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void resume_gone(struct subscribers *s)
{
        struct waiter *waiter = TAILQ_FIRST(&s->waiters);

        while (waiter) {
                struct waiter *next = TAILQ_NEXT(waiter, link);

                if (is_gone(waiter->fd))
                        resume_waiter(s, waiter);
                waiter = next;
        }
}

static int on_heartbeat(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct subscribers *s = userdata;
        struct stream *stream;

        (void)usec;
        TAILQ_FOREACH (stream, &s->streams, link) {
                stream->heartbeat = true;
                resume_stream(stream);
        }
        resume_gone(s);
        s->kick(s->context);
        if (!anybody_waits(s))
                return 0;
        sd_event_source_set_time_relative(source, SUBSCRIBER_HEARTBEAT_SECONDS * USEC_PER_SEC);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* What the ring no longer has is told. */
static void add_gap(struct stream *stream)
{
        const struct events *events = stream->owner->source->events;

        if (!events_gap(events, stream->seq))
                return;
        buffer_printf(&stream->ready,
                      "event: gap\ndata: {\"asked_seq\":%" PRIu64 ",\"oldest_seq\":%" PRIu64
                      ",\"last_seq\":%" PRIu64 "}\n\n",
                      stream->seq, events_oldest_seq(events), events_last_seq(events));
        stream->seq = events_oldest_seq(events) - 1;
}

/* Events go first, so that figures are never older than the events before them. */
static void take_frame(struct stream *stream)
{
        struct frame *latest = stream->owner->frame;

        if (!stream->wants_figures || !latest || stream->seen_ns == latest->sample_ns)
                return;
        latest->references++;
        stream->frame = latest;
        stream->seen_ns = latest->sample_ns;
}

static void make_ready(struct stream *stream)
{
        const struct event_record *record;

        frame_unref(stream->frame);
        stream->frame = NULL;
        stream->ready.len = 0;
        stream->sent = 0;
        add_gap(stream);
        while (stream->ready.len < READY_MAX &&
               (record = events_after(stream->owner->source->events, stream->seq))) {
                buffer_printf(&stream->ready, "id: %" PRIu64 "\nevent: %s\ndata: ", record->seq,
                              event_type_name(record->type));
                buffer_add(&stream->ready, record->json, record->len);
                buffer_add_str(&stream->ready, "\n\n");
                stream->seq = record->seq;
        }
        if (stream->ready.len == 0)
                take_frame(stream);
        if (stream->heartbeat && stream->ready.len == 0 && !stream->frame)
                buffer_add_str(&stream->ready, ": heartbeat\n\n");
        stream->heartbeat = false;
}

static const struct buffer *being_sent(const struct stream *stream)
{
        return stream->frame ? &stream->frame->text : &stream->ready;
}

/* What libmicrohttpd calls for more of the body. */
static ssize_t read_stream(void *cls, uint64_t pos, char *out, size_t max)
{
        struct stream *stream = cls;
        size_t n;

        (void)pos;
        if (stream->sent == being_sent(stream)->len)
                make_ready(stream);
        if (buffer_failed(&stream->ready))
                return MHD_CONTENT_READER_END_WITH_ERROR;
        n = being_sent(stream)->len - stream->sent;
        if (n == 0) {
                /* A thousand subscribers wait: keep nothing for them. */
                buffer_release(&stream->ready);
                stream->sent = 0;
                stream->suspended = true;
                MHD_suspend_connection(stream->connection);
                return 0;
        }
        if (n > max)
                n = max;
        memcpy(out, being_sent(stream)->data + stream->sent, n);
        stream->sent += n;
        return (ssize_t)n;
}

static void free_stream(void *cls)
{
        struct stream *stream = cls;
        struct subscribers *s = stream->owner;

        TAILQ_REMOVE(&s->streams, stream, link);
        s->n_streams--;
        if (stream->wants_figures && --s->n_with_figures == 0) {
                sd_event_source_set_enabled(s->pace, SD_EVENT_OFF);
                frame_unref(s->frame);
                s->frame = NULL;
        }
        frame_unref(stream->frame);
        buffer_release(&stream->ready);
        free(stream);
}

static void add_stream(struct subscribers *s, struct stream *stream)
{
        const int size = SEND_BUFFER;

        setsockopt(stream->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        start_heartbeat(s);
        TAILQ_INSERT_TAIL(&s->streams, stream, link);
        s->n_streams++;
        s->n_with_figures += stream->wants_figures;
}

struct MHD_Response *subscribers_stream(struct subscribers *s, struct MHD_Connection *connection,
                                        int fd, uint64_t since, const struct snapshot *snap)
{
        struct stream *stream = calloc(1, sizeof(*stream));
        struct MHD_Response *response;

        if (!stream)
                return NULL;
        *stream = (struct stream){
                .owner = s,
                .connection = connection,
                .fd = fd,
                .seq = since,
                .wants_figures = snap != NULL,
        };
        /* The client sees at once that it is connected. */
        buffer_add_str(&stream->ready, ": connected\n\n");
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_stream,
                                                     stream, free_stream);
        if (!response) {
                buffer_release(&stream->ready);
                free(stream);
                return NULL;
        }
        add_stream(s, stream);
        if (snap && !is_published(s, snap))
                publish(s, snap);
        return response;
}

uint64_t subscribers_open(const struct subscribers *s)
{
        return s->n_streams;
}

uint64_t subscribers_dropped(const struct subscribers *s)
{
        return s->dropped;
}

void subscribers_count_dropped(struct subscribers *s)
{
        s->dropped++;
}

/* Requests that wait. */

static int arm_timeout(struct subscribers *s)
{
        const struct waiter *waiter;
        uint64_t first = UINT64_MAX;

        TAILQ_FOREACH (waiter, &s->waiters, link)
                if (waiter->until_us < first)
                        first = waiter->until_us;
        if (first == UINT64_MAX)
                return sd_event_source_set_enabled(s->timeout, SD_EVENT_OFF);
        sd_event_source_set_time(s->timeout, first);
        return sd_event_source_set_enabled(s->timeout, SD_EVENT_ONESHOT);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct subscribers *s = userdata;
        struct waiter *waiter = TAILQ_FIRST(&s->waiters);
        uint64_t now = now_us(s);

        (void)source;
        (void)usec;
        while (waiter) {
                struct waiter *next = TAILQ_NEXT(waiter, link);

                if (waiter->until_us <= now)
                        resume_waiter(s, waiter);
                waiter = next;
        }
        s->kick(s->context);
        return arm_timeout(s);
}

bool subscribers_wait(struct subscribers *s, struct MHD_Connection *connection, int fd,
                      uint64_t wait_ns)
{
        struct waiter *waiter = malloc(sizeof(*waiter));

        if (!waiter)
                return false;
        *waiter = (struct waiter){
                .connection = connection,
                .fd = fd,
                .until_us = now_us(s) + wait_ns / NS_PER_USEC,
        };
        start_heartbeat(s);
        TAILQ_INSERT_TAIL(&s->waiters, waiter, link);
        arm_timeout(s);
        MHD_suspend_connection(connection);
        return true;
}
