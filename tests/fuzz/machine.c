/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include "tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE_DIR "sys/devices/system/node"

static const int nids[][MACHINE_NODES] = {
        { 0, 1, 2, 3 },
        { 0, 8, 252, 1023 },
        { 1, 3, 62, 64 },
        { 0, 2, 5, 6 },
};

static const int *nids_of(const struct machine *m)
{
        return nids[m->ids % 4];
}

void machine_read(struct machine *m, struct input *in)
{
        memset(m, 0, sizeof(*m));
        input_bytes(in, m, sizeof(*m));
}

void machine_change(struct machine *m, struct input *in)
{
        for (unsigned n = input_below(in, 12); n > 0; n--) {
                unsigned at = input_below(in, sizeof(*m));

                ((uint8_t *)m)[at] = input_byte(in);
        }
}

/* At least one is. */
static unsigned online_of(const struct machine *m)
{
        unsigned online = m->online & ((1U << MACHINE_NODES) - 1);

        return online ? online : 1;
}

static void put_masks(const struct machine *m)
{
        static const char *const files[NR_NODE_STATES] = {
                [N_POSSIBLE] = "possible",
                [N_ONLINE] = "online",
                [N_NORMAL_MEMORY] = "has_normal_memory",
                [N_HIGH_MEMORY] = "has_high_memory",
                [N_MEMORY] = "has_memory",
                [N_CPU] = "has_cpu",
                [N_GENERIC_INITIATOR] = "has_generic_initiator",
        };

        for (unsigned state = 0; state < NR_NODE_STATES; state++) {
                unsigned bits = m->masks[state];
                char path[64], list[64] = "";
                size_t len = 0;

                if (m->masks_absent >> state & 1)
                        continue;
                if (state == N_ONLINE)
                        bits = online_of(m);
                else if (state == N_POSSIBLE)
                        bits |= m->flags & MACHINE_WILD ? 0 : online_of(m);
                else if (!(m->flags & MACHINE_WILD))
                        bits &= online_of(m);
                for (size_t i = 0; i < MACHINE_NODES; i++)
                        if (bits >> i & 1)
                                len += (size_t)sprintf(list + len, "%s%d", len ? "," : "",
                                                       nids_of(m)[i]);
                snprintf(path, sizeof(path), NODE_DIR "/%s", files[state]);
                tree_printf(path, "%s\n", list);
        }
}

/* Names that no kernel prints, or that come out alike. */
static const char *odd_field(unsigned i)
{
        static const char *const names[] = {
                "MemUsed",
                "Active(anon)",
                "Active_anon",
                "ActiveAnon",
                "FooBar",
                "foo_bar",
                "Foo__bar",
                "mem_total",
                "MemTotal",
                "MemFreeBytes",
                "HugePages_X",
                "x",
                "_",
                "0",
                "nr_free_pages",
                "numa_hit",
                "total",
                "numa_hit_total",
                "Info",
                "a\"b\\c",
                "gr\xc3\xb6n",
                "\xff",
                "numa_hit_total_total",
                "mem_free_bytes_bytes",
                "created",
                "Foo_info",
                "cpus",
                "memory_blocks",
                "state",
                "distance",
                "zone_pages",
                "hugepages",
        };

        return names[i % (sizeof(names) / sizeof(names[0]))];
}

__attribute__((format(printf, 3, 4))) static void node_printf(int nid, const char *file,
                                                              const char *format, ...)
{
        char path[160], *text;
        va_list args;

        va_start(args, format);
        if (vasprintf(&text, format, args) < 0)
                abort();
        va_end(args);
        snprintf(path, sizeof(path), NODE_DIR "/node%d/%s", nid, file);
        tree_put(path, text, strlen(text));
        free(text);
}

static void put_fields(const struct machine *m, size_t i)
{
        int nid = nids_of(m)[i];
        unsigned figure = m->nodes[i].figure;
        const char *const odd[] = { odd_field(m->nodes[i].odd_field[0]),
                                    odd_field(m->nodes[i].odd_field[1]),
                                    odd_field(m->nodes[i].odd_field[2]) };

        node_printf(nid, "meminfo",
                    "Node %d MemTotal:  %u kB\nNode %d MemFree: %u kB\nNode %d %s: %u%s\n"
                    "Node %d HugePages_Total: %u\nNode %d %s: 18446744073709551615\n",
                    nid, figure * 4096, nid, figure * 511, nid, odd[0], figure,
                    figure & 1 ? " kB" : "", nid, m->nodes[i].pool, nid, odd[1]);
        node_printf(nid, "numastat", "numa_hit %u\nnuma_miss 0\n%s %u\n", figure, odd[2], figure);
        node_printf(nid, "vmstat", "nr_free_pages %u\nnuma_hit %u\n%s 18446744073709551615\n",
                    figure, figure, odd[1]);
}

static void put_cpus(const struct machine *m, size_t i)
{
        char list[64];
        size_t len = 0;

        for (unsigned bit = 0; bit < 8; bit++)
                if (m->nodes[i].cpus >> bit & 1)
                        len += (size_t)sprintf(list + len, "%s%zu", len ? "," : "", i * 8 + bit);
        list[len] = '\0';
        node_printf(nids_of(m)[i], "cpulist", "%s\n", list);
}

static void put_distances(const struct machine *m, size_t i)
{
        char row[64];
        size_t len = 0;

        for (size_t to = 0; to < MACHINE_NODES; to++)
                if (online_of(m) >> to & 1)
                        len += (size_t)sprintf(row + len, "%s%u", len ? " " : "",
                                               m->nodes[i].distances[to] ^ (to == i ? 10 : 20));
        node_printf(nids_of(m)[i], "distance", "%s\n", row);
}

static void put_pools(const struct machine *m, size_t i)
{
        int nid = nids_of(m)[i];

        node_printf(nid, "hugepages/hugepages-2048kB/nr_hugepages", "%u\n", m->nodes[i].pool);
        node_printf(nid, "hugepages/hugepages-2048kB/free_hugepages", "%u\n", m->nodes[i].pool / 2);
        node_printf(nid, "hugepages/hugepages-2048kB/surplus_hugepages", "%u\n",
                    m->nodes[i].surplus & 3);
        if (m->nodes[i].surplus & 4)
                node_printf(nid, "hugepages/hugepages-1048576kB/nr_hugepages", "1\n");
}

static void put_topology(const struct machine *m, size_t i)
{
        int nid = nids_of(m)[i];
        unsigned access = m->nodes[i].access, caches = m->nodes[i].caches;

        for (size_t from = 0; from < MACHINE_NODES; from++)
                if (access >> from & 1) {
                        char name[48];

                        snprintf(name, sizeof(name), "access%u/initiators/node%d", access >> 7,
                                 nids_of(m)[from]);
                        node_printf(nid, name, "link\n");
                        node_printf(nid, "access0/initiators/read_latency", "%u\n", access);
                }
        if (caches & 1)
                node_printf(nid, "memory_side_cache/index1/size", "%u\n", caches << 20);
        if (caches & 2)
                node_printf(nid, "memory_side_cache/index2/write_policy", "%u\n", caches >> 6);
}

static void put_block(const struct machine *m, unsigned id)
{
        static const char *const states[] = { "online", "online", "offline", "going-offline" };
        unsigned block = m->blocks[id], owner = block & 7;
        char path[96];

        if (owner > MACHINE_NODES)
                return;
        snprintf(path, sizeof(path), "sys/devices/system/memory/memory%u/state", id);
        tree_printf(path, "%s\n", states[block >> 5 & 3]);
        for (unsigned n = 0; n < 2 && owner < MACHINE_NODES; n++) {
                char name[32];

                snprintf(name, sizeof(name), "memory%u", id);
                if (online_of(m) >> owner & 1)
                        node_printf(nids_of(m)[owner], name, "link\n");
                if ((block >> 3 & 3) == 0)
                        break;
                owner = (owner + (block >> 3 & 3)) % MACHINE_NODES;
        }
}

static void put_zones(const struct machine *m)
{
        static const char *const zones[] = { "Normal", "DMA", "Movable", "a\"b\\c", "Device" };
        char zoneinfo[2048], buddyinfo[1024], stat[2048];
        size_t z = 0, b = 0, s = (size_t)sprintf(stat, "cpu 1 2 3 4\n");

        *zoneinfo = *buddyinfo = '\0';
        for (size_t i = 0; i < MACHINE_NODES; i++) {
                const char *zone = zones[m->nodes[i].zone % 5];
                unsigned pages = m->nodes[i].figure * 1024U;

                if (!(online_of(m) >> i & 1))
                        continue;
                z += (size_t)sprintf(zoneinfo + z,
                                     "Node %d, zone %8s\n  pages free     %u\n"
                                     "        min      1\n        spanned  %u\n"
                                     "        present  %u\n        managed  %u\n"
                                     "  start_pfn:           %u\n",
                                     nids_of(m)[i], zone, pages / 2, pages, pages, pages,
                                     (unsigned)i * 32768);
                b += (size_t)sprintf(buddyinfo + b, "Node %d, zone %8s 1 2 3 %u\n", nids_of(m)[i],
                                     zone, pages);
                for (unsigned bit = 0; bit < 8; bit++)
                        if (m->nodes[i].cpus >> bit & 1)
                                s += (size_t)sprintf(stat + s, "cpu%zu 1 2 3 4 5 6 7\n",
                                                     i * 8 + bit);
        }
        tree_put("proc/zoneinfo", zoneinfo, z);
        tree_put("proc/buddyinfo", buddyinfo, b);
        tree_put("proc/stat", stat, s);
}

static void put_machine(const struct machine *m)
{
        tree_printf("proc/meminfo", "MemTotal: %u kB\nMemFree: 7 kB\nFoo: 3\n", m->sysctl * 4096U);
        tree_printf("proc/sys/kernel/random/boot_id", "11111111-2222-4333-8444-555555555555\n");
        tree_printf("proc/sys/kernel/hostname", "host\n");
        tree_printf("proc/sys/kernel/osrelease", "%s\n", m->sysctl & 1 ? "6.1.0" : "6.12.3-rc1");
        tree_printf("proc/sys/kernel/numa_balancing", "%u\n", m->sysctl & 3);
        tree_printf("proc/sys/vm/zone_reclaim_mode", "%u\n", m->sysctl >> 4);
        tree_printf("sys/devices/system/memory/block_size_bytes", "%x\n",
                    1U << (20 + m->block_size % 12));
        for (unsigned i = 0; i < 4; i++) {
                char path[64];

                if (m->tiers >> i & 1) {
                        snprintf(path, sizeof(path),
                                 "sys/devices/virtual/memory_tiering/memory_tier%u/nodelist", i);
                        tree_printf(path, "%d\n", nids_of(m)[(m->tiers >> 4) % MACHINE_NODES]);
                }
                if (!(m->memmap >> i & 1))
                        continue;
                snprintf(path, sizeof(path), "sys/firmware/memmap/%u/start", i);
                tree_printf(path, "0x%x\n", i << 28);
                snprintf(path, sizeof(path), "sys/firmware/memmap/%u/end", i);
                tree_printf(path, "0x%x\n", (i << 28) + ((unsigned)m->memmap << 20) - 1);
                snprintf(path, sizeof(path), "sys/firmware/memmap/%u/type", i);
                tree_printf(path, "%s\n", m->memmap & 128 ? "Reserved" : "System RAM");
        }
}

/* Names that lead to numbers which are there already, or to very large ones. */
static void put_odd(unsigned odd)
{
        static const struct {
                const char *path, *text;
        } files[] = {
                { "proc/nothing", "" },
                { NODE_DIR "/node01/meminfo", "Node 1 MemTotal: 5 kB\n" },
                { NODE_DIR "/node9999/meminfo", "Node 1 MemTotal: 5 kB\n" },
                { NODE_DIR "/node0/memory007", "" },
                { NODE_DIR "/node0/memory18446744073709551615", "" },
                { NODE_DIR "/node0/memory9223372036854775808", "" },
                { NODE_DIR "/node0/memory99999999999", "" },
                { "sys/devices/system/memory/memory18446744073709551615/state", "online\n" },
                { "sys/devices/system/memory/memory9223372036854775808/state", "offline\n" },
                { "sys/devices/system/memory/memory99999999999/state", "online\n" },
                { "sys/devices/system/memory/memory07/state", "offline\n" },
                { NODE_DIR "/node0/hugepages/hugepages-02048kB/nr_hugepages", "9\n" },
                { NODE_DIR "/node0/hugepages/hugepages-18014398509481983kB/nr_hugepages", "9\n" },
                { NODE_DIR "/node0/access0/initiators/node01", "" },
                { NODE_DIR "/node0/access0/initiators/write_bandwidth", "17592186044415\n" },
                { NODE_DIR "/node0/memory_side_cache/index01/size", "4096\n" },
                { "sys/devices/virtual/memory_tiering/memory_tier01/nodelist", "0-1023\n" },
                { "sys/devices/virtual/memory_tiering/memory_tier4294967295/nodelist", "\n" },
                { "sys/devices/system/memory/auto_online_blocks", "online_kernel\n" },
                { "sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n" },
                { "sys/devices/system/cpu/cpu1/topology/physical_package_id", "65535\n" },
                { "sys/devices/system/cpu/online", "0-7\n" },
                { "sys/firmware/memmap/x/start", "0xffffffffffffffff\n" },
                { "proc/iomem",
                  "00001000-7fffffff : System RAM\n  01000000-02ffffff : Kernel code\n" },
        };
        size_t i = odd % (sizeof(files) / sizeof(files[0]));

        tree_put(files[i].path, files[i].text, strlen(files[i].text));
}

/* A file that is missing, cut short, hit in one place, replaced, or a directory. */
static void damage(struct input *in)
{
        size_t i = (input_byte(in) | (size_t)input_byte(in) << 8) % tree_count(), len;
        const char *text = tree_text(i, &len);
        char copy[4096], path[200];

        len = len < sizeof(copy) ? len : sizeof(copy);
        if (len > 0)
                memcpy(copy, text, len);
        switch (input_below(in, 5)) {
        case 0:
                tree_drop(i);
                return;
        case 1:
                tree_put(tree_path(i), copy, len ? input_byte(in) % len : 0);
                return;
        case 2:
                if (len > 0)
                        copy[input_byte(in) % len] = (char)input_byte(in);
                tree_put(tree_path(i), copy, len);
                return;
        case 3:
                len = input_bytes(in, copy, input_below(in, 64));
                tree_put(tree_path(i), copy, len);
                return;
        default:
                snprintf(path, sizeof(path), "%.150s/x", tree_path(i));
                tree_drop(i);
                tree_put(path, "", 0);
        }
}

static void put_tables(struct input *in)
{
        static const char *const raw[] = { "SLIT", "HMAT", "CEDT" };
        uint8_t table[1024];
        char path[64];

        if (input_byte(in) & 1)
                tree_put("sys/firmware/acpi/tables/SRAT", (char *)table,
                         input_srat(in, table, sizeof(table)));
        for (size_t i = 0; i < 3; i++) {
                size_t len = input_below(in, 8) ? 0 : input_bytes(in, table, input_byte(in));

                snprintf(path, sizeof(path), "sys/firmware/acpi/tables/%s", raw[i]);
                if (len > 0)
                        tree_put(path, (char *)table, len);
        }
}

void machine_put(const struct machine *m, struct input *in)
{
        put_machine(m);
        put_masks(m);
        put_zones(m);
        for (size_t i = 0; i < MACHINE_NODES; i++) {
                if (!(online_of(m) >> i & 1))
                        continue;
                put_fields(m, i);
                put_cpus(m, i);
                put_distances(m, i);
                put_pools(m, i);
                put_topology(m, i);
        }
        for (unsigned id = 0; id < MACHINE_BLOCKS; id++)
                put_block(m, id);
        for (size_t i = 0; i < MACHINE_ODD; i++)
                if (m->odd[i] & 128)
                        put_odd(m->odd[i] & 127);
        put_tables(in);
        for (unsigned n = input_byte(in) & 3; n > 0; n--)
                damage(in);
}
