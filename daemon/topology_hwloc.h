/* SPDX-License-Identifier: MIT */
/*
 * Packages, caches and everything else that hwloc knows of a machine. Loading it takes
 * up to seconds and megabytes, so only a process of its own does it (topology_child.h).
 */
#pragma once

#include <stdint.h>

/* What comes first; both documents follow. */
struct topology_header {
        uint64_t json_len; /* {"packages": […], "caches": […]} */
        uint64_t xml_len;  /* hwloc's own, version 2 */
};

/*
 * Loads the topology of this machine, or of the one recorded below root, and writes header and
 * documents to fd. 0 or -errno. Changes the environment, and leaks: for a process that then ends.
 */
int topology_hwloc_write(const char *root, int fd);
