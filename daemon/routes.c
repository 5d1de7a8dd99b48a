/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "routes.h"

#include "cleanup.h"
#include "page.h"
#include "settings.h"

#include <stdarg.h>
#include <string.h>

#define MEDIA_PROMETHEUS  "text/plain; version=0.0.4; charset=utf-8"
#define MEDIA_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define MEDIA_JSON        "application/json"
#define MEDIA_EVENTS      "text/event-stream"
#define MEDIA_TEXT        "text/plain; charset=utf-8"
#define MEDIA_HTML        "text/html; charset=utf-8"
#define MEDIA_XML         "application/xml"
#define MEDIA_SCRIPT      "text/javascript; charset=utf-8"

static void body_metrics(struct buffer *out, const struct snapshot *snap,
                         const struct self_stats *self, const struct representation *what)
{
        const struct prometheus_options options = {
                .format = what->media == 1 ? OPENMETRICS : PROMETHEUS_TEXT,
                .collect = what->collect,
                .distance_metrics_limit = what->distance_metrics_limit,
        };

        render_prometheus(out, snap, self, &options);
}

static void body_node(struct buffer *out, const struct snapshot *snap,
                      const struct self_stats *self, const struct representation *what)
{
        (void)self;
        render_json_node(out, snap, what->nid, what->pretty);
}

#ifdef WITH_HWLOC
static void body_topology(struct buffer *out, const struct snapshot *snap,
                          const struct self_stats *self, const struct representation *what)
{
        render_topology(out, snap, self->topology, what->pretty);
}

static void body_topology_xml(struct buffer *out, const struct snapshot *snap,
                              const struct self_stats *self, const struct representation *what)
{
        (void)snap;
        (void)what;
        buffer_add(out, self->topology->xml, self->topology->xml_len);
}
#endif

static void body_events(struct buffer *out, const struct snapshot *snap,
                        const struct self_stats *self, const struct representation *what)
{
        render_events(out, snap, self->events, what->since, what->pretty);
}

#ifdef WITH_PAGE
static void body_page(struct buffer *out, const struct snapshot *snap,
                      const struct self_stats *self, const struct representation *what);

#define PAGE_ROUTE(where, type, text)                                                \
        {                                                                            \
                .path = (where), .help = (text), .kind = ROUTE_STATIC, .n_media = 1, \
                .media = { type }, .policy = PAGE_POLICY, .render = body_page,       \
        }
#else
static void body_index(struct buffer *out, const struct snapshot *snap,
                       const struct self_stats *self, const struct representation *what);
#endif

#define JSON_ROUTE(where, which, text)                                               \
        {                                                                            \
                .path = (where), .help = (text), .takes_pretty = true, .n_media = 1, \
                .media = { MEDIA_JSON }, .part = (which),                            \
        }
#define HEALTH_ROUTE(where, text)                                                    \
        {                                                                            \
                .path = (where), .help = (text), .kind = ROUTE_HEALTH, .n_media = 1, \
                .media = { MEDIA_TEXT },                                             \
        }

/* clang-format off */
static const struct route routes[] = {
#ifdef WITH_PAGE
        PAGE_ROUTE("/", MEDIA_HTML, "the live page"),
        PAGE_ROUTE("/web/icon.svg", "image/svg+xml", "its icon"),
        PAGE_ROUTE("/web/style.css", "text/css; charset=utf-8", "its looks"),
        PAGE_ROUTE("/web/page.js", MEDIA_SCRIPT, "its program"),
        PAGE_ROUTE("/web/checks.js", MEDIA_SCRIPT, "a part of it"),
        PAGE_ROUTE("/web/devices.js", MEDIA_SCRIPT, "a part of it"),
        PAGE_ROUTE("/web/distances.js", MEDIA_SCRIPT, "a part of it"),
        PAGE_ROUTE("/web/dom.js", MEDIA_SCRIPT, "a part of it"),
        PAGE_ROUTE("/web/events.js", MEDIA_SCRIPT, "a part of it"),
        PAGE_ROUTE("/web/memory.js", MEDIA_SCRIPT, "a part of it"),
        PAGE_ROUTE("/web/nodes.js", MEDIA_SCRIPT, "a part of it"),
#else
        { .path = "/", .help = "this page", .kind = ROUTE_STATIC,
          .n_media = 1, .media = { MEDIA_HTML }, .render = body_index },
#endif
        { .path = "/metrics", .help = "metrics for Prometheus, also as OpenMetrics",
          .takes_collect = true, .n_media = 2, .media = { MEDIA_PROMETHEUS, MEDIA_OPENMETRICS },
          .render = body_metrics },
        { .path = "/metrics/node_exporter",
          .help = "the series of node_exporter's meminfo_numa collector",
          .n_media = 1, .media = { MEDIA_PROMETHEUS },
          .shows = COLLECTOR_BIT(COLLECTOR_MEMINFO) | COLLECTOR_BIT(COLLECTOR_NUMASTAT),
          .text = render_node_exporter },
        JSON_ROUTE("/v1/snapshot", JSON_SNAPSHOT, "everything, one JSON document"),
        JSON_ROUTE("/v1/node_states", JSON_NODE_STATES, "the kernel's node masks"),
        JSON_ROUTE("/v1/nodes", JSON_NODES, "all online nodes"),
        { .path = "/v1/nodes/N", .help = "one node", .takes_pretty = true,
          .n_media = 1, .media = { MEDIA_JSON }, .render = body_node },
        JSON_ROUTE("/v1/distances", JSON_DISTANCES, "the distance matrix"),
        JSON_ROUTE("/v1/numa_meminfo", JSON_NUMA_MEMINFO, "which memory belongs to which node"),
        JSON_ROUTE("/v1/memblock", JSON_MEMBLOCK, "the kernel's memory regions at boot"),
        JSON_ROUTE("/v1/memory_blocks", JSON_MEMORY_BLOCKS, "memory blocks by state"),
        JSON_ROUTE("/v1/memory_tiers", JSON_MEMORY_TIERS, "memory tiers"),
        JSON_ROUTE("/v1/firmware", JSON_FIRMWARE, "SRAT, SLIT, HMAT, CEDT and the usable ranges"),
        JSON_ROUTE("/v1/devices", JSON_DEVICES,
                   "PCI functions, interfaces, disks and accelerators, each with its node"),
#ifdef WITH_HWLOC
        { .path = "/v1/topology", .help = "packages and caches, as hwloc has them",
          .kind = ROUTE_TOPOLOGY, .takes_pretty = true, .n_media = 1, .media = { MEDIA_JSON },
          .render = body_topology },
        { .path = "/v1/topology.xml", .help = "the whole topology in hwloc's XML, for lstopo",
          .kind = ROUTE_TOPOLOGY, .n_media = 1, .media = { MEDIA_XML },
          .render = body_topology_xml },
#endif
        JSON_ROUTE("/v1/checks", JSON_CHECKS, "what an administrator would look for"),
        { .path = "/v1/events",
          .help = "what changed; since= and wait=, or as a stream with Accept: text/event-stream",
          .kind = ROUTE_EVENTS, .takes_since = true, .takes_pretty = true,
          .n_media = 2, .media = { MEDIA_JSON, MEDIA_EVENTS }, .render = body_events },
        { .path = "/v1/stream", .help = "the same stream, with the figures of each sample",
          .kind = ROUTE_STREAM, .takes_since = true, .n_media = 1, .media = { MEDIA_EVENTS } },
        { .path = "/v1/hardware", .help = "as numactl --hardware prints it",
          .n_media = 1, .media = { MEDIA_TEXT }, .text = render_hardware },
        { .path = "/v1/memblock.txt", .help = "memblock as the kernel lists it",
          .n_media = 1, .media = { MEDIA_TEXT }, .text = render_memblock },
        { .path = "/v1/node_states.txt", .help = "node_states as a crash dump shows them",
          .n_media = 1, .media = { MEDIA_TEXT }, .text = render_node_states },
        { .path = "/openapi.json", .help = "what the interface is", .kind = ROUTE_STATIC,
          .takes_pretty = true, .n_media = 1, .media = { MEDIA_JSON }, .document = render_openapi },
        { .path = "/v1/schema.json", .help = "what the documents are", .kind = ROUTE_STATIC,
          .takes_pretty = true, .n_media = 1, .media = { MEDIA_JSON }, .document = render_schema },
        HEALTH_ROUTE("/healthz", "200, or 503 with the reason"),
        HEALTH_ROUTE("/readyz", "the same"),
        HEALTH_ROUTE("/-/healthy", "the same"),
        HEALTH_ROUTE("/-/ready", "the same"),
};
/* clang-format on */

const struct route *route_at(size_t i)
{
        return i < sizeof(routes) / sizeof(routes[0]) ? &routes[i] : NULL;
}

/* Relative links, so that they hold behind a proxy's prefix. The page is what they stand on. */
static void add_routes(struct buffer *out)
{
        const struct route *route;

        buffer_add_str(out, "<ul class=\"routes\">\n");
        for (size_t i = 0; (route = route_at(i)); i++) {
                const char *path = route->path;

                if (route->kind == ROUTE_STATIC && route->render &&
                    route->render == route_at(0)->render)
                        continue;
                if (strstr(path, "/N"))
                        buffer_printf(out, "<li><code>%s</code>: %s</li>\n", path, route->help);
                else
                        buffer_printf(out, "<li><a href=\"%s\">%s</a>: %s</li>\n", path + 1, path,
                                      route->help);
        }
        buffer_add_str(out, "</ul>\n");
}

#ifdef WITH_PAGE
static void body_page(struct buffer *out, const struct snapshot *snap,
                      const struct self_stats *self, const struct representation *what)
{
        (void)snap;
        (void)self;
        page_render(out, what->route->path, add_routes);
}
#else
static void body_index(struct buffer *out, const struct snapshot *snap,
                       const struct self_stats *self, const struct representation *what)
{
        (void)snap;
        (void)self;
        (void)what;
        buffer_add_str(out, "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                            "<title>numad-telemetry</title>\n<h1>numad-telemetry</h1>\n");
        add_routes(out);
        buffer_add_str(out, "</html>\n");
}
#endif

void route_render(struct buffer *out, const struct snapshot *snap, const struct self_stats *self,
                  const struct representation *what)
{
        const struct route *route = what->route;

        if (route->text)
                route->text(out, snap);
        else if (route->document)
                route->document(out, what->pretty);
        else if (route->render)
                route->render(out, snap, self, what);
        else
                render_json(out, snap, route->part, what->pretty);
}

/* Metrics that are made of everything; the others' are their collector's. */
#define OF_EVERYTHING (COLLECT_BIT(COLLECT_MEMORY_MAP) | COLLECT_BIT(COLLECT_CHECKS))

uint64_t representation_needs(const struct representation *what)
{
        uint64_t needs = what->collect & COLLECTORS_ALL;

        if (!what->route->takes_collect)
                return what->route->shows ? what->route->shows : COLLECTORS_ALL;
        if (what->collect & COLLECT_BIT(COLLECT_VMSTAT_ALL))
                needs |= COLLECTOR_BIT(COLLECTOR_VMSTAT);
        return (what->collect & OF_EVERYTHING) ? COLLECTORS_ALL : needs;
}

bool representation_equal(const struct representation *a, const struct representation *b)
{
        return a->route == b->route && a->media == b->media && a->nid == b->nid &&
               a->pretty == b->pretty && a->collect == b->collect &&
               a->distance_metrics_limit == b->distance_metrics_limit && a->since == b->since;
}

__attribute__((format(printf, 3, 4))) static unsigned refuse(char **detail, unsigned status,
                                                             const char *format, ...)
{
        va_list args;

        va_start(args, format);
        if (vasprintf(detail, format, args) < 0)
                *detail = NULL;
        va_end(args);
        return status;
}

/* "7" and no other way to write it; -1 if text is no number, MAX_NUMNODES if it is too large. */
static int parse_nid(const char *text)
{
        size_t len = strlen(text);
        int nid = 0;

        if (len == 0 || strspn(text, "0123456789") != len || (len > 1 && text[0] == '0'))
                return -1;
        if (len > 4)
                return MAX_NUMNODES;
        for (; *text; text++)
                nid = nid * 10 + (*text - '0');
        return nid < MAX_NUMNODES ? nid : MAX_NUMNODES;
}

/* What of path follows the pattern's prefix, "9" for "/v1/nodes/9"; NULL if it does not match. */
static const char *match_pattern(const char *pattern, const char *path)
{
        size_t prefix = strlen(pattern) - 1;

        if (prefix < 2 || strcmp(pattern + prefix - 1, "/N") != 0 ||
            strncmp(pattern, path, prefix) != 0)
                return NULL;
        return path[prefix] && !strchr(path + prefix, '/') ? path + prefix : NULL;
}

const struct route *route_find(const char *path)
{
        const struct route *route;

        for (size_t i = 0; (route = route_at(i)); i++)
                if (strcmp(route->path, path) == 0 || match_pattern(route->path, path))
                        return route;
        return NULL;
}

static unsigned read_nid(struct representation *out, const char *path, char **detail)
{
        const char *node = match_pattern(out->route->path, path);

        out->nid = node ? parse_nid(node) : NUMA_NO_NODE;
        if (!node || out->nid >= 0)
                return 0;
        return refuse(detail, 400, "node id '%s' is not a number of 0 to %d", node,
                      MAX_NUMNODES - 1);
}

static unsigned refuse_collector(char **detail, const char *parameter, const char *value)
{
        struct buffer names = BUFFER_INIT;
        const char *name;
        unsigned status = 400;

        for (unsigned i = 0; (name = collect_name(i)); i++)
                buffer_printf(&names, "%s%s", i ? ", " : "", name);
        buffer_add_char(&names, '\0');
        if (!buffer_failed(&names))
                status = refuse(detail, status, "%s: unknown collector '%s'; there are %s",
                                parameter, value ? value : "", names.data);
        buffer_release(&names);
        return status;
}

/* The bit of a collector's name, 0 if there is none. */
static uint64_t collector_bit(const char *value)
{
        const char *name;

        for (unsigned i = 0; value && (name = collect_name(i)); i++)
                if (strcmp(name, value) == 0)
                        return COLLECT_BIT(i);
        return 0;
}

struct query {
        uint64_t collect, exclude;
        bool pretty, since_given;
        uint64_t since, wait_ns;
};

static unsigned read_collect(uint64_t *mask, const struct request_parameter *p, char **detail)
{
        uint64_t bit = collector_bit(p->value);

        *mask |= bit;
        return bit ? 0 : refuse_collector(detail, p->key, p->value);
}

static unsigned read_pretty(bool *pretty, const struct request_parameter *p, char **detail)
{
        const char *value = p->value ? p->value : "1";

        *pretty = strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
        if (*pretty || strcmp(value, "0") == 0 || strcmp(value, "false") == 0)
                return 0;
        return refuse(detail, 400, "pretty: '%s' is none of 1, true, 0, false", value);
}

static unsigned read_since(struct query *query, const struct request_parameter *p, char **detail)
{
        query->since_given = true;
        if (p->value && parse_seq(p->value, &query->since))
                return 0;
        return refuse(detail, 400, "since: '%s' is not the number of an event",
                      p->value ? p->value : "");
}

static unsigned read_wait(struct query *query, const struct request_parameter *p, char **detail)
{
        if (p->value && parse_seconds(p->value, &query->wait_ns) &&
            query->wait_ns <= WAIT_SECONDS_MAX * UINT64_C(1000000000))
                return 0;
        return refuse(detail, 400, "wait: '%s' is not a number of seconds of 0 to %d",
                      p->value ? p->value : "", WAIT_SECONDS_MAX);
}

static unsigned read_parameter(struct query *query, const struct route *route,
                               const struct request_parameter *p, char **detail)
{
        const char *takes = "no parameter";

        if (route->takes_collect && strcmp(p->key, "collect[]") == 0)
                return read_collect(&query->collect, p, detail);
        if (route->takes_collect && strcmp(p->key, "exclude[]") == 0)
                return read_collect(&query->exclude, p, detail);
        if (route->takes_pretty && strcmp(p->key, "pretty") == 0)
                return read_pretty(&query->pretty, p, detail);
        if (route->takes_since && strcmp(p->key, "since") == 0)
                return read_since(query, p, detail);
        if (route->kind == ROUTE_EVENTS && strcmp(p->key, "wait") == 0)
                return read_wait(query, p, detail);
        if (route->kind == ROUTE_EVENTS)
                takes = "since, wait and pretty";
        else if (route->takes_since)
                takes = "since";
        else if (route->takes_collect)
                takes = "collect[] and exclude[]";
        else if (route->takes_pretty)
                takes = "pretty";
        return refuse(detail, 400, "unknown query parameter '%s'; %s takes %s", p->key, route->path,
                      takes);
}

unsigned route_resolve(struct representation *out, const struct route *route,
                       struct request_target *target, uint64_t *wait_ns, char **detail)
{
        struct query query = { .collect = 0 };
        struct request_parameter parameter;
        unsigned status;
        const char *reason;
        int r;

        *out = (struct representation){ .route = route };
        *detail = NULL;
        if (!route)
                return refuse(detail, 404, "nothing is at '%s'; / lists what there is",
                              target->path);
        status = read_nid(out, target->path, detail);
        if (status)
                return status;
        while ((r = request_next_parameter(&target->query, &parameter, &reason)) > 0) {
                status = read_parameter(&query, out->route, &parameter, detail);
                if (status)
                        return status;
        }
        if (r < 0)
                return refuse(detail, 400, "the query has %s", reason);
        out->pretty = query.pretty;
        out->since_given = query.since_given;
        out->since = query.since;
        *wait_ns = query.wait_ns;
        if (out->route->takes_collect)
                out->collect = (query.collect ? query.collect : COLLECT_DEFAULT) & ~query.exclude;
        return 0;
}
