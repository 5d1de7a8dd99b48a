/* SPDX-License-Identifier: MIT */
#include "http.h"

#include "acceptor.h"
#include "address.h"
#include "auth.h"
#include "connections.h"
#include "respond.h"
#include "tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

/* Request line, headers (10 KB are taken, more are a 431) and libmicrohttpd's own bookkeeping of
 * one connection; a thousand event streams have to fit in 16 MiB. */
#define CONNECTION_MEMORY ((size_t)12 * 1024)
/* Our own limits can change while running, libmicrohttpd's cannot: it gets one out of the way. */
#define CONNECTIONS_ENDLESS (1U << 20)
#define NEVER               CONNECTIONS_NEVER
/* libmicrohttpd wants to run on and on while a client is silent amid a TLS handshake. As long as
 * there is a connection that has not asked for anything yet, it gets its turn so often. */
#define HANDSHAKE_PAUSE_MS 1

struct listener {
        SLIST_ENTRY(listener) link;
        struct acceptor *acceptor;
};

/* libmicrohttpd speaks TLS on all connections or on none. */
enum { ENGINE_PLAIN, ENGINE_TLS, NR_ENGINES };

struct engine {
        struct MHD_Daemon *daemon; /* NULL: not started */
        sd_event_source *epoll;    /* it has something to do */
        unsigned handshakes;       /* TLS connections on which nothing was asked yet */
};

/* What a request target becomes between the request line and the answer. */
struct request {
        bool announced;
        struct respond_client client;
        char target[];
};

struct http {
        sd_event *event;
        struct http_source source;
        struct engine engines[NR_ENGINES];
        struct responder *responder;
        struct tls *tls;
        sd_event_source *pending; /* libmicrohttpd has something to do at once */
        sd_event_source *timer;   /* a connection's time may be up */
        uint64_t timer_us;        /* NEVER: not armed */

        struct connections *connections;
        unsigned idle_timeout_s;
        unsigned daemon_timeout_s; /* the one that libmicrohttpd was started with */

        struct subscribers *subscribers;
        struct gate *gate;
        struct topology *topology;
        SLIST_HEAD(listeners, listener) listeners;
};

static uint64_t now_us(const struct http *http)
{
        uint64_t now = 0;

        sd_event_now(http->event, CLOCK_MONOTONIC, &now);
        return now;
}

/* Connections. */

static void begin_handshake(struct http *http, struct connection *c)
{
        c->tls = tls_ref(http->tls);
        c->shaking_hands = true;
        http->engines[ENGINE_TLS].handshakes++;
}

static void end_handshake(struct http *http, struct connection *c)
{
        http->engines[ENGINE_TLS].handshakes -= c->shaking_hands;
        c->shaking_hands = false;
}

static void connection_started(struct http *http, struct MHD_Connection *connection, void **context)
{
        const union MHD_ConnectionInfo *info;
        struct connection *c;
        int fd;

        if (http->idle_timeout_s != http->daemon_timeout_s)
                MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                          http->idle_timeout_s);
        info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        fd = info ? info->connect_fd : -1;
        info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        c = connections_add(http->connections, fd, info ? info->client_addr : NULL, now_us(http));
        if (c && MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION))
                begin_handshake(http, c);
        *context = c;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
        struct http *http = cls;
        struct connection *c;

        if (code == MHD_CONNECTION_NOTIFY_STARTED) {
                connection_started(http, connection, context);
                return;
        }
        c = *context;
        if (c) {
                end_handshake(http, c);
                tls_unref(c->tls);
        }
        connections_remove(http->connections, c);
        *context = NULL;
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
        struct connection *c = connection_of(connection);

        if (c)
                end_handshake(cls, c);
        if (!request)
                return NULL;
        request->client.fd = c ? c->fd : -1;
        memcpy(request->target, target, len);
        return request;
}

/*
 * A yes holds as long as the connection: it costs as much as a small answer. A no is heard twice
 * and not kept, because GnuTLS says no, too, when memory is exhausted amid its verification.
 */
static bool verify(const struct http *http, struct MHD_Connection *connection, struct connection *c)
{
        for (int i = 0; i < 2 && !c->verified; i++)
                c->verified = tls_client_verified(http->tls, connection);
        return c->verified;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_len, void **context)
{
        struct http *http = cls;
        struct request *request = *context;
        struct respond_client *client = request ? &request->client : NULL;
        struct connection *c = connection_of(connection);
        enum MHD_Result result;

        (void)url;
        (void)upload_data;
        (void)upload_len;
        /*
         * The first call comes before the body. An answer then ends the connection after it, as it
         * should where a body would follow that nobody wants to read.
         */
        if (request && !request->announced) {
                request->announced = true;
                respond_read_signs(connection, version, client);
                if (!client->has_body)
                        return MHD_YES;
        }
        if (client)
                client->patient = false;
        if (client && c) {
                client->address = c->address;
                client->verified = verify(http, connection, c);
        }
        result = respond(http->responder, connection, method, request ? request->target : NULL,
                         connections_count(http->connections), client);
        if (c && client && client->patient != c->patient)
                connections_moved(http->connections, c, client->patient, now_us(http));
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
        connections_moved(http->connections, c, false, now_us(http));
}

/* The loop. */

/*
 * A timer that is armed earlier than needed is left alone: it finds nothing to do and is armed
 * anew, once per timeout instead of once per request.
 */
static void arm_timer(struct http *http, uint64_t at_us)
{
        if (at_us == NEVER) {
                http->timer_us = NEVER;
                sd_event_source_set_enabled(http->timer, SD_EVENT_OFF);
                return;
        }
        if (http->timer_us <= at_us || sd_event_source_set_time(http->timer, at_us) < 0)
                return;
        http->timer_us = at_us;
        sd_event_source_set_enabled(http->timer, SD_EVENT_ONESHOT);
}

/* Lets it work; *at_us becomes when it wants to work again, if that is sooner. */
static void run_engine(struct http *http, struct engine *engine, uint64_t *at_us)
{
        MHD_UNSIGNED_LONG_LONG timeout_ms;
        uint64_t timeout_us;

        if (!engine->daemon)
                return;
        MHD_run(engine->daemon);
        if (MHD_get_timeout(engine->daemon, &timeout_ms) != MHD_YES)
                return;
        if (timeout_ms == 0 && engine->handshakes > 0)
                timeout_ms = HANDSHAKE_PAUSE_MS;
        timeout_us = timeout_ms == 0 ? 0 : now_us(http) + timeout_ms * 1000;
        if (timeout_us < *at_us)
                *at_us = timeout_us;
}

/* Nothing here is told to the loop as an error: it would not call that source any more. */
static void run(struct http *http)
{
        uint64_t at_us = NEVER, cut_off_us;

        for (size_t i = 0; i < NR_ENGINES; i++)
                run_engine(http, &http->engines[i], &at_us);
        if (at_us == 0) {
                sd_event_source_set_enabled(http->pending, SD_EVENT_ONESHOT);
                return;
        }
        cut_off_us = connections_next_cut_off(http->connections);
        arm_timer(http, cut_off_us < at_us ? cut_off_us : at_us);
}

/* Connections were resumed, maybe from within libmicrohttpd: it runs soon. */
static void kick(void *context)
{
        struct http *http = context;

        sd_event_source_set_enabled(http->pending, SD_EVENT_ONESHOT);
}

static void topology_changed(void *context)
{
        struct http *http = context;

        responder_forget_bodies(http->responder);
        kick(http);
}

static int on_epoll(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        (void)source;
        (void)fd;
        (void)revents;
        run(userdata);
        return 0;
}

static int on_pending(sd_event_source *source, void *userdata)
{
        (void)source;
        run(userdata);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct http *http = userdata;

        (void)source;
        (void)usec;
        http->timer_us = NEVER;
        connections_cut_off(http->connections, now_us(http));
        run(http);
        return 0;
}

/* Listeners. */

static int connected(void *context, int fd, const struct sockaddr *address, socklen_t len, bool tls)
{
        struct http *http = context;
        struct engine *engine = &http->engines[tls ? ENGINE_TLS : ENGINE_PLAIN];

        if (!engine->daemon || !connections_may_have(http->connections, address)) {
                close(fd);
                return 0;
        }
        /* It closes the socket if it fails. The next one is counted against this one. */
        MHD_add_connection(engine->daemon, fd, address, len);
        run(http);
        return 0;
}

static int explain(error_text *error, const char *what, int r)
{
        if (asprintf(error, "%s: %s", what, strerror(-r)) < 0)
                *error = NULL;
        return r;
}

/* Takes socket over, also when it fails. */
static int add_listener(struct http *http, struct listener_socket *socket, const char *name,
                        bool tls, char **bound)
{
        const struct acceptor_callbacks callbacks = { .connected = connected, .context = http };
        struct listener *listener = calloc(1, sizeof(*listener));
        int r = -ENOMEM;

        *bound = NULL;
        if (listener && asprintf(bound, "%s%s", tls ? "tls:" : "", socket->bound) < 0)
                *bound = NULL;
        if (!*bound)
                listener_socket_close(socket);
        else
                r = acceptor_new(http->event, socket, name, tls, &callbacks, &listener->acceptor);
        if (r < 0) {
                free(*bound);
                *bound = NULL;
                free(listener);
                return r;
        }
        SLIST_INSERT_HEAD(&http->listeners, listener, link);
        return 0;
}

static int no_certificate(const char *address, error_text *error)
{
        if (asprintf(error, "listen address '%s': found no certificate, expected one in [tls]",
                     address) < 0)
                *error = NULL;
        return -EINVAL;
}

int http_listen(struct http *http, const char *address, char **bound, error_text *error)
{
        struct listener_socket socket;
        bool tls;
        const char *bare = address_without_scheme(address, &tls);
        int r;

        if (tls && !http->engines[ENGINE_TLS].daemon)
                return no_certificate(address, error);
        r = listener_socket_open(&socket, bare, error);
        if (r < 0)
                return r;
        r = add_listener(http, &socket, address, tls, bound);
        return r < 0 ? explain(error, address, r) : 0;
}

int http_listen_fd(struct http *http, int fd, bool tls, char **bound, error_text *error)
{
        struct listener_socket socket;
        int r;

        if (tls && !http->engines[ENGINE_TLS].daemon)
                return no_certificate("inherited socket", error);
        r = listener_socket_adopt(&socket, fd, error);
        if (r < 0)
                return r;
        r = add_listener(http, &socket, NULL, tls, bound);
        return r < 0 ? explain(error, "inherited socket", r) : 0;
}

static struct listener *find_listener(struct http *http, const char *address)
{
        struct listener *listener;

        SLIST_FOREACH (listener, &http->listeners, link)
                if (acceptor_name(listener->acceptor) &&
                    strcmp(acceptor_name(listener->acceptor), address) == 0)
                        return listener;
        return NULL;
}

bool http_listens(struct http *http, const char *address)
{
        return find_listener(http, address);
}

void http_unlisten(struct http *http, const char *address)
{
        struct listener *listener = find_listener(http, address);

        if (!listener)
                return;
        SLIST_REMOVE(&http->listeners, listener, listener, link);
        acceptor_free(listener->acceptor);
        free(listener);
}

/* Start and stop. */

static int start_engine(struct http *http, struct engine *engine, struct MHD_OptionItem *tls)
{
        struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
        const union MHD_DaemonInfo *info;
        unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME;

        errno = 0;
        engine->daemon = MHD_start_daemon(
                flags | (tls ? MHD_USE_TLS : 0), 0, NULL, NULL, on_request, http,
                MHD_OPTION_URI_LOG_CALLBACK, on_target, http, MHD_OPTION_NOTIFY_COMPLETED,
                on_completed, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
                MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
                CONNECTIONS_ENDLESS, MHD_OPTION_CONNECTION_TIMEOUT, http->daemon_timeout_s,
                MHD_OPTION_ARRAY, tls ? tls : none, MHD_OPTION_END);
        if (!engine->daemon)
                return errno ? -errno : -ENOMEM;
        info = MHD_get_daemon_info(engine->daemon, MHD_DAEMON_INFO_EPOLL_FD);
        if (!info)
                return -EOPNOTSUPP;
        return sd_event_add_io(http->event, &engine->epoll, info->epoll_fd, EPOLLIN, on_epoll,
                               http);
}

static int add_sources(struct http *http)
{
        int r = sd_event_add_defer(http->event, &http->pending, on_pending, http);

        if (r >= 0)
                r = sd_event_source_set_enabled(http->pending, SD_EVENT_OFF);
        /* After everybody else who has something to do: it may go on for long. */
        if (r >= 0)
                r = sd_event_source_set_priority(http->pending, SD_EVENT_PRIORITY_NORMAL + 1);
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
        struct http_changes *changes;
        int r;

        if (!http)
                return explain(error, "HTTP server", -ENOMEM);
        SLIST_INIT(&http->listeners);
        http->event = sd_event_ref(event);
        http->source = *source;
        http->timer_us = NEVER;
        http->subscribers = subscribers_new(event, &http->source, kick, http);
        http->gate = gate_new();
        http->connections = connections_new();
        http->topology = topology_new(event, source->root, topology_changed, http);
        if (http->subscribers && http->gate && http->connections && http->topology)
                http->responder =
                        responder_new(source, http->subscribers, http->gate, http->topology);
        http->daemon_timeout_s = settings->idle_timeout_s;
        *error = NULL;
        r = http->responder ? add_sources(http) : -ENOMEM;
        if (r >= 0)
                r = start_engine(http, &http->engines[ENGINE_PLAIN], NULL);
        if (r >= 0)
                r = http_prepare(http, settings, &changes, error);
        if (r < 0) {
                http_free(http);
                return *error ? r : explain(error, "HTTP server", r);
        }
        http_apply(http, changes);
        *ret = http;
        return 0;
}

/* Settings. */

struct http_changes {
        struct tls *tls;
        struct auth *auth;
        char **hosts;
        struct connection_limits *limits;
        unsigned idle_timeout_s;
        int distance_metrics_limit;
        bool open_health;
};

void http_changes_free(struct http_changes *changes)
{
        if (!changes)
                return;
        gate_release_hosts(changes->hosts);
        connection_limits_free(changes->limits);
        tls_unref(changes->tls);
        auth_free(changes->auth);
        free(changes);
}

static int fill(struct http_changes *changes, const struct settings *settings, error_text *error)
{
        int r = tls_new(settings, &changes->tls, error);

        if (r == 0)
                r = auth_new(settings, &changes->auth, error);
        if (r < 0)
                return r;
        changes->hosts = gate_copy_hosts(settings->hosts, settings->n_hosts);
        changes->limits = connection_limits_new(settings);
        changes->idle_timeout_s = settings->idle_timeout_s;
        changes->distance_metrics_limit = settings->distance_metrics_limit;
        changes->open_health = settings->open_health;
        return changes->hosts && changes->limits ? 0 : -ENOMEM;
}

int http_prepare(struct http *http, const struct settings *settings, struct http_changes **ret,
                 error_text *error)
{
        struct http_changes *changes = calloc(1, sizeof(*changes));
        struct engine *engine = &http->engines[ENGINE_TLS];
        int r = changes ? fill(changes, settings, error) : -ENOMEM;

        /* As long as no certificate is in use it refuses every handshake. */
        if (r == 0 && changes->tls && !engine->daemon)
                r = start_engine(http, engine, tls_daemon_options(changes->tls));
        if (r < 0) {
                http_changes_free(changes);
                return r;
        }
        *ret = changes;
        return 0;
}

void http_apply(struct http *http, struct http_changes *changes)
{
        tls_use(changes->tls);
        tls_unref(http->tls);
        http->tls = changes->tls;
        http->idle_timeout_s = changes->idle_timeout_s;
        responder_set_distance_limit(http->responder, changes->distance_metrics_limit);
        connections_set_limits(http->connections, changes->limits);
        gate_set_hosts(http->gate, changes->hosts);
        gate_set_auth(http->gate, changes->auth, tls_asks_for_client_certificates(changes->tls),
                      changes->open_health);
        free(changes);
}

void http_snapshot_changed(struct http *http, const struct snapshot *snap)
{
        responder_forget_bodies(http->responder);
        subscribers_snapshot(http->subscribers, snap);
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
                acceptor_free(listener->acceptor);
                free(listener);
        }
        for (size_t i = 0; i < NR_ENGINES; i++)
                sd_event_source_disable_unref(http->engines[i].epoll);
        sd_event_source_disable_unref(http->pending);
        sd_event_source_disable_unref(http->timer);
        if (http->subscribers)
                subscribers_resume_all(http->subscribers);
        if (http->topology)
                topology_resume_all(http->topology);
        for (size_t i = 0; i < NR_ENGINES; i++)
                if (http->engines[i].daemon)
                        MHD_stop_daemon(http->engines[i].daemon);
        tls_use(NULL);
        tls_unref(http->tls);
        connections_free(http->connections);
        responder_free(http->responder);
        subscribers_free(http->subscribers);
        topology_free(http->topology);
        gate_free(http->gate);
        sd_event_unref(http->event);
        free(http);
}
