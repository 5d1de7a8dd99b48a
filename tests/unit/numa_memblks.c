/* SPDX-License-Identifier: MIT */
#include "numa_blocks.h"
#include "numa_memblks.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MIB  (UINT64_C(1) << 20)
#define GIB  (UINT64_C(1) << 30)
#define PAGE MEMBLOCK_PAGE_SIZE

/* Which of the coming allocations of regions fails, once; 0: none. */
static unsigned failing_allocation;

/* In place of the C library's. */
void *reallocarray(void *old, size_t n, size_t size)
{
        if (failing_allocation > 0 && --failing_allocation == 0)
                return NULL;
        return realloc(old, n * size);
}

/* What every test starts from: nothing. */
struct machine {
        struct memblock mb;
        struct numa_meminfo mi, reserved;
        struct pxm_map map;
        struct warnings warn;
};

static int set_up(void **state)
{
        struct machine *m = calloc(1, sizeof(*m));

        if (m)
                pxm_map_init(&m->map);
        *state = m;
        return m ? 0 : -1;
}

static int tear_down(void **state)
{
        struct machine *m = *state;

        memblock_free(&m->mb);
        warnings_clear(&m->warn);
        free(m);
        return 0;
}

#define USABLE(m, ...)                                                                    \
        assert_int_equal(memblock_setup(&(m)->mb, (struct memory_range[]){ __VA_ARGS__ }, \
                                        sizeof((struct memory_range[]){ __VA_ARGS__ }) /  \
                                                sizeof(struct memory_range),              \
                                        true),                                            \
                         0)

static int add(struct machine *m, int nid, uint64_t start, uint64_t end)
{
        const struct numa_memblk blk = { .start = start, .end = end, .nid = nid };

        return numa_add_memblk(&m->mi, &blk, &m->warn);
}

static void assert_blk(const struct numa_memblk *blk, int nid, uint64_t start, uint64_t end)
{
        assert_int_equal(blk->nid, nid);
        assert_int_equal(blk->start, start);
        assert_int_equal(blk->end, end);
}

static void assert_dump(const struct memblock *mb, const char *expected)
{
        struct buffer out = BUFFER_INIT;

        memblock_print(&out, mb);
        buffer_add_char(&out, '\0');
        assert_false(buffer_failed(&out));
        assert_string_equal(out.data, expected);
        buffer_release(&out);
}

static void memblock_drops_first_page_bios_area_and_partial_pages(void **state)
{
        struct machine *m = *state;

        /* As a PC's firmware reports it, out of order and with a partial page at 0x9fc00. */
        USABLE(m, { MIB, 0x17ffe800 }, { 0, 0x9fc00 }, { 0xb0000, 0xc0000 },
               { 0x20000800, 0x20001800 });
        assert_dump(&m->mb, " memory[0x0]\t[0x0000000000001000-0x000000000009efff], "
                            "0x000000000009e000 bytes flags: 0x0\n"
                            " memory[0x1]\t[0x0000000000100000-0x0000000017ffdfff], "
                            "0x0000000017efe000 bytes flags: 0x0\n");
        assert_int_equal(memblock_start_of_DRAM(&m->mb), 0x1000);
        assert_int_equal(memblock_end_of_DRAM(&m->mb), 0x17ffe000);
        assert_int_equal(memblock_phys_mem_size(&m->mb), 0x9e000 + 0x17efe000);
}

static void memblock_joins_ranges_that_touch_or_overlap(void **state)
{
        struct machine *m = *state;

        USABLE(m, { 4 * GIB, 5 * GIB }, { 2 * GIB, 3 * GIB }, { 3 * GIB, 4 * GIB + MIB },
               { 8 * GIB, 9 * GIB }, { GIB, 10 * GIB });
        assert_int_equal(m->mb.cnt, 1);
        assert_int_equal(m->mb.regions[0].base, GIB);
        assert_int_equal(m->mb.regions[0].size, 9 * GIB);
}

static void assert_region(const struct memblock_region *region, int nid, uint64_t start,
                          uint64_t end)
{
        assert_int_equal(region->nid, nid);
        assert_int_equal(region->base, start);
        assert_int_equal(region->size, end - start);
}

static void partial_pages_are_cut_off_and_whole_ones_stay(void **state)
{
        struct machine *m = *state;

        USABLE(m, { MIB + 0x400, MIB + 0x1400 }, { 2 * MIB, 2 * MIB + PAGE },
               { 3 * MIB - 0x400, 3 * MIB + 3 * PAGE + 0x400 },
               { 4 * MIB + 0x400, 4 * MIB + 2 * PAGE });
        assert_int_equal(m->mb.cnt, 3);
        assert_region(&m->mb.regions[0], NUMA_NO_NODE, 2 * MIB, 2 * MIB + PAGE);
        assert_region(&m->mb.regions[1], NUMA_NO_NODE, 3 * MIB, 3 * MIB + 3 * PAGE);
        assert_region(&m->mb.regions[2], NUMA_NO_NODE, 4 * MIB + PAGE, 4 * MIB + 2 * PAGE);
}

static void without_a_bios_all_whole_pages_are_memory(void **state)
{
        struct machine *m = *state;
        const struct memory_range usable[] = { { 0, MIB + 0x800 } };

        assert_int_equal(memblock_setup(&m->mb, usable, 1, false), 0);
        assert_int_equal(m->mb.cnt, 1);
        assert_region(&m->mb.regions[0], NUMA_NO_NODE, 0, MIB);
}

static void a_second_setup_replaces_the_first(void **state)
{
        struct machine *m = *state;

        USABLE(m, { 0, PAGE * 4 }, { 0xa0000, 0xb0000 }, { MIB, 2 * GIB }, { 4 * GIB, 16 * GIB });
        USABLE(m, { 0, 0x9f000 });
        assert_int_equal(m->mb.cnt, 1);
        assert_region(&m->mb.regions[0], NUMA_NO_NODE, PAGE, 0x9f000);
        USABLE(m, { MIB, 2 * GIB }, { 4 * GIB, 16 * GIB });
        USABLE(m, { MIB, 2 * GIB });
        assert_int_equal(memblock_set_node(&m->mb, 8 * GIB, 9 * GIB, 1), 0);
        assert_int_equal(m->mb.cnt, 1);
        assert_region(&m->mb.regions[0], NUMA_NO_NODE, MIB, 2 * GIB);
        memblock_free(&m->mb);
        assert_int_equal(m->mb.cnt, 0);
        USABLE(m, { MIB, GIB });
        assert_int_equal(m->mb.cnt, 1);
}

static void an_empty_set_has_no_memory(void **state)
{
        struct machine *m = *state;

        assert_int_equal(memblock_set_node(&m->mb, 0, UINT64_MAX, 1), 0);
        assert_int_equal(memblock_mark_hotplug(&m->mb, 0, UINT64_MAX), 0);
        assert_int_equal(m->mb.cnt, 0);
        assert_int_equal(memblock_start_of_DRAM(&m->mb), 0);
        assert_int_equal(memblock_end_of_DRAM(&m->mb), 0);
        assert_int_equal(memblock_phys_mem_size(&m->mb), 0);
        assert_int_equal(memblock_uncovered(&m->mb), 0);
        assert_false(memblock_overlaps_region(&m->mb, 0, UINT64_MAX));
}

static void what_is_there_stays_when_memory_is_added(void **state)
{
        struct machine *m = *state;

        USABLE(m, { 2 * GIB, 3 * GIB }, { 4 * GIB, 5 * GIB });
        assert_int_equal(memblock_set_node(&m->mb, 2 * GIB, 3 * GIB, 1), 0);
        assert_int_equal(memblock_add(&m->mb, 8 * GIB, 8 * GIB), 0);
        assert_int_equal(m->mb.cnt, 2);
        assert_int_equal(memblock_add(&m->mb, 2 * GIB, 4 * GIB), 0);
        assert_int_equal(m->mb.cnt, 2);
        assert_region(&m->mb.regions[0], 1, 2 * GIB, 3 * GIB);
        assert_region(&m->mb.regions[1], NUMA_NO_NODE, 3 * GIB, 5 * GIB);
        assert_int_equal(memblock_uncovered(&m->mb), 2 * GIB);
        assert_int_equal(memblock_add(&m->mb, GIB, 3 * GIB), 0);
        assert_int_equal(m->mb.cnt, 3);
        assert_region(&m->mb.regions[0], NUMA_NO_NODE, GIB, 2 * GIB);
        assert_int_equal(memblock_uncovered(&m->mb), 3 * GIB);
}

static void ranges_that_only_touch_do_not_overlap(void **state)
{
        struct machine *m = *state;

        USABLE(m, { 2 * GIB, 3 * GIB });
        assert_false(memblock_overlaps_region(&m->mb, GIB, 2 * GIB));
        assert_true(memblock_overlaps_region(&m->mb, GIB, 2 * GIB + 1));
        assert_true(memblock_overlaps_region(&m->mb, 3 * GIB - 1, 4 * GIB));
        assert_false(memblock_overlaps_region(&m->mb, 3 * GIB, 4 * GIB));
}

static void only_the_range_becomes_hotpluggable(void **state)
{
        struct machine *m = *state;

        USABLE(m, { MIB, GIB }, { 2 * GIB, 3 * GIB });
        assert_int_equal(memblock_mark_hotplug(&m->mb, MIB, GIB), 0);
        assert_int_equal(m->mb.cnt, 2);
        assert_int_equal(m->mb.regions[0].flags, MEMBLOCK_HOTPLUG);
        assert_int_equal(m->mb.regions[1].flags, 0);
        assert_int_equal(memblock_clear_hotplug(&m->mb, MIB, GIB), 0);
        assert_int_equal(m->mb.regions[0].flags, 0);
}

/* So many regions of a page, from start on every other page. */
static void set_up_pages(struct machine *m, size_t n, uint64_t start, bool bios)
{
        struct memory_range usable[48];

        for (size_t i = 0; i < n; i++)
                usable[i] =
                        (struct memory_range){ start + 2 * i * PAGE, start + (2 * i + 1) * PAGE };
        memblock_free(&m->mb);
        assert_int_equal(memblock_setup(&m->mb, usable, n, bios), 0);
}

static void there_is_room_for_more_at_every_fill(void **state)
{
        struct machine *m = *state;

        for (size_t n = 1; n <= 40; n++) {
                set_up_pages(m, n, GIB, false);
                assert_int_equal(memblock_add(&m->mb, 2 * GIB, 3 * GIB), 0);
                assert_int_equal(m->mb.cnt, n + 1);
                assert_region(&m->mb.regions[n], NUMA_NO_NODE, 2 * GIB, 3 * GIB);

                set_up_pages(m, n, GIB, false);
                assert_int_equal(memblock_add(&m->mb, MIB, 3 * GIB), 0);
                assert_int_equal(m->mb.cnt, 1);
                assert_region(&m->mb.regions[0], NUMA_NO_NODE, MIB, 3 * GIB);

                set_up_pages(m, n, GIB, false);
                assert_int_equal(memblock_set_node(&m->mb, GIB + 1024, GIB + 2048, 1), 0);
                assert_int_equal(m->mb.cnt, n + 2);
                assert_region(&m->mb.regions[1], 1, GIB + 1024, GIB + 2048);
                assert_region(&m->mb.regions[2], NUMA_NO_NODE, GIB + 2048, GIB + PAGE);

                set_up_pages(m, n, 0xa0000, false);
                assert_int_equal(m->mb.cnt, n);
                set_up_pages(m, n, 0xa0000, true);
                assert_int_equal(m->mb.cnt, 0);
        }
}

static void an_allocation_that_fails_leaves_the_set_as_it_was(void **state)
{
        struct machine *m = *state;
        const struct memory_range usable[] = { { 0, MIB } };

        for (int what = 0; what < 5; what++) {
                int r = 0;

                set_up_pages(m, 16, GIB, false);
                failing_allocation = 1;
                switch (what) {
                case 0:
                        r = memblock_add(&m->mb, 2 * GIB, 3 * GIB);
                        break;
                case 1:
                        r = memblock_add(&m->mb, MIB, 3 * GIB);
                        break;
                case 2:
                        r = memblock_set_node(&m->mb, GIB, 2 * GIB, 1);
                        break;
                case 3:
                        r = memblock_mark_hotplug(&m->mb, GIB, 2 * GIB);
                        break;
                default:
                        r = memblock_clear_hotplug(&m->mb, GIB, 2 * GIB);
                }
                assert_int_equal(failing_allocation, 0);
                assert_int_equal(r, -ENOMEM);
                assert_int_equal(m->mb.cnt, 16);
                assert_int_equal(memblock_phys_mem_size(&m->mb), 16 * PAGE);
                assert_int_equal(memblock_uncovered(&m->mb), 16 * PAGE);
                assert_int_equal(m->mb.regions[0].flags, 0);
        }
        memblock_free(&m->mb);
        failing_allocation = 1;
        assert_int_equal(memblock_setup(&m->mb, usable, 1, true), -ENOMEM);
        assert_int_equal(m->mb.cnt, 0);
}

static void a_setup_that_cannot_cut_out_the_first_page_says_so(void **state)
{
        struct machine *m = *state;
        struct memory_range usable[15];

        for (uint64_t i = 0; i < 15; i++)
                usable[i] = (struct memory_range){ 2 * i * PAGE, (2 * i + 1) * PAGE };
        failing_allocation = 2; /* after that for the first 16 */
        assert_int_equal(memblock_setup(&m->mb, usable, 15, true), -ENOMEM);
        assert_int_equal(failing_allocation, 0);
}

static void memblock_joins_before_it_trims(void **state)
{
        struct machine *m = *state;

        USABLE(m, { MIB, 2 * MIB + 0x800 }, { 2 * MIB + 0x800, 3 * MIB });
        assert_int_equal(m->mb.cnt, 1);
        assert_int_equal(m->mb.regions[0].size, 2 * MIB);
}

static void regions_split_at_node_borders_and_join_again(void **state)
{
        struct machine *m = *state;

        USABLE(m, { 0, 0xa0000 }, { MIB, GIB });
        memblock_set_node(&m->mb, 0, 512 * MIB, 0);
        memblock_set_node(&m->mb, 512 * MIB, GIB, 1);
        assert_dump(&m->mb, " memory[0x0]\t[0x0000000000001000-0x000000000009ffff], "
                            "0x000000000009f000 bytes on node 0 flags: 0x0\n"
                            " memory[0x1]\t[0x0000000000100000-0x000000001fffffff], "
                            "0x000000001ff00000 bytes on node 0 flags: 0x0\n"
                            " memory[0x2]\t[0x0000000020000000-0x000000003fffffff], "
                            "0x0000000020000000 bytes on node 1 flags: 0x0\n");
        memblock_mark_hotplug(&m->mb, 768 * MIB, 4 * GIB);
        assert_int_equal(m->mb.cnt, 4);
        assert_dump(&(struct memblock){ .cnt = 1, .regions = &m->mb.regions[3] },
                    " memory[0x0]\t[0x0000000030000000-0x000000003fffffff], "
                    "0x0000000010000000 bytes on node 1 flags: 0x1\n");
        memblock_clear_hotplug(&m->mb, 0, UINT64_MAX);
        memblock_set_node(&m->mb, 0, UINT64_MAX, 0);
        assert_int_equal(m->mb.cnt, 2);
}

static void the_index_is_hexadecimal(void **state)
{
        (void)state;
        const struct memblock_region region = { .base = 0x1000, .size = 0x1000, .nid = 250 };
        struct buffer out = BUFFER_INIT;

        memblock_print_region(&out, 26, &region);
        buffer_add_char(&out, '\0');
        assert_false(buffer_failed(&out));
        assert_string_equal(out.data, " memory[0x1a]\t[0x0000000000001000-0x0000000000001fff], "
                                      "0x0000000000001000 bytes on node 250 flags: 0x0\n");
        buffer_release(&out);
}

static void impossible_blocks_are_ignored_with_a_warning(void **state)
{
        struct machine *m = *state;

        assert_int_equal(add(m, 0, GIB, GIB), 0);
        assert_int_equal(m->warn.n, 0);
        assert_int_equal(add(m, 0, 2 * GIB, GIB), 0);
        assert_int_equal(add(m, -1, 0, GIB), 0);
        assert_int_equal(add(m, MAX_NUMNODES, 0, GIB), 0);
        assert_int_equal(m->mi.nr_blks, 0);
        assert_int_equal(m->warn.n, 3);
        assert_string_equal(m->warn.text[0],
                            "Warning: invalid memblk node 0 [mem 0x80000000-0x3fffffff]");
        assert_int_equal(add(m, MAX_NUMNODES - 1, 0, GIB), 0);
        assert_int_equal(m->mi.nr_blks, 1);
}

static void a_full_table_refuses_more(void **state)
{
        struct machine *m = *state;

        for (uint64_t i = 0; i < NR_NODE_MEMBLKS; i++)
                assert_int_equal(add(m, 0, i * MIB, i * MIB + 1), 0);
        assert_int_equal(add(m, 0, GIB * 64, GIB * 65), -ENOSPC);
        assert_string_equal(m->warn.text[0], "too many memblk ranges");
        assert_int_equal(add(m, 0, GIB, GIB), 0);
        assert_int_equal(m->mi.nr_blks, NR_NODE_MEMBLKS);
}

static void blocks_without_memory_are_reserved_and_the_rest_trimmed(void **state)
{
        struct machine *m = *state;

        USABLE(m, { 0, 0xa0000 }, { MIB, 3 * GIB }, { 4 * GIB, 5 * GIB });
        add(m, 0, 0, 0xa0000);
        add(m, 1, 8 * GIB, 16 * GIB); /* nothing there yet */
        add(m, 0, MIB, 3 * GIB);
        m->mi.blk[1].hotpluggable = true;
        add(m, 2, 4 * GIB, 7 * GIB); /* two thirds are above the end */
        assert_int_equal(numa_cleanup_meminfo(&m->mi, &m->reserved, &m->mb, false, &m->warn), 0);
        assert_int_equal(m->mi.nr_blks, 2);
        assert_blk(&m->mi.blk[0], 0, 0x1000, 3 * GIB);
        assert_blk(&m->mi.blk[1], 2, 4 * GIB, 5 * GIB);
        assert_int_equal(m->reserved.nr_blks, 2);
        assert_blk(&m->reserved.blk[0], 1, 8 * GIB, 16 * GIB);
        assert_true(m->reserved.blk[0].hotpluggable);
        assert_blk(&m->reserved.blk[1], 2, 5 * GIB, 7 * GIB);
        assert_int_equal(m->warn.n, 0);
}

static void before_linux_6_12_a_block_kept_its_start_below_memory(void **state)
{
        struct machine *m = *state;

        USABLE(m, { MIB, 3 * GIB });
        add(m, 0, 0, 4 * GIB);
        assert_int_equal(numa_cleanup_meminfo(&m->mi, &m->reserved, &m->mb, true, &m->warn), 0);
        assert_int_equal(m->mi.nr_blks, 1);
        assert_blk(&m->mi.blk[0], 0, 0, 3 * GIB);
}

static void a_full_table_of_reserved_blocks_refuses_more(void **state)
{
        struct machine *m = *state;

        USABLE(m, { MIB, 3 * GIB });
        for (uint64_t end = 4; end <= 8; end += 4) {
                m->mi.nr_blks = 0;
                m->reserved.nr_blks = NR_NODE_MEMBLKS;
                add(m, 0, (end - 2) * GIB, end * GIB); /* partly, then wholly without memory */
                assert_int_equal(
                        numa_cleanup_meminfo(&m->mi, &m->reserved, &m->mb, false, &m->warn),
                        -ENOSPC);
                assert_string_equal(m->warn.text[0], "too many memblk ranges");
                warnings_clear(&m->warn);
        }
}

static void a_full_table_is_cleaned_up(void **state)
{
        struct machine *m = *state;

        USABLE(m, { MIB, (NR_NODE_MEMBLKS - 1) * MIB });
        for (int i = 0; i < NR_NODE_MEMBLKS; i++)
                add(m, i / 2, (uint64_t)i * MIB, (uint64_t)(i + 1) * MIB);
        assert_int_equal(numa_cleanup_meminfo(&m->mi, &m->reserved, &m->mb, false, &m->warn), 0);
        assert_int_equal(m->mi.nr_blks, MAX_NUMNODES);
        for (int nid = 1; nid < MAX_NUMNODES - 1; nid++)
                assert_blk(&m->mi.blk[nid], nid, 2 * (uint64_t)nid * MIB,
                           2 * (uint64_t)(nid + 1) * MIB);
        assert_int_equal(m->reserved.nr_blks, 2);
        assert_blk(&m->reserved.blk[1], MAX_NUMNODES - 1, (NR_NODE_MEMBLKS - 1) * MIB,
                   NR_NODE_MEMBLKS * MIB);
}

static void a_node_without_memory_does_not_part_another(void **state)
{
        struct machine *m = *state;

        USABLE(m, { GIB, 2 * GIB }, { 3 * GIB, 4 * GIB });
        add(m, 0, GIB, 2 * GIB);
        add(m, 0, 3 * GIB, 4 * GIB);
        add(m, 1, 2 * GIB, 3 * GIB);
        add(m, 2, 2 * GIB + MIB, 3 * GIB);
        assert_int_equal(numa_cleanup_meminfo(&m->mi, &m->reserved, &m->mb, false, &m->warn), 0);
        assert_int_equal(m->mi.nr_blks, 1);
        assert_blk(&m->mi.blk[0], 0, GIB, 4 * GIB);
        assert_int_equal(m->reserved.nr_blks, 2);
}

static void blocks_of_a_node_merge_across_holes_but_not_across_nodes(void **state)
{
        struct machine *m = *state;

        USABLE(m, { MIB, 16 * GIB });
        add(m, 0, MIB, 2 * GIB);
        add(m, 1, 4 * GIB, 5 * GIB);
        add(m, 0, 3 * GIB, 4 * GIB);
        add(m, 0, 6 * GIB, 7 * GIB);
        m->mi.blk[2].nonvolatile = true;
        assert_int_equal(numa_cleanup_meminfo(&m->mi, &m->reserved, &m->mb, false, &m->warn), 0);
        assert_int_equal(m->mi.nr_blks, 3);
        assert_blk(&m->mi.blk[0], 0, MIB, 4 * GIB);
        assert_true(m->mi.blk[0].nonvolatile);
        assert_false(m->mi.blk[0].hotpluggable);
        assert_blk(&m->mi.blk[1], 1, 4 * GIB, 5 * GIB);
        assert_blk(&m->mi.blk[2], 0, 6 * GIB, 7 * GIB);
}

static void a_node_overlapping_itself_is_a_warning(void **state)
{
        struct machine *m = *state;

        USABLE(m, { MIB, 16 * GIB });
        add(m, 3, GIB, 3 * GIB);
        add(m, 3, 2 * GIB, 4 * GIB);
        assert_int_equal(numa_cleanup_meminfo(&m->mi, &m->reserved, &m->mb, false, &m->warn), 0);
        assert_int_equal(m->mi.nr_blks, 1);
        assert_blk(&m->mi.blk[0], 3, GIB, 4 * GIB);
        assert_int_equal(m->warn.n, 1);
        assert_string_equal(m->warn.text[0],
                            "Warning: node 3 [mem 0x40000000-0xbfffffff] overlaps with itself "
                            "[mem 0x80000000-0xffffffff]");
}

static void two_nodes_claiming_one_range_are_refused(void **state)
{
        struct machine *m = *state;

        USABLE(m, { MIB, 16 * GIB });
        add(m, 0, MIB, 2 * GIB);
        add(m, 1, 2 * GIB - 1, 4 * GIB);
        assert_int_equal(numa_cleanup_meminfo(&m->mi, &m->reserved, &m->mb, false, &m->warn),
                         -EEXIST);
        assert_string_equal(m->warn.text[0], "node 0 [mem 0x00100000-0x7fffffff] overlaps with "
                                             "node 1 [mem 0x7fffffff-0xffffffff]");
}

static void a_window_extends_the_blocks_it_touches(void **state)
{
        struct machine *m = *state;

        add(m, 2, 12 * GIB, 13 * GIB);
        add(m, 1, 9 * GIB, 10 * GIB);
        add(m, 0, 0, 4 * GIB);
        assert_int_equal(numa_fill_memblks(&m->mi, 8 * GIB, 16 * GIB), 0);
        assert_blk(&m->mi.blk[1], 1, 8 * GIB, 10 * GIB);
        assert_blk(&m->mi.blk[0], 2, 10 * GIB, 16 * GIB);
        assert_blk(&m->mi.blk[2], 0, 0, 4 * GIB);
        assert_int_equal(numa_fill_memblks(&m->mi, 4 * GIB, 8 * GIB), NUMA_NO_MEMBLK);
        assert_int_equal(numa_fill_memblks(&m->mi, 20 * GIB, 24 * GIB), NUMA_NO_MEMBLK);
        assert_int_equal(m->mi.nr_blks, 3);
}

static void a_window_closes_the_gaps_between_its_blocks(void **state)
{
        struct machine *m = *state;

        add(m, 3, 14 * GIB, 15 * GIB);
        add(m, 2, 12 * GIB, 14 * GIB);
        add(m, 1, 2 * GIB, 4 * GIB); /* inside the next one */
        add(m, 0, GIB, 10 * GIB);
        assert_int_equal(numa_fill_memblks(&m->mi, 0, 32 * GIB), 0);
        assert_blk(&m->mi.blk[3], 0, 0, 10 * GIB);
        assert_blk(&m->mi.blk[2], 1, 2 * GIB, 4 * GIB);
        assert_blk(&m->mi.blk[1], 2, 10 * GIB, 14 * GIB);
        assert_blk(&m->mi.blk[0], 3, 14 * GIB, 32 * GIB);
}

static void a_window_takes_its_blocks_in_any_order(void **state)
{
        struct machine *m = *state;

        add(m, 0, GIB, 2 * GIB);
        add(m, 1, 3 * GIB, 4 * GIB);
        add(m, 2, 5 * GIB, 6 * GIB);
        assert_int_equal(numa_fill_memblks(&m->mi, 0, 8 * GIB), 0);
        assert_blk(&m->mi.blk[0], 0, 0, 2 * GIB);
        assert_blk(&m->mi.blk[1], 1, 2 * GIB, 4 * GIB);
        assert_blk(&m->mi.blk[2], 2, 4 * GIB, 8 * GIB);
}

static void blocks_merge_in_any_order_and_keep_their_flags(void **state)
{
        struct machine *m = *state;
        struct numa_memblk later = {
                .start = GIB, .end = 2 * GIB, .hotpluggable = true, .nonvolatile = true
        };

        USABLE(m, { MIB, 16 * GIB });
        add(m, 0, 4 * GIB, 5 * GIB);
        numa_add_memblk(&m->mi, &later, &m->warn);
        assert_int_equal(numa_cleanup_meminfo(&m->mi, &m->reserved, &m->mb, false, &m->warn), 0);
        assert_int_equal(m->mi.nr_blks, 1);
        assert_blk(&m->mi.blk[0], 0, GIB, 5 * GIB);
        assert_true(m->mi.blk[0].hotpluggable && m->mi.blk[0].nonvolatile);
        assert_int_equal(m->warn.n, 0);
}

static void blocks_do_not_merge_around_an_earlier_one_or_with_an_approximate_one(void **state)
{
        struct machine *m = *state;
        struct numa_memblk doubtful = { .start = 8 * GIB, .end = 9 * GIB, .approximate = true };

        USABLE(m, { MIB, 16 * GIB });
        add(m, 1, 2 * GIB, 3 * GIB);
        add(m, 0, GIB, 2 * GIB);
        add(m, 0, 3 * GIB, 4 * GIB);
        numa_add_memblk(&m->mi, &doubtful, &m->warn);
        assert_int_equal(numa_cleanup_meminfo(&m->mi, &m->reserved, &m->mb, false, &m->warn), 0);
        assert_int_equal(m->mi.nr_blks, 4);
        assert_blk(&m->mi.blk[1], 0, GIB, 2 * GIB);
        assert_blk(&m->mi.blk[3], 0, 8 * GIB, 9 * GIB);
}

static void sources_have_the_names_of_the_interface(void **state)
{
        (void)state;
        assert_string_equal(numa_source_name(NUMA_SOURCE_SRAT), "srat");
        assert_string_equal(numa_source_name(NUMA_SOURCE_CEDT), "cedt");
        assert_string_equal(numa_source_name(NUMA_SOURCE_DUMMY), "dummy");
}

static void a_window_inside_a_block_changes_nothing(void **state)
{
        struct machine *m = *state;

        add(m, 0, 0, 4 * GIB);
        assert_int_equal(numa_fill_memblks(&m->mi, GIB, 2 * GIB), 0);
        assert_blk(&m->mi.blk[0], 0, 0, 4 * GIB);
}

/* Two sockets, a DIMM slot of node 1 that is empty, memory above 4 GiB on node 1. */
static struct srat_memory affinities[] = {
        { .pxm = 3, .base = 0, .length = 0xa0000, .enabled = true },
        { .pxm = 3, .base = MIB, .length = 3 * GIB - MIB, .enabled = true },
        { .pxm = 1, .base = 4 * GIB, .length = 4 * GIB, .enabled = true },
        { .pxm = 1, .base = 8 * GIB, .length = 8 * GIB, .enabled = true, .hotpluggable = true },
        { .pxm = 7, .base = 64 * GIB, .length = GIB, .enabled = false },
};
static struct srat_cpu processors[] = {
        { .offset = 48, .type = SRAT_X2APIC, .pxm = 3, .enabled = true },
        { .offset = 72, .type = SRAT_X2APIC, .pxm = 1, .enabled = true },
};

static struct srat two_sockets(void)
{
        return (struct srat){ .n_cpus = 2,
                              .cpus = processors,
                              .n_memory = sizeof(affinities) / sizeof(affinities[0]),
                              .memory = affinities };
}

static void srat_sets_the_nodes_of_memblock(void **state)
{
        struct machine *m = *state;
        const struct srat srat = two_sockets();

        USABLE(m, { 0, 0x9fc00 }, { MIB, 3 * GIB }, { 4 * GIB, 9 * GIB });
        assert_int_equal(numa_init(&m->mi, &m->reserved, &m->mb, &m->map, &srat, NULL, false, NULL,
                                   &m->warn),
                         0);
        assert_int_equal(m->mi.nr_blks, 2);
        assert_blk(&m->mi.blk[0], 0, 0x1000, 3 * GIB);
        assert_blk(&m->mi.blk[1], 1, 4 * GIB, 9 * GIB);
        assert_int_equal(m->mi.blk[1].source, NUMA_SOURCE_SRAT);
        assert_int_equal(m->reserved.nr_blks, 1);
        assert_blk(&m->reserved.blk[0], 1, 9 * GIB, 16 * GIB);
        assert_dump(&m->mb, " memory[0x0]\t[0x0000000000001000-0x000000000009efff], "
                            "0x000000000009e000 bytes on node 0 flags: 0x0\n"
                            " memory[0x1]\t[0x0000000000100000-0x00000000bfffffff], "
                            "0x00000000bff00000 bytes on node 0 flags: 0x0\n"
                            " memory[0x2]\t[0x0000000100000000-0x00000001ffffffff], "
                            "0x0000000100000000 bytes on node 1 flags: 0x0\n"
                            " memory[0x3]\t[0x0000000200000000-0x000000023fffffff], "
                            "0x0000000040000000 bytes on node 1 flags: 0x1\n");
        assert_int_equal(m->warn.n, 0);
}

static void a_node_with_kernel_memory_is_not_hotpluggable(void **state)
{
        struct machine *m = *state;
        const struct srat srat = two_sockets();
        nodemask_t kernel;

        nodemask_clear(&kernel);
        node_set(1, &kernel);
        USABLE(m, { 0, 0x9fc00 }, { MIB, 3 * GIB }, { 4 * GIB, 9 * GIB });
        assert_int_equal(numa_init(&m->mi, &m->reserved, &m->mb, &m->map, &srat, NULL, false,
                                   &kernel, &m->warn),
                         0);
        assert_int_equal(m->mb.cnt, 3);
        assert_int_equal(m->mb.regions[2].size, 5 * GIB);
        assert_int_equal(m->mb.regions[2].flags, 0);
}

static void a_refused_table_leaves_everything_on_node_0(void **state)
{
        struct machine *m = *state;
        struct srat srat = two_sockets();
        struct srat_memory overlapping[] = { affinities[0],
                                             affinities[1],
                                             { .pxm = 1,
                                               .base = 2 * GIB,
                                               .length = 7 * GIB,
                                               .enabled = true,
                                               .hotpluggable = true } };

        srat.n_memory = 3;
        srat.memory = overlapping;
        USABLE(m, { 0, 0x9fc00 }, { MIB, 3 * GIB }, { 4 * GIB, 9 * GIB });
        assert_int_equal(numa_init(&m->mi, &m->reserved, &m->mb, &m->map, &srat, NULL, false, NULL,
                                   &m->warn),
                         -EEXIST);
        assert_int_equal(m->mi.nr_blks, 1);
        assert_blk(&m->mi.blk[0], 0, 0x1000, 9 * GIB);
        assert_int_equal(m->mi.blk[0].source, NUMA_SOURCE_DUMMY);
        assert_int_equal(m->reserved.nr_blks, 0);
        assert_int_equal(m->mb.cnt, 3);
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(m->mb.regions[i].nid, 0);
                assert_int_equal(m->mb.regions[i].flags, 0);
        }
        assert_int_equal(m->warn.n, 2);
        assert_string_equal(m->warn.text[0], "node 0 [mem 0x00100000-0xbfffffff] overlaps with "
                                             "node 1 [mem 0x80000000-0x23fffffff]");
        assert_string_equal(m->warn.text[1], "NUMA: all memory on node 0");
}

static void memory_that_no_node_covers_refuses_the_table(void **state)
{
        struct machine *m = *state;
        const struct srat srat = two_sockets();

        USABLE(m, { MIB, 3 * GIB }, { 4 * GIB, 9 * GIB }, { 32 * GIB, 32 * GIB + MIB });
        assert_int_equal(numa_init(&m->mi, &m->reserved, &m->mb, &m->map, &srat, NULL, false, NULL,
                                   &m->warn),
                         0);
        assert_int_equal(memblock_uncovered(&m->mb), MIB);
        USABLE(m, { MIB, 3 * GIB }, { 4 * GIB, 9 * GIB }, { 32 * GIB, 34 * GIB });
        assert_int_equal(numa_init(&m->mi, &m->reserved, &m->mb, &m->map, &srat, NULL, false, NULL,
                                   &m->warn),
                         -EINVAL);
        assert_string_equal(m->warn.text[0], "NUMA: no nodes coverage for 2048MB of 10239MB RAM");
}

/* Refuses the table, with these warnings, and falls back to a single node. */
static void assert_table_refused(struct machine *m, const struct srat *srat, const char *first,
                                 const char *second)
{
        warnings_clear(&m->warn);
        USABLE(m, { MIB, 3 * GIB });
        assert_int_equal(
                numa_init(&m->mi, &m->reserved, &m->mb, &m->map, srat, NULL, false, NULL, &m->warn),
                -EINVAL);
        assert_int_equal(m->mi.nr_blks, 1);
        assert_blk(&m->mi.blk[0], 0, MIB, 3 * GIB);
        assert_string_equal(m->warn.text[0], first);
        assert_string_equal(m->warn.text[1], second);
}

static void tables_that_name_no_memory_or_too_many_domains_are_refused(void **state)
{
        struct machine *m = *state;
        struct srat srat = two_sockets();
        struct srat_memory beyond = {
                .pxm = MAX_PXM_DOMAINS, .base = MIB, .length = GIB, .enabled = true
        };

        srat.n_memory = 0;
        assert_table_refused(m, &srat, "SRAT: no memory affinities", "NUMA: all memory on node 0");
        srat.n_memory = 1;
        srat.memory = &beyond;
        assert_table_refused(m, &srat, "SRAT: Too many proximity domains: 1024",
                             "SRAT: SRAT not used.");
}

/* As many blocks as told, of which no two touch, all on one node. */
static struct srat many_blocks(struct srat_memory *memory, size_t n)
{
        struct srat srat = two_sockets();

        for (size_t i = 0; i < n; i++)
                memory[i] = (struct srat_memory){
                        .pxm = 3, .base = (2 * i + 1) * MIB, .length = MIB, .enabled = true
                };
        srat.n_memory = n;
        srat.memory = memory;
        return srat;
}

static void an_srat_with_more_blocks_than_the_table_is_refused(void **state)
{
        struct machine *m = *state;
        static struct srat_memory memory[NR_NODE_MEMBLKS + 1];
        const struct srat srat = many_blocks(memory, NR_NODE_MEMBLKS + 1);

        assert_table_refused(m, &srat, "too many memblk ranges",
                             "SRAT: Failed to add memblk to node 0 [mem 0x100100000-0x1001fffff]");
        assert_string_equal(m->warn.text[2], "SRAT: SRAT not used.");
}

static void windows_beyond_blocks_and_nodes_are_left_out(void **state)
{
        struct machine *m = *state;
        static struct srat_memory memory[NR_NODE_MEMBLKS];
        static struct cedt_cfmws windows[MAX_NUMNODES];
        struct srat srat = many_blocks(memory, NR_NODE_MEMBLKS);
        const struct cedt cedt = { .n_cfmws = MAX_NUMNODES, .cfmws = windows };

        for (size_t i = 0; i < MAX_NUMNODES; i++)
                windows[i] = (struct cedt_cfmws){ .base = (i + 100) * 2 * GIB, .size = GIB };
        USABLE(m, { MIB, 6 * GIB });
        assert_int_equal(numa_init(&m->mi, &m->reserved, &m->mb, &m->map, &srat, &cedt, false, NULL,
                                   &m->warn),
                         -EINVAL);
        assert_string_equal(m->warn.text[0], "too many memblk ranges");
        assert_string_equal(
                m->warn.text[1],
                "ACPI NUMA: Failed to add memblk for CFMWS node 2 [mem 0x3200000000-0x323fffffff]");
        warnings_clear(&m->warn);
        srat.n_memory = 1;
        USABLE(m, { MIB, 2 * MIB });
        assert_int_equal(numa_init(&m->mi, &m->reserved, &m->mb, &m->map, &srat, &cedt, false, NULL,
                                   &m->warn),
                         0);
        /* The SRAT's domains end at 3. */
        assert_int_equal(m->reserved.nr_blks, MAX_PXM_DOMAINS - 4);
        assert_string_equal(m->warn.text[0],
                            "ACPI NUMA: Too many proximity domains while processing CFMWS.");
}

static void a_window_of_its_own_makes_a_node(void **state)
{
        struct machine *m = *state;
        const struct srat srat = two_sockets();
        struct cedt_cfmws windows[] = {
                { .base = 12 * GIB, .size = 8 * GIB }, /* touches node 1's slot */
                { .base = 100 * GIB, .size = 16 * GIB },
                { .base = 200 * GIB, .size = 16 * GIB },
        };
        const struct cedt cedt = { .n_cfmws = 3, .cfmws = windows };

        USABLE(m, { 0, 0x9fc00 }, { MIB, 3 * GIB }, { 4 * GIB, 8 * GIB });
        assert_int_equal(numa_init(&m->mi, &m->reserved, &m->mb, &m->map, &srat, &cedt, false, NULL,
                                   &m->warn),
                         0);
        assert_int_equal(m->reserved.nr_blks, 3);
        assert_blk(&m->reserved.blk[0], 1, 8 * GIB, 20 * GIB);
        assert_blk(&m->reserved.blk[1], 2, 100 * GIB, 116 * GIB);
        assert_int_equal(m->reserved.blk[1].source, NUMA_SOURCE_CEDT);
        assert_blk(&m->reserved.blk[2], 3, 200 * GIB, 216 * GIB);
        assert_int_equal(node_to_pxm(&m->map, 2), 4);
        assert_int_equal(node_to_pxm(&m->map, 3), 5);
        assert_int_equal(m->warn.n, 0);
}

static int init(struct machine *m, struct srat_memory *memory, size_t n, const struct cedt *cedt,
                const nodemask_t *kernel_nodes)
{
        const struct srat srat = { .n_memory = n, .memory = memory };

        return numa_init(&m->mi, &m->reserved, &m->mb, &m->map, &srat, cedt, false, kernel_nodes,
                         &m->warn);
}

static void a_window_without_a_domain_or_a_place_in_the_table_is_left_out(void **state)
{
        struct machine *m = *state;
        static struct srat_memory full[NR_NODE_MEMBLKS];
        struct srat_memory last = {
                .pxm = MAX_PXM_DOMAINS - 1, .base = MIB, .length = GIB - MIB, .enabled = true
        };
        struct cedt_cfmws window = { .base = 64 * GIB, .size = GIB };
        const struct cedt cedt = { .n_cfmws = 1, .cfmws = &window };

        USABLE(m, { MIB, GIB });
        assert_int_equal(init(m, &last, 1, &cedt, NULL), 0);
        assert_int_equal(m->mi.nr_blks, 1);
        assert_int_equal(m->reserved.nr_blks, 0);
        assert_int_equal(m->warn.n, 1);
        assert_string_equal(m->warn.text[0],
                            "ACPI NUMA: Too many proximity domains while processing CFMWS.");

        warnings_clear(&m->warn);
        for (size_t i = 0; i < NR_NODE_MEMBLKS; i++)
                full[i] = (struct srat_memory){
                        .pxm = 4, .base = i * MIB, .length = MIB, .enabled = true
                };
        assert_int_equal(init(m, full, NR_NODE_MEMBLKS, &cedt, NULL), 0);
        assert_int_equal(m->warn.n, 2);
        assert_string_equal(m->warn.text[0], "too many memblk ranges");
        assert_string_equal(m->warn.text[1], "ACPI NUMA: Failed to add memblk for CFMWS node 1 "
                                             "[mem 0x1000000000-0x103fffffff]");
}

static void a_table_of_more_blocks_than_the_kernel_takes_is_refused(void **state)
{
        struct machine *m = *state;
        static struct srat_memory many[NR_NODE_MEMBLKS + 1];

        for (size_t i = 0; i <= NR_NODE_MEMBLKS; i++)
                many[i] = (struct srat_memory){
                        .pxm = 4, .base = i * MIB, .length = MIB, .enabled = true
                };
        USABLE(m, { MIB, 3 * GIB });
        assert_int_equal(init(m, many, NR_NODE_MEMBLKS + 1, NULL, NULL), -EINVAL);
        assert_int_equal(m->mi.nr_blks, 1);
        assert_blk(&m->mi.blk[0], 0, MIB, 3 * GIB);
        assert_int_equal(m->warn.n, 4);
        assert_string_equal(m->warn.text[0], "too many memblk ranges");
        assert_string_equal(m->warn.text[1],
                            "SRAT: Failed to add memblk to node 0 [mem 0x80000000-0x800fffff]");
        assert_string_equal(m->warn.text[2], "SRAT: SRAT not used.");
        assert_string_equal(m->warn.text[3], "NUMA: all memory on node 0");
}

static void a_hotpluggable_affinity_of_no_memory_marks_nothing(void **state)
{
        struct machine *m = *state;
        struct srat_memory memory[] = {
                { .pxm = 0, .base = MIB, .length = GIB - MIB, .enabled = true },
                { .pxm = 0, .base = 512 * MIB, .length = 0, .enabled = true, .hotpluggable = true },
                { .pxm = 0,
                  .base = 768 * MIB,
                  .length = UINT64_MAX - 512 * MIB,
                  .enabled = true,
                  .hotpluggable = true },
        };

        USABLE(m, { MIB, GIB });
        assert_int_equal(init(m, memory, 3, NULL, NULL), 0);
        assert_int_equal(m->mb.cnt, 1);
        assert_region(&m->mb.regions[0], 0, MIB, GIB);
        assert_int_equal(m->mb.regions[0].flags, 0);
        assert_int_equal(m->warn.n, 1); /* of the block that ends before it starts */
}

static void each_numa_init_starts_from_nothing(void **state)
{
        struct machine *m = *state;
        struct srat_memory three[] = {
                { .pxm = 9, .base = 0, .length = 2 * GIB, .enabled = true, .hotpluggable = true },
                { .pxm = 8, .base = 2 * GIB, .length = 2 * GIB, .enabled = true },
                { .pxm = 7, .base = 4 * GIB, .length = 4 * GIB, .enabled = true },
        };
        struct srat_memory one = { .pxm = 7,
                                   .base = 512 << 10,
                                   .length = 6 * GIB - (512 << 10),
                                   .enabled = true,
                                   .hotpluggable = true };
        struct cedt_cfmws window = { .base = 2 * GIB, .size = GIB };
        const struct cedt cedt = { .n_cfmws = 1, .cfmws = &window };
        const struct memory_range usable = { 0, 6 * GIB };
        nodemask_t kernel;

        nodemask_clear(&kernel);
        node_set(1, &kernel);
        assert_int_equal(memblock_setup(&m->mb, &usable, 1, false), 0);
        assert_int_equal(init(m, three, 3, NULL, NULL), 0);
        assert_int_equal(m->mi.nr_blks, 3);
        assert_int_equal(m->reserved.nr_blks, 1);

        assert_int_equal(init(m, &one, 1, NULL, &kernel), 0);
        assert_int_equal(m->mi.nr_blks, 1);
        assert_int_equal(m->reserved.nr_blks, 0);
        assert_int_equal(pxm_to_node(&m->map, 7), 0);
        assert_int_equal(pxm_to_node(&m->map, 8), NUMA_NO_NODE);
        assert_int_equal(m->mb.cnt, 2);
        assert_region(&m->mb.regions[0], NUMA_NO_NODE, 0, 512 << 10);
        assert_int_equal(m->mb.regions[0].flags, 0);
        assert_region(&m->mb.regions[1], 0, 512 << 10, 6 * GIB);
        assert_int_equal(m->mb.regions[1].flags, MEMBLOCK_HOTPLUG);

        assert_int_equal(init(m, three, 3, NULL, NULL), 0);
        USABLE(m, { MIB, 2 * GIB });
        assert_int_equal(init(m, three, 1, &cedt, NULL), 0);
        assert_int_equal(m->reserved.nr_blks, 1);
        assert_blk(&m->reserved.blk[0], 1, 2 * GIB, 3 * GIB);
        assert_int_equal(node_to_pxm(&m->map, 1), 10);
}

static void the_fallback_forgets_what_the_table_reserved(void **state)
{
        struct machine *m = *state;
        struct srat_memory memory[] = {
                { .pxm = 0,
                  .base = 2 * GIB,
                  .length = 30 * GIB,
                  .enabled = true,
                  .hotpluggable = true },
        };

        USABLE(m, { MIB, 4 * GIB });
        assert_int_equal(init(m, memory, 1, NULL, NULL), -EINVAL);
        assert_int_equal(m->mi.nr_blks, 1);
        assert_int_equal(m->reserved.nr_blks, 0);
        assert_int_equal(m->mb.cnt, 1);
        assert_int_equal(m->mb.regions[0].flags, 0);
}

static void node_0_with_kernel_memory_is_not_hotpluggable(void **state)
{
        struct machine *m = *state;
        struct srat_memory all = {
                .base = 0, .length = 4 * GIB, .enabled = true, .hotpluggable = true
        };
        nodemask_t kernel;

        nodemask_clear(&kernel);
        node_set(0, &kernel);
        USABLE(m, { MIB, 4 * GIB });
        assert_int_equal(init(m, &all, 1, NULL, &kernel), 0);
        assert_int_equal(m->mb.cnt, 1);
        assert_int_equal(m->mb.regions[0].flags, 0);
}

/* At every fill of the set of regions, and each allocation in turn. */
static void assert_failed_allocations_told(struct machine *m, const struct srat *srat,
                                           const nodemask_t *kernel_nodes, int otherwise)
{
        unsigned failed = 0;

        for (size_t n = 1; n <= 20; n++)
                for (unsigned failing = 1; failing < 5; failing++) {
                        int r;

                        set_up_pages(m, n, 0x1000, true);
                        assert_int_equal(memblock_add(&m->mb, MIB, 9 * GIB), 0);
                        failing_allocation = failing;
                        r = numa_init(&m->mi, &m->reserved, &m->mb, &m->map, srat, NULL, false,
                                      kernel_nodes, NULL);
                        failed += failing_allocation == 0;
                        assert_int_equal(r, failing_allocation == 0 ? -ENOMEM : otherwise);
                        failing_allocation = 0;
                        assert_int_equal(memblock_phys_mem_size(&m->mb), n * PAGE + 9 * GIB - MIB);
                }
        assert_true(failed > 0);
}

static void an_allocation_that_fails_fails_numa_init(void **state)
{
        struct machine *m = *state;
        struct srat srat = two_sockets();
        struct srat_memory overlapping[] = {
                { .pxm = 0, .base = 0, .length = 9 * GIB, .enabled = true },
                { .pxm = 1, .base = 4 * GIB, .length = GIB, .enabled = true, .hotpluggable = true },
        };
        struct srat_memory cold[] = {
                { .pxm = 0, .base = 0, .length = 3 * GIB, .enabled = true },
                { .pxm = 1, .base = 3 * GIB + 512, .length = 6 * GIB - 512, .enabled = true },
        };
        nodemask_t kernel;

        nodemask_clear(&kernel);
        node_set(1, &kernel);
        srat.n_memory = 2;
        srat.memory = overlapping;
        assert_failed_allocations_told(m, &srat, NULL, -EEXIST);
        srat.memory = cold;
        assert_failed_allocations_told(m, &srat, &kernel, 0);
}

static int from_blocks(struct machine *m, const struct memory_block_link *links, size_t n,
                       const struct zone_span *spans, size_t n_spans)
{
        return numa_meminfo_from_blocks(&m->mi, links, n, spans, n_spans, &m->mb, &m->warn);
}

#define FROM_BLOCKS(m, links, spans)                                                            \
        assert_int_equal(from_blocks((m), (links), sizeof(links) / sizeof((links)[0]), (spans), \
                                     sizeof(spans) / sizeof((spans)[0])),                       \
                         0)

static void a_block_of_two_nodes_is_cut_at_the_zone_spans(void **state)
{
        struct machine *m = *state;
        const struct memory_block_link links[] = {
                { 256 * MIB, 384 * MIB, 1 },
                { 0, 128 * MIB, 0 },
                { 128 * MIB, 256 * MIB, 1 },
                { 128 * MIB, 256 * MIB, 0 },
        };
        const struct zone_span spans[] = {
                { 0, 1, 4095 },
                { 0, 4096, 192 * MIB / 4096 - 4096 },
                { 1, 192 * MIB / 4096, 192 * MIB / 4096 },
        };

        USABLE(m, { 0, 0x9fc00 }, { MIB, 384 * MIB - 0x20000 });
        FROM_BLOCKS(m, links, spans);
        assert_int_equal(m->mi.nr_blks, 3);
        assert_blk(&m->mi.blk[0], 0, 0x1000, 0x9f000);
        assert_blk(&m->mi.blk[1], 0, MIB, 192 * MIB);
        assert_blk(&m->mi.blk[2], 1, 192 * MIB, 384 * MIB - 0x20000);
        assert_int_equal(m->mi.blk[1].source, NUMA_SOURCE_SYSFS);
        for (int i = 0; i < 3; i++)
                assert_false(m->mi.blk[i].approximate);
}

static void what_the_spans_leave_open_is_approximate(void **state)
{
        struct machine *m = *state;
        const struct memory_block_link links[] = {
                { 0, 128 * MIB, 0 },
                { 0, 128 * MIB, 1 },
        };
        const struct zone_span spans[] = {
                { 0, 0, 64 * MIB / 4096 },
                { 1, 48 * MIB / 4096, 32 * MIB / 4096 }, /* 48 to 80 MiB */
                { 2, 0, 128 * MIB / 4096 },              /* a node that has no link */
        };

        FROM_BLOCKS(m, links, spans); /* no firmware ranges known */
        assert_int_equal(m->mi.nr_blks, 4);
        assert_blk(&m->mi.blk[0], 0, 0, 48 * MIB);
        assert_false(m->mi.blk[0].approximate);
        assert_blk(&m->mi.blk[1], 0, 48 * MIB, 64 * MIB);
        assert_true(m->mi.blk[1].approximate);
        assert_blk(&m->mi.blk[2], 1, 64 * MIB, 80 * MIB);
        assert_false(m->mi.blk[2].approximate);
        assert_blk(&m->mi.blk[3], 2, 80 * MIB, 128 * MIB);
        assert_true(m->mi.blk[3].approximate);
}

static void many_blocks_of_a_node_are_one(void **state)
{
        struct machine *m = *state;
        const size_t n = 3 * NR_NODE_MEMBLKS;
        struct memory_block_link *links = calloc(n, sizeof(*links));

        for (size_t i = 0; i < n; i++)
                links[n - 1 - i] = (struct memory_block_link){ i * 128 * MIB, (i + 1) * 128 * MIB,
                                                               i < n / 2 ? 0 : 8 };
        assert_int_equal(from_blocks(m, links, n, NULL, 0), 0);
        free(links);
        assert_int_equal(m->mi.nr_blks, 2);
        assert_blk(&m->mi.blk[0], 0, 0, n / 2 * 128 * MIB);
        assert_blk(&m->mi.blk[1], 8, n / 2 * 128 * MIB, n * 128 * MIB);
}

static void a_block_that_the_firmware_did_not_report_counts_whole(void **state)
{
        struct machine *m = *state;
        const struct memory_block_link links[] = {
                { 0, 128 * MIB, 0 },
                { 4 * GIB, 4 * GIB + 128 * MIB, 2 }, /* plugged after boot */
                { 4 * GIB, 4 * GIB + 128 * MIB, 2 }, /* found twice */
        };

        USABLE(m, { MIB, 128 * MIB });
        assert_int_equal(from_blocks(m, links, 3, NULL, 0), 0);
        assert_int_equal(m->mi.nr_blks, 2);
        assert_blk(&m->mi.blk[0], 0, MIB, 128 * MIB);
        assert_blk(&m->mi.blk[1], 2, 4 * GIB, 4 * GIB + 128 * MIB);
        assert_false(m->mi.blk[1].approximate);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(memblock_drops_first_page_bios_area_and_partial_pages),
                TEST(memblock_joins_ranges_that_touch_or_overlap),
                TEST(partial_pages_are_cut_off_and_whole_ones_stay),
                TEST(without_a_bios_all_whole_pages_are_memory),
                TEST(a_second_setup_replaces_the_first),
                TEST(an_empty_set_has_no_memory),
                TEST(what_is_there_stays_when_memory_is_added),
                TEST(ranges_that_only_touch_do_not_overlap),
                TEST(only_the_range_becomes_hotpluggable),
                TEST(there_is_room_for_more_at_every_fill),
                TEST(an_allocation_that_fails_leaves_the_set_as_it_was),
                TEST(a_setup_that_cannot_cut_out_the_first_page_says_so),
                TEST(memblock_joins_before_it_trims),
                TEST(regions_split_at_node_borders_and_join_again),
                TEST(the_index_is_hexadecimal),
                TEST(impossible_blocks_are_ignored_with_a_warning),
                TEST(a_full_table_refuses_more),
                TEST(blocks_without_memory_are_reserved_and_the_rest_trimmed),
                TEST(before_linux_6_12_a_block_kept_its_start_below_memory),
                TEST(a_full_table_of_reserved_blocks_refuses_more),
                TEST(a_full_table_is_cleaned_up),
                TEST(a_node_without_memory_does_not_part_another),
                TEST(blocks_of_a_node_merge_across_holes_but_not_across_nodes),
                TEST(a_node_overlapping_itself_is_a_warning),
                TEST(two_nodes_claiming_one_range_are_refused),
                TEST(a_window_extends_the_blocks_it_touches),
                TEST(a_window_closes_the_gaps_between_its_blocks),
                TEST(a_window_takes_its_blocks_in_any_order),
                TEST(blocks_merge_in_any_order_and_keep_their_flags),
                TEST(blocks_do_not_merge_around_an_earlier_one_or_with_an_approximate_one),
                TEST(sources_have_the_names_of_the_interface),
                TEST(a_window_inside_a_block_changes_nothing),
                TEST(srat_sets_the_nodes_of_memblock),
                TEST(a_node_with_kernel_memory_is_not_hotpluggable),
                TEST(a_refused_table_leaves_everything_on_node_0),
                TEST(memory_that_no_node_covers_refuses_the_table),
                TEST(tables_that_name_no_memory_or_too_many_domains_are_refused),
                TEST(an_srat_with_more_blocks_than_the_table_is_refused),
                TEST(windows_beyond_blocks_and_nodes_are_left_out),
                TEST(a_window_of_its_own_makes_a_node),
                TEST(a_window_without_a_domain_or_a_place_in_the_table_is_left_out),
                TEST(a_table_of_more_blocks_than_the_kernel_takes_is_refused),
                TEST(a_hotpluggable_affinity_of_no_memory_marks_nothing),
                TEST(each_numa_init_starts_from_nothing),
                TEST(the_fallback_forgets_what_the_table_reserved),
                TEST(node_0_with_kernel_memory_is_not_hotpluggable),
                TEST(an_allocation_that_fails_fails_numa_init),
                TEST(a_block_of_two_nodes_is_cut_at_the_zone_spans),
                TEST(what_the_spans_leave_open_is_approximate),
                TEST(many_blocks_of_a_node_are_one),
                TEST(a_block_that_the_firmware_did_not_report_counts_whole),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
