/* SPDX-License-Identifier: MIT */
#include "pxm.h"

#include <errno.h>
#include <string.h>

void pxm_map_init(struct pxm_map *map)
{
        memset(map, 0, sizeof(*map));
        for (size_t i = 0; i < MAX_PXM_DOMAINS; i++)
                map->node_of[i] = NUMA_NO_NODE;
        for (size_t i = 0; i < MAX_NUMNODES; i++)
                map->pxm_of[i] = PXM_INVAL;
}

int pxm_to_node(const struct pxm_map *map, uint32_t pxm)
{
        return pxm < MAX_PXM_DOMAINS ? map->node_of[pxm] : NUMA_NO_NODE;
}

int node_to_pxm(const struct pxm_map *map, int nid)
{
        return nid >= 0 && nid < MAX_NUMNODES ? map->pxm_of[nid] : PXM_INVAL;
}

int pxm_map_get(struct pxm_map *map, uint32_t pxm)
{
        int nid;

        if (pxm >= MAX_PXM_DOMAINS)
                return NUMA_NO_NODE;
        if (map->node_of[pxm] != NUMA_NO_NODE)
                return map->node_of[pxm];
        /* Nodes are only ever given out from the lowest, so the count is the next free one. There
         * are as many ids as domains: they cannot run out. */
        nid = nodes_weight(&map->found);
        map->node_of[pxm] = nid;
        map->pxm_of[nid] = (int)pxm;
        node_set(nid, &map->found);
        return nid;
}

uint32_t pxm_map_next_fake(const struct pxm_map *map)
{
        int highest = PXM_INVAL;

        for (int nid = 0; nid < MAX_NUMNODES; nid++)
                if (map->pxm_of[nid] > highest)
                        highest = map->pxm_of[nid];
        return (uint32_t)(highest + 1);
}

static int add_domain(struct pxm_map *map, uint32_t pxm, nodemask_t *mask, uint32_t *bad_pxm)
{
        int nid = pxm_map_get(map, pxm);

        if (nid == NUMA_NO_NODE) {
                if (bad_pxm)
                        *bad_pxm = pxm;
                return -EINVAL;
        }
        node_set(nid, mask);
        return 0;
}

/*
 * The first pass over the table. acpi_parse_gi_affinity() returns an error for a disabled generic
 * initiator, or one whose domain is out of range, and acpi_parse_entries_array() calls no handler
 * after one that failed: what stands behind it in the table is not seen in this pass, yet the
 * kernel goes on to the memory affinities.
 */
static int add_initiators(struct pxm_map *map, const struct srat *srat, uint32_t *bad_pxm)
{
        size_t cpu = 0;

        for (size_t i = 0; i <= srat->n_generic; i++) {
                const struct srat_generic *gi = i < srat->n_generic ? &srat->generic[i] : NULL;

                for (; cpu < srat->n_cpus; cpu++) {
                        const struct srat_cpu *pa = &srat->cpus[cpu];

                        if (gi && pa->offset > gi->offset)
                                break;
                        if (pa->enabled && add_domain(map, pa->pxm, &map->cpus, bad_pxm) < 0)
                                return -EINVAL;
                }
                if (!gi || gi->type != SRAT_GENERIC_INITIATOR)
                        continue;
                if (!gi->enabled || add_domain(map, gi->pxm, &map->generic_initiators, NULL) < 0)
                        return 0;
        }
        return 0;
}

int pxm_map_add_srat(struct pxm_map *map, const struct srat *srat, uint32_t *bad_pxm)
{
        if (bad_pxm)
                *bad_pxm = 0;
        if (add_initiators(map, srat, bad_pxm) < 0)
                return -EINVAL;
        for (size_t i = 0; i < srat->n_memory; i++)
                if (srat->memory[i].enabled &&
                    add_domain(map, srat->memory[i].pxm, &map->memory, bad_pxm) < 0)
                        return -EINVAL;
        return srat->unusable ? -EINVAL : 0;
}
