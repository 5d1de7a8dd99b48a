/* SPDX-License-Identifier: MIT */
#include "respond.h"
#include "body_cache.h"
#include "cleanup.h"
#include "clock.h"
#include "problem.h"
#include "request.h"
#include "routes.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

struct responder {
        struct http_source source;
        struct subscribers *subscribers;
        struct gate *gate;
        struct topology *topology;
        int distance_metrics_limit;
        struct body_cache *cache;
        struct MHD_Response *ok;        /* the health routes' */
        struct MHD_Response *exhausted; /* made while there is memory to say that there is none */
        size_t exhausted_len;

        uint64_t start_time_ns;
        uint64_t bytes;
        size_t n_stats;
        struct http_route_stat *stats; /* bounded: routes × status codes */
};

/* One request on its way through this file. */
struct exchange {
        struct responder *responder;
        struct MHD_Connection *connection;
        bool head;
        const char *route; /* the pattern, for the count */
        uint64_t connections;
        struct respond_client *client;
};

static struct MHD_Response *make_ok(void)
{
        static char text[] = "ok\n";
        struct MHD_Response *response =
                MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT);

        if (response &&
            (MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8") !=
                     MHD_YES ||
             MHD_add_response_header(response, "Cache-Control", "no-store") != MHD_YES ||
             MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") != MHD_YES)) {
                MHD_destroy_response(response);
                return NULL;
        }
        return response;
}

struct responder *responder_new(const struct http_source *source, struct subscribers *subscribers,
                                struct gate *gate, struct topology *topology)
{
        struct responder *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->start_time_ns = realtime_now_ns();
        r->source = *source;
        r->subscribers = subscribers;
        r->gate = gate;
        r->topology = topology;
        r->cache = body_cache_new();
        r->ok = make_ok();
        r->exhausted =
                problem_new(MHD_HTTP_SERVICE_UNAVAILABLE, "memory is exhausted", &r->exhausted_len);
        if (r->cache && r->ok && r->exhausted)
                return r;
        responder_free(r);
        return NULL;
}

void responder_free(struct responder *responder)
{
        if (!responder)
                return;
        body_cache_free(responder->cache);
        if (responder->ok)
                MHD_destroy_response(responder->ok);
        if (responder->exhausted)
                MHD_destroy_response(responder->exhausted);
        free(responder->stats);
        free(responder);
}

void responder_forget_bodies(struct responder *responder)
{
        body_cache_clear(responder->cache);
}

void responder_set_distance_limit(struct responder *responder, int limit)
{
        responder->distance_metrics_limit = limit;
}

/* Without memory for a new pair of route and code the request goes uncounted. */
static void count_request(struct responder *r, const char *route, unsigned code)
{
        struct http_route_stat *stats;

        for (size_t i = 0; i < r->n_stats; i++) {
                if (r->stats[i].route == route && r->stats[i].code == code) {
                        r->stats[i].requests++;
                        return;
                }
        }
        stats = realloc(r->stats, (r->n_stats + 1) * sizeof(*stats));
        if (!stats)
                return;
        r->stats = stats;
        stats[r->n_stats++] =
                (struct http_route_stat){ .route = route, .code = code, .requests = 1 };
}

/* len is that of the body. */
static enum MHD_Result send_response(const struct exchange *x, unsigned status,
                                     struct MHD_Response *response, size_t len)
{
        count_request(x->responder, x->route, status);
        if (!x->head)
                x->responder->bytes += len;
        return MHD_queue_response(x->connection, status, response);
}

static enum MHD_Result send_exhausted(const struct exchange *x)
{
        return send_response(x, MHD_HTTP_SERVICE_UNAVAILABLE, x->responder->exhausted,
                             x->responder->exhausted_len);
}

/* What a status asks for besides its text; without memory for it the text must do. */
static void add_problem_headers(const struct exchange *x, struct MHD_Response *response,
                                unsigned status)
{
        const struct gate *gate = x->responder->gate;

        if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
                MHD_add_response_header(response, "Allow", "GET, HEAD");
        if (status == MHD_HTTP_TOO_MANY_REQUESTS)
                MHD_add_response_header(response, "Retry-After", "5");
        if (status == MHD_HTTP_UNAUTHORIZED && gate_takes_tokens(gate))
                MHD_add_response_header(response, "WWW-Authenticate",
                                        "Bearer realm=\"numad-telemetry\"");
        if (status == MHD_HTTP_UNAUTHORIZED && gate_takes_passwords(gate))
                MHD_add_response_header(response, "WWW-Authenticate",
                                        "Basic realm=\"numad-telemetry\", charset=\"UTF-8\"");
}

/* detail is NULL if there was no memory for it. */
static enum MHD_Result send_problem(const struct exchange *x, unsigned status, const char *detail)
{
        size_t len = 0;
        struct MHD_Response *response = detail ? problem_new(status, detail, &len) : NULL;
        enum MHD_Result r;

        if (!response)
                return send_exhausted(x);
        add_problem_headers(x, response, status);
        r = send_response(x, status, response, len);
        MHD_destroy_response(response);
        return r;
}

/* The fields that decide about an answer; a field may come in several lines (RFC 9110, 5.3). */
struct header_field {
        const char *name;
        const char *value; /* NULL: absent */
        struct buffer joined;
};

enum { FIELD_ACCEPT, FIELD_ACCEPT_ENCODING, FIELD_IF_NONE_MATCH, FIELD_LAST_EVENT_ID, NR_FIELDS };

static void add_line(struct header_field *field, const char *value)
{
        if (!field->value) {
                field->value = value;
                return;
        }
        if (field->joined.len == 0)
                buffer_add_str(&field->joined, field->value);
        else
                field->joined.len--; /* the terminator */
        buffer_add_str(&field->joined, ", ");
        buffer_add(&field->joined, value, strlen(value) + 1);
        if (!buffer_failed(&field->joined))
                field->value = field->joined.data;
}

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                 const char *value)
{
        struct header_field *fields = cls;

        (void)kind;
        for (size_t i = 0; value && i < NR_FIELDS; i++)
                if (strcasecmp(key, fields[i].name) == 0)
                        add_line(&fields[i], value);
        return MHD_YES;
}

static void release_fields(struct header_field (*fields)[NR_FIELDS])
{
        for (size_t i = 0; i < NR_FIELDS; i++)
                buffer_release(&(*fields)[i].joined);
}

/* What is in the header before anybody asks for an answer. */
struct signs {
        struct respond_client *client;
        unsigned lengths;
};

static enum MHD_Result on_sign(void *cls, enum MHD_ValueKind kind, const char *key,
                               const char *value)
{
        struct signs *signs = cls;
        struct respond_client *client = signs->client;

        (void)kind;
        if (strcasecmp(key, "Host") == 0 && client->n_hosts++ == 0)
                client->host = value ? value : "";
        if (strcasecmp(key, "Transfer-Encoding") == 0)
                client->has_body = true;
        if (strcasecmp(key, "Content-Length") != 0)
                return MHD_YES;
        /* Two lengths are two opinions of where the next request begins (RFC 9112, 6.3): as bad as
         * a body. */
        signs->lengths++;
        if (signs->lengths > 1 || !value || value[strspn(value, "0")])
                client->has_body = true;
        return MHD_YES;
}

void respond_read_signs(struct MHD_Connection *connection, const char *version,
                        struct respond_client *client)
{
        struct signs signs = { .client = client };

        client->needs_host = strcmp(version, MHD_HTTP_VERSION_1_1) == 0;
        MHD_get_connection_values(connection, MHD_HEADER_KIND, on_sign, &signs);
}

/* RFC 9112, 3.2. NULL: nothing. */
static const char *wrong_with_host(const struct respond_client *client)
{
        if (client->n_hosts > 1)
                return "the request has several Host fields, expected one";
        if (client->n_hosts == 0)
                return client->needs_host ? "the request has no Host field" : NULL;
        return host_is_valid(client->host)
                       ? NULL
                       : "the Host field has neither a name nor an address in it";
}

static enum MHD_Result send_not_modified(const struct exchange *x, const struct body *body,
                                         const struct snapshot *snap)
{
        struct MHD_Response *response =
                MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        enum MHD_Result r;

        if (!response)
                return send_exhausted(x);
        if (!body_add_headers(response, body->etag, snap)) {
                MHD_destroy_response(response);
                return send_exhausted(x);
        }
        r = send_response(x, MHD_HTTP_NOT_MODIFIED, response, 0);
        MHD_destroy_response(response);
        return r;
}

static enum MHD_Result send_health(const struct exchange *x)
{
        const struct http_source *source = &x->responder->source;
        const char *reason = source->not_ready(source->context);

        if (reason)
                return send_problem(x, MHD_HTTP_SERVICE_UNAVAILABLE, reason);
        return send_response(x, MHD_HTTP_OK, x->responder->ok, strlen("ok\n"));
}

static enum MHD_Result send_not_acceptable(const struct exchange *x, const struct route *route)
{
        _cleanup_(free_p) char *detail = NULL;

        if (asprintf(&detail, "Accept allows none of what %s offers: %s%s%s", route->path,
                     route->media[0], route->n_media > 1 ? ", " : "",
                     route->n_media > 1 ? route->media[1] : "") < 0)
                detail = NULL;
        return send_problem(x, MHD_HTTP_NOT_ACCEPTABLE, detail);
}

static enum MHD_Result send_no_such_node(const struct exchange *x, const struct snapshot *snap,
                                         int nid)
{
        const struct sample *sample = snapshot_sample(snap);
        _cleanup_(free_p) char *detail = NULL;
        char list[NODEMASK_LIST_MAX];
        nodemask_t nodes;

        nodemask_clear(&nodes);
        for (size_t i = 0; i < sample->n_nodes; i++)
                node_set(sample->nodes[i].nid, &nodes);
        nodemask_print_list(&nodes, list);
        if (nid < MAX_NUMNODES
                    ? asprintf(&detail, "there is no node %d; the nodes are %s", nid, list) < 0
                    : asprintf(&detail, "there is no such node; the nodes are %s", list) < 0)
                detail = NULL;
        return send_problem(x, MHD_HTTP_NOT_FOUND, detail);
}

static void count_refusals(const struct gate *gate,
                           struct refusal_stat out[static NR_GATE_REFUSALS - 1])
{
        for (unsigned i = GATE_OPEN + 1; i < NR_GATE_REFUSALS; i++)
                *out++ = (struct refusal_stat){ .reason = gate_refusal_name(i),
                                                .requests = gate_count(gate, i) };
}

static enum MHD_Result send_body(const struct exchange *x, const struct representation *what,
                                 const struct snapshot *snap, const struct header_field *fields)
{
        struct responder *r = x->responder;
        struct refusal_stat refusals[NR_GATE_REFUSALS - 1];
        struct self_stats self = {
                .n_routes = r->n_stats,
                .routes = r->stats,
                .http_bytes = r->bytes,
                .http_connections = x->connections,
                .http_subscribers = subscribers_open(r->subscribers),
                .http_subscribers_dropped = subscribers_dropped(r->subscribers),
                .events = r->source.events,
                .n_refusals = NR_GATE_REFUSALS - 1,
                .refusals = refusals,
                .topology = topology_documents(r->topology),
                .start_time_ns = r->start_time_ns,
        };
        const struct body_source source = { .snap = snap, .self = &self };
        const struct body *body;

        count_refusals(r->gate, refusals);
        r->source.uevents(r->source.context, &self.uevents);
        body = body_cache_get(r->cache, what, &source,
                              accept_gzip(fields[FIELD_ACCEPT_ENCODING].value));

        if (!body)
                return send_exhausted(x);
        if (etag_list_matches(fields[FIELD_IF_NONE_MATCH].value, body->etag))
                return send_not_modified(x, body, snap);
        return send_response(x, MHD_HTTP_OK, body->response, body->len);
}

/* From where on: what the client has seen last, else what it asks for, else what comes now. */
static uint64_t stream_since(const struct exchange *x, const struct representation *what,
                             const struct header_field *fields)
{
        uint64_t seq;

        if (fields[FIELD_LAST_EVENT_ID].value && parse_seq(fields[FIELD_LAST_EVENT_ID].value, &seq))
                return seq;
        return what->since_given ? what->since : events_last_seq(x->responder->source.events);
}

static enum MHD_Result send_stream(const struct exchange *x, const struct representation *what,
                                   const struct header_field *fields, const struct snapshot *snap)
{
        /* libmicrohttpd would end what has no length with an empty chunk, also without the body. */
        struct MHD_Response *response =
                x->head ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
                        : subscribers_stream(x->responder->subscribers, x->connection,
                                             x->client->fd, stream_since(x, what, fields),
                                             what->route->kind == ROUTE_STREAM ? snap : NULL);
        enum MHD_Result r;

        if (!response)
                return send_exhausted(x);
        if (MHD_add_response_header(response, "Content-Type", what->route->media[what->media]) !=
                    MHD_YES ||
            MHD_add_response_header(response, "Cache-Control", "no-store") != MHD_YES ||
            MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") != MHD_YES) {
                MHD_destroy_response(response);
                return send_exhausted(x);
        }
        x->client->patient = !x->head;
        r = send_response(x, MHD_HTTP_OK, response, 0);
        MHD_destroy_response(response);
        return r;
}

/* Whether the request has to wait, and then it does; what->since is what it waits for. */
static bool wait_for_event(const struct exchange *x, struct representation *what, uint64_t wait_ns)
{
        const struct events *events = x->responder->source.events;

        if (x->client->waited) {
                what->since = x->client->since;
                return false;
        }
        if (wait_ns == 0)
                return false;
        if (!what->since_given)
                what->since = events_last_seq(events);
        if (events_gap(events, what->since) || events_after(events, what->since) ||
            !subscribers_wait(x->responder->subscribers, x->connection, x->client->fd, wait_ns))
                return false;
        x->client->waited = true;
        x->client->since = what->since;
        x->client->patient = true;
        return true;
}

/* What hwloc says may have to be loaded first. */
static enum MHD_Result send_topology(const struct exchange *x, const struct representation *what,
                                     const struct snapshot *snap, const struct header_field *fields)
{
        const char *reason;

        switch (topology_ask(x->responder->topology, snap, x->connection, &x->client->since,
                             &reason)) {
        case TOPOLOGY_READY:
                return send_body(x, what, snap, fields);
        case TOPOLOGY_WAITS:
                x->client->patient = true;
                return MHD_YES;
        default:
                return send_problem(x, MHD_HTTP_SERVICE_UNAVAILABLE, reason);
        }
}

/* Negotiates, then finds the snapshot and in it the node. */
static enum MHD_Result send_representation(const struct exchange *x, struct representation *what,
                                           uint64_t wait_ns)
{
        struct responder *r = x->responder;
        __attribute__((cleanup(release_fields))) struct header_field fields[NR_FIELDS] = {
                [FIELD_ACCEPT] = { .name = "Accept" },
                [FIELD_ACCEPT_ENCODING] = { .name = "Accept-Encoding" },
                [FIELD_IF_NONE_MATCH] = { .name = "If-None-Match" },
                [FIELD_LAST_EVENT_ID] = { .name = "Last-Event-ID" },
        };
        struct snapshot *snap;
        int media;

        MHD_get_connection_values(x->connection, MHD_HEADER_KIND, on_header, fields);
        for (size_t i = 0; i < NR_FIELDS; i++)
                if (buffer_failed(&fields[i].joined))
                        return send_exhausted(x);
        media = accept_choose(fields[FIELD_ACCEPT].value, what->route->media, what->route->n_media);
        if (media < 0)
                return send_not_acceptable(x, what->route);
        what->media = (unsigned)media;
        what->distance_metrics_limit = r->distance_metrics_limit;
        if (what->route->kind == ROUTE_STATIC)
                return send_body(x, what, NULL, fields);
        snap = r->source.snapshot(r->source.context, representation_needs(what));
        if (!snap)
                return send_exhausted(x);
        if (what->nid != NUMA_NO_NODE && !snapshot_node(snap, what->nid))
                return send_no_such_node(x, snap, what->nid);
        if (what->route->kind == ROUTE_STREAM ||
            (what->route->kind == ROUTE_EVENTS && what->media == 1))
                return send_stream(x, what, fields, snap);
        if (what->route->kind == ROUTE_EVENTS && wait_for_event(x, what, wait_ns))
                return MHD_YES;
        if (what->route->kind == ROUTE_TOPOLOGY)
                return send_topology(x, what, snap, fields);
        return send_body(x, what, snap, fields);
}

static enum MHD_Result send_bad_target(const struct exchange *x, const char *reason)
{
        _cleanup_(free_p) char *detail = NULL;

        if (asprintf(&detail, "the request target has %s", reason) < 0)
                detail = NULL;
        return send_problem(x, MHD_HTTP_BAD_REQUEST, detail);
}

static enum MHD_Result send_refusal(const struct exchange *x, enum gate_refusal refusal)
{
        const struct gate *gate = x->responder->gate;
        bool credentials_help = gate_takes_passwords(gate) || gate_takes_tokens(gate);

        switch (refusal) {
        case GATE_HOST:
                return send_problem(x, MHD_HTTP_MISDIRECTED_REQUEST,
                                    "the request names another machine; the setting 'hosts' says "
                                    "by which names this one is asked");
        case GATE_THROTTLED:
                return send_problem(x, MHD_HTTP_TOO_MANY_REQUESTS,
                                    "too many attempts with wrong credentials");
        case GATE_EXHAUSTED:
                return send_exhausted(x);
        case GATE_WRONG:
                return send_problem(x, MHD_HTTP_UNAUTHORIZED, "the credentials are wrong");
        default:
                return credentials_help
                               ? send_problem(x, MHD_HTTP_UNAUTHORIZED, "credentials are required")
                               : send_problem(x, MHD_HTTP_FORBIDDEN,
                                              "a client certificate is required");
        }
}

/* Before the route is told whether it exists. */
static enum gate_refusal pass_gate(const struct exchange *x, const struct request_target *target,
                                   const struct route *route)
{
        const struct gate_request request = {
                .host = target->authority ? target->authority : x->client->host,
                .authorization = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND,
                                                             "Authorization"),
                .address = x->client->address,
                .verified = x->client->verified,
                .health = route && route->kind == ROUTE_HEALTH,
        };

        return gate_check(x->responder->gate, &request, monotonic_now_ns() / 1000);
}

static enum MHD_Result send_target(struct exchange *x, struct request_target *target)
{
        const struct route *route = route_find(target->path);
        const char *wrong = wrong_with_host(x->client);
        _cleanup_(free_p) char *detail = NULL;
        enum gate_refusal refusal;
        struct representation what;
        uint64_t wait_ns = 0;
        unsigned status;

        if (wrong)
                return send_problem(x, MHD_HTTP_BAD_REQUEST, wrong);
        refusal = pass_gate(x, target, route);
        if (refusal != GATE_OPEN)
                return send_refusal(x, refusal);
        if (route)
                x->route = route->path;
        status = route_resolve(&what, route, target, &wait_ns, &detail);
        if (status)
                return send_problem(x, status, detail);
        if (what.route->kind == ROUTE_HEALTH)
                return send_health(x);
        return send_representation(x, &what, wait_ns);
}

enum MHD_Result respond(struct responder *responder, struct MHD_Connection *connection,
                        const char *method, const char *target, uint64_t connections,
                        struct respond_client *client)
{
        struct exchange x = {
                .responder = responder,
                .connection = connection,
                .head = strcmp(method, "HEAD") == 0,
                .route = "other",
                .connections = connections,
                .client = client,
        };
        struct request_target parsed;
        const char *reason;
        enum MHD_Result result;
        int r;

        if (!x.head && strcmp(method, "GET") != 0)
                return send_problem(&x, MHD_HTTP_METHOD_NOT_ALLOWED,
                                    "only GET and HEAD are allowed");
        if (!target || !client)
                return send_exhausted(&x);
        if (client->has_body)
                return send_problem(&x, MHD_HTTP_BAD_REQUEST, "a request here has no body");
        r = request_target_parse(&parsed, target, &reason);
        if (r == -ENOMEM)
                return send_exhausted(&x);
        if (r < 0)
                return send_bad_target(&x, reason);
        result = send_target(&x, &parsed);
        request_target_release(&parsed);
        return result;
}
