/* SPDX-License-Identifier: MIT */
#include "collect.h"
#include "model.h"
#include "record.h"
#include "sampler.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#define NODE "sys/devices/system/node"

/* A machine in a directory of its own, and the daemon's view of it. */
struct tree {
        char dir[32];
        struct source *source;
        struct collect *collect;
        const struct sample *sample; /* the last one */
};

/* How often the daemon's objects have called the allocator: the linker wraps its functions for this
 * program. */
static unsigned allocator_calls;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void __wrap_free(void *p);

void *__wrap_malloc(size_t size)
{
        allocator_calls++;
        return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
        allocator_calls++;
        return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
        allocator_calls++;
        return __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
        allocator_calls++;
        return __real_reallocarray(p, n, size);
}

/* Whatever libc allocates for the daemon (asprintf(), strdup()) comes by here. */
void __wrap_free(void *p)
{
        allocator_calls += p != NULL;
        __real_free(p);
}

/* Linux before 5.6. */
static bool no_openat2;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
        long a[4];
        va_list args;

        if (number == SYS_openat2 && no_openat2) {
                errno = ENOSYS;
                return -1;
        }
        va_start(args, number);
        for (size_t i = 0; i < sizeof(a) / sizeof(a[0]); i++)
                a[i] = va_arg(args, long);
        va_end(args);
        return __real_syscall(number, a[0], a[1], a[2], a[3]);
}

static const char *path_in(const struct tree *t, const char *path, char out[static 256])
{
        assert_true(snprintf(out, 256, "%s/%s", t->dir, path) < 256);
        return out;
}

static void make_dirs(const struct tree *t, const char *path)
{
        char full[256];

        path_in(t, path, full);
        for (char *slash = full + strlen(t->dir) + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                mkdir(full, 0755);
                *slash = '/';
        }
}

/* Into the file that is there, if one is: a kept descriptor goes on showing it. */
static void put_bytes(const struct tree *t, const char *path, const char *text, size_t len)
{
        char full[256];
        FILE *f;

        make_dirs(t, path);
        f = fopen(path_in(t, path, full), "w");
        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, len, f), len);
        assert_int_equal(fclose(f), 0);
}

static void put(const struct tree *t, const char *path, const char *text)
{
        put_bytes(t, path, text, strlen(text));
}

static void drop(const struct tree *t, const char *path)
{
        char full[256];

        assert_int_equal(remove(path_in(t, path, full)), 0);
}

static void move(const struct tree *t, const char *from, const char *to)
{
        char full_from[256], full_to[256];

        make_dirs(t, to);
        assert_int_equal(rename(path_in(t, from, full_from), path_in(t, to, full_to)), 0);
}

static void link_to(const struct tree *t, const char *target, const char *path)
{
        char full[256];

        assert_int_equal(symlink(target, path_in(t, path, full)), 0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

static void drop_tree(const char *path)
{
        assert_int_equal(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void drop_dir(const struct tree *t, const char *path)
{
        char full[256];

        drop_tree(path_in(t, path, full));
}

static void put_node(const struct tree *t, int nid, const char *distances, const char *cpulist)
{
        const struct {
                const char *name, *text;
        } files[] = {
                { "meminfo", NULL },
                { "numastat", "numa_hit 5\nnuma_miss 6\n" },
                { "vmstat", "nr_free_pages 7\n" },
                { "distance", distances },
                { "cpulist", cpulist },
                { "hugepages/hugepages-2048kB/nr_hugepages", "4\n" },
                { "hugepages/hugepages-2048kB/free_hugepages", "3\n" },
                { "hugepages/hugepages-2048kB/surplus_hugepages", "0\n" },
        };
        char path[128], meminfo[128];

        snprintf(meminfo, sizeof(meminfo), "Node %d MemTotal: %d kB\nNode %d MemFree: 1 kB\n", nid,
                 (nid + 1) * 1000, nid);
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                snprintf(path, sizeof(path), NODE "/node%d/%s", nid, files[i].name);
                put(t, path, files[i].text ? files[i].text : meminfo);
        }
}

static void open_tree(struct tree *t, size_t kept_max)
{
        assert_int_equal(source_new(t->dir, kept_max, &t->source), 0);
        t->collect = collect_new(t->source);
        assert_non_null(t->collect);
}

static void close_tree(struct tree *t)
{
        collect_free(t->collect);
        source_free(t->source);
}

/* Two nodes with two CPUs and two memory blocks each. */
static struct tree tree_new(size_t kept_max)
{
        static const struct {
                const char *path, *text;
        } files[] = {
                { NODE "/possible", "0-3\n" },
                { NODE "/online", "0-1\n" },
                { NODE "/has_memory", "0-1\n" },
                { NODE "/has_cpu", "0-1\n" },
                { "sys/devices/system/cpu/online", "0-3\n" },
                { "sys/devices/system/memory/block_size_bytes", "8000000\n" },
                { "sys/devices/system/memory/auto_online_blocks", "online\n" },
                { "sys/devices/system/memory/memory0/state", "online\n" },
                { "sys/devices/system/memory/memory1/state", "online\n" },
                { "sys/devices/system/memory/memory32/state", "offline\n" },
                { "proc/meminfo", "MemTotal: 3000 kB\n" },
                { "proc/zoneinfo", "Node 0, zone   Normal\n  pages free     11\n"
                                   "Node 1, zone   Normal\n  pages free     12\n" },
                { "proc/buddyinfo", "Node 0, zone   Normal 1 2 \nNode 1, zone   Normal 3 4 \n" },
                { "proc/stat", "cpu  10 0\ncpu0 1 2\ncpu1 3 4\ncpu2 5 6\ncpu3 7 8\nintr 1\n" },
                { "proc/sys/kernel/numa_balancing", "1\n" },
                { "proc/sys/kernel/random/boot_id", "11111111-2222\n" },
                { "proc/sys/kernel/hostname", "secret-host\n" },
                { "proc/sys/kernel/osrelease", "6.1.0\n" },
        };
        struct tree t = { .dir = "/tmp/collect-test-XXXXXX" };

        assert_non_null(mkdtemp(t.dir));
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
                put(&t, files[i].path, files[i].text);
        put_node(&t, 0, "10 21\n", "0-1\n");
        put_node(&t, 1, "22 10\n", "2-3\n");
        link_to(&t, "../../memory/memory0", NODE "/node0/memory0");
        link_to(&t, "../../memory/memory1", NODE "/node0/memory1");
        link_to(&t, "../../memory/memory1", NODE "/node1/memory1");
        link_to(&t, "../../memory/memory32", NODE "/node1/memory32");
        open_tree(&t, kept_max);
        return t;
}

static void tree_free(struct tree *t)
{
        close_tree(t);
        drop_tree(t->dir);
}

static const struct sample *look(struct tree *t)
{
        t->sample = collect_sample(t->collect, false);
        return t->sample;
}

static size_t problems(const struct tree *t)
{
        size_t n;

        collect_problems(t->collect, &n);
        return n;
}

static void assert_problem(const struct tree *t, const char *path, int error)
{
        const struct problem *found;
        size_t n;

        found = collect_problems(t->collect, &n);
        if (n != 1)
                for (size_t i = 0; i < n; i++)
                        print_message("# %s %d\n", found[i].path, found[i].error);
        assert_int_equal(n, 1);
        assert_string_equal(found[0].path + 1, path);
        assert_int_equal(found[0].error, error);
}

static void assert_all_well(const struct tree *t)
{
        assert_int_equal(problems(t), 0);
        for (unsigned i = 0; i < NR_COLLECTORS; i++)
                assert_true(t->sample->collectors[i].success);
}

static uint64_t mem_total(const struct node *node)
{
        return counters_has(&node->fields[MEMINFO], 0) ? node->fields[MEMINFO].values[0] : 0;
}

static void whole_machine_is_read(void **state)
{
        (void)state;
        static const size_t kept[] = { 1000, 0, 3 };

        for (size_t i = 0; i < 3; i++) {
                struct tree t = tree_new(kept[i]);

                for (unsigned sample = 0; sample < 3; sample++) {
                        const struct sample *s = look(&t);
                        const struct node *node = &s->nodes[1];

                        assert_all_well(&t);
                        assert_int_equal(s->n_nodes, 2);
                        assert_int_equal(node->nid, 1);
                        assert_int_equal(mem_total(&s->nodes[0]), 1000 * 1024);
                        assert_int_equal(mem_total(node), 2000 * 1024);
                        assert_int_equal(node->fields[NUMASTAT].values[1], 6);
                        assert_int_equal(node->fields[VMSTAT].values[0], 7);
                        assert_int_equal(node->distances[0], 22);
                        assert_int_equal(node->distance_columns, N_ONLINE);
                        assert_int_equal(node->cpus.ranges[0].first, 2);
                        assert_int_equal(node->hugepages[0].size_bytes, 2 << 20);
                        assert_int_equal(node->hugepages[0].free, 3);
                        assert_string_equal(node->zones[0].name, "Normal");
                        assert_int_equal(node->zones[0].pages[ZONE_FREE], 12);
                        assert_int_equal(node->zones[0].free_blocks[1], 4);
                        assert_int_equal(node->cpu_ticks[CPU_USER], 12);
                        assert_int_equal(node->n_cpu_modes, 2);
                        assert_int_equal(s->n_memory_blocks, 3);
                        assert_int_equal(s->memory_blocks[1].nid, 0);
                        assert_int_equal(s->memory_blocks[1].nid2, 1);
                        assert_int_equal(s->memory_blocks[2].state, BLOCK_OFFLINE);
                        assert_int_equal(s->memory_block_size, 128 << 20);
                        assert_string_equal(s->auto_online_blocks, "online");
                        assert_int_equal(s->proc_meminfo.values[0], 3000 * 1024);
                        assert_string_equal(s->hostname, "secret-host");
                        assert_string_equal(s->boot_id, "11111111-2222");
                        assert_true(s->sysctls[0].known);
                        assert_int_equal(s->sysctls[0].value, 1);
                        assert_false(s->sysctls[3].known);
                        assert_true(s->state_known[N_CPU]);
                        assert_false(s->state_known[N_GENERIC_INITIATOR]);
                }
                tree_free(&t);
        }
}

static void without_an_online_mask_the_directories_say_it(void **state)
{
        (void)state;
        struct tree t = tree_new(100);

        drop(&t, NODE "/online");
        look(&t);
        assert_false(t.sample->state_known[N_ONLINE]);
        assert_int_equal(nodes_weight(&t.sample->node_states[N_ONLINE]), 2);
        assert_int_equal(t.sample->n_nodes, 2);
        assert_true(t.sample->nodes[1].distances_known);
        assert_false(t.sample->collectors[COLLECTOR_NODE_STATES].success);
        assert_problem(&t, NODE "/online", -ENOENT);
        tree_free(&t);
}

static void node_in_the_mask_without_a_directory_is_left_out(void **state)
{
        (void)state;
        struct tree t = tree_new(100);

        put(&t, NODE "/online", "0-2\n");
        put(&t, NODE "/node0/distance", "10 21 30\n");
        put(&t, NODE "/node1/distance", "21 10 30\n");
        look(&t);
        assert_all_well(&t);
        assert_int_equal(t.sample->n_nodes, 2);
        assert_int_equal(nodes_weight(&t.sample->node_states[N_ONLINE]), 3);
        tree_free(&t);
}

static void directory_of_a_node_that_is_not_online_is_left_out(void **state)
{
        (void)state;
        struct tree t = tree_new(100);

        put(&t, NODE "/online", "1\n");
        put(&t, NODE "/node1/distance", "10\n");
        look(&t);
        assert_all_well(&t);
        assert_int_equal(t.sample->n_nodes, 1);
        assert_int_equal(t.sample->nodes[0].nid, 1);
        tree_free(&t);
}

static void node_that_goes_by_unlink_and_comes_back_is_read_anew(void **state)
{
        (void)state;
        static const size_t kept[] = { 100, 0 };

        for (size_t i = 0; i < 2; i++) {
                struct tree t = tree_new(kept[i]);

                look(&t);
                drop_dir(&t, NODE "/node1");
                put(&t, NODE "/online", "0\n");
                put(&t, NODE "/node0/distance", "10\n");
                look(&t);
                assert_all_well(&t);
                assert_int_equal(t.sample->n_nodes, 1);
                put_node(&t, 1, "33 10\n", "2\n");
                put(&t, NODE "/node1/meminfo", "Node 1 MemTotal: 5 kB\n");
                put(&t, NODE "/node0/distance", "10 33\n");
                put(&t, NODE "/online", "0-1\n");
                look(&t);
                assert_all_well(&t);
                assert_int_equal(t.sample->n_nodes, 2);
                assert_int_equal(mem_total(&t.sample->nodes[1]), 5 * 1024);
                assert_int_equal(t.sample->nodes[1].distances[0], 33);
                tree_free(&t);
        }
}

static void node_that_goes_by_rename_and_comes_back_is_read_anew(void **state)
{
        (void)state;
        struct tree t = tree_new(100);

        look(&t);
        move(&t, NODE "/node1", "aside/node1");
        look(&t);
        assert_all_well(&t);
        assert_int_equal(t.sample->n_nodes, 1);
        put_node(&t, 1, "33 10\n", "2\n");
        put(&t, NODE "/node1/meminfo", "Node 1 MemTotal: 5 kB\n");
        look(&t);
        assert_all_well(&t);
        assert_int_equal(mem_total(&t.sample->nodes[1]), 5 * 1024);
        /* And another in its place at once. */
        move(&t, NODE "/node1", "aside/second");
        move(&t, "aside/node1", NODE "/node1");
        look(&t);
        assert_int_equal(mem_total(&t.sample->nodes[1]), 2000 * 1024);
        assert_int_equal(t.sample->nodes[1].distances[0], 22);
        tree_free(&t);
}

static void file_that_was_replaced_by_rename_is_read_anew(void **state)
{
        (void)state;
        struct tree t = tree_new(100);

        look(&t);
        put(&t, "aside/new", "Node 1 MemTotal: 5 kB\n");
        move(&t, "aside/new", NODE "/node1/meminfo");
        look(&t);
        assert_all_well(&t);
        assert_int_equal(mem_total(&t.sample->nodes[1]), 5 * 1024);
        /* The old file goes on existing under another name. */
        move(&t, NODE "/node1/meminfo", "aside/old");
        put(&t, NODE "/node1/meminfo", "Node 1 MemTotal: 6 kB\n");
        move(&t, "proc", "proc.old");
        put(&t, "proc/meminfo", "MemTotal: 7 kB\n");
        look(&t);
        assert_int_equal(mem_total(&t.sample->nodes[1]), 6 * 1024);
        assert_int_equal(t.sample->proc_meminfo.values[0], 7 * 1024);
        tree_free(&t);
}

static void vanish(void *context, const char *path, const char *text, size_t len)
{
        struct tree *t = context;

        (void)text;
        (void)len;
        if (strcmp(path, "/" NODE "/node0/meminfo") != 0)
                return;
        source_observe(t->source, NULL, NULL);
        drop_dir(t, NODE "/node1");
        put(t, NODE "/online", "0\n");
        put(t, NODE "/node0/distance", "10\n");
}

static void node_that_goes_during_a_sample_is_left_out_without_an_error(void **state)
{
        (void)state;
        struct tree t = tree_new(100);

        look(&t);
        source_observe(t.source, vanish, &t);
        look(&t);
        assert_all_well(&t);
        assert_int_equal(t.sample->n_nodes, 1);
        assert_int_equal(t.sample->nodes[0].n_distances, 1);
        for (unsigned i = 0; i < NR_COLLECTORS; i++)
                assert_int_equal(t.sample->collectors[i].errors, 0);
        tree_free(&t);
}

static void come_and_go(void *context, const char *path, const char *text, size_t len)
{
        const struct tree *t = context;

        (void)text;
        if (strcmp(path, "/" NODE "/online") == 0)
                put(t, NODE "/online", len == strlen("0\n") ? "0-1\n" : "0\n");
}

static void nodes_that_never_stand_still_make_a_torn_sample(void **state)
{
        (void)state;
        struct tree t = tree_new(100);

        source_observe(t.source, come_and_go, &t);
        look(&t);
        assert_true(t.sample->torn);
        source_observe(t.source, NULL, NULL);
        look(&t);
        assert_false(t.sample->torn);
        tree_free(&t);
}

static int count_change(void *context, struct snapshot *snap, const struct snapshot *previous)
{
        unsigned *changes = context;

        (void)snap;
        (void)previous;
        ++*changes;
        return 0;
}

static void a_torn_sample_is_not_published(void **state)
{
        (void)state;
        struct tree t = tree_new(100);
        unsigned changes = 0;
        const struct sampler_observer observer = { .changed = count_change, .context = &changes };
        struct sampler *sampler = sampler_new(t.source, &observer);
        const struct snapshot *before;

        assert_non_null(sampler);
        before = sampler_snapshot(sampler, 0, COLLECTORS_ALL);
        assert_non_null(before);
        source_observe(t.source, come_and_go, &t);
        assert_ptr_equal(sampler_snapshot(sampler, 0, COLLECTORS_ALL), before);
        assert_int_equal(changes, 1);
        source_observe(t.source, NULL, NULL);
        assert_ptr_not_equal(sampler_snapshot(sampler, 0, COLLECTORS_ALL), before);
        assert_int_equal(changes, 2);
        sampler_free(sampler);
        tree_free(&t);
}

/* What makes a file unreadable or malformed, and the error that is reported. */
static void make_dir_of(const struct tree *t, const char *path)
{
        char full[256];

        assert_int_equal(mkdir(path_in(t, path, full), 0755), 0);
}

static void make_fifo(const struct tree *t, const char *path)
{
        char full[256];

        assert_int_equal(mkfifo(path_in(t, path, full), 0644), 0);
}

static void make_dangling(const struct tree *t, const char *path)
{
        link_to(t, "nowhere", path);
}

static void make_loop(const struct tree *t, const char *path)
{
        link_to(t, strrchr(path, '/') + 1, path);
}

static void make_long(const struct tree *t, const char *path)
{
        static char text[SOURCE_MAX_SYSFS + 1];

        memset(text, '\n', sizeof(text));
        put_bytes(t, path, text, sizeof(text));
}

static void make_empty(const struct tree *t, const char *path)
{
        put(t, path, "");
}

static void make_binary(const struct tree *t, const char *path)
{
        put_bytes(t, path,
                  "\x7f"
                  "ELF\0\x01\n\xff\n",
                  9);
}

static void make_cut(const struct tree *t, const char *path)
{
        put(t, path, "Node 1 MemTotal: 1");
}

static void make_missing(const struct tree *t, const char *path)
{
        (void)t;
        (void)path;
}

static const struct {
        void (*make)(const struct tree *t, const char *path);
        int error;
} troubles[] = {
        { make_missing, -ENOENT },  { make_dir_of, -EISDIR }, { make_fifo, -EINVAL },
        { make_dangling, -ENOENT }, { make_loop, -ELOOP },    { make_long, -EFBIG },
        { make_empty, -EINVAL },    { make_binary, -EINVAL }, { make_cut, -EINVAL },
};

static void bad_file_costs_its_own_fields_and_is_reported_once(void **state)
{
        (void)state;
        static const char path[] = NODE "/node1/meminfo";
        static const size_t kept[] = { 100, 0 };

        for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]) * 2; i++) {
                struct tree t = tree_new(kept[i % 2]);
                char full[256];

                look(&t);
                drop(&t, path);
                troubles[i / 2].make(&t, path);
                for (unsigned sample = 0; sample < 3; sample++) {
                        look(&t);
                        if (sample == 0)
                                assert_problem(&t, path, troubles[i / 2].error);
                        else
                                assert_int_equal(problems(&t), 0);
                        assert_false(t.sample->collectors[COLLECTOR_MEMINFO].success);
                        assert_int_equal(t.sample->collectors[COLLECTOR_MEMINFO].errors, 1);
                        assert_true(t.sample->collectors[COLLECTOR_NUMASTAT].success);
                        assert_int_equal(mem_total(&t.sample->nodes[0]), 1000 * 1024);
                        assert_int_equal(mem_total(&t.sample->nodes[1]), 0);
                        assert_int_equal(t.sample->nodes[1].fields[NUMASTAT].values[0], 5);
                }
                remove(path_in(&t, path, full));
                put(&t, path, "Node 1 MemTotal: 9 kB\n");
                look(&t);
                assert_problem(&t, path, 0);
                assert_true(t.sample->collectors[COLLECTOR_MEMINFO].success);
                assert_int_equal(mem_total(&t.sample->nodes[1]), 9 * 1024);
                look(&t);
                assert_all_well(&t);
                tree_free(&t);
        }
}

/* Files whose content is well-formed, and yet cannot be. */
static void impossible_content_is_reported_once(void **state)
{
        (void)state;
        static const struct {
                const char *path, *bad, *good;
                enum collector collector;
        } cases[] = {
                { NODE "/online", "\n", "0-1\n", COLLECTOR_NODE_STATES },
                { NODE "/online", "0-1024\n", "0-1\n", COLLECTOR_NODE_STATES },
                { NODE "/node1/distance", "10 21 22\n", "22 10\n", COLLECTOR_DISTANCES },
                { NODE "/node1/distance", "10 300\n", "22 10\n", COLLECTOR_DISTANCES },
                { NODE "/node1/cpulist", "3,2\n", "2-3\n", COLLECTOR_CPUS },
                { NODE "/node1/cpulist", "2-99999\n", "2-3\n", COLLECTOR_CPUS },
                { NODE "/node1/hugepages/hugepages-2048kB/nr_hugepages", "-1\n", "4\n",
                  COLLECTOR_HUGEPAGES },
                { "sys/devices/system/memory/block_size_bytes", "x\n", "8000000\n",
                  COLLECTOR_MEMORY_BLOCKS },
                { "sys/devices/system/memory/auto_online_blocks", "a\nb\n", "online\n",
                  COLLECTOR_MEMORY_BLOCKS },
                { "sys/devices/system/memory/memory1/state", "asleep\n", "online\n",
                  COLLECTOR_MEMORY_BLOCKS },
                { "proc/zoneinfo", "", "Node 0, zone Normal\n", COLLECTOR_ZONEINFO },
                { "proc/buddyinfo", "Node 0, zone Normal x\n", "Node 0, zone Normal 1\n",
                  COLLECTOR_BUDDYINFO },
                { "proc/stat", "", "cpu0 1\n", COLLECTOR_CPU_SECONDS },
                { "proc/meminfo", "", "MemTotal: 1 kB\n", COLLECTOR_PROC_MEMINFO },
                { "proc/sys/kernel/numa_balancing", "yes\n", "1\n", COLLECTOR_SYSCTL },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct tree t = tree_new(100);

                look(&t);
                /* Twice, because what was reported once must be reported again after it was well.
                 */
                for (unsigned round = 1; round <= 2; round++) {
                        put(&t, cases[i].path, cases[i].bad);
                        for (unsigned sample = 0; sample < 3; sample++) {
                                look(&t);
                                if (sample == 0)
                                        assert_problem(&t, cases[i].path, -EINVAL);
                                else
                                        assert_int_equal(problems(&t), 0);
                                assert_false(t.sample->collectors[cases[i].collector].success);
                                assert_int_equal(t.sample->collectors[cases[i].collector].errors,
                                                 round);
                        }
                        put(&t, cases[i].path, cases[i].good);
                        look(&t);
                        assert_problem(&t, cases[i].path, 0);
                        assert_true(t.sample->collectors[cases[i].collector].success);
                }
                tree_free(&t);
        }
}

static void assert_links_stay_below_the_root(void)
{
        /* An absolute one starts at the root, a climbing one stops there; over another link, and to
         * a place beside its target. */
        static const char *const targets[] = {
                "/inside/meminfo",
                "../../../../../../../../../../../../inside/./meminfo",
                "/proc/there/../inside//meminfo",
        };
        struct tree t = tree_new(100), other = tree_new(100);
        char outside[256];

        put(&other, "secret", "Node 1 MemTotal: 666 kB\n");
        path_in(&other, "secret", outside);
        look(&t);
        drop(&t, NODE "/node1/meminfo");
        link_to(&t, outside, NODE "/node1/meminfo");
        look(&t);
        assert_problem(&t, NODE "/node1/meminfo", -ENOENT);
        assert_int_equal(mem_total(&t.sample->nodes[1]), 0);
        put(&t, "inside/meminfo", "Node 1 MemTotal: 8 kB\n");
        link_to(&t, "../inside", "proc/there");
        for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
                drop(&t, NODE "/node1/meminfo");
                link_to(&t, targets[i], NODE "/node1/meminfo");
                look(&t);
                assert_int_equal(mem_total(&t.sample->nodes[1]), 8 * 1024);
        }
        drop(&t, NODE "/node1/meminfo");
        link_to(&t, "meminfo", NODE "/node1/meminfo");
        look(&t);
        assert_problem(&t, NODE "/node1/meminfo", -ELOOP);
        tree_free(&other);
        tree_free(&t);
}

static void symbolic_links_stay_below_the_root(void **state)
{
        (void)state;
        assert_links_stay_below_the_root();
}

static void symbolic_links_stay_below_the_root_with_an_old_kernel(void **state)
{
        (void)state;
        no_openat2 = true;
        assert_links_stay_below_the_root();
        no_openat2 = false;
}

static void cpumap_stands_in_for_a_missing_cpulist(void **state)
{
        (void)state;
        struct tree t = tree_new(100);

        drop(&t, NODE "/node1/cpulist");
        put(&t, NODE "/node1/cpumap", "00000000,0000000c\n");
        look(&t);
        assert_all_well(&t);
        assert_true(t.sample->nodes[1].cpus.known);
        assert_int_equal(t.sample->nodes[1].cpus.n, 1);
        assert_int_equal(t.sample->nodes[1].cpus.ranges[0].first, 2);
        assert_int_equal(t.sample->nodes[1].cpus.ranges[0].last, 3);
        assert_int_equal(t.sample->nodes[1].cpu_ticks[CPU_USER], 12);
        tree_free(&t);
}

static void node_without_cpus_is_known_to_have_none(void **state)
{
        (void)state;
        struct tree t = tree_new(100);

        put(&t, NODE "/node1/cpulist", "\n");
        look(&t);
        assert_all_well(&t);
        assert_true(t.sample->nodes[1].cpus.known);
        assert_int_equal(t.sample->nodes[1].cpus.n, 0);
        tree_free(&t);
}

static void file_that_no_node_has_is_reported_for_one_of_them(void **state)
{
        (void)state;
        struct tree t = tree_new(100);

        drop(&t, NODE "/node0/vmstat");
        drop(&t, NODE "/node1/vmstat");
        look(&t);
        assert_problem(&t, NODE "/node0/vmstat", -ENOENT);
        assert_int_equal(t.sample->collectors[COLLECTOR_VMSTAT].errors, 1);
        look(&t);
        assert_int_equal(problems(&t), 0);
        assert_false(t.sample->collectors[COLLECTOR_VMSTAT].success);
        tree_free(&t);
}

static void bad_block_that_is_unplugged_is_forgotten(void **state)
{
        (void)state;
        struct tree t = tree_new(100);

        put(&t, "sys/devices/system/memory/memory32/state", "asleep\n");
        look(&t);
        assert_problem(&t, "sys/devices/system/memory/memory32/state", -EINVAL);
        drop_dir(&t, "sys/devices/system/memory/memory32");
        drop(&t, NODE "/node1/memory32");
        look(&t);
        assert_all_well(&t);
        assert_int_equal(t.sample->n_memory_blocks, 2);
        tree_free(&t);
}

/* Only one of all states is accounted; which one it is may change. */
static void bad_block_that_follows_another_is_reported_at_once(void **state)
{
        (void)state;
        struct tree t = tree_new(100);

        put(&t, "sys/devices/system/memory/memory0/state", "asleep\n");
        look(&t);
        put(&t, "sys/devices/system/memory/memory0/state", "online\n");
        put(&t, "sys/devices/system/memory/memory32/state", "asleep\n");
        look(&t);
        assert_false(t.sample->collectors[COLLECTOR_MEMORY_BLOCKS].success);
        assert_int_equal(problems(&t), 2);
        look(&t);
        assert_int_equal(problems(&t), 0);
        tree_free(&t);
}

static void machine_without_anything_is_an_empty_sample(void **state)
{
        (void)state;
        struct tree t = { .dir = "/tmp/collect-test-XXXXXX" };

        assert_non_null(mkdtemp(t.dir));
        open_tree(&t, 10);
        for (unsigned i = 0; i < 2; i++) {
                look(&t);
                assert_int_equal(t.sample->n_nodes, 0);
                assert_null(t.sample->hostname);
                assert_false(t.sample->memory_blocks_known);
                assert_false(t.sample->proc_meminfo.known);
        }
        assert_int_equal(problems(&t), 0);
        tree_free(&t);
}

static void identity_needs_no_newline(void **state)
{
        (void)state;
        struct tree t = tree_new(100);

        put(&t, "proc/sys/kernel/hostname", "short");
        put_bytes(&t, "proc/sys/kernel/osrelease", "6.1\0rest", 8);
        look(&t);
        assert_string_equal(t.sample->hostname, "short");
        assert_string_equal(t.sample->kernel, "6.1");
        tree_free(&t);
}

static const struct sample *sample_of(struct tree *t, uint64_t wanted, unsigned *steps)
{
        const struct sample *sample;
        int r;

        *steps = 0;
        collect_begin(t->collect, false, wanted);
        do {
                r = collect_step(t->collect, &sample);
                ++*steps;
        } while (r > 0);
        assert_int_equal(r, 0);
        return sample;
}

static void only_what_is_wanted_is_read(void **state)
{
        (void)state;
        struct tree t = tree_new(100);
        const struct sample *s = look(&t);
        uint64_t hits = s->nodes[1].fields[NUMASTAT].values[0];
        unsigned steps;

        assert_int_equal(s->collected, COLLECTORS_ALL);
        put(&t, NODE "/node1/meminfo", "Node 1 MemTotal: 5 kB\n");
        put(&t, NODE "/node1/numastat", "numa_hit 4711\n");
        s = sample_of(&t, COLLECTOR_BIT(COLLECTOR_MEMINFO), &steps);
        assert_int_equal(s->collected, COLLECTOR_BIT(COLLECTOR_MEMINFO));
        assert_int_equal(mem_total(&s->nodes[1]), 5 * 1024);
        assert_int_equal(s->nodes[1].fields[NUMASTAT].values[0], hits);
        s = sample_of(&t, COLLECTOR_BIT(COLLECTOR_NUMASTAT), &steps);
        assert_int_equal(s->nodes[1].fields[NUMASTAT].values[0], 4711);
        tree_free(&t);
}

static void what_came_meanwhile_is_read_in_full(void **state)
{
        (void)state;
        struct tree t = tree_new(100);
        const struct sample *s = look(&t);
        unsigned steps;

        put_node(&t, 2, "10 21 32\n", "\n");
        put(&t, NODE "/online", "0-2\n");
        s = sample_of(&t, COLLECTOR_BIT(COLLECTOR_MEMINFO), &steps);
        assert_int_equal(s->collected, COLLECTORS_ALL);
        assert_int_equal(s->n_nodes, 3);
        assert_true(s->nodes[2].fields[NUMASTAT].known);
        assert_true(s->nodes[2].hugepages_known);
        tree_free(&t);
}

static void large_machine_is_read_in_small_steps(void **state)
{
        (void)state;
        struct tree t = tree_new(10000);
        unsigned steps, more;
        char path[64];

        look(&t);
        sample_of(&t, COLLECTORS_ALL, &steps);
        for (unsigned i = 100; i < 300; i++) {
                snprintf(path, sizeof(path), "sys/devices/system/memory/memory%u/state", i);
                put(&t, path, "online\n");
        }
        t.sample = sample_of(&t, COLLECTORS_ALL, &more);
        assert_int_equal(t.sample->n_memory_blocks, 203);
        assert_int_equal(more, steps + 3);
        tree_free(&t);
}

static void figures_are_read_without_allocating(void **state)
{
        (void)state;
        struct tree t = tree_new(100);
        /* What a directory that is no sysfs has read anew each time. */
        const uint64_t structure =
                COLLECTOR_BIT(COLLECTOR_DISTANCES) | COLLECTOR_BIT(COLLECTOR_CPUS) |
                COLLECTOR_BIT(COLLECTOR_MEMORY_BLOCKS) | COLLECTOR_BIT(COLLECTOR_ACCESS) |
                COLLECTOR_BIT(COLLECTOR_MEMORY_TIERS) | COLLECTOR_BIT(COLLECTOR_FIRMWARE) |
                COLLECTOR_BIT(COLLECTOR_DEVICES);
        unsigned before, steps;

        look(&t);
        sample_of(&t, COLLECTORS_ALL & ~structure, &steps);
        put(&t, NODE "/node1/meminfo", "Node 1 MemTotal: 5 kB\nNode 1 MemFree: 1 kB\n");
        before = allocator_calls;
        t.sample = sample_of(&t, COLLECTORS_ALL & ~structure, &steps);
        assert_int_equal(allocator_calls - before, 0);
        assert_int_equal(mem_total(&t.sample->nodes[1]), 5 * 1024);
        tree_free(&t);
}

static int look_for_host(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        char text[4096];
        FILE *f;
        size_t n;

        (void)st;
        (void)ftw;
        if (type != FTW_F)
                return 0;
        f = fopen(path, "r");
        assert_non_null(f);
        n = fread(text, 1, sizeof(text), f);
        fclose(f);
        assert_null(memmem(text, n, "secret-host", 11));
        return 0;
}

static void recording_shows_the_same_machine_without_its_name(void **state)
{
        (void)state;
        struct tree t = tree_new(100), copy = { .dir = "/tmp/collect-test-XXXXXX" };
        error_text error = NULL;

        assert_non_null(mkdtemp(copy.dir));
        assert_int_equal(record(t.source, copy.dir, &error), 0);
        assert_null(error);
        assert_int_equal(nftw(copy.dir, look_for_host, 16, FTW_PHYS), 0);
        open_tree(&copy, 100);
        look(&t);
        look(&copy);
        assert_all_well(&copy);
        assert_true(structure_equal(t.sample, copy.sample));
        assert_int_equal(mem_total(&copy.sample->nodes[1]), 2000 * 1024);
        assert_int_equal(copy.sample->nodes[1].hugepages[0].free, 3);
        assert_int_equal(copy.sample->nodes[1].cpu_ticks[CPU_USER], 12);
        assert_int_equal(copy.sample->memory_blocks[1].nid2, 1);
        assert_string_equal(copy.sample->boot_id, "11111111-2222");
        assert_null(copy.sample->hostname);
        tree_free(&copy);
        tree_free(&t);
}

static void recording_into_what_is_no_empty_directory_is_refused(void **state)
{
        (void)state;
        struct tree t = tree_new(100);
        char path[256], again[256];
        error_text error = NULL;

        put(&t, "target/file", "mine\n");
        assert_int_equal(record(t.source, path_in(&t, "target", path), &error), -ENOTEMPTY);
        assert_non_null(strstr(error, path));
        free(error);
        error = NULL;
        assert_int_equal(record(t.source, path_in(&t, "target/file", path), &error), -ENOTDIR);
        free(error);
        error = NULL;
        assert_int_equal(record(t.source, path_in(&t, "no/such", path), &error), -ENOENT);
        free(error);
        error = NULL;
        /* A new one is made. */
        assert_int_equal(record(t.source, path_in(&t, "new", path), &error), 0);
        assert_int_equal(access(path_in(&t, "new/proc/stat", again), R_OK), 0);
        tree_free(&t);
}

static void root_that_is_no_directory_is_refused(void **state)
{
        (void)state;
        struct source *source = NULL;

        assert_int_equal(source_new("/nonexistent/root", 1, &source), -ENOENT);
        assert_int_equal(source_new("/dev/null", 1, &source), -ENOTDIR);
        assert_null(source);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(whole_machine_is_read),
                cmocka_unit_test(without_an_online_mask_the_directories_say_it),
                cmocka_unit_test(node_in_the_mask_without_a_directory_is_left_out),
                cmocka_unit_test(directory_of_a_node_that_is_not_online_is_left_out),
                cmocka_unit_test(node_that_goes_by_unlink_and_comes_back_is_read_anew),
                cmocka_unit_test(node_that_goes_by_rename_and_comes_back_is_read_anew),
                cmocka_unit_test(file_that_was_replaced_by_rename_is_read_anew),
                cmocka_unit_test(node_that_goes_during_a_sample_is_left_out_without_an_error),
                cmocka_unit_test(nodes_that_never_stand_still_make_a_torn_sample),
                cmocka_unit_test(a_torn_sample_is_not_published),
                cmocka_unit_test(bad_file_costs_its_own_fields_and_is_reported_once),
                cmocka_unit_test(impossible_content_is_reported_once),
                cmocka_unit_test(symbolic_links_stay_below_the_root),
                cmocka_unit_test(symbolic_links_stay_below_the_root_with_an_old_kernel),
                cmocka_unit_test(cpumap_stands_in_for_a_missing_cpulist),
                cmocka_unit_test(node_without_cpus_is_known_to_have_none),
                cmocka_unit_test(file_that_no_node_has_is_reported_for_one_of_them),
                cmocka_unit_test(bad_block_that_is_unplugged_is_forgotten),
                cmocka_unit_test(bad_block_that_follows_another_is_reported_at_once),
                cmocka_unit_test(machine_without_anything_is_an_empty_sample),
                cmocka_unit_test(identity_needs_no_newline),
                cmocka_unit_test(only_what_is_wanted_is_read),
                cmocka_unit_test(what_came_meanwhile_is_read_in_full),
                cmocka_unit_test(large_machine_is_read_in_small_steps),
                cmocka_unit_test(figures_are_read_without_allocating),
                cmocka_unit_test(recording_shows_the_same_machine_without_its_name),
                cmocka_unit_test(recording_into_what_is_no_empty_directory_is_refused),
                cmocka_unit_test(root_that_is_no_directory_is_refused),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
