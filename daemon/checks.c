/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include "checks_devices.h"
#include "checks_memory.h"
#include "model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Row by row, [i * n + k] between the i-th and the k-th node; -1 where unknown. */
struct matrix {
        const struct sample *sample;
        size_t n;
        bool any; /* some distance is known */
        int16_t *distance;
};

/* False: nothing is known of the distances, which is the finding, or memory is exhausted. */
static bool matrix_init(struct matrix *m, const struct snapshot *snap, struct finding *f)
{
        int16_t row[MAX_NUMNODES];

        m->sample = snapshot_sample(snap);
        m->n = m->sample->n_nodes;
        m->any = false;
        m->distance = calloc(m->n * m->n + 1, sizeof(*m->distance));
        for (size_t i = 0; m->distance && i < m->n; i++) {
                m->any = m->any || m->sample->nodes[i].distances_known;
                node_distance_row(snap, &m->sample->nodes[i], row);
                for (size_t k = 0; k < m->n; k++)
                        m->distance[i * m->n + k] = row[k];
        }
        if (m->distance && m->any)
                return true;
        *f = (struct finding){ .state = CHECK_UNKNOWN, .out_of_memory = !m->distance };
        free(m->distance);
        return false;
}

static struct finding distance_asymmetric(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        struct finding f = { .state = CHECK_CLEAR };
        size_t pairs = 0, from = 0, to = 0;
        struct matrix m;

        if (!matrix_init(&m, snap, &f))
                return f;
        for (size_t i = 0; i < m.n; i++)
                for (size_t k = 0; k < i; k++) {
                        int there = m.distance[k * m.n + i], back = m.distance[i * m.n + k];

                        if (there < 0 || back < 0 || there == back)
                                continue;
                        finding_add_node(&f, m.sample->nodes[i].nid);
                        finding_add_node(&f, m.sample->nodes[k].nid);
                        if (pairs++ == 0) {
                                from = k;
                                to = i;
                        }
                }
        if (pairs > 0)
                finding_explain(&f,
                                "The distance from node %d to node %d is %d, but %d the other way; "
                                "%zu pair%s of nodes so.",
                                m.sample->nodes[from].nid, m.sample->nodes[to].nid,
                                m.distance[from * m.n + to], m.distance[to * m.n + from], pairs,
                                pairs == 1 ? "" : "s");
        free(m.distance);
        return f;
}

/* The same distance to itself and to every other node tells nothing. */
static struct finding distance_flat(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        struct finding f = { .state = CHECK_CLEAR };
        struct matrix m;
        bool flat;
        int first;

        if (!matrix_init(&m, snap, &f))
                return f;
        first = m.distance[0];
        flat = m.n > 1 && first >= 0;
        for (size_t i = 0; i < m.n * m.n; i++)
                flat = flat && m.distance[i] == first;
        for (size_t i = 0; flat && i < m.n; i++)
                finding_add_node(&f, m.sample->nodes[i].nid);
        if (flat)
                finding_explain(&f,
                                "All %zu nodes are at distance %d from each other and themselves.",
                                m.n, first);
        free(m.distance);
        return f;
}

#define LOCAL_DISTANCE 10

static struct finding distance_self(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        const struct sample *s = snapshot_sample(snap);
        struct finding f = { .state = CHECK_UNKNOWN };
        uint8_t distance;

        for (size_t i = 0; i < s->n_nodes; i++) {
                int nid = s->nodes[i].nid;

                if (!node_distance(snap, nid, nid, &distance))
                        continue;
                if (f.state == CHECK_UNKNOWN)
                        f.state = CHECK_CLEAR;
                if (distance == LOCAL_DISTANCE)
                        continue;
                if (f.state != CHECK_RAISED)
                        finding_explain(&f, "Node %d is at distance %d from itself, not %d.", nid,
                                        distance, LOCAL_DISTANCE);
                finding_add_node(&f, nid);
        }
        return f;
}

/* The distance that the SLIT gives two nodes; -1: none. */
static int slit_distance(const struct slit *slit, const struct pxm_map *pxm, int from, int to)
{
        int a = node_to_pxm(pxm, from), b = node_to_pxm(pxm, to);

        if (a < 0 || b < 0 || (size_t)a >= slit->localities || (size_t)b >= slit->localities)
                return -1;
        return slit->distance[(size_t)a * slit->localities + (size_t)b];
}

static void compare_with_slit(const struct snapshot *snap, const struct slit *slit,
                              const struct pxm_map *pxm, struct finding *f)
{
        const struct sample *s = snapshot_sample(snap);
        int16_t row[MAX_NUMNODES];

        for (size_t i = 0; i < s->n_nodes; i++) {
                int from = s->nodes[i].nid;

                node_distance_row(snap, &s->nodes[i], row);
                for (size_t k = 0; k < s->n_nodes; k++) {
                        int to = s->nodes[k].nid, firmware = slit_distance(slit, pxm, from, to);

                        if (row[k] < 0 || firmware < 0 || row[k] == firmware)
                                continue;
                        if (f->state != CHECK_RAISED)
                                finding_explain(f,
                                                "The distance from node %d to node %d is %d, the "
                                                "SLIT says %d.",
                                                from, to, row[k], firmware);
                        finding_add_node(f, from);
                        finding_add_node(f, to);
                }
        }
}

static struct finding distance_slit(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        const struct firmware_tables *fw = snapshot_sample(snap)->firmware;
        const struct memory_map *map = snapshot_memory_map(snap);
        struct finding f = { .state = CHECK_CLEAR };

        if (!fw || !firmware_table_header(fw, TABLE_SLIT) || !map->pxm)
                return (struct finding){ .state = CHECK_UNKNOWN };
        if (fw->slit.localities == 0 || !fw->slit.valid)
                finding_explain(&f,
                                "The kernel ignores the SLIT, which is not valid: a node is not "
                                "at distance 10 from itself, or another is that near.");
        else
                compare_with_slit(snap, &fw->slit, map->pxm, &f);
        return f;
}

/* Of these nodes. */
static struct finding found_nodes(struct finding f, const char *what)
{
        char list[NODEMASK_LIST_MAX];
        bool one = nodes_weight(&f.nodes) == 1;

        if (nodes_empty(&f.nodes))
                return f;
        nodemask_print_list(&f.nodes, list);
        finding_explain(&f, "Node%s %s %s no %s.", one ? "" : "s", list, one ? "has" : "have",
                        what);
        return f;
}

/* The node's own list goes before the mask, which old kernels leave empty. */
static struct finding cpuless_node(const struct snapshot *snap, bool was_raised)
{
        const struct sample *s = snapshot_sample(snap);
        struct finding f = { .state = CHECK_UNKNOWN };

        (void)was_raised;
        for (size_t i = 0; i < s->n_nodes; i++) {
                const struct node *node = &s->nodes[i];

                if (!node->cpus.known && !s->state_known[N_CPU])
                        continue;
                f.state = CHECK_CLEAR;
                if (node->cpus.known ? node->cpus.n == 0 : !node_state(snap, node->nid, N_CPU))
                        finding_add_node(&f, node->nid);
        }
        return found_nodes(f, "CPU");
}

static struct finding memoryless_node(const struct snapshot *snap, bool was_raised)
{
        const struct sample *s = snapshot_sample(snap);
        struct finding f = { .state = CHECK_CLEAR };

        (void)was_raised;
        if (!s->state_known[N_MEMORY])
                return (struct finding){ .state = CHECK_UNKNOWN };
        for (size_t i = 0; i < s->n_nodes; i++)
                if (!node_state(snap, s->nodes[i].nid, N_MEMORY))
                        finding_add_node(&f, s->nodes[i].nid);
        return found_nodes(f, "memory");
}

static bool sysctl(const struct snapshot *snap, const char *name, uint64_t *value)
{
        const struct sample *s = snapshot_sample(snap);

        for (size_t i = 0; i < s->n_sysctls; i++)
                if (s->sysctls[i].known && strcmp(s->sysctls[i].name, name) == 0) {
                        *value = s->sysctls[i].value;
                        return true;
                }
        return false;
}

static size_t nodes_with_memory(const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        size_t n = 0;

        for (size_t i = 0; i < s->n_nodes; i++) {
                uint64_t total;

                n += node_meminfo(snap, &s->nodes[i], "MemTotal", &total) && total > 0;
        }
        return n;
}

static struct finding numa_balancing_off(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        struct finding f = { .state = CHECK_CLEAR };
        uint64_t value;

        if (!sysctl(snap, "kernel.numa_balancing", &value))
                return (struct finding){ .state = CHECK_UNKNOWN };
        if (value == 0 && nodes_with_memory(snap) > 1)
                finding_explain(&f,
                                "kernel.numa_balancing is 0: the kernel does not move memory to "
                                "the node that uses it.");
        return f;
}

static struct finding zone_reclaim_mode(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        struct finding f = { .state = CHECK_CLEAR };
        uint64_t value;

        if (!sysctl(snap, "vm.zone_reclaim_mode", &value))
                return (struct finding){ .state = CHECK_UNKNOWN };
        if (value != 0 && nodes_with_memory(snap) > 1)
                finding_explain(&f,
                                "vm.zone_reclaim_mode is %" PRIu64
                                ": a node reclaims its page cache "
                                "before it takes memory of another.",
                                value);
        return f;
}

static struct finding interleaving_suspected(const struct snapshot *snap, bool was_raised)
{
        (void)was_raised;
        const struct sample *s = snapshot_sample(snap);
        struct finding f = { .state = CHECK_CLEAR };

        if (s->n_nodes == 1 && !s->packages_known)
                return (struct finding){ .state = CHECK_UNKNOWN };
        /* A package for each CPU is how virtual machines are made. */
        if (s->n_nodes != 1 || s->n_packages < 2 ||
            s->n_packages == id_list_count(&s->nodes[0].cpus))
                return f;
        finding_add_node(&f, s->nodes[0].nid);
        finding_explain(&f, "There is one node, but its CPUs are in %zu packages.", s->n_packages);
        return f;
}

static const struct {
        const char *name;
        enum check_severity severity;
        bool structural;
        struct finding (*run)(const struct snapshot *snap, bool was_raised);
        const char *help;
} checks[NR_CHECKS] = {
        [CHECK_DISTANCE_ASYMMETRIC] = { "distance_asymmetric", SEVERITY_WARNING, true,
                                        distance_asymmetric,
                                        "Two nodes are not as far one way as the other." },
        [CHECK_DISTANCE_FLAT] = { "distance_flat", SEVERITY_WARNING, true, distance_flat,
                                  "The distances do not tell near from far." },
        [CHECK_DISTANCE_SELF] = { "distance_self", SEVERITY_WARNING, true, distance_self,
                                  "A node is not at distance 10 from itself." },
        [CHECK_DISTANCE_SLIT] = { "distance_slit", SEVERITY_WARNING, true, distance_slit,
                                  "The kernel's distances are not those of the SLIT." },
        [CHECK_SRAT_NODE_OFFLINE] = { "srat_node_offline", SEVERITY_WARNING, true,
                                      srat_node_offline,
                                      "A node of the SRAT has memory but is not online." },
        [CHECK_SRAT_REFUSED] = { "srat_refused", SEVERITY_CRITICAL, true, srat_refused,
                                 "The kernel cannot use the SRAT: all memory is on node 0." },
        [CHECK_FIRMWARE_TABLE_DAMAGED] = { "firmware_table_damaged", SEVERITY_WARNING, true,
                                           firmware_table_damaged,
                                           "A firmware table is not well-formed." },
        [CHECK_MEMORY_OVERLAP] = { "memory_overlap", SEVERITY_CRITICAL, true, memory_overlap,
                                   "The SRAT gives one range to two nodes." },
        [CHECK_MEMORY_SELF_OVERLAP] = { "memory_self_overlap", SEVERITY_INFO, true,
                                        memory_self_overlap,
                                        "The SRAT gives one range twice to one node." },
        [CHECK_MEMORY_UNEVEN] = { "memory_uneven", SEVERITY_WARNING, false, memory_uneven,
                                  "A node with CPUs has clearly less memory than its peers." },
        [CHECK_MEMORY_BLOCK_OFFLINE] = { "memory_block_offline", SEVERITY_WARNING, true,
                                         memory_block_offline,
                                         "Memory blocks are plugged but not online." },
        [CHECK_MEMORY_TOTAL_MISMATCH] = { "memory_total_mismatch", SEVERITY_WARNING, false,
                                          memory_total_mismatch,
                                          "The nodes' memory does not sum up to the machine's." },
        [CHECK_MEMORY_UNMANAGED] = { "memory_unmanaged", SEVERITY_WARNING, false, memory_unmanaged,
                                     "Much of a node's memory is not managed by the kernel." },
        [CHECK_MEMORY_EXHAUSTED] = { "memory_exhausted", SEVERITY_WARNING, false, memory_exhausted,
                                     "One node is out of free memory while another has plenty." },
        [CHECK_CPULESS_NODE] = { "cpuless_node", SEVERITY_INFO, true, cpuless_node,
                                 "A node has no CPU." },
        [CHECK_MEMORYLESS_NODE] = { "memoryless_node", SEVERITY_INFO, true, memoryless_node,
                                    "A node has no memory." },
        [CHECK_NUMA_BALANCING_OFF] = { "numa_balancing_off", SEVERITY_INFO, false,
                                       numa_balancing_off, "Automatic NUMA balancing is off." },
        [CHECK_ZONE_RECLAIM_MODE] = { "zone_reclaim_mode", SEVERITY_WARNING, false,
                                      zone_reclaim_mode,
                                      "Nodes reclaim memory rather than use that of others." },
        [CHECK_INTERLEAVING_SUSPECTED] = { "interleaving_suspected", SEVERITY_WARNING, true,
                                           interleaving_suspected,
                                           "One node with several packages: firmware seems to "
                                           "interleave nodes." },
        [CHECK_NETWORK_INTERRUPTS_REMOTE] = { "network_interrupts_remote", SEVERITY_WARNING, false,
                                              network_interrupts_remote,
                                              "A network interface is served from far nodes." },
};

const char *check_name(enum check check)
{
        return checks[check].name;
}

enum check_severity check_severity(enum check check)
{
        return checks[check].severity;
}

const char *severity_name(enum check_severity severity)
{
        static const char *const names[] = {
                [SEVERITY_INFO] = "info",
                [SEVERITY_WARNING] = "warning",
                [SEVERITY_CRITICAL] = "critical",
        };

        return names[severity];
}

const char *check_help(enum check check)
{
        return checks[check].help;
}

bool check_is_structural(enum check check)
{
        return checks[check].structural;
}

struct finding check_run(enum check check, const struct snapshot *snap, bool was_raised)
{
        return checks[check].run(snap, was_raised);
}
