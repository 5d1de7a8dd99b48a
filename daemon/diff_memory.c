/* SPDX-License-Identifier: MIT */
#include "diff_memory.h"

#include "array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct comparison {
        uint64_t block_size; /* bytes; 0: neither snapshot knows it */
        struct event_list *out;
};

/* A memory block as a node has it; a block of two nodes is there twice. */
struct link {
        int nid;
        uint64_t id;
        enum memory_block_state state;
};

struct links {
        size_t n, cap;
        struct link *links; /* ascending by nid, then id */
};

static bool add_link(struct links *l, const struct memory_block *block, int nid)
{
        if (!array_grow(&l->links, &l->cap, l->n, sizeof(*l->links)))
                return false;
        l->links[l->n++] = (struct link){ .nid = nid, .id = block->id, .state = block->state };
        return true;
}

static int compare_links(const void *a, const void *b)
{
        const struct link *x = a, *y = b;

        if (x->nid != y->nid)
                return x->nid < y->nid ? -1 : 1;
        return (x->id > y->id) - (x->id < y->id);
}

static bool links_fill(struct links *l, const struct memory_block_list *list)
{
        bool complete = true;

        for (size_t i = 0; complete && i < list->n; i++) {
                const struct memory_block *block = &list->blocks[i];

                complete = add_link(l, block, block->nid) &&
                           (block->nid2 == NUMA_NO_NODE || add_link(l, block, block->nid2));
        }
        if (l->n > 0)
                qsort(l->links, l->n, sizeof(*l->links), compare_links);
        return complete;
}

/* Contiguous blocks of one node that changed in the same way; a NULL word: not there. */
struct run {
        int nid;
        uint64_t first, last;
        const char *before, *after;
};

static bool is_online(const struct link *link)
{
        return link && (link->state == BLOCK_ONLINE || link->state == BLOCK_GOING_OFFLINE);
}

/* Whether something changed that this type tells of. A state that cannot be read has not changed.
 */
static bool memory_changed(const struct link *before, const struct link *after,
                           enum event_type type)
{
        if (before && after && (before->state == BLOCK_UNKNOWN || after->state == BLOCK_UNKNOWN))
                return false;
        switch (type) {
        case EVENT_MEMORY_ONLINE:
                return !is_online(before) && is_online(after);
        case EVENT_MEMORY_OFFLINE:
                return is_online(before) && !is_online(after);
        case EVENT_MEMORY_ADDED:
                return !before && after && !is_online(after);
        default:
                return before && !after && !is_online(before);
        }
}

static const char *state_word(const struct link *link)
{
        return link ? memory_block_state_name(link->state) : NULL;
}

static void flush_run(const struct comparison *c, enum event_type type, const struct run *run)
{
        static const char *const verbs[] = {
                [EVENT_MEMORY_ADDED] = "added to",
                [EVENT_MEMORY_ONLINE] = "set online on",
                [EVENT_MEMORY_OFFLINE] = "set offline on",
                [EVENT_MEMORY_REMOVED] = "removed from",
        };
        struct event e = {
                .type = type,
                .nid = run->nid,
                .before = json_pack("s?", run->before),
                .after = json_pack("s?", run->after),
                .more = json_pack("{s:I, s:I}", "first_block", (json_int_t)run->first, "last_block",
                                  (json_int_t)run->last),
        };
        char node[32] = "no node";

        e.has_range = c->block_size > 0 &&
                      !__builtin_mul_overflow(run->first, c->block_size, &e.start) &&
                      !__builtin_mul_overflow(run->last + 1, c->block_size, &e.end);
        if (run->nid != NUMA_NO_NODE)
                snprintf(node, sizeof(node), "node %d", run->nid);
        if (!e.has_range) {
                event_list_add(c->out, e, "Memory blocks %" PRIu64 " to %" PRIu64 " were %s %s.",
                               run->first, run->last, verbs[type], node);
                return;
        }
        event_list_add(c->out, e,
                       "%" PRIu64 " MiB of memory were %s %s: [mem 0x%08" PRIx64 "-0x%08" PRIx64
                       "].",
                       (e.end - e.start) >> 20, verbs[type], node, e.start, e.end - 1);
}

static void extend_run(const struct comparison *c, enum event_type type, struct run *run,
                       const struct link *before, const struct link *after)
{
        const struct link *link = before ? before : after;
        const struct run next = {
                .nid = link->nid,
                .first = link->id,
                .last = link->id,
                .before = state_word(before),
                .after = state_word(after),
        };

        if (run->nid == next.nid && run->last + 1 == next.first && run->before == next.before &&
            run->after == next.after) {
                run->last = next.last;
                return;
        }
        if (run->first <= run->last)
                flush_run(c, type, run);
        *run = next;
}

/* Walks both lists side by side. */
static void compare_links_of(const struct comparison *c, enum event_type type,
                             const struct links *a, const struct links *b)
{
        struct run run = { .nid = NUMA_NO_NODE, .first = 1, .last = 0 };
        size_t i = 0, k = 0;

        while (i < a->n || k < b->n) {
                const struct link *before = i < a->n ? &a->links[i] : NULL;
                const struct link *after = k < b->n ? &b->links[k] : NULL;
                int order = before && after ? compare_links(before, after) : 0;

                if (order < 0)
                        after = NULL;
                if (order > 0)
                        before = NULL;
                i += before != NULL;
                k += after != NULL;
                if (memory_changed(before, after, type))
                        extend_run(c, type, &run, before, after);
        }
        if (run.first <= run.last)
                flush_run(c, type, &run);
}

void diff_memory(const struct snapshot *before, const struct snapshot *after, enum event_type first,
                 enum event_type second, struct event_list *out)
{
        const struct sample *old = snapshot_sample(before), *new = snapshot_sample(after);
        const struct comparison c = {
                .block_size =
                        new->memory_block_size ? new->memory_block_size : old->memory_block_size,
                .out = out,
        };
        const struct memory_block_list *had = snapshot_last_memory_blocks(before);
        struct links a = { .n = 0 }, b = { .n = 0 };

        if (!had || !new->memory_blocks_known)
                return;
        if (links_fill(&a, had) && links_fill(&b, snapshot_last_memory_blocks(after))) {
                compare_links_of(&c, first, &a, &b);
                compare_links_of(&c, second, &a, &b);
        } else {
                out->lost++;
        }
        free(a.links);
        free(b.links);
}
