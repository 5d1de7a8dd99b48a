/* SPDX-License-Identifier: MIT */
/*
 * Proximity domain (pxm) to node id (nid), numbered as Linux does at boot
 * (drivers/acpi/numa/srat.c: acpi_numa_init(), acpi_map_pxm_to_node()): each domain gets the lowest
 * free node id when it is first named, first by the processor, x2APIC, GICC, generic initiator and
 * RINTC affinities in the order of the table, then by the memory affinities, then by CXL windows
 * that the SRAT does not cover. Disabled affinities do not count. Generic ports and GIC ITSs make
 * no nodes.
 */
#pragma once

#include "firmware.h"
#include "nodemask.h"

#include <stdint.h>

/* include/acpi/acpi_numa.h */
#define MAX_PXM_DOMAINS MAX_NUMNODES
#define PXM_INVAL       (-1)

struct pxm_map {
        int node_of[MAX_PXM_DOMAINS]; /* NUMA_NO_NODE: none */
        int pxm_of[MAX_NUMNODES];     /* PXM_INVAL: none */
        nodemask_t found;             /* nodes given out */
        nodemask_t cpus;              /* nodes named by an enabled processor affinity */
        nodemask_t generic_initiators;
        nodemask_t memory; /* nodes named by an enabled memory affinity */
};

void pxm_map_init(struct pxm_map *map);
/*
 * Names all domains of the SRAT. -EINVAL if the kernel would not use the table (srat->unusable, or
 * a domain of MAX_PXM_DOMAINS or more in a processor or memory affinity, stored in *bad_pxm, which
 * may be NULL); what was named before that stays.
 */
int pxm_map_add_srat(struct pxm_map *map, const struct srat *srat, uint32_t *bad_pxm);
/* The node of pxm, given out if it has none yet; NUMA_NO_NODE for a domain out of range. */
int pxm_map_get(struct pxm_map *map, uint32_t pxm);
/* Only looks. */
int pxm_to_node(const struct pxm_map *map, uint32_t pxm);
int node_to_pxm(const struct pxm_map *map, int nid);
/* The domain that the kernel makes up for the next CXL window: one above the highest in use. */
uint32_t pxm_map_next_fake(const struct pxm_map *map);
