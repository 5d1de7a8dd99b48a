/* SPDX-License-Identifier: MIT */
/*
 * Snapshot to body: Prometheus, JSON and text. Renderers know nothing of HTTP; what the daemon says
 * of itself is handed to them. Each appends to out; memory exhaustion shows in buffer_failed().
 */
#pragma once

#include "buffer.h"
#include "events.h"
#include "hotplug.h"
#include "model.h"

/* Collectors beyond the sample's own, chosen by the same names (collect[], exclude[]). */
enum {
        COLLECT_VMSTAT_ALL = NR_COLLECTORS, /* vmstat with every field; off by default */
        COLLECT_MEMORY_MAP,                 /* numa_meminfo and the totals of each source */
        COLLECT_CHECKS,
        COLLECT_EVENTS,
        COLLECT_SELF, /* generation, sample and collector metrics, build */
        COLLECT_HTTP,
        COLLECT_PROCESS,
        NR_COLLECTS,
};
#define COLLECT_BIT(i)  (UINT64_C(1) << (i))
#define COLLECT_DEFAULT ((COLLECT_BIT(NR_COLLECTS) - 1) & ~COLLECT_BIT(COLLECT_VMSTAT_ALL))

/* "meminfo", …, "vmstat_all", "self", "http", "process"; NULL past the last. */
const char *collect_name(unsigned collect);

struct http_route_stat {
        const char *route; /* "/v1/nodes/N" */
        unsigned code;
        uint64_t requests;
};

struct refusal_stat {
        const char *reason;
        uint64_t requests;
};

/* What hwloc says of the machine. */
struct topology_documents {
        const char *json; /* {"packages": […], "caches": […]} */
        size_t json_len;
        const char *xml; /* hwloc's own, version 2 */
        size_t xml_len;
};

/* What the daemon knows of itself. */
struct self_stats {
        size_t n_routes;
        const struct http_route_stat *routes;
        uint64_t http_bytes;
        uint64_t http_connections;
        uint64_t http_subscribers;         /* of the event stream */
        uint64_t http_subscribers_dropped; /* because they did not read */
        uint64_t start_time_ns;            /* realtime */
        const struct events *events;
        struct hotplug_stats uevents;
        size_t n_refusals;
        const struct refusal_stat *refusals;
        const struct topology_documents *topology; /* NULL: none was loaded */
};

/* "user", "nice", …; "free", "min", …: labels and JSON keys. */
const char *cpu_mode_name(unsigned mode);
const char *zone_figure_name(unsigned figure);

enum prometheus_format { PROMETHEUS_TEXT, OPENMETRICS };

struct prometheus_options {
        enum prometheus_format format;
        uint64_t collect;           /* COLLECT_BIT()s */
        int distance_metrics_limit; /* online nodes up to which distances are exported */
};

void render_prometheus(struct buffer *out, const struct snapshot *snap,
                       const struct self_stats *self, const struct prometheus_options *options);
/* The series of node_exporter's meminfo_numa collector. */
void render_node_exporter(struct buffer *out, const struct snapshot *snap);

enum json_part {
        JSON_SNAPSHOT,
        JSON_NODE_STATES,
        JSON_NODES,
        JSON_DISTANCES,
        JSON_NUMA_MEMINFO,
        JSON_MEMBLOCK,
        JSON_MEMORY_BLOCKS,
        JSON_MEMORY_TIERS,
        JSON_FIRMWARE,
        JSON_DEVICES,
        JSON_CHECKS,
        NR_JSON_PARTS,
};

void render_json(struct buffer *out, const struct snapshot *snap, enum json_part part, bool pretty);
/* /v1/nodes/N; nid must be a node of the snapshot. */
void render_json_node(struct buffer *out, const struct snapshot *snap, int nid, bool pretty);

/* Packages and caches. */
void render_topology(struct buffer *out, const struct snapshot *snap,
                     const struct topology_documents *documents, bool pretty);

/* Events with a number above since. If the ring no longer has all of them, or none has that number
 * yet, all that are kept. */
void render_events(struct buffer *out, const struct snapshot *snap, const struct events *events,
                   uint64_t since, bool pretty);

/* What the interface is: OpenAPI 3.1, and the JSON schema of the documents. */
void render_openapi(struct buffer *out, bool pretty);
void render_schema(struct buffer *out, bool pretty);

/*
 * What changes all the time, of every node, on one line: CPUs, the main fields of meminfo, huge
 * page pools that are not empty, and numastat, each as /v1/nodes has it. last_seq: of the events so
 * far.
 */
void render_figures(struct buffer *out, const struct snapshot *snap, uint64_t last_seq);

/* As numactl --hardware prints it. */
void render_hardware(struct buffer *out, const struct snapshot *snap);
/* memblock.memory as the kernel lists it with memblock=debug. */
void render_memblock(struct buffer *out, const struct snapshot *snap);
/* The checks that found something, as a table. */
void render_findings(struct buffer *out, const struct snapshot *snap);
/* As a debugger prints node_states of a crash dump. */
void render_node_states(struct buffer *out, const struct snapshot *snap);
