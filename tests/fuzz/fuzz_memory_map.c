/* SPDX-License-Identifier: MIT */
/*
 * Which memory is whose, from firmware tables that make sense, raw ones, memory blocks and zones:
 * never more than the kernel could hold.
 */
#include "input.h"
#include "memory_map.h"

#include <stdlib.h>
#include <string.h>

#define NODES  3
#define BLOCKS 12
#define USABLE 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct machine {
        struct node nodes[NODES];
        struct zone zones[NODES];
        struct memory_block blocks[BLOCKS];
};

static void put_table(struct firmware_tables *t, enum firmware_table which, const uint8_t *bytes,
                      size_t len)
{
        if (len == 0)
                return;
        t->status[which].origin = ORIGIN_ACPI;
        buffer_add(&t->bytes[which], (const char *)bytes, len);
}

static struct firmware_tables *read_tables(struct input *in)
{
        struct firmware_tables *t = firmware_tables_new();
        uint8_t table[1024];

        if (!t)
                abort();
        t->n_usable = input_below(in, USABLE + 1);
        t->usable = calloc(USABLE, sizeof(*t->usable));
        t->usable_source = t->n_usable ? USABLE_MEMMAP : USABLE_UNKNOWN;
        for (size_t i = 0; t->usable && i < t->n_usable; i++) {
                t->usable[i].start = (uint64_t)input_byte(in) << 26;
                t->usable[i].end = t->usable[i].start + ((uint64_t)input_byte(in) << 25);
        }
        if (input_byte(in) & 1)
                put_table(t, TABLE_SRAT, table, input_srat(in, table, sizeof(table)));
        else
                put_table(t, TABLE_SRAT, table, input_bytes(in, table, input_byte(in)));
        put_table(t, TABLE_CEDT, table, input_bytes(in, table, input_byte(in)));
        put_table(t, TABLE_SLIT, table, input_bytes(in, table, input_byte(in)));
        put_table(t, TABLE_HMAT, table, input_bytes(in, table, input_byte(in)));
        firmware_tables_decode(t);
        return t;
}

static void read_machine(struct machine *m, struct sample *s, struct input *in)
{
        s->kernel = input_byte(in) & 1 ? "6.1.0" : "6.12.0";
        s->page_size = 4096;
        s->n_nodes = NODES;
        s->nodes = m->nodes;
        for (int i = 0; i < NODES; i++) {
                m->zones[i] = (struct zone){ .name = "Normal", .known = input_byte(in) };
                for (unsigned f = 0; f < NR_ZONE_FIGURES; f++)
                        m->zones[i].pages[f] = (uint64_t)input_byte(in) << 14;
                m->nodes[i] = (struct node){ .nid = i, .n_zones = 1, .zones = &m->zones[i] };
        }
        s->memory_blocks_known = true;
        s->memory_block_size = UINT64_C(1) << (20 + input_below(in, 44));
        s->memory_blocks = m->blocks;
        for (uint64_t id = 0; id < BLOCKS; id++) {
                unsigned byte = input_byte(in);

                if (byte >> 6)
                        m->blocks[s->n_memory_blocks++] =
                                (struct memory_block){ .id = id,
                                                       .state = BLOCK_ONLINE,
                                                       .nid = (int)(byte & 3) - 1,
                                                       .nid2 = byte & 4 ? (int)(byte >> 3 & 1)
                                                                        : NUMA_NO_NODE };
        }
}

static void check(const struct memory_map *map)
{
        const struct memblock *mb = &map->memblock;

        if (map->nr_blks < 0 || map->nr_blks > NR_NODE_MEMBLKS ||
            (map->source == MEMORY_MAP_NONE && map->nr_blks > 0))
                abort();
        for (int i = 0; i < map->nr_blks; i++) {
                const struct numa_memblk *a = &map->blks[i];

                if (a->start >= a->end || a->nid < 0 || a->nid >= MAX_NUMNODES)
                        abort();
                /* The kernel refuses a table in which two nodes claim one range. */
                for (int k = 0; k < i; k++)
                        if (a->nid != map->blks[k].nid && a->start < map->blks[k].end &&
                            map->blks[k].start < a->end)
                                abort();
        }
        for (size_t i = 0; i < mb->cnt; i++)
                if (mb->regions[i].size == 0 ||
                    (i > 0 &&
                     mb->regions[i - 1].base + mb->regions[i - 1].size > mb->regions[i].base))
                        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct input in = { data, size };
        struct machine m;
        struct sample s = { .n_nodes = 0 };
        struct memory_map *map;

        read_machine(&m, &s, &in);
        s.firmware = read_tables(&in);
        map = memory_map_new(&s);
        if (!map || !memory_map_current(map, &s))
                abort();
        check(map);
        memory_map_unref(map);
        firmware_tables_unref(s.firmware);
        return 0;
}
