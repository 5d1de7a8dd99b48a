/* SPDX-License-Identifier: MIT */
#include "nodemask.h"

#include <stdio.h>
#include <string.h>

static bool nid_valid(int nid)
{
        return nid >= 0 && nid < MAX_NUMNODES;
}

void nodemask_clear(nodemask_t *mask)
{
        memset(mask, 0, sizeof(*mask));
}

void node_set(int nid, nodemask_t *mask)
{
        if (nid_valid(nid))
                mask->bits[nid / 64] |= UINT64_C(1) << (nid % 64);
}

void node_clear(int nid, nodemask_t *mask)
{
        if (nid_valid(nid))
                mask->bits[nid / 64] &= ~(UINT64_C(1) << (nid % 64));
}

bool node_isset(int nid, const nodemask_t *mask)
{
        return nid_valid(nid) && (mask->bits[nid / 64] >> (nid % 64) & 1);
}

void nodes_set_range(int first, int last, nodemask_t *mask)
{
        if (first < 0)
                first = 0;
        if (last >= MAX_NUMNODES)
                last = MAX_NUMNODES - 1;
        for (int nid = first; nid <= last; nid++)
                node_set(nid, mask);
}

void nodes_and(nodemask_t *dst, const nodemask_t *a, const nodemask_t *b)
{
        for (size_t i = 0; i < NODEMASK_LONGS; i++)
                dst->bits[i] = a->bits[i] & b->bits[i];
}

void nodes_or(nodemask_t *dst, const nodemask_t *a, const nodemask_t *b)
{
        for (size_t i = 0; i < NODEMASK_LONGS; i++)
                dst->bits[i] = a->bits[i] | b->bits[i];
}

void nodes_andnot(nodemask_t *dst, const nodemask_t *a, const nodemask_t *b)
{
        for (size_t i = 0; i < NODEMASK_LONGS; i++)
                dst->bits[i] = a->bits[i] & ~b->bits[i];
}

bool nodes_equal(const nodemask_t *a, const nodemask_t *b)
{
        return memcmp(a, b, sizeof(*a)) == 0;
}

bool nodes_empty(const nodemask_t *mask)
{
        return first_node(mask) == MAX_NUMNODES;
}

bool nodes_subset(const nodemask_t *a, const nodemask_t *b)
{
        nodemask_t rest;

        nodes_andnot(&rest, a, b);
        return nodes_empty(&rest);
}

int nodes_weight(const nodemask_t *mask)
{
        int weight = 0;

        for (size_t i = 0; i < NODEMASK_LONGS; i++)
                weight += __builtin_popcountll(mask->bits[i]);
        return weight;
}

int first_node(const nodemask_t *mask)
{
        return next_node(-1, mask);
}

int next_node(int nid, const nodemask_t *mask)
{
        for (int n = nid < 0 ? 0 : nid + 1; n < MAX_NUMNODES; n = (n / 64 + 1) * 64) {
                uint64_t rest = mask->bits[n / 64] >> (n % 64);

                if (rest)
                        return n + __builtin_ctzll(rest);
        }
        return MAX_NUMNODES;
}

static int range_end(int first, const nodemask_t *mask)
{
        while (node_isset(first + 1, mask))
                first++;
        return first;
}

size_t nodemask_print_list(const nodemask_t *mask, char out[static NODEMASK_LIST_MAX])
{
        size_t len = 0;
        int last;

        out[0] = '\0';
        for (int nid = first_node(mask); nid < MAX_NUMNODES; nid = next_node(last, mask)) {
                last = range_end(nid, mask);
                len += (size_t)snprintf(out + len, NODEMASK_LIST_MAX - len,
                                        last > nid ? "%s%d-%d" : "%s%d", len ? "," : "", nid, last);
        }
        return len;
}

size_t nodemask_print_words(const nodemask_t *mask, char out[static NODEMASK_WORDS_MAX])
{
        size_t len = 0;

        for (size_t i = 0; i < NODEMASK_LONGS; i++)
                len += (size_t)snprintf(out + len, NODEMASK_WORDS_MAX - len, "%s%llu",
                                        i ? ", " : "{", (unsigned long long)mask->bits[i]);
        len += (size_t)snprintf(out + len, NODEMASK_WORDS_MAX - len, "}");
        return len;
}

size_t nodemask_print_ids(const nodemask_t *mask, int out[static MAX_NUMNODES])
{
        size_t n = 0;
        int nid;

        for_each_node_mask (nid, mask)
                out[n++] = nid;
        return n;
}
