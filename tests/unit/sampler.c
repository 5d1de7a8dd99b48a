/* SPDX-License-Identifier: MIT */
/* A machine that takes several pieces to sample, and what is asked meanwhile. */
#include "sampler.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <setjmp.h>

#include <cmocka.h>

/* Some ten times what is read in one piece. */
#define NODES 1000

struct machine {
        char dir[32];
        struct source *source;
        struct sampler *sampler;
        struct sampler_observer observer;
        unsigned snapshots;
};

static void put(const struct machine *m, const char *path, const char *text)
{
        char full[128];
        FILE *f;

        snprintf(full, sizeof(full), "%s/%s", m->dir, path);
        for (char *slash = strchr(full + strlen(m->dir) + 1, '/'); slash;
             slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
                *slash = '/';
        }
        f = fopen(full, "w");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static int count_snapshot(void *context, struct snapshot *snap, const struct snapshot *previous)
{
        struct machine *m = context;

        (void)snap;
        (void)previous;
        m->snapshots++;
        return 0;
}

static struct machine *machine_new(void)
{
        struct machine *m = calloc(1, sizeof(*m));
        char path[64], text[64];

        assert_non_null(m);
        strcpy(m->dir, "/tmp/sampler-test-XXXXXX");
        assert_non_null(mkdtemp(m->dir));
        put(m, "sys/devices/system/node/possible", "0-999\n");
        put(m, "sys/devices/system/node/online", "0-999\n");
        for (int nid = 0; nid < NODES; nid++) {
                snprintf(path, sizeof(path), "sys/devices/system/node/node%d/meminfo", nid);
                snprintf(text, sizeof(text), "Node %d MemTotal: 8 kB\n", nid);
                put(m, path, text);
        }
        assert_int_equal(source_new(m->dir, 16, &m->source), 0);
        m->observer = (struct sampler_observer){ .changed = count_snapshot, .context = m };
        m->sampler = sampler_new(m->source, &m->observer);
        assert_non_null(m->sampler);
        return m;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

static void machine_free(struct machine *m)
{
        sampler_free(m->sampler);
        source_free(m->source);
        nftw(m->dir, drop, 16, FTW_DEPTH | FTW_PHYS);
        free(m);
}

static unsigned finish(struct machine *m)
{
        unsigned pieces = 1;

        while (sampler_continue(m->sampler) > 0)
                pieces++;
        return pieces;
}

static void large_machine_takes_several_pieces(void **state)
{
        struct machine *m = *state;

        assert_int_equal(sampler_begin(m->sampler, false), 1);
        assert_int_equal(m->snapshots, 0);
        assert_true(finish(m) > 1);
        assert_int_equal(m->snapshots, 1);
        assert_int_equal(sampler_continue(m->sampler), 0);
}

static void count_beginning(void *context, const char *path, const char *text, size_t len)
{
        unsigned *beginnings = context;

        (void)text;
        (void)len;
        *beginnings += strcmp(path, "/sys/devices/system/node/possible") == 0;
}

static void request_during_a_sample_awaits_it(void **state)
{
        struct machine *m = *state;
        struct snapshot *snap;
        unsigned beginnings = 0;

        source_observe(m->source, count_beginning, &beginnings);
        assert_int_equal(sampler_begin(m->sampler, false), 1);
        snap = sampler_snapshot(m->sampler, UINT64_MAX, COLLECTORS_ALL);
        assert_non_null(snap);
        assert_int_equal(snapshot_sample(snap)->n_nodes, NODES);
        assert_int_equal(beginnings, 1);
        assert_int_equal(m->snapshots, 1);
        assert_int_equal(sampler_continue(m->sampler), 0);
        assert_int_equal(m->snapshots, 1);
}

static void request_for_what_is_as_it_is_now_is_not_content_with_one_under_way(void **state)
{
        struct machine *m = *state;

        assert_int_equal(sampler_sample(m->sampler, false), 0);
        assert_int_equal(sampler_begin(m->sampler, false), 1);
        assert_non_null(sampler_snapshot(m->sampler, 0, COLLECTORS_ALL));
        assert_int_equal(m->snapshots, 3);
        assert_int_equal(sampler_continue(m->sampler), 0);
}

static void request_that_the_snapshot_before_suffices_for_does_not_wait(void **state)
{
        struct machine *m = *state;
        struct snapshot *before;

        assert_int_equal(sampler_sample(m->sampler, false), 0);
        before = sampler_snapshot(m->sampler, UINT64_MAX, COLLECTORS_ALL);
        assert_int_equal(sampler_begin(m->sampler, false), 1);
        assert_ptr_equal(sampler_snapshot(m->sampler, UINT64_MAX, COLLECTORS_ALL), before);
        assert_int_equal(m->snapshots, 1);
        finish(m);
        assert_int_equal(m->snapshots, 2);
}

static void second_sample_is_not_begun_beside_one_under_way(void **state)
{
        struct machine *m = *state;

        assert_int_equal(sampler_sample(m->sampler, false), 0);
        assert_int_equal(sampler_begin(m->sampler, false), 1);
        sampler_begin(m->sampler, false);
        finish(m);
        assert_int_equal(m->snapshots, 2);
}

static void look_asked_for_meanwhile_follows(void **state)
{
        struct machine *m = *state;

        assert_int_equal(sampler_sample(m->sampler, false), 0);
        assert_int_equal(sampler_begin(m->sampler, false), 1);
        assert_int_equal(sampler_begin(m->sampler, true), 1);
        finish(m);
        assert_int_equal(m->snapshots, 3);
        /* That one may have passed by what has changed. */
        assert_int_equal(sampler_begin(m->sampler, true), 1);
        assert_int_equal(sampler_begin(m->sampler, true), 1);
        finish(m);
        assert_int_equal(m->snapshots, 5);
}

static int set_up(void **state)
{
        *state = machine_new();
        return 0;
}

static int tear_down(void **state)
{
        machine_free(*state);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(large_machine_takes_several_pieces, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(request_during_a_sample_awaits_it, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(
                        request_for_what_is_as_it_is_now_is_not_content_with_one_under_way, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(
                        request_that_the_snapshot_before_suffices_for_does_not_wait, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(second_sample_is_not_begun_beside_one_under_way,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(look_asked_for_meanwhile_follows, set_up,
                                                tear_down),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
