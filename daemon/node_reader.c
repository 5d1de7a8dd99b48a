/* SPDX-License-Identifier: MIT */
#include "node_reader.h"

#include "array.h"
#include "cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The largest CPU id that a list is believed to name; kernels are built for at most 8,192 CPUs. */
#define CPU_ID_MAX 65535

enum hugepage_file { HUGEPAGES_TOTAL, HUGEPAGES_FREE, HUGEPAGES_SURPLUS, NR_HUGEPAGE_FILES };

struct hugepage_files {
        struct source_file *files[NR_HUGEPAGE_FILES];
};

struct node_reader {
        struct source *source;
        uint64_t inode;
        struct source_file *fields[NR_FIELD_SETS];
        struct source_file *distance, *cpulist, *cpumap;
        struct hugepage_files *hugepages; /* node.n_hugepages of them */
        bool sizes_unreadable;            /* which sizes there are could not be read */
        size_t cap_distances, cap_ranges, cap_zones;
        struct node node;
};

static struct source_file *node_file(struct source *source, int nid, const char *name)
{
        _cleanup_(free_p) char *path = NULL;

        if (asprintf(&path, "/sys/devices/system/node/node%d/%s", nid, name) < 0)
                return NULL;
        return source_file_new(source, path, SOURCE_MAX_SYSFS);
}

struct node_reader *node_reader_new(struct source *source, int nid, uint64_t inode)
{
        struct node_reader *n = calloc(1, sizeof(*n));
        bool complete = true;

        if (!n)
                return NULL;
        n->source = source;
        n->inode = inode;
        n->node.nid = nid;
        for (unsigned set = 0; set < NR_FIELD_SETS; set++) {
                n->fields[set] = node_file(source, nid, field_set_name(set));
                complete = complete && n->fields[set];
        }
        n->distance = node_file(source, nid, "distance");
        n->cpulist = node_file(source, nid, "cpulist");
        n->cpumap = node_file(source, nid, "cpumap");
        if (complete && n->distance && n->cpulist && n->cpumap)
                return n;
        node_reader_free(n);
        return NULL;
}

static void drop_hugepages(struct node_reader *n)
{
        for (size_t i = 0; i < n->node.n_hugepages; i++)
                for (size_t f = 0; f < NR_HUGEPAGE_FILES; f++)
                        source_file_free(n->hugepages[i].files[f]);
        free(n->hugepages);
        free(n->node.hugepages);
        n->hugepages = NULL;
        n->node.hugepages = NULL;
        n->node.n_hugepages = 0;
        n->node.hugepages_known = false;
}

void counters_release(struct counters *c)
{
        free(c->values);
        free(c->present);
        *c = (struct counters){ .n = 0 };
}

void node_reader_free(struct node_reader *n)
{
        if (!n)
                return;
        drop_hugepages(n);
        for (unsigned set = 0; set < NR_FIELD_SETS; set++) {
                source_file_free(n->fields[set]);
                counters_release(&n->node.fields[set]);
        }
        source_file_free(n->distance);
        source_file_free(n->cpulist);
        source_file_free(n->cpumap);
        free(n->node.distances);
        free(n->node.cpus.ranges);
        free(n->node.zones);
        free(n);
}

int node_reader_nid(const struct node_reader *n)
{
        return n->node.nid;
}

uint64_t node_reader_inode(const struct node_reader *n)
{
        return n->inode;
}

struct node *node_reader_node(struct node_reader *n)
{
        return &n->node;
}

void node_read_distances(struct node_reader *n, struct reader *r, const nodemask_t *online,
                         const nodemask_t *possible)
{
        struct node *node = &n->node;
        struct parser p;
        uint8_t distance;

        node->distances_known = false;
        node->n_distances = 0;
        if (reader_read(r, COLLECTOR_DISTANCES, n->distance, &p) < 0)
                return;
        while (parse_distance(&p, &distance)) {
                if (!array_grow(&node->distances, &n->cap_distances, node->n_distances,
                                sizeof(*node->distances))) {
                        reader_out_of_memory(r);
                        return;
                }
                node->distances[node->n_distances++] = distance;
        }
        if (p.errors > 0) {
                reader_parsed(r, COLLECTOR_DISTANCES, n->distance, &p);
                return;
        }
        /*
         * drivers/base/node.c: node_read_distance() walks the online nodes. Recordings from which a
         * node was taken still have the row of all of them.
         */
        if (node->n_distances == (size_t)nodes_weight(online))
                node->distance_columns = N_ONLINE;
        else if (node->n_distances == (size_t)nodes_weight(possible))
                node->distance_columns = N_POSSIBLE;
        else {
                reader_malformed(r, COLLECTOR_DISTANCES, n->distance,
                                 "one distance for each online node");
                return;
        }
        node->distances_known = reader_parsed(r, COLLECTOR_DISTANCES, n->distance, &p);
}

static bool add_range(struct node_reader *n, struct id_range range)
{
        struct id_list *cpus = &n->node.cpus;

        if (cpus->n > 0 && cpus->ranges[cpus->n - 1].last + 1 == range.first) {
                cpus->ranges[cpus->n - 1].last = range.last;
                return true;
        }
        if (!array_grow(&cpus->ranges, &n->cap_ranges, cpus->n, sizeof(*cpus->ranges)))
                return false;
        cpus->ranges[cpus->n++] = range;
        return true;
}

/* Kernels before 2.6.26 have only the map. */
static void read_cpumap(struct node_reader *n, struct reader *r)
{
        struct parse_cpumap map;
        struct id_range range;
        struct parser p;

        if (reader_read(r, COLLECTOR_CPUS, n->cpumap, &p) < 0)
                return;
        if (parse_cpumap_init(&map, &p) == 0)
                while (parse_cpumap_next(&map, &range)) {
                        if (range.last > CPU_ID_MAX) {
                                reader_malformed(r, COLLECTOR_CPUS, n->cpumap, "ids up to 65535");
                                return;
                        }
                        if (!add_range(n, range)) {
                                reader_out_of_memory(r);
                                return;
                        }
                }
        n->node.cpus.known = reader_parsed(r, COLLECTOR_CPUS, n->cpumap, &p);
}

void node_read_cpus(struct node_reader *n, struct reader *r)
{
        struct id_list *cpus = &n->node.cpus;
        struct id_range range;
        struct parser p;
        int error;

        cpus->known = false;
        cpus->n = 0;
        error = reader_read_optional(r, COLLECTOR_CPUS, n->cpulist, &p);
        if (error == -ENOENT)
                read_cpumap(n, r);
        if (error < 0)
                return;
        while (parse_list(&p, CPU_ID_MAX, &range)) {
                if (cpus->n > 0 && range.first <= cpus->ranges[cpus->n - 1].last) {
                        reader_malformed(r, COLLECTOR_CPUS, n->cpulist, "an ascending list");
                        return;
                }
                if (!add_range(n, range)) {
                        reader_out_of_memory(r);
                        return;
                }
        }
        if (p.start == p.end) {
                /* A CPU-less node's list is a newline. */
                reader_malformed(r, COLLECTOR_CPUS, n->cpulist, "a list of CPUs");
                return;
        }
        cpus->known = reader_parsed(r, COLLECTOR_CPUS, n->cpulist, &p);
}

static bool add_hugepage_size(struct node_reader *n, uint64_t kib)
{
        static const char *const names[NR_HUGEPAGE_FILES] = {
                [HUGEPAGES_TOTAL] = "nr_hugepages",
                [HUGEPAGES_FREE] = "free_hugepages",
                [HUGEPAGES_SURPLUS] = "surplus_hugepages",
        };
        struct node *node = &n->node;
        size_t count = node->n_hugepages + 1;
        struct hugepages *sizes = reallocarray(node->hugepages, count, sizeof(*sizes));
        struct hugepage_files *files;
        size_t at = node->n_hugepages;

        if (sizes)
                node->hugepages = sizes;
        files = reallocarray(n->hugepages, count, sizeof(*files));
        if (files)
                n->hugepages = files;
        if (!sizes || !files)
                return false;
        while (at > 0 && sizes[at - 1].size_bytes > kib * 1024)
                at--;
        memmove(sizes + at + 1, sizes + at, (node->n_hugepages - at) * sizeof(*sizes));
        memmove(files + at + 1, files + at, (node->n_hugepages - at) * sizeof(*files));
        sizes[at] = (struct hugepages){ .size_bytes = kib * 1024 };
        node->n_hugepages = count;
        for (size_t f = 0; f < NR_HUGEPAGE_FILES; f++) {
                _cleanup_(free_p) char *name = NULL;

                files[at].files[f] = NULL;
                if (asprintf(&name, "hugepages/hugepages-%" PRIu64 "kB/%s", kib, names[f]) >= 0)
                        files[at].files[f] = node_file(n->source, node->nid, name);
        }
        return files[at].files[0] && files[at].files[1] && files[at].files[2];
}

/* "hugepages-2048kB" */
static bool hugepage_size_of(const char *name, uint64_t *kib)
{
        return parse_numbered_name(name, "hugepages-", "kB", INT64_MAX / 1024, kib) && *kib > 0;
}

/* Kernels before 2.6.32, and those without hugetlbfs, have no such directory. */
static void list_hugepage_sizes(struct node_reader *n, struct reader *r)
{
        _cleanup_(reader_listing_close) struct reader_listing listing = reader_list(
                r, COLLECTOR_HUGEPAGES, "/sys/devices/system/node/node%d/hugepages", n->node.nid);
        const struct dirent *entry;
        uint64_t kib;

        while ((entry = reader_next(&listing)))
                if (hugepage_size_of(entry->d_name, &kib) && !add_hugepage_size(n, kib)) {
                        reader_out_of_memory(r);
                        break;
                }
        n->sizes_unreadable = listing.error < 0 && listing.error != -ENOENT;
        n->node.hugepages_known = listing.error == 0 && !r->out_of_memory;
        if (!n->node.hugepages_known)
                drop_hugepages(n);
}

void node_find_hugepages(struct node_reader *n, struct reader *r)
{
        if (n->node.hugepages_known)
                return;
        drop_hugepages(n);
        list_hugepage_sizes(n, r);
}

static uint64_t read_pages(struct reader *r, struct source_file *file)
{
        uint64_t pages = HUGEPAGES_UNKNOWN;
        struct parser p;

        if (reader_read(r, COLLECTOR_HUGEPAGES, file, &p) < 0)
                return HUGEPAGES_UNKNOWN;
        if (parse_scalar(&p, 10, &pages) < 0)
                pages = HUGEPAGES_UNKNOWN;
        reader_parsed(r, COLLECTOR_HUGEPAGES, file, &p);
        return pages;
}

void node_read_hugepages(struct node_reader *n, struct reader *r)
{
        /* The sizes are read at a look alone; until the next one that failure stands. */
        if (n->sizes_unreadable)
                r->status[COLLECTOR_HUGEPAGES].success = false;
        for (size_t i = 0; i < n->node.n_hugepages; i++) {
                struct source_file *const *files = n->hugepages[i].files;
                struct hugepages *h = &n->node.hugepages[i];
                uint64_t surplus = h->surplus;

                h->total = read_pages(r, files[HUGEPAGES_TOTAL]);
                h->free = read_pages(r, files[HUGEPAGES_FREE]);
                h->surplus = read_pages(r, files[HUGEPAGES_SURPLUS]);
                /* The total may be of before that: a page of the surplus would seem to be the
                 * pool's. */
                if (h->surplus != surplus)
                        h->total = read_pages(r, files[HUGEPAGES_TOTAL]);
        }
}

static bool counters_reserve(struct counters *c, size_t n)
{
        size_t words = (n + 63) / 64;
        uint64_t *values, *present;

        if (n <= c->n)
                return true;
        values = reallocarray(c->values, n, sizeof(*values));
        if (values)
                c->values = values;
        present = reallocarray(c->present, words, sizeof(*present));
        if (present)
                c->present = present;
        if (!values || !present)
                return false;
        memset(c->values + c->n, 0, (n - c->n) * sizeof(*values));
        memset(c->present + (c->n + 63) / 64, 0, (words - (c->n + 63) / 64) * sizeof(*present));
        c->n = n;
        return true;
}

bool counters_read(struct counters *c, struct field_table *table, int nid, struct parser *p,
                   bool (*next)(struct parser *, struct parse_field *))
{
        struct parse_field field;
        size_t place = 0, left_out = 0;

        if (!counters_reserve(c, field_table_count(table)))
                return false;
        memset(c->present, 0, (c->n + 63) / 64 * sizeof(*c->present));
        while (next(p, &field)) {
                int i;

                if (nid != NUMA_NO_NODE && field.nid >= 0 && field.nid != nid) {
                        parse_reject(p, field.name, "a line of this node");
                        continue;
                }
                i = field_table_index(table, place, field.name, field.name_len, field.is_bytes);
                if (i == -ENOSPC) {
                        left_out++;
                        continue;
                }
                if (i < 0 || !counters_reserve(c, (size_t)i + 1))
                        return false;
                c->values[i] = field.value;
                c->present[i / 64] |= UINT64_C(1) << (i % 64);
                place = (size_t)i + 1;
        }
        field_table_note_left_out(table, left_out);
        c->known = true;
        return true;
}

enum collector field_set_collector(enum field_set set)
{
        static const enum collector collectors[NR_FIELD_SETS] = {
                [MEMINFO] = COLLECTOR_MEMINFO,
                [NUMASTAT] = COLLECTOR_NUMASTAT,
                [VMSTAT] = COLLECTOR_VMSTAT,
        };

        return collectors[set];
}

void node_read_fields(struct node_reader *n, struct reader *r, enum field_set set,
                      struct field_table *table)
{
        enum collector collector = field_set_collector(set);
        struct counters *c = &n->node.fields[set];
        struct parser p;

        c->known = false;
        if (reader_read(r, collector, n->fields[set], &p) < 0)
                return;
        if (p.start == p.end)
                reader_malformed(r, collector, n->fields[set], "at least one line");
        else if (!counters_read(c, table, n->node.nid, &p,
                                set == MEMINFO ? parse_meminfo : parse_counter))
                reader_out_of_memory(r);
        else
                reader_parsed(r, collector, n->fields[set], &p);
}

void node_clear_cpu_ticks(struct node_reader *n)
{
        n->node.n_cpu_modes = 0;
        memset(n->node.cpu_ticks, 0, sizeof(n->node.cpu_ticks));
}

void node_clear_zones(struct node_reader *n)
{
        n->node.n_zones = 0;
}

struct zone *node_zone(struct node_reader *n, const char *name)
{
        struct node *node = &n->node;

        for (size_t i = 0; i < node->n_zones; i++)
                if (node->zones[i].name == name)
                        return &node->zones[i];
        if (!array_grow(&node->zones, &n->cap_zones, node->n_zones, sizeof(*node->zones)))
                return NULL;
        node->zones[node->n_zones] = (struct zone){ .name = name };
        return &node->zones[node->n_zones++];
}
