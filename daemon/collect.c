/* SPDX-License-Identifier: MIT */
#include "collect.h"

#include "cleanup.h"
#include "clock.h"
#include "firmware_reader.h"
#include "kernel_reader.h"
#include "memory_reader.h"
#include "node_reader.h"
#include "topology_reader.h"
#include "zone_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE_DIR "/sys/devices/system/node"

/* A sample during which nodes come and go is taken again this often at most. */
#define SAMPLE_ATTEMPTS 3

static const char *const mask_files[NR_NODE_STATES] = {
        [N_POSSIBLE] = "possible",
        [N_ONLINE] = "online",
        [N_NORMAL_MEMORY] = "has_normal_memory",
        [N_HIGH_MEMORY] = "has_high_memory",
        [N_MEMORY] = "has_memory",
        [N_CPU] = "has_cpu",
        [N_GENERIC_INITIATOR] = "has_generic_initiator",
};

struct collect {
        struct reader reader;
        struct source *source;
        struct source_file *masks[NR_NODE_STATES];
        struct source_file *cpus_online;
        struct kernel_reader *kernel;
        struct source_file *proc_meminfo, *proc_stat;
        char *cpus_online_text; /* as last read, to see CPUs come and go */
        struct memory_reader *memory;
        struct topology_reader *topology;
        struct firmware_reader *firmware;
        struct zone_reader *zones;

        struct node_reader *readers[MAX_NUMNODES]; /* by nid; NULL: none */
        size_t n_nids;
        int nids[MAX_NUMNODES]; /* of the readers, ascending */
        struct node *nodes;     /* n_nids; assembled for the sample */
        size_t cap_nodes;
        size_t n_cpu_nids;
        int16_t *cpu_nids; /* CPU → nid, -1 where none */

        bool structure_read;
        struct sample sample;
};

static bool open_masks(struct collect *c)
{
        bool complete = true;

        for (size_t i = 0; i < NR_NODE_STATES; i++) {
                _cleanup_(free_p) char *path = NULL;

                if (asprintf(&path, NODE_DIR "/%s", mask_files[i]) < 0)
                        return false;
                c->masks[i] = source_file_new(c->source, path, SOURCE_MAX_SYSFS);
                complete = complete && c->masks[i];
        }
        return complete;
}

static bool open_globals(struct collect *c)
{
        const struct {
                struct source_file **file;
                const char *path;
        } globals[] = {
                { &c->cpus_online, "/sys/devices/system/cpu/online" },
                { &c->proc_meminfo, "/proc/meminfo" },
                { &c->proc_stat, "/proc/stat" },
        };
        bool complete = true;

        for (size_t i = 0; i < sizeof(globals) / sizeof(globals[0]); i++) {
                *globals[i].file = source_file_new(c->source, globals[i].path, SOURCE_MAX_PROC);
                complete = complete && *globals[i].file;
        }
        return complete;
}

struct collect *collect_new(struct source *source)
{
        struct collect *c = calloc(1, sizeof(*c));
        bool complete;

        if (!c)
                return NULL;
        c->source = source;
        c->reader.source = source;
        c->memory = memory_reader_new(source);
        c->kernel = kernel_reader_new(source);
        c->topology = topology_reader_new(source);
        c->firmware = firmware_reader_new(source);
        c->zones = zone_reader_new(source);
        complete = open_masks(c) && open_globals(c) && c->memory && c->kernel && c->topology &&
                   c->firmware && c->zones;
        for (unsigned set = 0; set < NR_FIELD_SETS; set++) {
                c->sample.tables[set] = field_table_new(set);
                complete = complete && c->sample.tables[set];
        }
        c->sample.proc_meminfo_table = field_table_new(MEMINFO);
        if (complete && c->sample.proc_meminfo_table)
                return c;
        collect_free(c);
        return NULL;
}

void collect_free(struct collect *c)
{
        if (!c)
                return;
        for (size_t i = 0; i < c->n_nids; i++)
                node_reader_free(c->readers[c->nids[i]]);
        for (size_t i = 0; i < NR_NODE_STATES; i++)
                source_file_free(c->masks[i]);
        for (unsigned set = 0; set < NR_FIELD_SETS; set++)
                field_table_unref(c->sample.tables[set]);
        field_table_unref(c->sample.proc_meminfo_table);
        source_file_free(c->cpus_online);
        source_file_free(c->proc_meminfo);
        source_file_free(c->proc_stat);
        counters_release(&c->sample.proc_meminfo);
        memory_reader_free(c->memory);
        topology_reader_free(c->topology);
        firmware_reader_free(c->firmware);
        zone_reader_free(c->zones);
        kernel_reader_free(c->kernel);
        reader_release(&c->reader);
        free(c->cpus_online_text);
        free(c->nodes);
        free(c->cpu_nids);
        free(c);
}

/* One mask; an empty file is the empty set, as old kernels print it. */
static bool read_mask(struct collect *c, enum node_states state, nodemask_t *mask)
{
        struct reader *r = &c->reader;
        struct id_range range;
        struct parser p;
        bool optional = state != N_POSSIBLE && state != N_ONLINE;
        int error;

        nodemask_clear(mask);
        error = optional ? reader_read_optional(r, COLLECTOR_NODE_STATES, c->masks[state], &p)
                         : reader_read(r, COLLECTOR_NODE_STATES, c->masks[state], &p);
        if (error < 0)
                return false;
        while (parse_list(&p, MAX_NUMNODES - 1, &range))
                nodes_set_range((int)range.first, (int)range.last, mask);
        if (!optional && p.errors == 0 && nodes_empty(mask)) {
                reader_malformed(r, COLLECTOR_NODE_STATES, c->masks[state], "at least one node");
                return false;
        }
        if (!reader_parsed(r, COLLECTOR_NODE_STATES, c->masks[state], &p)) {
                nodemask_clear(mask);
                return false;
        }
        return true;
}

/* Whether any mask differs from the last sample's. */
static bool read_masks(struct collect *c)
{
        struct sample *s = &c->sample;
        bool changed = false;

        for (unsigned i = 0; i < NR_NODE_STATES; i++) {
                nodemask_t mask;
                bool known = read_mask(c, i, &mask);

                if (i == N_ONLINE && !known && !s->state_known[i])
                        continue; /* the directories said what is online */
                changed = changed || known != s->state_known[i] ||
                          !nodes_equal(&mask, &s->node_states[i]);
                s->state_known[i] = known;
                s->node_states[i] = mask;
        }
        return changed;
}

/* Whether CPUs came online or went offline since the last sample. */
static bool cpus_changed(struct collect *c)
{
        const char *text;
        char *copy;
        size_t len;

        if (source_read(c->source, c->cpus_online, &text, &len) < 0)
                return false;
        if (c->cpus_online_text && strlen(c->cpus_online_text) == len &&
            memcmp(c->cpus_online_text, text, len) == 0)
                return false;
        copy = strndup(text, len);
        if (!copy)
                return true;
        free(c->cpus_online_text);
        c->cpus_online_text = copy;
        return true;
}

/* "node12" */
static int nid_of_name(const char *name)
{
        char extra;
        int nid;

        if (sscanf(name, "node%4d%c", &nid, &extra) != 1 || name[4] < '0' || name[4] > '9')
                return NUMA_NO_NODE;
        return nid < MAX_NUMNODES ? nid : NUMA_NO_NODE;
}

static void drop_node(struct collect *c, int nid)
{
        node_reader_free(c->readers[nid]);
        c->readers[nid] = NULL;
}

/* Which nodes have a directory, and the readers of those that are new or were made anew. */
static void list_nodes(struct collect *c, nodemask_t *directories)
{
        _cleanup_(closedir_p) DIR *dir = source_opendir(c->source, NODE_DIR);
        struct dirent *entry;

        nodemask_clear(directories);
        while (dir && (entry = readdir(dir))) {
                int nid = nid_of_name(entry->d_name);

                if (nid == NUMA_NO_NODE)
                        continue;
                node_set(nid, directories);
                if (c->readers[nid] && node_reader_inode(c->readers[nid]) != entry->d_ino)
                        drop_node(c, nid);
                if (!c->readers[nid])
                        c->readers[nid] = node_reader_new(c->source, nid, entry->d_ino);
                if (!c->readers[nid])
                        reader_out_of_memory(&c->reader, COLLECTOR_NODE_STATES);
        }
}

/* Nodes to read: those online that have a directory; without an online mask, the directories. */
static void choose_nodes(struct collect *c)
{
        struct sample *s = &c->sample;
        nodemask_t directories;

        list_nodes(c, &directories);
        if (!s->state_known[N_ONLINE])
                s->node_states[N_ONLINE] = directories;
        c->n_nids = 0;
        for (int nid = 0; nid < MAX_NUMNODES; nid++) {
                if (!c->readers[nid])
                        continue;
                if (node_isset(nid, &directories) && node_isset(nid, &s->node_states[N_ONLINE]))
                        c->nids[c->n_nids++] = nid;
                else
                        drop_node(c, nid);
        }
}

static void map_cpu(struct collect *c, uint32_t cpu, int nid)
{
        if (cpu >= c->n_cpu_nids) {
                size_t n = ((size_t)cpu / 64 + 1) * 64;
                int16_t *nids = reallocarray(c->cpu_nids, n, sizeof(*nids));

                if (!nids) {
                        reader_out_of_memory(&c->reader, COLLECTOR_CPU_SECONDS);
                        return;
                }
                memset(nids + c->n_cpu_nids, -1, (n - c->n_cpu_nids) * sizeof(*nids));
                c->cpu_nids = nids;
                c->n_cpu_nids = n;
        }
        c->cpu_nids[cpu] = (int16_t)nid;
}

static void map_cpus(struct collect *c)
{
        if (c->n_cpu_nids)
                memset(c->cpu_nids, -1, c->n_cpu_nids * sizeof(*c->cpu_nids));
        for (size_t i = 0; i < c->n_nids; i++) {
                const struct id_list *cpus = &node_reader_node(c->readers[c->nids[i]])->cpus;

                for (size_t k = 0; cpus->known && k < cpus->n; k++)
                        for (uint32_t cpu = cpus->ranges[k].first; cpu <= cpus->ranges[k].last;
                             cpu++)
                                map_cpu(c, cpu, c->nids[i]);
        }
}

/* Adds the time since *started to the collector's account and starts the next stretch. */
static void clock_collector(struct collect *c, enum collector collector, uint64_t *started)
{
        uint64_t now = monotonic_now_ns();

        c->reader.status[collector].duration_ns += now - *started;
        *started = now;
}

/* Collectors of what is read only when the structure is looked at. */
static bool is_structural(enum collector collector)
{
        switch (collector) {
        case COLLECTOR_DISTANCES:
        case COLLECTOR_CPUS:
        case COLLECTOR_MEMORY_BLOCKS:
        case COLLECTOR_ACCESS:
        case COLLECTOR_MEMORY_TIERS:
        case COLLECTOR_FIRMWARE:
                return true;
        default:
                return false;
        }
}

static void read_topology(struct collect *c, uint64_t *started)
{
        struct sample *s = &c->sample;
        struct reader *r = &c->reader;

        topology_begin(c->topology);
        for (size_t i = 0; i < c->n_nids; i++)
                topology_read_node(c->topology, r, c->nids[i]);
        for (size_t i = 0; i < c->n_nids; i++)
                topology_assign(c->topology, node_reader_node(c->readers[c->nids[i]]));
        clock_collector(c, COLLECTOR_ACCESS, started);
        topology_read_tiers(c->topology, r, s);
        clock_collector(c, COLLECTOR_MEMORY_TIERS, started);
        s->packages_known = false;
        if (c->n_nids == 1)
                topology_read_packages(c->topology, r, s,
                                       &node_reader_node(c->readers[c->nids[0]])->cpus);
        topology_end(c->topology);
        clock_collector(c, COLLECTOR_CPUS, started);
}

static void read_structure(struct collect *c, uint64_t *started)
{
        struct sample *s = &c->sample;
        struct reader *r = &c->reader;

        for (unsigned i = 0; i < NR_COLLECTORS; i++)
                if (is_structural(i))
                        reader_start(r, i);
        choose_nodes(c);
        clock_collector(c, COLLECTOR_NODE_STATES, started);
        for (size_t i = 0; i < c->n_nids; i++)
                node_read_distances(c->readers[c->nids[i]], r, &s->node_states[N_ONLINE],
                                    &s->node_states[N_POSSIBLE]);
        clock_collector(c, COLLECTOR_DISTANCES, started);
        for (size_t i = 0; i < c->n_nids; i++)
                node_read_cpus(c->readers[c->nids[i]], r);
        map_cpus(c);
        clock_collector(c, COLLECTOR_CPUS, started);
        for (size_t i = 0; i < c->n_nids; i++)
                node_find_hugepages(c->readers[c->nids[i]], r);
        clock_collector(c, COLLECTOR_HUGEPAGES, started);
        memory_read(c->memory, r, s, c->nids, c->n_nids);
        clock_collector(c, COLLECTOR_MEMORY_BLOCKS, started);
        read_topology(c, started);
        firmware_read(c->firmware, r, s);
        clock_collector(c, COLLECTOR_FIRMWARE, started);
        kernel_read_identity(c->kernel, s);
        c->structure_read = true;
}

static void add_cpu_ticks(struct collect *c, const struct parse_cpu *cpu)
{
        struct node *node;

        if (cpu->cpu >= c->n_cpu_nids || c->cpu_nids[cpu->cpu] < 0)
                return;
        node = node_reader_node(c->readers[c->cpu_nids[cpu->cpu]]);
        if (cpu->n_modes > node->n_cpu_modes)
                node->n_cpu_modes = cpu->n_modes;
        for (size_t i = 0; i < cpu->n_modes; i++)
                node->cpu_ticks[i] += cpu->ticks[i];
}

static void read_cpu_seconds(struct collect *c)
{
        struct reader *r = &c->reader;
        struct parse_cpu cpu;
        struct parser p;
        bool any = false;

        for (size_t i = 0; i < c->n_nids; i++) {
                struct node *node = node_reader_node(c->readers[c->nids[i]]);

                node->n_cpu_modes = 0;
                memset(node->cpu_ticks, 0, sizeof(node->cpu_ticks));
        }
        if (reader_read(r, COLLECTOR_CPU_SECONDS, c->proc_stat, &p) < 0)
                return;
        while (parse_proc_stat(&p, &cpu)) {
                add_cpu_ticks(c, &cpu);
                any = true;
        }
        if (!any && p.errors == 0)
                reader_malformed(r, COLLECTOR_CPU_SECONDS, c->proc_stat, "at least one CPU");
        else
                reader_parsed(r, COLLECTOR_CPU_SECONDS, c->proc_stat, &p);
}

static void read_proc_meminfo(struct collect *c)
{
        struct sample *s = &c->sample;
        struct reader *r = &c->reader;
        struct parser p;

        s->proc_meminfo.known = false;
        if (reader_read(r, COLLECTOR_PROC_MEMINFO, c->proc_meminfo, &p) < 0)
                return;
        if (p.start == p.end)
                reader_malformed(r, COLLECTOR_PROC_MEMINFO, c->proc_meminfo, "at least one line");
        else if (!counters_read(&s->proc_meminfo, s->proc_meminfo_table, NUMA_NO_NODE, &p,
                                parse_meminfo))
                reader_out_of_memory(r, COLLECTOR_PROC_MEMINFO);
        else
                reader_parsed(r, COLLECTOR_PROC_MEMINFO, c->proc_meminfo, &p);
}

static void read_figures(struct collect *c, uint64_t *started)
{
        for (unsigned set = 0; set < NR_FIELD_SETS; set++) {
                for (size_t i = 0; i < c->n_nids; i++)
                        node_read_fields(c->readers[c->nids[i]], &c->reader, set,
                                         c->sample.tables[set]);
                clock_collector(c, field_set_collector(set), started);
        }
        for (size_t i = 0; i < c->n_nids; i++)
                node_read_hugepages(c->readers[c->nids[i]], &c->reader);
        clock_collector(c, COLLECTOR_HUGEPAGES, started);
        for (size_t i = 0; i < c->n_nids; i++)
                node_clear_zones(c->readers[c->nids[i]]);
        zones_read(c->zones, &c->reader, c->readers);
        clock_collector(c, COLLECTOR_ZONEINFO, started);
        buddies_read(c->zones, &c->reader, c->readers);
        clock_collector(c, COLLECTOR_BUDDYINFO, started);
        read_cpu_seconds(c);
        clock_collector(c, COLLECTOR_CPU_SECONDS, started);
        read_proc_meminfo(c);
        clock_collector(c, COLLECTOR_PROC_MEMINFO, started);
        kernel_read_sysctls(c->kernel, &c->reader, &c->sample);
        clock_collector(c, COLLECTOR_SYSCTL, started);
}

/* All collectors but those of the structure begin anew with each attempt. */
static void start_figures(struct collect *c)
{
        for (unsigned i = 0; i < NR_COLLECTORS; i++)
                if (!is_structural(i))
                        reader_start(&c->reader, i);
}

/* Whether the nodes are still the ones that were read. */
static bool still_online(struct collect *c)
{
        nodemask_t online;
        bool known = read_mask(c, N_ONLINE, &online);

        return known == c->sample.state_known[N_ONLINE] &&
               (!known || nodes_equal(&online, &c->sample.node_states[N_ONLINE]));
}

static void assemble(struct collect *c)
{
        struct sample *s = &c->sample;

        if (c->n_nids > c->cap_nodes) {
                struct node *nodes = reallocarray(c->nodes, c->n_nids, sizeof(*nodes));

                if (nodes) {
                        c->nodes = nodes;
                        c->cap_nodes = c->n_nids;
                } else {
                        reader_out_of_memory(&c->reader, COLLECTOR_NODE_STATES);
                        c->n_nids = c->cap_nodes;
                }
        }
        for (size_t i = 0; i < c->n_nids; i++)
                c->nodes[i] = *node_reader_node(c->readers[c->nids[i]]);
        s->nodes = c->nodes;
        s->n_nodes = c->n_nids;
        s->page_size = source_is_live(c->source) ? (uint64_t)sysconf(_SC_PAGESIZE) : 0;
        reader_end(&c->reader);
        memcpy(s->collectors, c->reader.status, sizeof(s->collectors));
}

const struct sample *collect_sample(struct collect *c, bool look)
{
        struct sample *s = &c->sample;
        uint64_t began = monotonic_now_ns(), started = began;

        reader_begin(&c->reader);
        look = look || !c->structure_read || !source_is_live(c->source);
        for (int attempt = 0; attempt < SAMPLE_ATTEMPTS; attempt++) {
                c->reader.went_away = false;
                c->reader.again = attempt > 0;
                start_figures(c);
                look = read_masks(c) || look;
                look = cpus_changed(c) || look;
                clock_collector(c, COLLECTOR_NODE_STATES, &started);
                if (look)
                        read_structure(c, &started);
                read_figures(c, &started);
                s->torn = !still_online(c);
                if (!c->reader.went_away && !s->torn)
                        break;
                look = true;
        }
        s->realtime_ns = realtime_now_ns();
        s->monotonic_ns = monotonic_now_ns();
        s->duration_ns = s->monotonic_ns - began;
        assemble(c);
        return s;
}

const struct problem *collect_problems(const struct collect *c, size_t *n)
{
        *n = c->reader.n_problems;
        return c->reader.problems;
}
