/* SPDX-License-Identifier: MIT */
#include "collect.h"

#include "cleanup.h"
#include "clock.h"
#include "cpu_reader.h"
#include "device_reader.h"
#include "firmware_reader.h"
#include "kernel_reader.h"
#include "mask_reader.h"
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

/* How old what is known of devices may be. */
#define DEVICES_INTERVAL_NS UINT64_C(10000000000)

/* How many nodes' files of one kind are read in a step: some hundred microseconds. */
#define NODES_AT_ONCE 16

struct collect {
        struct reader reader;
        struct source *source;
        struct mask_reader *masks;
        struct cpu_reader *cpus;
        struct kernel_reader *kernel;
        struct source_file *proc_meminfo;
        struct memory_reader *memory;
        struct topology_reader *topology;
        struct firmware_reader *firmware;
        struct zone_reader *zones;
        struct device_reader *devices;

        struct node_reader *readers[MAX_NUMNODES]; /* by nid; NULL: none */
        size_t n_nids;
        int nids[MAX_NUMNODES]; /* of the readers, ascending */
        struct node *nodes;     /* n_nids; assembled for the sample */
        size_t cap_nodes;

        bool structure_read;
        uint64_t devices_read_ns;
        uint64_t structure_signs; /* of the structure that was read; see read_signs() */

        /* The sample under way. */
        uint64_t wanted; /* COLLECTOR_BIT()s */
        uint64_t due;    /* those of them whose files are read */
        bool look, outdated;
        unsigned attempt;
        size_t step, at; /* in steps[]; how far in it */
        uint64_t began_ns, clock_ns;
        struct sample sample;
};

struct collect *collect_new(struct source *source)
{
        struct collect *c = calloc(1, sizeof(*c));
        bool complete;

        if (!c)
                return NULL;
        c->source = source;
        c->reader.source = source;
        c->masks = mask_reader_new(source);
        c->cpus = cpu_reader_new(source);
        c->proc_meminfo = source_file_new(source, "/proc/meminfo", SOURCE_MAX_PROC);
        c->memory = memory_reader_new(source);
        c->kernel = kernel_reader_new(source);
        c->topology = topology_reader_new(source);
        c->firmware = firmware_reader_new(source);
        c->zones = zone_reader_new(source);
        c->devices = device_reader_new(source);
        complete = c->masks && c->cpus && c->proc_meminfo && c->memory && c->kernel &&
                   c->topology && c->firmware && c->zones && c->devices;
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
        for (unsigned set = 0; set < NR_FIELD_SETS; set++)
                field_table_unref(c->sample.tables[set]);
        field_table_unref(c->sample.proc_meminfo_table);
        source_file_free(c->proc_meminfo);
        counters_release(&c->sample.proc_meminfo);
        mask_reader_free(c->masks);
        cpu_reader_free(c->cpus);
        memory_reader_free(c->memory);
        topology_reader_free(c->topology);
        firmware_reader_free(c->firmware);
        zone_reader_free(c->zones);
        device_reader_free(c->devices);
        kernel_reader_free(c->kernel);
        reader_release(&c->reader);
        free(c->nodes);
        free(c);
}

/* "node12" */
static int nid_of_name(const char *name)
{
        uint64_t nid;

        return parse_numbered_name(name, "node", "", MAX_NUMNODES - 1, &nid) ? (int)nid
                                                                             : NUMA_NO_NODE;
}

static void drop_node(struct collect *c, int nid)
{
        node_reader_free(c->readers[nid]);
        c->readers[nid] = NULL;
}

/*
 * Which nodes have a directory, and the readers of those that are new or were made anew. While that
 * cannot be told, the nodes are believed to be those that were read before.
 */
static void list_nodes(struct collect *c, nodemask_t *directories)
{
        _cleanup_(reader_listing_close) struct reader_listing listing =
                reader_list(&c->reader, COLLECTOR_NODE_STATES, NODE_DIR);
        const struct dirent *entry;

        nodemask_clear(directories);
        while ((entry = reader_next(&listing))) {
                int nid = nid_of_name(entry->d_name);

                if (nid == NUMA_NO_NODE)
                        continue;
                node_set(nid, directories);
                if (c->readers[nid] && node_reader_inode(c->readers[nid]) != entry->d_ino)
                        drop_node(c, nid);
                if (!c->readers[nid])
                        c->readers[nid] = node_reader_new(c->source, nid, entry->d_ino);
                if (!c->readers[nid])
                        reader_out_of_memory(&c->reader);
        }
        if (listing.error == 0 || listing.error == -ENOENT)
                return;
        for (size_t i = 0; i < c->n_nids; i++)
                if (c->readers[c->nids[i]])
                        node_set(c->nids[i], directories);
}

/* Nodes to read: those online that have a directory; without an online mask, the directories. */
static bool choose_nodes(struct collect *c)
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
        return false;
}

/* Adds the time since the last call to the collector's account. */
static void clock_collector(struct collect *c, enum collector collector)
{
        uint64_t now = monotonic_now_ns();

        c->reader.status[collector].duration_ns += now - c->clock_ns;
        c->clock_ns = now;
}

static void read_distances(struct collect *c, struct node_reader *n)
{
        const nodemask_t *masks = c->sample.node_states;

        node_read_distances(n, &c->reader, &masks[N_ONLINE], &masks[N_POSSIBLE]);
}

static void read_cpus(struct collect *c, struct node_reader *n)
{
        node_read_cpus(n, &c->reader);
}

static bool begin_cpu_map(struct collect *c)
{
        cpus_unmap(c->cpus);
        return false;
}

static void map_cpus(struct collect *c, struct node_reader *n)
{
        cpus_map(c->cpus, &c->reader, node_reader_node(n));
}

static void find_hugepages(struct collect *c, struct node_reader *n)
{
        node_find_hugepages(n, &c->reader);
}

static bool read_memory_blocks(struct collect *c)
{
        return memory_read(c->memory, &c->reader, &c->sample, c->nids, c->n_nids, c->at++ == 0);
}

static bool begin_topology(struct collect *c)
{
        topology_begin(c->topology);
        return false;
}

static void read_access(struct collect *c, struct node_reader *n)
{
        topology_read_node(c->topology, &c->reader, node_reader_nid(n));
}

static void assign_access(struct collect *c, struct node_reader *n)
{
        topology_assign(c->topology, node_reader_node(n));
}

static bool read_tiers(struct collect *c)
{
        topology_read_tiers(c->topology, &c->reader, &c->sample);
        return false;
}

static bool read_packages(struct collect *c)
{
        c->sample.packages_known = false;
        if (c->n_nids == 1)
                topology_read_packages(c->topology, &c->reader, &c->sample,
                                       &node_reader_node(c->readers[c->nids[0]])->cpus);
        topology_end(c->topology);
        return false;
}

static bool read_firmware(struct collect *c)
{
        firmware_read(c->firmware, &c->reader, &c->sample);
        return false;
}

static bool read_devices(struct collect *c)
{
        bool more = device_read(c->devices, &c->reader, &c->sample, c->cpus, c->at++ == 0);

        if (!more)
                c->devices_read_ns = monotonic_now_ns();
        return more;
}

static bool read_identity(struct collect *c)
{
        kernel_read_identity(c->kernel, &c->reader, &c->sample);
        c->structure_read = true;
        return false;
}

static void read_meminfo(struct collect *c, struct node_reader *n)
{
        node_read_fields(n, &c->reader, MEMINFO, c->sample.tables[MEMINFO]);
}

static void read_numastat(struct collect *c, struct node_reader *n)
{
        node_read_fields(n, &c->reader, NUMASTAT, c->sample.tables[NUMASTAT]);
}

static void read_vmstat(struct collect *c, struct node_reader *n)
{
        node_read_fields(n, &c->reader, VMSTAT, c->sample.tables[VMSTAT]);
}

static void read_hugepages(struct collect *c, struct node_reader *n)
{
        node_read_hugepages(n, &c->reader);
}

static void clear_zones(struct collect *c, struct node_reader *n)
{
        (void)c;
        node_clear_zones(n);
}

static bool read_zones(struct collect *c)
{
        zones_read(c->zones, &c->reader, c->readers);
        return false;
}

static bool read_buddies(struct collect *c)
{
        buddies_read(c->zones, &c->reader, c->readers);
        return false;
}

static void clear_cpu_seconds(struct collect *c, struct node_reader *n)
{
        (void)c;
        node_clear_cpu_ticks(n);
}

static bool read_cpu_seconds(struct collect *c)
{
        cpu_seconds_read(c->cpus, &c->reader, c->readers);
        return false;
}

static bool read_proc_meminfo(struct collect *c)
{
        struct sample *s = &c->sample;
        struct reader *r = &c->reader;
        struct parser p;

        s->proc_meminfo.known = false;
        if (reader_read(r, COLLECTOR_PROC_MEMINFO, c->proc_meminfo, &p) < 0)
                return false;
        if (p.start == p.end)
                reader_malformed(r, COLLECTOR_PROC_MEMINFO, c->proc_meminfo, "at least one line");
        else if (!counters_read(&s->proc_meminfo, s->proc_meminfo_table, NUMA_NO_NODE, &p,
                                parse_meminfo))
                reader_out_of_memory(r);
        else
                reader_parsed(r, COLLECTOR_PROC_MEMINFO, c->proc_meminfo, &p);
        return false;
}

static bool read_sysctls(struct collect *c)
{
        kernel_read_sysctls(c->kernel, &c->reader, &c->sample);
        return false;
}

/*
 * Marks of the structure that cost little and change whenever a memory block comes, goes or changes
 * its state, which the masks need not: how many blocks there are (a directory in sysfs counts its
 * subdirectories as links) and how much memory each zone has present.
 */
static uint64_t read_signs(struct collect *c)
{
        uint64_t signs = source_links(c->source, "/sys/devices/system/memory");

        for (size_t i = 0; i < c->n_nids; i++) {
                const struct node *node = node_reader_node(c->readers[c->nids[i]]);

                for (size_t z = 0; z < node->n_zones; z++)
                        if (node->zones[z].known >> ZONE_PRESENT & 1)
                                signs = signs * 31 + node->zones[z].pages[ZONE_PRESENT];
        }
        return signs;
}

/*
 * Comes before the blocks are read: one that changes later, even while they are, shows at the next
 * sample.
 */
static bool compare_signs(struct collect *c)
{
        uint64_t signs = read_signs(c);

        c->outdated = !c->look && signs != c->structure_signs;
        c->structure_signs = signs;
        return false;
}

/* What a sample consists of, in this order. */
static const struct step {
        enum collector collector;         /* for which it is done, and whose time it takes */
        bool structural;                  /* done when the structure is looked at */
        bool (*whole)(struct collect *c); /* true: call it again, there is more */
        void (*node)(struct collect *c, struct node_reader *n); /* else this for each node */
} steps[] = {
        { COLLECTOR_NODE_STATES, true, .whole = choose_nodes },
        { COLLECTOR_ZONEINFO, false, .node = clear_zones },
        { COLLECTOR_ZONEINFO, false, .whole = read_zones },
        { COLLECTOR_BUDDYINFO, false, .whole = read_buddies },
        { COLLECTOR_ZONEINFO, false, .whole = compare_signs },
        { COLLECTOR_DISTANCES, true, .node = read_distances },
        { COLLECTOR_CPUS, true, .node = read_cpus },
        { COLLECTOR_CPUS, true, .whole = begin_cpu_map },
        { COLLECTOR_CPUS, true, .node = map_cpus },
        { COLLECTOR_HUGEPAGES, true, .node = find_hugepages },
        { COLLECTOR_MEMORY_BLOCKS, true, .whole = read_memory_blocks },
        { COLLECTOR_ACCESS, true, .whole = begin_topology },
        { COLLECTOR_ACCESS, true, .node = read_access },
        { COLLECTOR_ACCESS, true, .node = assign_access },
        { COLLECTOR_MEMORY_TIERS, true, .whole = read_tiers },
        { COLLECTOR_CPUS, true, .whole = read_packages },
        { COLLECTOR_FIRMWARE, true, .whole = read_firmware },
        { COLLECTOR_NODE_STATES, true, .whole = read_identity },
        { COLLECTOR_DEVICES, false, .whole = read_devices },
        { COLLECTOR_MEMINFO, false, .node = read_meminfo },
        { COLLECTOR_NUMASTAT, false, .node = read_numastat },
        { COLLECTOR_VMSTAT, false, .node = read_vmstat },
        { COLLECTOR_HUGEPAGES, false, .node = read_hugepages },
        { COLLECTOR_CPU_SECONDS, false, .node = clear_cpu_seconds },
        { COLLECTOR_CPU_SECONDS, false, .whole = read_cpu_seconds },
        { COLLECTOR_PROC_MEMINFO, false, .whole = read_proc_meminfo },
        { COLLECTOR_SYSCTL, false, .whole = read_sysctls },
};

#define N_STEPS (sizeof(steps) / sizeof(steps[0]))

/* Collectors all of whose files are read only when the structure is looked at. */
#define STRUCTURAL                                                                  \
        (COLLECTOR_BIT(COLLECTOR_DISTANCES) | COLLECTOR_BIT(COLLECTOR_CPUS) |       \
         COLLECTOR_BIT(COLLECTOR_MEMORY_BLOCKS) | COLLECTOR_BIT(COLLECTOR_ACCESS) | \
         COLLECTOR_BIT(COLLECTOR_MEMORY_TIERS) | COLLECTOR_BIT(COLLECTOR_FIRMWARE))
#define ZONES (COLLECTOR_BIT(COLLECTOR_ZONEINFO) | COLLECTOR_BIT(COLLECTOR_BUDDYINFO))

static bool is_due(const struct collect *c, const struct step *step)
{
        return step->structural ? c->look : c->due >> step->collector & 1;
}

/* Does a part of the step. Whether there is more of it. */
static bool do_part(struct collect *c, const struct step *step)
{
        size_t end;

        if (step->whole)
                return step->whole(c);
        end = c->n_nids - c->at > NODES_AT_ONCE ? c->at + NODES_AT_ONCE : c->n_nids;
        for (; c->at < end; c->at++)
                step->node(c, c->readers[c->nids[c->at]]);
        return c->at < c->n_nids;
}

static void assemble(struct collect *c)
{
        struct sample *s = &c->sample;

        if (c->n_nids > c->cap_nodes) {
                struct node *nodes = reallocarray(c->nodes, c->n_nids, sizeof(*nodes));

                if (!nodes) {
                        reader_out_of_memory(&c->reader);
                        return;
                }
                c->nodes = nodes;
                c->cap_nodes = c->n_nids;
        }
        for (size_t i = 0; i < c->n_nids; i++)
                c->nodes[i] = *node_reader_node(c->readers[c->nids[i]]);
        s->nodes = c->nodes;
        s->n_nodes = c->n_nids;
        s->page_size = source_is_live(c->source) ? (uint64_t)sysconf(_SC_PAGESIZE) : 0;
        reader_end(&c->reader);
        memcpy(s->collectors, c->reader.status, sizeof(s->collectors));
}

/* Whether the sample holds together: the nodes are those of the masks, the structure is current. */
static bool is_settled(struct collect *c)
{
        c->sample.torn = !masks_still_online(c->masks, &c->reader, &c->sample);
        /* Nobody sees it: that the structure was read for it counts for nothing. */
        if (c->sample.torn)
                c->structure_read = false;
        return !c->outdated && !c->reader.went_away && !c->sample.torn;
}

/* Devices come and go, and their links up and down, without the nodes doing so. */
static uint64_t what_is_due(const struct collect *c)
{
        uint64_t due = c->wanted;

        if (c->look)
                return due;
        due &= ~STRUCTURAL;
        if (source_is_live(c->source) && c->clock_ns - c->devices_read_ns < DEVICES_INTERVAL_NS)
                due &= ~COLLECTOR_BIT(COLLECTOR_DEVICES);
        return due;
}

static void begin_attempt(struct collect *c)
{
        struct reader *r = &c->reader;

        r->went_away = false;
        r->again = c->attempt > 0;
        c->outdated = false;
        reader_start(r, COLLECTOR_NODE_STATES);
        c->look = masks_read(c->masks, &c->reader, &c->sample, c->look) || c->look;
        /* What has come is to be known in full. */
        if (c->look)
                c->wanted = COLLECTORS_ALL;
        c->due = what_is_due(c);
        clock_collector(c, COLLECTOR_NODE_STATES);
        for (unsigned i = COLLECTOR_NODE_STATES + 1; i < NR_COLLECTORS; i++)
                if (c->due >> i & 1)
                        reader_start(r, i);
        source_check_paths(c->source, c->look);
        c->step = 0;
        c->at = 0;
}

void collect_begin(struct collect *c, bool look, uint64_t wanted)
{
        c->began_ns = c->clock_ns = monotonic_now_ns();
        reader_begin(&c->reader);
        c->wanted = wanted;
        if (wanted & (STRUCTURAL | ZONES))
                c->wanted |= ZONES;
        c->look = look || !c->structure_read || (wanted & STRUCTURAL && !source_is_live(c->source));
        c->attempt = 0;
        begin_attempt(c);
}

static int finish(struct collect *c, const struct sample **sample)
{
        struct sample *s = &c->sample;

        s->realtime_ns = realtime_now_ns();
        s->monotonic_ns = monotonic_now_ns();
        s->duration_ns = s->monotonic_ns - c->began_ns;
        s->collected = c->wanted;
        assemble(c);
        *sample = s;
        if (!c->reader.out_of_memory)
                return 0;
        /* What was read by halves is read again. */
        c->structure_read = false;
        return -ENOMEM;
}

int collect_step(struct collect *c, const struct sample **sample)
{
        while (c->step < N_STEPS && !is_due(c, &steps[c->step]))
                c->step++;
        if (c->step < N_STEPS) {
                const struct step *step = &steps[c->step];
                bool more = do_part(c, step);

                clock_collector(c, step->collector);
                if (!more) {
                        c->step++;
                        c->at = 0;
                }
                return 1;
        }
        if (c->reader.out_of_memory || is_settled(c) || ++c->attempt == SAMPLE_ATTEMPTS)
                return finish(c, sample);
        c->look = true;
        begin_attempt(c);
        return 1;
}

const struct sample *collect_sample(struct collect *c, bool look)
{
        const struct sample *sample;
        int r;

        collect_begin(c, look, COLLECTORS_ALL);
        do
                r = collect_step(c, &sample);
        while (r > 0);
        return r < 0 ? NULL : sample;
}

const struct problem *collect_problems(const struct collect *c, size_t *n)
{
        *n = c->reader.n_problems;
        return c->reader.problems;
}
