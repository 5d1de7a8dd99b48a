/* SPDX-License-Identifier: MIT */
#include "memblock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BIOS_BEGIN UINT64_C(0xa0000)
#define BIOS_END   UINT64_C(0x100000)

static uint64_t region_end(const struct memblock_region *r)
{
        return r->base + r->size;
}

void memblock_free(struct memblock *mb)
{
        free(mb->regions);
        *mb = (struct memblock){ .cnt = 0 };
}

static int make_room(struct memblock *mb, size_t more)
{
        struct memblock_region *grown;
        size_t max = mb->max ? mb->max : 16;

        while (max - mb->cnt < more)
                max *= 2;
        if (max == mb->max)
                return 0;
        grown = reallocarray(mb->regions, max, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        mb->regions = grown;
        mb->max = max;
        return 0;
}

/* The caller has made room. */
static void insert_region(struct memblock *mb, size_t at, struct memblock_region region)
{
        memmove(&mb->regions[at + 1], &mb->regions[at], (mb->cnt - at) * sizeof(region));
        mb->regions[at] = region;
        mb->cnt++;
}

static void remove_region(struct memblock *mb, size_t at)
{
        mb->cnt--;
        memmove(&mb->regions[at], &mb->regions[at + 1], (mb->cnt - at) * sizeof(mb->regions[0]));
}

/* memblock_merge_regions() */
static void merge_regions(struct memblock *mb)
{
        size_t last = 0;

        if (mb->cnt == 0)
                return;
        for (size_t i = 1; i < mb->cnt; i++) {
                struct memblock_region *a = &mb->regions[last], *b = &mb->regions[i];

                if (region_end(a) == b->base && a->nid == b->nid && a->flags == b->flags)
                        a->size += b->size;
                else
                        mb->regions[++last] = *b;
        }
        mb->cnt = last + 1;
}

/* The caller has made room. */
static void split_at(struct memblock *mb, uint64_t address)
{
        for (size_t i = 0; i < mb->cnt; i++) {
                struct memblock_region upper = mb->regions[i];

                if (upper.base >= address)
                        return;
                if (region_end(&upper) <= address)
                        continue;
                upper.size = region_end(&upper) - address;
                upper.base = address;
                mb->regions[i].size -= upper.size;
                insert_region(mb, i + 1, upper);
                return;
        }
}

/*
 * memblock_isolate_range(): afterwards the regions *first up to, not including, *last make up all
 * memory in [start, end).
 */
static int isolate_range(struct memblock *mb, uint64_t start, uint64_t end, size_t *first,
                         size_t *last)
{
        int r = make_room(mb, 2);

        if (r < 0)
                return r;
        split_at(mb, start);
        split_at(mb, end);
        for (*first = 0; *first < mb->cnt && mb->regions[*first].base < start;)
                ++*first;
        for (*last = *first; *last < mb->cnt && mb->regions[*last].base < end;)
                ++*last;
        return 0;
}

/* Behind all others, as sorted ranges come. */
static void append(struct memblock *mb, uint64_t start, uint64_t end)
{
        struct memblock_region *last = mb->cnt ? &mb->regions[mb->cnt - 1] : NULL;

        if (last && region_end(last) == start && last->nid == NUMA_NO_NODE && last->flags == 0)
                last->size += end - start;
        else
                mb->regions[mb->cnt++] = (struct memblock_region){ .base = start,
                                                                   .size = end - start,
                                                                   .nid = NUMA_NO_NODE };
}

int memblock_add(struct memblock *mb, uint64_t start, uint64_t end)
{
        bool behind = start < end && start >= memblock_end_of_DRAM(mb);
        /* At most one piece before each region and one behind the last. */
        int r = make_room(mb, behind ? 1 : mb->cnt + 1);

        if (r < 0)
                return r;
        if (behind) {
                append(mb, start, end);
                return 0;
        }
        for (size_t i = 0; start < end; i++) {
                const struct memblock_region *at = i < mb->cnt ? &mb->regions[i] : NULL;
                uint64_t stop = at && at->base < end ? at->base : end;
                uint64_t next = at && at->base < end ? region_end(at) : end;

                if (at && region_end(at) <= start)
                        continue;
                if (start < stop)
                        insert_region(mb, i,
                                      (struct memblock_region){ .base = start,
                                                                .size = stop - start,
                                                                .nid = NUMA_NO_NODE });
                start = next;
        }
        merge_regions(mb);
        return 0;
}

/* memblock_remove() */
static int remove_range(struct memblock *mb, uint64_t start, uint64_t end)
{
        size_t first, last;
        int r = isolate_range(mb, start, end, &first, &last);

        if (r < 0)
                return r;
        while (last > first)
                remove_region(mb, --last);
        return 0;
}

/* memblock_trim_memory(): cuts every region to whole pages and drops what is less than one. */
static void trim_memory(struct memblock *mb)
{
        for (size_t i = 0; i < mb->cnt;) {
                struct memblock_region *r = &mb->regions[i];
                uint64_t cut =
                        (MEMBLOCK_PAGE_SIZE - r->base % MEMBLOCK_PAGE_SIZE) % MEMBLOCK_PAGE_SIZE;

                if (r->size < cut || (r->size - cut) < MEMBLOCK_PAGE_SIZE) {
                        remove_region(mb, i);
                        continue;
                }
                r->base += cut;
                r->size = (r->size - cut) / MEMBLOCK_PAGE_SIZE * MEMBLOCK_PAGE_SIZE;
                i++;
        }
}

int memblock_setup(struct memblock *mb, const struct memory_range *usable, size_t n, bool bios)
{
        int r = 0;

        mb->cnt = 0;
        for (size_t i = 0; i < n && r == 0; i++)
                r = memblock_add(mb, usable[i].start, usable[i].end);
        if (r == 0 && bios)
                r = remove_range(mb, 0, MEMBLOCK_PAGE_SIZE);
        if (r == 0 && bios)
                r = remove_range(mb, BIOS_BEGIN, BIOS_END);
        trim_memory(mb);
        return r;
}

uint64_t memblock_start_of_DRAM(const struct memblock *mb)
{
        return mb->cnt ? mb->regions[0].base : 0;
}

uint64_t memblock_end_of_DRAM(const struct memblock *mb)
{
        return mb->cnt ? region_end(&mb->regions[mb->cnt - 1]) : 0;
}

uint64_t memblock_phys_mem_size(const struct memblock *mb)
{
        uint64_t size = 0;

        for (size_t i = 0; i < mb->cnt; i++)
                size += mb->regions[i].size;
        return size;
}

bool memblock_overlaps_region(const struct memblock *mb, uint64_t start, uint64_t end)
{
        for (size_t i = 0; i < mb->cnt; i++)
                if (mb->regions[i].base < end && start < region_end(&mb->regions[i]))
                        return true;
        return false;
}

uint64_t memblock_uncovered(const struct memblock *mb)
{
        uint64_t size = 0;

        for (size_t i = 0; i < mb->cnt; i++)
                if (mb->regions[i].nid == NUMA_NO_NODE)
                        size += mb->regions[i].size;
        return size;
}

int memblock_set_node(struct memblock *mb, uint64_t start, uint64_t end, int nid)
{
        size_t first, last;
        int r = isolate_range(mb, start, end, &first, &last);

        if (r < 0)
                return r;
        for (size_t i = first; i < last; i++)
                mb->regions[i].nid = nid;
        merge_regions(mb);
        return 0;
}

static int set_flags(struct memblock *mb, uint64_t start, uint64_t end, unsigned int flags)
{
        size_t first, last;
        int r = isolate_range(mb, start, end, &first, &last);

        if (r < 0)
                return r;
        for (size_t i = first; i < last; i++)
                mb->regions[i].flags = flags;
        merge_regions(mb);
        return 0;
}

int memblock_mark_hotplug(struct memblock *mb, uint64_t start, uint64_t end)
{
        return set_flags(mb, start, end, MEMBLOCK_HOTPLUG);
}

int memblock_clear_hotplug(struct memblock *mb, uint64_t start, uint64_t end)
{
        return set_flags(mb, start, end, 0);
}

/* The kernel prints zero as 0x0 where printf("%#x") would print 0. */
void memblock_print_region(struct buffer *out, size_t index, const struct memblock_region *region)
{
        buffer_printf(out,
                      " memory[0x%zx]\t[0x%016" PRIx64 "-0x%016" PRIx64 "], 0x%016" PRIx64 " bytes",
                      index, region->base, region_end(region) - 1, region->size);
        if (region->nid != NUMA_NO_NODE)
                buffer_printf(out, " on node %d", region->nid);
        buffer_printf(out, " flags: 0x%x\n", region->flags);
}

void memblock_print(struct buffer *out, const struct memblock *mb)
{
        for (size_t i = 0; i < mb->cnt; i++)
                memblock_print_region(out, i, &mb->regions[i]);
}
