/* SPDX-License-Identifier: MIT */
#include "cpu_reader.h"

#include <stdlib.h>
#include <string.h>

struct cpu_reader {
        struct source_file *stat;
        size_t n;
        int16_t *nids; /* by CPU; NUMA_NO_NODE where none */
};

struct cpu_reader *cpu_reader_new(struct source *source)
{
        struct cpu_reader *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->stat = source_file_new(source, "/proc/stat", SOURCE_MAX_PROC);
        if (c->stat)
                return c;
        free(c);
        return NULL;
}

void cpu_reader_free(struct cpu_reader *c)
{
        if (!c)
                return;
        source_file_free(c->stat);
        free(c->nids);
        free(c);
}

void cpus_unmap(struct cpu_reader *c)
{
        for (size_t cpu = 0; cpu < c->n; cpu++)
                c->nids[cpu] = NUMA_NO_NODE;
}

static bool grow(struct cpu_reader *c, uint32_t cpu)
{
        size_t n = ((size_t)cpu / 64 + 1) * 64;
        int16_t *nids = reallocarray(c->nids, n, sizeof(*nids));

        if (!nids)
                return false;
        c->nids = nids;
        while (c->n < n)
                nids[c->n++] = NUMA_NO_NODE;
        return true;
}

void cpus_map(struct cpu_reader *c, struct reader *r, const struct node *node)
{
        const struct id_list *cpus = &node->cpus;

        for (size_t k = 0; cpus->known && k < cpus->n; k++)
                for (uint32_t cpu = cpus->ranges[k].first; cpu <= cpus->ranges[k].last; cpu++) {
                        if (cpu >= c->n && !grow(c, cpu)) {
                                reader_out_of_memory(r);
                                return;
                        }
                        c->nids[cpu] = (int16_t)node->nid;
                }
}

int cpu_to_node(const struct cpu_reader *c, uint32_t cpu)
{
        return cpu < c->n ? c->nids[cpu] : NUMA_NO_NODE;
}

static void add_ticks(struct node *node, const struct parse_cpu *cpu)
{
        if (cpu->n_modes > node->n_cpu_modes)
                node->n_cpu_modes = cpu->n_modes;
        for (size_t i = 0; i < cpu->n_modes; i++)
                node->cpu_ticks[i] += cpu->ticks[i];
}

void cpu_seconds_read(struct cpu_reader *c, struct reader *r,
                      struct node_reader *const nodes[static MAX_NUMNODES])
{
        struct parse_cpu cpu;
        struct parser p;
        bool any = false;

        if (reader_read(r, COLLECTOR_CPU_SECONDS, c->stat, &p) < 0)
                return;
        while (parse_proc_stat(&p, &cpu)) {
                int nid = cpu_to_node(c, cpu.cpu);

                if (nid != NUMA_NO_NODE)
                        add_ticks(node_reader_node(nodes[nid]), &cpu);
                any = true;
        }
        if (!any && p.errors == 0)
                reader_malformed(r, COLLECTOR_CPU_SECONDS, c->stat, "at least one CPU");
        else
                reader_parsed(r, COLLECTOR_CPU_SECONDS, c->stat, &p);
}
