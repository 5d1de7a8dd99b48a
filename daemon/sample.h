/* SPDX-License-Identifier: MIT */
/*
 * A sample: what the kernel's files said at one moment, as plain data.
 *
 * collect.c fills one and keeps its memory from sample to sample; model.c makes an immutable copy
 * of it, the snapshot. What the kernel did not say is marked unknown (a known flag, a NULL pointer,
 * a presence bit), never 0.
 */
#pragma once

#include "devices.h"
#include "fields.h"
#include "firmware_tables.h"
#include "id_list.h"
#include "nodemask.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* include/linux/nodemask.h: enum node_states */
enum node_states {
        N_POSSIBLE,
        N_ONLINE,
        N_NORMAL_MEMORY,
        N_HIGH_MEMORY,
        N_MEMORY,
        N_CPU,
        N_GENERIC_INITIATOR,
        NR_NODE_STATES,
};

enum collector {
        COLLECTOR_NODE_STATES,
        COLLECTOR_DISTANCES,
        COLLECTOR_MEMINFO,
        COLLECTOR_NUMASTAT,
        COLLECTOR_VMSTAT,
        COLLECTOR_HUGEPAGES,
        COLLECTOR_CPUS,
        COLLECTOR_CPU_SECONDS,
        COLLECTOR_MEMORY_BLOCKS,
        COLLECTOR_ZONEINFO,
        COLLECTOR_BUDDYINFO,
        COLLECTOR_PROC_MEMINFO,
        COLLECTOR_SYSCTL,
        COLLECTOR_ACCESS,
        COLLECTOR_MEMORY_TIERS,
        COLLECTOR_FIRMWARE,
        COLLECTOR_DEVICES,
        NR_COLLECTORS,
};

#define COLLECTOR_BIT(i) (UINT64_C(1) << (i))
#define COLLECTORS_ALL   (COLLECTOR_BIT(NR_COLLECTORS) - 1)

/* One file's fields; values[i] belongs to field i of the table and counts only if present has bit
 * i. */
struct counters {
        bool known;        /* the file was there and readable; it may still hold nothing */
        size_t n;          /* length of values */
        uint64_t *values;  /* bytes or counts, as the field says */
        uint64_t *present; /* (n + 63) / 64 words */
};

static inline bool counters_has(const struct counters *c, size_t i)
{
        return c->known && i < c->n && (c->present[i / 64] >> (i % 64) & 1);
}

#define HUGEPAGES_UNKNOWN UINT64_MAX

struct hugepages {
        uint64_t size_bytes;
        uint64_t total; /* pages; HUGEPAGES_UNKNOWN if the file is missing, likewise below */
        uint64_t free;
        uint64_t surplus;
};

struct zone {
        const char *name; /* "Normal" */
        unsigned known;   /* bit per zone_figure */
        uint64_t pages[NR_ZONE_FIGURES];
        unsigned n_orders; /* 0: not in buddyinfo */
        uint64_t free_blocks[BUDDY_ORDERS_MAX];
};

/* nodeN/accessK/initiators (Documentation/admin-guide/mm/numaperf.rst). */
enum access_figure {
        ACCESS_READ_BANDWIDTH, /* bytes per second */
        ACCESS_WRITE_BANDWIDTH,
        ACCESS_READ_LATENCY, /* nanoseconds */
        ACCESS_WRITE_LATENCY,
        NR_ACCESS_FIGURES,
};

struct node_access {
        int nid; /* the target */
        unsigned access_class;
        nodemask_t initiators; /* the nodes with the best access to this one */
        unsigned known;        /* bit per access_figure */
        uint64_t figures[NR_ACCESS_FIGURES];
};

/* nodeN/memory_side_cache/indexK */
enum side_cache_figure {
        SIDE_CACHE_SIZE,         /* bytes */
        SIDE_CACHE_LINE_SIZE,    /* bytes */
        SIDE_CACHE_INDEXING,     /* include/linux/node.h: enum cache_indexing */
        SIDE_CACHE_WRITE_POLICY, /* enum cache_write_policy */
        NR_SIDE_CACHE_FIGURES,
};

struct side_cache {
        int nid; /* whose memory it caches */
        uint32_t level;
        unsigned known; /* bit per side_cache_figure */
        uint64_t figures[NR_SIDE_CACHE_FIGURES];
};

struct memory_tier {
        uint32_t id; /* the lower, the faster */
        nodemask_t nodes;
};

struct node {
        int nid;
        struct counters fields[NR_FIELD_SETS];
        struct id_list cpus;
        bool distances_known;
        enum node_states distance_columns; /* whose nodes the row's entries are, in order */
        size_t n_distances;
        uint8_t *distances;
        bool hugepages_known;
        size_t n_hugepages;
        struct hugepages *hugepages; /* ascending by size */
        size_t n_zones;
        struct zone *zones; /* in the kernel's order */
        size_t n_accesses;  /* 0: the kernel says nothing */
        struct node_access *accesses;
        size_t n_side_caches;
        struct side_cache *side_caches;
        unsigned n_cpu_modes;             /* 0: unknown */
        uint64_t cpu_ticks[NR_CPU_MODES]; /* 1/100 s, summed over the node's CPUs */
};

/* sysfs counts CPU time in USER_HZ, which is 100 on every architecture but alpha and ia64. */
#define CPU_TICKS_PER_SECOND 100

enum memory_block_state { BLOCK_UNKNOWN, BLOCK_ONLINE, BLOCK_OFFLINE, BLOCK_GOING_OFFLINE };

struct memory_block {
        uint64_t id; /* covers id * block_size … (id + 1) * block_size */
        enum memory_block_state state;
        int nid;  /* NUMA_NO_NODE: linked under no node */
        int nid2; /* a second node that it is linked under, else NUMA_NO_NODE */
};

struct sysctl_value {
        const char *name; /* "kernel.numa_balancing"; a constant */
        bool known;
        uint64_t value;
};

struct collector_status {
        bool success;         /* all of its files could be read, or rightly do not exist */
        uint64_t errors;      /* since the start: files that became unreadable or malformed */
        uint64_t duration_ns; /* of this sample */
};

struct sample {
        /* Identity; NULL if unknown. */
        const char *boot_id;
        const char *hostname;
        const char *kernel; /* release */

        uint64_t realtime_ns;
        uint64_t monotonic_ns;
        uint64_t duration_ns;
        uint64_t collected; /* COLLECTOR_BIT()s: what of it is of this moment, not of an earlier one
                             */
        bool torn; /* nodes came or went all the time: its parts are of different moments */

        bool state_known[NR_NODE_STATES];
        /*
         * The masks as the kernel gives them. Where online is unknown, N_ONLINE holds the nodes
         * that have a directory, and state_known stays false.
         */
        nodemask_t node_states[NR_NODE_STATES];

        size_t n_nodes;
        struct node *nodes; /* online nodes with a directory, ascending by nid */

        uint64_t page_size; /* bytes: the unit of zones; 0: not known to the reader, see model.h */

        bool memory_blocks_known;
        uint64_t memory_block_size;     /* bytes; 0: unknown */
        const char *auto_online_blocks; /* "online", "offline", …; NULL: unknown */
        size_t n_memory_blocks;
        struct memory_block *memory_blocks; /* ascending by id */

        bool memory_tiers_known;
        size_t n_memory_tiers;
        struct memory_tier *memory_tiers; /* ascending by id */

        /* How many packages the CPUs of the only node are in; read where there is one node. */
        bool packages_known;
        size_t n_packages;

        /* NULL: none was read. A snapshot holds a reference. */
        struct firmware_tables *firmware;
        /* NULL: unknown. A snapshot holds a reference. */
        struct devices *devices;

        struct counters proc_meminfo; /* its fields are in proc_meminfo_table */
        size_t n_sysctls;
        struct sysctl_value *sysctls;

        struct field_table *tables[NR_FIELD_SETS];
        struct field_table *proc_meminfo_table;
        struct collector_status collectors[NR_COLLECTORS];
};

/* "node_states", "distances", …: the names that collect[] takes. */
const char *collector_name(enum collector collector);
