/* SPDX-License-Identifier: MIT */
/*
 * What an administrator would look for: a table of checks, each a function from a snapshot to a
 * finding. numad-telemetry-checks(7) says of each what to do about it.
 */
#pragma once

#include "nodemask.h"

#include <stdbool.h>

struct snapshot;

enum check {
        CHECK_DISTANCE_ASYMMETRIC,
        CHECK_DISTANCE_FLAT,
        CHECK_DISTANCE_SELF,
        CHECK_DISTANCE_SLIT,
        CHECK_SRAT_NODE_OFFLINE,
        CHECK_SRAT_REFUSED,
        CHECK_FIRMWARE_TABLE_DAMAGED,
        CHECK_MEMORY_OVERLAP,
        CHECK_MEMORY_SELF_OVERLAP,
        CHECK_MEMORY_UNEVEN,
        CHECK_MEMORY_BLOCK_OFFLINE,
        CHECK_MEMORY_TOTAL_MISMATCH,
        CHECK_MEMORY_UNMANAGED,
        CHECK_MEMORY_EXHAUSTED,
        CHECK_CPULESS_NODE,
        CHECK_MEMORYLESS_NODE,
        CHECK_NUMA_BALANCING_OFF,
        CHECK_ZONE_RECLAIM_MODE,
        CHECK_INTERLEAVING_SUSPECTED,
        CHECK_NETWORK_INTERRUPTS_REMOTE,
        NR_CHECKS,
};

enum check_severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL };

enum check_state {
        CHECK_UNKNOWN, /* the kernel does not say what the check needs */
        CHECK_CLEAR,
        CHECK_RAISED,
};

struct finding {
        enum check_state state;
        nodemask_t nodes;   /* those concerned; empty if it is not of nodes or not raised */
        char *evidence;     /* one sentence; NULL unless raised */
        bool out_of_memory; /* the rest says nothing */
};

/* "distance_asymmetric", … */
const char *check_name(enum check check);
enum check_severity check_severity(enum check check);
/* "info", "warning", "critical" */
const char *severity_name(enum check_severity severity);
/* One sentence: what is looked for. */
const char *check_help(enum check check);
/* Whether the finding depends on the structure alone (model.h: structure_equal()) and need not be
 * looked for again until that changes. */
bool check_is_structural(enum check check);

/*
 * Looks for it; was_raised: it was found the last time, so that what lies on the edge is not told
 * again and again. The evidence is malloc()ed and the caller's.
 */
struct finding check_run(enum check check, const struct snapshot *snap, bool was_raised);
