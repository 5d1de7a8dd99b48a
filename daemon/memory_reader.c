/* SPDX-License-Identifier: MIT */
#include "memory_reader.h"

#include "array.h"
#include "cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_DIR "/sys/devices/system/memory"

/* How many states, and how many nodes' links, are read at once: about a millisecond. */
#define STATES_AT_ONCE 64
#define NODES_AT_ONCE  64

struct memory_reader {
        struct source *source;
        struct source_file *block_size, *auto_online;
        char *auto_online_value;
        size_t n, cap;
        struct memory_block *blocks;
        size_t next_node;           /* whose links are listed next */
        bool directory, complete;   /* there is one; neither it nor any node's was unreadable */
        bool taken;                 /* the list is made */
        size_t next, kept;          /* of blocks, while their states are read */
        struct source_file *state;  /* the block's state that is accounted; NULL: all are well */
        uint64_t state_id;          /* its block */
        struct source_file *unwell; /* the first one of this look that could not be understood */
        uint64_t unwell_id;
};

struct memory_reader *memory_reader_new(struct source *source)
{
        struct memory_reader *m = calloc(1, sizeof(*m));

        if (!m)
                return NULL;
        m->source = source;
        m->block_size = source_file_new(source, MEMORY_DIR "/block_size_bytes", SOURCE_MAX_SYSFS);
        m->auto_online =
                source_file_new(source, MEMORY_DIR "/auto_online_blocks", SOURCE_MAX_SYSFS);
        if (m->block_size && m->auto_online)
                return m;
        memory_reader_free(m);
        return NULL;
}

void memory_reader_free(struct memory_reader *m)
{
        if (!m)
                return;
        source_file_free(m->block_size);
        source_file_free(m->auto_online);
        source_file_free(m->state);
        source_file_free(m->unwell);
        free(m->auto_online_value);
        free(m->blocks);
        free(m);
}

/* More blocks than fill 64 bits of address are none: a section has at least 16 MiB. */
#define BLOCK_ID_MAX (UINT64_MAX >> 24)

/* "memory32" */
static bool block_id(const char *name, uint64_t *id)
{
        return parse_numbered_name(name, "memory", "", BLOCK_ID_MAX, id);
}

static bool add_block(struct memory_reader *m, struct memory_block block)
{
        if (!array_grow(&m->blocks, &m->cap, m->n, sizeof(*m->blocks)))
                return false;
        m->blocks[m->n++] = block;
        return true;
}

static int compare_blocks(const void *a, const void *b)
{
        const struct memory_block *x = a, *y = b;

        if (x->id != y->id)
                return x->id < y->id ? -1 : 1;
        /* Entries of the same block: the one of the memory directory (no node) first, then by node.
         */
        return (x->nid > y->nid) - (x->nid < y->nid);
}

/* Every memoryN of a directory as a block of nid. 0, -ENOENT or what else was accounted. */
static int list_blocks(struct memory_reader *m, struct reader *r, const char *path, int nid)
{
        _cleanup_(reader_listing_close) struct reader_listing listing =
                reader_list(r, COLLECTOR_MEMORY_BLOCKS, "%s", path);
        const struct dirent *entry;
        uint64_t id;

        while ((entry = reader_next(&listing))) {
                if (!block_id(entry->d_name, &id))
                        continue;
                if (!add_block(m, (struct memory_block){
                                          .id = id, .nid = nid, .nid2 = NUMA_NO_NODE })) {
                        reader_out_of_memory(r);
                        break;
                }
        }
        return listing.error;
}

/* A block is there once for the memory directory and once for each node; make it one. */
static void merge_blocks(struct memory_reader *m)
{
        size_t kept = 0;

        if (m->n == 0)
                return;
        qsort(m->blocks, m->n, sizeof(*m->blocks), compare_blocks);
        for (size_t i = 0; i < m->n; i++) {
                struct memory_block *last = kept ? &m->blocks[kept - 1] : NULL;

                if (!last || last->id != m->blocks[i].id)
                        m->blocks[kept++] = m->blocks[i];
                else if (last->nid == NUMA_NO_NODE)
                        last->nid = m->blocks[i].nid;
                else if (last->nid2 == NUMA_NO_NODE)
                        last->nid2 = m->blocks[i].nid;
        }
        m->n = kept;
}

static enum memory_block_state state_of(const char *text, size_t len)
{
        static const struct {
                const char *word;
                enum memory_block_state state;
        } states[] = {
                { "online\n", BLOCK_ONLINE },
                { "offline\n", BLOCK_OFFLINE },
                { "going-offline\n", BLOCK_GOING_OFFLINE },
        };

        for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
                if (strlen(states[i].word) == len && memcmp(states[i].word, text, len) == 0)
                        return states[i].state;
        return BLOCK_UNKNOWN;
}

/* A block that is gone will not be well again. */
static void forget_unplugged(struct memory_reader *m)
{
        for (size_t i = 0; i < m->n; i++)
                if (m->blocks[i].id == m->state_id)
                        return;
        source_file_free(m->state);
        m->state = NULL;
}

/* Looks at the state that is accounted, and forgets it when it is well. */
static void account_state(struct memory_reader *m, struct reader *r)
{
        struct parser p;

        if (!m->state || reader_read(r, COLLECTOR_MEMORY_BLOCKS, m->state, &p) < 0)
                return;
        if (state_of(p.start, (size_t)(p.end - p.start)) == BLOCK_UNKNOWN) {
                reader_malformed(r, COLLECTOR_MEMORY_BLOCKS, m->state,
                                 "\"online\", \"offline\" or \"going-offline\"");
                return;
        }
        reader_parsed(r, COLLECTOR_MEMORY_BLOCKS, m->state, &p);
        source_file_free(m->state);
        m->state = NULL;
}

/*
 * Keeps the block unless it was unplugged since the directory was listed; a recording may lack the
 * file. False: out of memory.
 */
static bool read_state(struct memory_reader *m, struct memory_block block)
{
        _cleanup_(free_p) char *path = NULL;
        struct source_file *file = NULL;
        const char *text;
        size_t len;
        int error;

        if (asprintf(&path, MEMORY_DIR "/memory%" PRIu64 "/state", block.id) >= 0)
                file = source_file_new(m->source, path, SOURCE_MAX_SYSFS);
        if (!file)
                return false;
        error = source_read(m->source, file, &text, &len);
        if (error == -ENOMEM) {
                source_file_free(file);
                return false;
        }
        if ((error == -ENOENT || error == -ENODEV) && source_is_live(m->source)) {
                source_file_free(file);
                return true;
        }
        if (error == 0)
                block.state = state_of(text, len);
        m->blocks[m->kept++] = block;
        if (block.state == BLOCK_UNKNOWN && !m->unwell) {
                m->unwell = file;
                m->unwell_id = block.id;
        } else {
                source_file_free(file);
        }
        return true;
}

/* One at a time is accounted: the one before until it is well, then the first of this look. */
static void account_states(struct memory_reader *m, struct reader *r)
{
        account_state(m, r);
        if (!m->state) {
                m->state = m->unwell;
                m->state_id = m->unwell_id;
                m->unwell = NULL;
                account_state(m, r);
        }
        source_file_free(m->unwell);
        m->unwell = NULL;
}

/*
 * There are up to hundreds of thousands of states, so their files are not kept. The first one that
 * cannot be understood is accounted for all of them until it is well again. Whether there are more.
 */
static bool read_states(struct memory_reader *m, struct reader *r)
{
        size_t end = m->n - m->next > STATES_AT_ONCE ? m->next + STATES_AT_ONCE : m->n;

        while (m->next < end) {
                if (read_state(m, m->blocks[m->next])) {
                        m->next++;
                        continue;
                }
                reader_out_of_memory(r);
                m->next = end = m->kept = m->n;
        }
        if (m->next < m->n)
                return true;
        m->n = m->kept;
        account_states(m, r);
        return false;
}

static void read_settings(struct memory_reader *m, struct reader *r, struct sample *sample)
{
        struct parser p;

        sample->memory_block_size = 0;
        if (reader_read(r, COLLECTOR_MEMORY_BLOCKS, m->block_size, &p) == 0) {
                if (parse_scalar(&p, 16, &sample->memory_block_size) < 0)
                        sample->memory_block_size = 0;
                reader_parsed(r, COLLECTOR_MEMORY_BLOCKS, m->block_size, &p);
        }
        free(m->auto_online_value);
        m->auto_online_value = NULL;
        if (reader_read_optional(r, COLLECTOR_MEMORY_BLOCKS, m->auto_online, &p) == 0) {
                size_t len = (size_t)(p.end - p.start);

                if (len > 1 && len < 64 && p.start[len - 1] == '\n' &&
                    !memchr(p.start, '\n', len - 1)) {
                        m->auto_online_value = strndup(p.start, len - 1);
                        if (!m->auto_online_value)
                                reader_out_of_memory(r);
                        reader_parsed(r, COLLECTOR_MEMORY_BLOCKS, m->auto_online, &p);
                } else {
                        reader_malformed(r, COLLECTOR_MEMORY_BLOCKS, m->auto_online, "one word");
                }
        }
        sample->auto_online_blocks = m->auto_online_value;
}

static void begin_blocks(struct memory_reader *m, struct reader *r)
{
        int error = list_blocks(m, r, MEMORY_DIR, NUMA_NO_NODE);

        m->directory = error == 0;
        m->complete = error == 0 || error == -ENOENT;
}

/* The blocks of the next few nodes. */
static void list_nodes(struct memory_reader *m, struct reader *r, const int *nids, size_t n_nids)
{
        size_t left = n_nids - m->next_node;
        size_t end = m->next_node + (left > NODES_AT_ONCE ? NODES_AT_ONCE : left);

        for (; m->next_node < end; m->next_node++) {
                _cleanup_(free_p) char *path = NULL;
                int nid = nids[m->next_node], error;

                if (asprintf(&path, "/sys/devices/system/node/node%d", nid) < 0) {
                        reader_out_of_memory(r);
                        continue;
                }
                error = list_blocks(m, r, path, nid);
                m->complete = m->complete && (error == 0 || error == -ENOENT);
        }
}

/* All are listed. Whether their states can be read. */
static bool take_blocks(struct memory_reader *m, struct reader *r, struct sample *sample)
{
        /* Of half a list nothing can be said. */
        if (!m->complete)
                m->n = 0;
        merge_blocks(m);
        /* A kernel without memory hotplug has neither directory nor links. */
        sample->memory_blocks_known = m->complete && (m->directory || m->n > 0);
        sample->memory_block_size = 0;
        sample->auto_online_blocks = NULL;
        if (!m->directory)
                return false;
        read_settings(m, r, sample);
        forget_unplugged(m);
        return true;
}

bool memory_read(struct memory_reader *m, struct reader *r, struct sample *sample, const int *nids,
                 size_t n_nids, bool begin)
{
        bool more = true;

        if (begin) {
                m->n = m->next = m->kept = m->next_node = 0;
                m->taken = false;
                begin_blocks(m, r);
        } else if (m->next_node < n_nids) {
                list_nodes(m, r, nids, n_nids);
        } else if (!m->taken) {
                m->taken = true;
                more = take_blocks(m, r, sample);
        } else {
                more = read_states(m, r);
        }
        sample->memory_blocks = m->blocks;
        sample->n_memory_blocks = m->n;
        return more;
}
