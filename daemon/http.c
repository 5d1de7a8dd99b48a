/* SPDX-License-Identifier: MIT */
#include "http.h"
#include "cleanup.h"
#include "listener.h"
#include "respond.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>

/* Request line, headers and libmicrohttpd's own bookkeeping of one connection. */
#define CONNECTION_MEMORY ((size_t)32 * 1024)
/* Our own limits can change while running, libmicrohttpd's cannot: it gets one out of the way. */
#define CONNECTIONS_ENDLESS (1U << 20)
/* So that a flood of connections does not keep the loop from everything else. */
#define ACCEPTS_AT_ONCE 16
/* How long a listener rests when descriptors have run out. */
#define ACCEPT_PAUSE_US (UINT64_C(100) * 1000)
/*
 * How many idle timeouts a request may take, from the end of the one before to the end of its
 * answer. libmicrohttpd's timeout only ends connections on which nothing moves at all; a client
 * that sends or reads a byte now and then needs this one.
 */
#define REQUEST_TIMEOUTS 4
#define USEC_PER_SEC     UINT64_C(1000000)
#define NEVER            UINT64_MAX

struct connection {
        TAILQ_ENTRY(connection) link;
        int fd;
        bool counts; /* has an address that connection_limit_per_address is for */
        struct in6_addr address;
        uint64_t since_us; /* connected, or answered last */
        bool patient;      /* it waits for events, and is in the list of those */
};

struct listener {
        SLIST_ENTRY(listener) link;
        struct http *http;
        struct listener_socket socket;
        sd_event_source *source;
        sd_event_source *resume;
};

/* What a request target becomes between the request line and the answer. */
struct request {
        bool announced;
        struct respond_wait wait;
        char target[];
};

struct http {
        sd_event *event;
        struct MHD_Daemon *daemon;
        struct responder *responder;
        sd_event_source *epoll;   /* libmicrohttpd has something to do */
        sd_event_source *pending; /* it has at once */
        sd_event_source *timer;   /* a connection's time may be up */
        uint64_t timer_us;        /* NEVER: not armed */

        unsigned connection_limit;
        unsigned connection_limit_per_address;
        unsigned idle_timeout_s;
        unsigned daemon_timeout_s; /* the one that libmicrohttpd was started with */

        uint64_t n_connections;
        TAILQ_HEAD(connections, connection) connections; /* ascending by since_us */
        struct connections patient;                      /* those that are not in a hurry */
        struct subscribers *subscribers;
        SLIST_HEAD(listeners, listener) listeners;
};

static uint64_t now_us(const struct http *http)
{
        uint64_t now = 0;

        sd_event_now(http->event, CLOCK_MONOTONIC, &now);
        return now;
}

/* Connections. */

/* IPv4 as an IPv4-mapped address. */
static bool address_key(const struct sockaddr *address, struct in6_addr *key)
{
        *key = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
        if (address && address->sa_family == AF_INET) {
                memcpy(&key->s6_addr[12],
                       &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
                return true;
        }
        if (address && address->sa_family == AF_INET6) {
                *key = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
                return true;
        }
        return false;
}

/* The lists are as long as connections are allowed, and accepting is rare beside answering. */
static bool may_connect(const struct http *http, const struct sockaddr *address)
{
        const struct connection *c;
        struct in6_addr key;
        unsigned n = 0;

        if (http->n_connections >= http->connection_limit)
                return false;
        if (!address_key(address, &key))
                return true;
        TAILQ_FOREACH (c, &http->connections, link)
                n += c->counts && memcmp(&c->address, &key, sizeof(key)) == 0;
        TAILQ_FOREACH (c, &http->patient, link)
                n += c->counts && memcmp(&c->address, &key, sizeof(key)) == 0;
        return n < http->connection_limit_per_address;
}

static void connection_started(struct http *http, struct MHD_Connection *connection, void **context)
{
        const union MHD_ConnectionInfo *info;
        struct connection *c = calloc(1, sizeof(*c));

        if (http->idle_timeout_s != http->daemon_timeout_s)
                MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                          http->idle_timeout_s);
        *context = c;
        if (!c)
                return;
        info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        c->fd = info ? info->connect_fd : -1;
        info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        c->counts = address_key(info ? info->client_addr : NULL, &c->address);
        c->since_us = now_us(http);
        TAILQ_INSERT_TAIL(&http->connections, c, link);
}

/* At the end of the list that it belongs to, as one that moved just now. */
static void requeue(struct http *http, struct connection *c, bool patient)
{
        TAILQ_REMOVE(c->patient ? &http->patient : &http->connections, c, link);
        c->patient = patient;
        c->since_us = now_us(http);
        TAILQ_INSERT_TAIL(patient ? &http->patient : &http->connections, c, link);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
        struct http *http = cls;
        struct connection *c = *context;

        if (code == MHD_CONNECTION_NOTIFY_STARTED) {
                http->n_connections++;
                connection_started(http, connection, context);
                return;
        }
        http->n_connections--;
        if (c)
                TAILQ_REMOVE(c->patient ? &http->patient : &http->connections, c, link);
        free(c);
        *context = NULL;
}

/* The time at which the connection that has been at its request longest is cut off. */
static uint64_t next_cut_off(const struct http *http)
{
        const struct connection *c = TAILQ_FIRST(&http->connections);

        if (!c || http->idle_timeout_s == 0)
                return NEVER;
        return c->since_us + http->idle_timeout_s * REQUEST_TIMEOUTS * USEC_PER_SEC;
}

/* libmicrohttpd finds a connection whose socket is shut down and closes it. */
static void cut_off_slow(struct http *http)
{
        uint64_t now = now_us(http);

        while (next_cut_off(http) <= now) {
                struct connection *c = TAILQ_FIRST(&http->connections);

                shutdown(c->fd, SHUT_RDWR);
                requeue(http, c, false);
        }
}

/* Requests. */

static struct connection *connection_of(struct MHD_Connection *connection)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

        return info ? info->socket_context : NULL;
}

static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
        size_t len = strlen(target) + 1;
        struct request *request = calloc(1, sizeof(*request) + len);
        const struct connection *c = connection_of(connection);

        (void)cls;
        if (!request)
                return NULL;
        request->wait.fd = c ? c->fd : -1;
        memcpy(request->target, target, len);
        return request;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_len, void **context)
{
        struct http *http = cls;
        struct request *request = *context;
        struct respond_wait *wait = request ? &request->wait : NULL;
        struct connection *c = connection_of(connection);
        enum MHD_Result result;

        (void)url;
        (void)version;
        (void)upload_data;
        (void)upload_len;
        /*
         * The first call comes before the body. An answer then ends the connection after it, as it
         * should where a body would follow that nobody wants to read.
         */
        if (request && !request->announced && !request_has_body(connection)) {
                request->announced = true;
                return MHD_YES;
        }
        if (wait)
                wait->patient = false;
        result = respond(http->responder, connection, method, request ? request->target : NULL,
                         http->n_connections, wait);
        if (c && wait && wait->patient != c->patient)
                requeue(http, c, wait->patient);
        return result;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
        struct http *http = cls;
        struct connection *c = connection_of(connection);

        free(*context);
        *context = NULL;
        if (!c)
                return;
        if (c->patient && code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
                subscribers_count_dropped(http->subscribers);
        requeue(http, c, false);
}

/* The loop. */

/*
 * A timer that is armed earlier than needed is left alone: it finds nothing to do and is armed
 * anew, once per timeout instead of once per request.
 */
static int arm_timer(struct http *http, uint64_t at_us)
{
        int r;

        if (at_us == NEVER) {
                http->timer_us = NEVER;
                return sd_event_source_set_enabled(http->timer, SD_EVENT_OFF);
        }
        if (http->timer_us <= at_us)
                return 0;
        r = sd_event_source_set_time(http->timer, at_us);
        if (r < 0)
                return r;
        http->timer_us = at_us;
        return sd_event_source_set_enabled(http->timer, SD_EVENT_ONESHOT);
}

static int run(struct http *http)
{
        MHD_UNSIGNED_LONG_LONG timeout_ms;
        uint64_t at_us;

        MHD_run(http->daemon);
        at_us = next_cut_off(http);
        if (MHD_get_timeout(http->daemon, &timeout_ms) == MHD_YES) {
                uint64_t timeout_us = now_us(http) + timeout_ms * 1000;

                if (timeout_ms == 0)
                        return sd_event_source_set_enabled(http->pending, SD_EVENT_ONESHOT);
                at_us = timeout_us < at_us ? timeout_us : at_us;
        }
        return arm_timer(http, at_us);
}

/* Connections were resumed, maybe from within libmicrohttpd: it runs soon. */
static void kick(void *context)
{
        struct http *http = context;

        sd_event_source_set_enabled(http->pending, SD_EVENT_ONESHOT);
}

static int on_epoll(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        (void)source;
        (void)fd;
        (void)revents;
        return run(userdata);
}

static int on_pending(sd_event_source *source, void *userdata)
{
        (void)source;
        return run(userdata);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct http *http = userdata;

        (void)source;
        (void)usec;
        http->timer_us = NEVER;
        cut_off_slow(http);
        return run(http);
}

/* Listeners. */

static int on_resume(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct listener *listener = userdata;

        (void)source;
        (void)usec;
        return sd_event_source_set_enabled(listener->source, SD_EVENT_ON);
}

/* The waiting connection stays in the queue: without a pause the loop would spin. */
static int pause_listener(struct listener *listener)
{
        int r = sd_event_source_set_time_relative(listener->resume, ACCEPT_PAUSE_US);

        if (r >= 0)
                r = sd_event_source_set_enabled(listener->resume, SD_EVENT_ONESHOT);
        if (r >= 0)
                r = sd_event_source_set_enabled(listener->source, SD_EVENT_OFF);
        return r;
}

static bool lacks_resources(int error)
{
        return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static int on_listener(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        struct listener *listener = userdata;
        struct http *http = listener->http;
        int r = 0;

        (void)source;
        (void)revents;
        for (int i = 0; i < ACCEPTS_AT_ONCE && r >= 0; i++) {
                struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
                socklen_t len = sizeof(address);
                struct sockaddr *any = (struct sockaddr *)&address;
                int client = accept4(fd, any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

                if (client < 0 && lacks_resources(errno))
                        return pause_listener(listener);
                if (client < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                        break;
                if (client < 0) /* gone before we came: the next one */
                        continue;
                if (!may_connect(http, any)) {
                        close(client);
                        continue;
                }
                /* It closes the socket if it fails. The next one is counted against this one. */
                MHD_add_connection(http->daemon, client, any, len);
                r = run(http);
        }
        return r;
}

static void listener_free(struct listener *listener)
{
        sd_event_source_disable_unref(listener->source);
        sd_event_source_disable_unref(listener->resume);
        listener_socket_close(&listener->socket);
        free(listener);
}

/* Takes socket over, also when it fails. */
static int add_listener(struct http *http, struct listener_socket *socket, char **bound)
{
        struct listener *listener = calloc(1, sizeof(*listener));
        int r;

        if (!listener) {
                listener_socket_close(socket);
                return -ENOMEM;
        }
        listener->http = http;
        listener->socket = *socket;
        *bound = strdup(socket->bound);
        r = *bound ? 0 : -ENOMEM;
        if (r >= 0)
                r = sd_event_add_io(http->event, &listener->source, socket->fd, EPOLLIN,
                                    on_listener, listener);
        if (r >= 0)
                r = sd_event_add_time(http->event, &listener->resume, CLOCK_MONOTONIC, 0, 0,
                                      on_resume, listener);
        if (r >= 0)
                r = sd_event_source_set_enabled(listener->resume, SD_EVENT_OFF);
        if (r < 0) {
                free(*bound);
                *bound = NULL;
                listener_free(listener);
                return r;
        }
        SLIST_INSERT_HEAD(&http->listeners, listener, link);
        return 0;
}

static int explain(error_text *error, const char *what, int r)
{
        if (asprintf(error, "%s: %s", what, strerror(-r)) < 0)
                *error = NULL;
        return r;
}

int http_listen(struct http *http, const char *address, char **bound, error_text *error)
{
        struct listener_socket socket;
        int r = listener_socket_open(&socket, address, error);

        if (r < 0)
                return r;
        r = add_listener(http, &socket, bound);
        return r < 0 ? explain(error, address, r) : 0;
}

int http_listen_fd(struct http *http, int fd, char **bound, error_text *error)
{
        struct listener_socket socket;
        int r = listener_socket_adopt(&socket, fd, error);

        if (r < 0)
                return r;
        r = add_listener(http, &socket, bound);
        return r < 0 ? explain(error, "inherited socket", r) : 0;
}

/* Start and stop. */

static int start_daemon(struct http *http)
{
        http->daemon_timeout_s = http->idle_timeout_s;
        errno = 0;
        http->daemon = MHD_start_daemon(
                MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                on_request, http, MHD_OPTION_URI_LOG_CALLBACK, on_target, http,
                MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION,
                on_connection, http, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
                MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_ENDLESS, MHD_OPTION_CONNECTION_TIMEOUT,
                http->daemon_timeout_s, MHD_OPTION_END);
        if (http->daemon)
                return 0;
        return errno ? -errno : -ENOMEM;
}

static int add_sources(struct http *http)
{
        const union MHD_DaemonInfo *info =
                MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
        int r = info ? 0 : -EOPNOTSUPP;

        if (r >= 0)
                r = sd_event_add_io(http->event, &http->epoll, info->epoll_fd, EPOLLIN, on_epoll,
                                    http);
        if (r >= 0)
                r = sd_event_add_defer(http->event, &http->pending, on_pending, http);
        if (r >= 0)
                r = sd_event_source_set_enabled(http->pending, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time(http->event, &http->timer, CLOCK_MONOTONIC, 0, 0, on_timer,
                                      http);
        if (r >= 0)
                r = sd_event_source_set_enabled(http->timer, SD_EVENT_OFF);
        return r;
}

int http_new(struct http **ret, sd_event *event, const struct settings *settings,
             const struct http_source *source, error_text *error)
{
        struct http *http = calloc(1, sizeof(*http));
        int r;

        if (!http)
                return explain(error, "HTTP server", -ENOMEM);
        TAILQ_INIT(&http->connections);
        SLIST_INIT(&http->listeners);
        http->event = sd_event_ref(event);
        http->timer_us = NEVER;
        TAILQ_INIT(&http->patient);
        http->subscribers = subscribers_new(event, source->events, kick, http);
        if (http->subscribers)
                http->responder = responder_new(source, http->subscribers);
        r = http->responder ? 0 : -ENOMEM;
        if (r >= 0) {
                http_reconfigure(http, settings);
                r = start_daemon(http);
        }
        if (r >= 0)
                r = add_sources(http);
        if (r < 0) {
                http_free(http);
                return explain(error, "HTTP server", r);
        }
        *ret = http;
        return 0;
}

void http_reconfigure(struct http *http, const struct settings *settings)
{
        http->connection_limit = settings->connection_limit;
        http->connection_limit_per_address = settings->connection_limit_per_address;
        http->idle_timeout_s = settings->idle_timeout_s;
        responder_set_distance_limit(http->responder, settings->distance_metrics_limit);
}

void http_snapshot_changed(struct http *http)
{
        responder_forget_bodies(http->responder);
}

void http_events_added(struct http *http)
{
        subscribers_notify(http->subscribers);
}

void http_free(struct http *http)
{
        struct listener *listener;

        if (!http)
                return;
        while ((listener = SLIST_FIRST(&http->listeners))) {
                SLIST_REMOVE_HEAD(&http->listeners, link);
                listener_free(listener);
        }
        sd_event_source_disable_unref(http->epoll);
        sd_event_source_disable_unref(http->pending);
        sd_event_source_disable_unref(http->timer);
        if (http->subscribers)
                subscribers_resume_all(http->subscribers);
        if (http->daemon)
                MHD_stop_daemon(http->daemon);
        responder_free(http->responder);
        subscribers_free(http->subscribers);
        sd_event_unref(http->event);
        free(http);
}
