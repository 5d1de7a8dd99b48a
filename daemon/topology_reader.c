/* SPDX-License-Identifier: MIT */
#include "topology_reader.h"

#include "array.h"
#include "cleanup.h"
#include "file_set.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE_DIR "/sys/devices/system/node"
#define TIER_DIR "/sys/devices/virtual/memory_tiering"

/* include/linux/node.h: enum access_coordinate_class: local, and the best with CPUs only */
#define ACCESS_CLASSES 2

/* A larger package id is no kernel's. */
#define PACKAGE_ID_MAX 65535

struct topology_reader {
        struct source *source;
        struct file_set *files;
        size_t n_accesses, cap_accesses, n_caches, cap_caches, cap_tiers;
        struct node_access *accesses; /* each node's stand together */
        struct side_cache *caches;    /* likewise */
        struct memory_tier *tiers;
};

struct topology_reader *topology_reader_new(struct source *source)
{
        struct topology_reader *t = calloc(1, sizeof(*t));

        if (!t)
                return NULL;
        t->source = source;
        t->files = file_set_new(source);
        if (t->files)
                return t;
        free(t);
        return NULL;
}

void topology_reader_free(struct topology_reader *t)
{
        if (!t)
                return;
        file_set_free(t->files);
        free(t->accesses);
        free(t->caches);
        free(t->tiers);
        free(t);
}

void topology_begin(struct topology_reader *t)
{
        file_set_begin(t->files);
        t->n_accesses = 0;
        t->n_caches = 0;
}

void topology_end(struct topology_reader *t)
{
        file_set_end(t->files);
}

/* One number; false if the kernel does not have it. file NULL: out of memory. */
static bool read_number(struct reader *r, enum collector collector, struct source_file *file,
                        uint64_t *value)
{
        struct parser p;

        if (!file) {
                reader_out_of_memory(r);
                return false;
        }
        if (reader_read_optional(r, collector, file, &p) < 0)
                return false;
        parse_scalar(&p, 10, value);
        return reader_parsed(r, collector, file, &p);
}

/* The number behind a name's prefix, as in "index1". */
static bool number_of_name(const char *name, const char *prefix, uint32_t *number)
{
        uint64_t value;

        if (!parse_numbered_name(name, prefix, "", UINT32_MAX, &value))
                return false;
        *number = (uint32_t)value;
        return true;
}

static void read_access(struct topology_reader *t, struct reader *r, int nid, unsigned class)
{
        /* The bandwidths are in MiB/s, the latencies in ns (numaperf.rst). */
        static const struct {
                const char *name;
                uint64_t unit;
        } files[NR_ACCESS_FIGURES] = {
                [ACCESS_READ_BANDWIDTH] = { "read_bandwidth", UINT64_C(1) << 20 },
                [ACCESS_WRITE_BANDWIDTH] = { "write_bandwidth", UINT64_C(1) << 20 },
                [ACCESS_READ_LATENCY] = { "read_latency", 1 },
                [ACCESS_WRITE_LATENCY] = { "write_latency", 1 },
        };
        _cleanup_(reader_listing_close) struct reader_listing listing = reader_list(
                r, COLLECTOR_ACCESS, NODE_DIR "/node%d/access%u/initiators", nid, class);
        struct node_access access = { .nid = nid, .access_class = class };
        const struct dirent *entry;
        uint32_t initiator;

        while ((entry = reader_next(&listing)))
                if (number_of_name(entry->d_name, "node", &initiator) && initiator < MAX_NUMNODES)
                        node_set((int)initiator, &access.initiators);
        if (listing.error < 0)
                return;
        for (unsigned i = 0; i < NR_ACCESS_FIGURES; i++) {
                struct source_file *file =
                        file_set_attribute(t->files, NODE_DIR "/node%d/access%u/initiators/%s", nid,
                                           class, files[i].name);
                uint64_t value;

                if (!read_number(r, COLLECTOR_ACCESS, file, &value) ||
                    __builtin_mul_overflow(value, files[i].unit, &access.figures[i]))
                        continue;
                access.known |= 1U << i;
        }
        if (array_grow(&t->accesses, &t->cap_accesses, t->n_accesses, sizeof(access)))
                t->accesses[t->n_accesses++] = access;
        else
                reader_out_of_memory(r);
}

static void read_side_cache(struct topology_reader *t, struct reader *r, int nid, uint32_t level)
{
        static const char *const files[NR_SIDE_CACHE_FIGURES] = {
                [SIDE_CACHE_SIZE] = "size",
                [SIDE_CACHE_LINE_SIZE] = "line_size",
                [SIDE_CACHE_INDEXING] = "indexing",
                [SIDE_CACHE_WRITE_POLICY] = "write_policy",
        };
        struct side_cache cache = { .nid = nid, .level = level };

        for (unsigned i = 0; i < NR_SIDE_CACHE_FIGURES; i++) {
                struct source_file *file = file_set_attribute(
                        t->files, NODE_DIR "/node%d/memory_side_cache/index%" PRIu32 "/%s", nid,
                        level, files[i]);

                if (read_number(r, COLLECTOR_ACCESS, file, &cache.figures[i]))
                        cache.known |= 1U << i;
        }
        if (array_grow(&t->caches, &t->cap_caches, t->n_caches, sizeof(cache)))
                t->caches[t->n_caches++] = cache;
        else
                reader_out_of_memory(r);
}

static int compare_caches(const void *a, const void *b)
{
        const struct side_cache *x = a, *y = b;

        return (x->level > y->level) - (x->level < y->level);
}

static void read_side_caches(struct topology_reader *t, struct reader *r, int nid)
{
        _cleanup_(reader_listing_close) struct reader_listing listing =
                reader_list(r, COLLECTOR_ACCESS, NODE_DIR "/node%d/memory_side_cache", nid);
        size_t first = t->n_caches;
        const struct dirent *entry;
        uint32_t level;

        while ((entry = reader_next(&listing)))
                if (number_of_name(entry->d_name, "index", &level))
                        read_side_cache(t, r, nid, level);
        if (t->n_caches > first)
                qsort(t->caches + first, t->n_caches - first, sizeof(*t->caches), compare_caches);
}

void topology_read_node(struct topology_reader *t, struct reader *r, int nid)
{
        for (unsigned class = 0; class < ACCESS_CLASSES; class ++)
                read_access(t, r, nid, class);
        read_side_caches(t, r, nid);
}

void topology_assign(struct topology_reader *t, struct node *node)
{
        node->n_accesses = 0;
        for (size_t i = 0; i < t->n_accesses; i++)
                if (t->accesses[i].nid == node->nid && node->n_accesses++ == 0)
                        node->accesses = &t->accesses[i];
        node->n_side_caches = 0;
        for (size_t i = 0; i < t->n_caches; i++)
                if (t->caches[i].nid == node->nid && node->n_side_caches++ == 0)
                        node->side_caches = &t->caches[i];
}

static int compare_tiers(const void *a, const void *b)
{
        const struct memory_tier *x = a, *y = b;

        return (x->id > y->id) - (x->id < y->id);
}

static void read_tier(struct topology_reader *t, struct reader *r, struct sample *sample,
                      uint32_t id)
{
        struct source_file *file =
                file_set_attribute(t->files, TIER_DIR "/memory_tier%" PRIu32 "/nodelist", id);
        struct memory_tier tier = { .id = id };
        struct id_range range;
        struct parser p;

        if (!file) {
                reader_out_of_memory(r);
                return;
        }
        if (reader_read(r, COLLECTOR_MEMORY_TIERS, file, &p) < 0)
                return;
        while (parse_list(&p, MAX_NUMNODES - 1, &range))
                nodes_set_range((int)range.first, (int)range.last, &tier.nodes);
        if (!reader_parsed(r, COLLECTOR_MEMORY_TIERS, file, &p))
                return;
        if (array_grow(&t->tiers, &t->cap_tiers, sample->n_memory_tiers, sizeof(tier)))
                t->tiers[sample->n_memory_tiers++] = tier;
        else
                reader_out_of_memory(r);
}

void topology_read_tiers(struct topology_reader *t, struct reader *r, struct sample *sample)
{
        _cleanup_(reader_listing_close) struct reader_listing listing =
                reader_list(r, COLLECTOR_MEMORY_TIERS, TIER_DIR);
        const struct dirent *entry;
        uint32_t id;

        sample->n_memory_tiers = 0;
        while ((entry = reader_next(&listing)))
                if (number_of_name(entry->d_name, "memory_tier", &id))
                        read_tier(t, r, sample, id);
        sample->memory_tiers_known = listing.error == 0;
        if (!sample->memory_tiers_known)
                sample->n_memory_tiers = 0;
        if (sample->n_memory_tiers)
                qsort(t->tiers, sample->n_memory_tiers, sizeof(*t->tiers), compare_tiers);
        sample->memory_tiers = t->tiers;
}

/* False if the CPU's package is not known; architectures without packages say -1. */
static bool read_package(struct topology_reader *t, struct reader *r, uint32_t cpu, uint64_t *id)
{
        struct source_file *file = file_set_attribute(
                t->files, "/sys/devices/system/cpu/cpu%" PRIu32 "/topology/physical_package_id",
                cpu);
        struct parser p;

        if (!file) {
                reader_out_of_memory(r);
                return false;
        }
        if (reader_read_optional(r, COLLECTOR_CPUS, file, &p) < 0 ||
            (p.pos < p.end && *p.pos == '-'))
                return false;
        parse_scalar(&p, 10, id);
        return reader_parsed(r, COLLECTOR_CPUS, file, &p) && *id <= PACKAGE_ID_MAX;
}

void topology_read_packages(struct topology_reader *t, struct reader *r, struct sample *sample,
                            const struct id_list *cpus)
{
        _cleanup_(free_p) uint64_t *seen = calloc(PACKAGE_ID_MAX / 64 + 1, sizeof(*seen));
        uint64_t id;

        if (!seen)
                reader_out_of_memory(r);
        sample->n_packages = 0;
        sample->packages_known = seen && cpus->known && cpus->n > 0;
        for (size_t k = 0; sample->packages_known && k < cpus->n; k++)
                for (uint32_t cpu = cpus->ranges[k].first; cpu <= cpus->ranges[k].last; cpu++) {
                        if (!read_package(t, r, cpu, &id)) {
                                sample->packages_known = false;
                                return;
                        }
                        sample->n_packages += !(seen[id / 64] >> (id % 64) & 1);
                        seen[id / 64] |= UINT64_C(1) << (id % 64);
                }
}
