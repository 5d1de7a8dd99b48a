/* SPDX-License-Identifier: MIT */
#include "hotplug.h"

#include "cleanup.h"
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#define MS_NS UINT64_C(1000000)

/* What a test waits at most: a machine under load is late by seconds, not by ten. */
#define PATIENCE_NS (10000 * MS_NS)

struct test {
        sd_event *loop;
        struct hotplug *hotplug;
        int sender;
        unsigned looks;
        struct hotplug_burst burst; /* of the last look */
        uint64_t look_ns;
        bool free_in_look;
};

static void look(void *context, const struct hotplug_burst *burst)
{
        struct test *t = context;

        t->looks++;
        t->burst = *burst;
        t->look_ns = monotonic_now_ns();
        if (t->free_in_look) {
                hotplug_free(t->hotplug);
                t->hotplug = NULL;
        }
}

static struct hotplug_callbacks callbacks(struct test *t)
{
        return (struct hotplug_callbacks){ .look = look, .context = t };
}

static int setup(void **state)
{
        struct test *t = calloc(1, sizeof(*t));
        struct hotplug_callbacks cb = callbacks(t);
        int fds[2];

        assert_non_null(t);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
        assert_true(sd_event_new(&t->loop) >= 0);
        assert_int_equal(hotplug_new_fd(t->loop, fds[0], &cb, &t->hotplug), 0);
        t->sender = fds[1];
        *state = t;
        return 0;
}

static int teardown(void **state)
{
        struct test *t = *state;

        hotplug_free(t->hotplug);
        sd_event_unref(t->loop);
        close_p(&t->sender);
        free(t);
        return 0;
}

static void send_bytes(struct test *t, const char *bytes, size_t len)
{
        assert_int_equal(send(t->sender, bytes, len, MSG_NOSIGNAL), len);
}

#define BLOCK "/devices/system/memory/memory7"
#define SDA   "/devices/virtual/block/sda"
#define send_relevant(t)                                                  \
        send_literal(t, "online@" BLOCK "\0ACTION=online\0DEVPATH=" BLOCK \
                        "\0SUBSYSTEM=memory\0SEQNUM=7")
#define send_irrelevant(t) \
        send_literal(t, "add@" SDA "\0ACTION=add\0DEVPATH=" SDA "\0SUBSYSTEM=block\0SEQNUM=8")
#define send_literal(t, text) send_bytes(t, (text), sizeof(text))

static void run_until_look(struct test *t, unsigned looks)
{
        uint64_t start = monotonic_now_ns();

        while (t->looks < looks && monotonic_now_ns() - start < PATIENCE_NS)
                assert_true(sd_event_run(t->loop, PATIENCE_NS / 1000) >= 0);
        assert_int_equal(t->looks, looks);
}

/* Nothing is dispatched any more, not even a timer for nothing. */
static void assert_idle(struct test *t)
{
        assert_int_equal(sd_event_run(t->loop, 3 * HOTPLUG_SETTLE_NS / 1000), 0);
}

static struct hotplug_stats stats(const struct test *t)
{
        struct hotplug_stats stats;

        hotplug_stats(t->hotplug, &stats);
        return stats;
}

static void nothing_happens_nothing_wakes(void **state)
{
        struct test *t = *state;

        assert_idle(t);
        assert_int_equal(t->looks, 0);
}

static void burst_is_one_look(void **state)
{
        struct test *t = *state;
        uint64_t start = monotonic_now_ns();

        for (unsigned i = 0; i < 40; i++)
                send_relevant(t);
        run_until_look(t, 1);
        assert_int_equal(t->burst.uevents, 40);
        assert_false(t->burst.lost);
        assert_true(t->burst.first_ns >= start);
        assert_true(t->burst.last_ns >= t->burst.first_ns);
        assert_true(t->look_ns >= t->burst.last_ns + HOTPLUG_SETTLE_NS);
        assert_idle(t);
        assert_int_equal(t->looks, 1);
        assert_int_equal(stats(t).uevents, 40);
        assert_int_equal(stats(t).relevant, 40);
}

static void look_comes_soon_after_the_last_uevent(void **state)
{
        struct test *t = *state;
        uint64_t delay_ns = UINT64_MAX;

        /* A machine under load is late at times, but not at all times. */
        for (unsigned i = 1; i <= 10 && delay_ns >= 3 * HOTPLUG_SETTLE_NS; i++) {
                send_relevant(t);
                run_until_look(t, i);
                delay_ns = t->look_ns - t->burst.last_ns;
        }
        assert_in_range(delay_ns, HOTPLUG_SETTLE_NS, 3 * HOTPLUG_SETTLE_NS);
}

static void each_uevent_prolongs_the_settling(void **state)
{
        struct test *t = *state;
        uint64_t now = monotonic_now_ns(), until = now + 3 * HOTPLUG_SETTLE_NS, before;
        bool stood_still = false;

        /* One before each dispatch, so that the socket is never empty when the timer fires. */
        while (now < until) {
                before = now;
                send_relevant(t);
                sd_event_run(t->loop, 0);
                now = monotonic_now_ns();
                stood_still = stood_still || now - before >= HOTPLUG_SETTLE_NS;
        }
        /* Where the machine was too busy to send them the look was due. */
        if (!stood_still)
                assert_int_equal(t->looks, 0);
        send_relevant(t);
        run_until_look(t, t->looks + 1);
        assert_true(t->look_ns >= t->burst.last_ns + HOTPLUG_SETTLE_NS);
}

/* Sends until there is a look, one uevent before each dispatch. */
static void send_until_look(struct test *t)
{
        uint64_t start = monotonic_now_ns();
        unsigned before = t->looks;

        while (t->looks == before && monotonic_now_ns() - start < PATIENCE_NS) {
                send_relevant(t);
                assert_true(sd_event_run(t->loop, PATIENCE_NS / 1000) >= 0);
        }
        assert_int_equal(t->looks, before + 1);
}

static void look_comes_at_latest_after_500_ms(void **state)
{
        struct test *t = *state;
        uint64_t delay_ns = 0;

        /* Where the machine stood still between two of them the burst had settled: another try. */
        for (unsigned i = 0; i < 20 && delay_ns < HOTPLUG_SETTLE_MAX_NS; i++) {
                send_until_look(t);
                delay_ns = t->look_ns - t->burst.first_ns;
        }
        assert_in_range(delay_ns, HOTPLUG_SETTLE_MAX_NS, 4 * HOTPLUG_SETTLE_MAX_NS);
        assert_true(t->burst.last_ns > t->burst.first_ns + HOTPLUG_SETTLE_NS);
        assert_true(t->burst.uevents > 1);
}

static void burst_after_a_look_is_counted_anew(void **state)
{
        struct test *t = *state;
        uint64_t first_look_ns;

        send_relevant(t);
        send_relevant(t);
        run_until_look(t, 1);
        assert_int_equal(t->burst.uevents, 2);
        first_look_ns = t->look_ns;
        send_relevant(t);
        run_until_look(t, 2);
        assert_int_equal(t->burst.uevents, 1);
        assert_true(t->burst.first_ns >= first_look_ns);
        assert_true(t->look_ns >= t->burst.last_ns + HOTPLUG_SETTLE_NS);
        assert_idle(t);
        assert_int_equal(stats(t).relevant, 3);
}

static void uevents_of_other_subsystems_cause_no_look(void **state)
{
        struct test *t = *state;

        send_irrelevant(t);
        send_irrelevant(t);
        assert_true(sd_event_run(t->loop, 0) > 0);
        assert_idle(t);
        assert_int_equal(t->looks, 0);
        assert_int_equal(stats(t).uevents, 2);
        assert_int_equal(stats(t).relevant, 0);
}

static void uevents_of_other_subsystems_do_not_prolong_the_settling(void **state)
{
        struct test *t = *state;
        uint64_t last_ns;

        send_relevant(t);
        sd_event_run(t->loop, 0);
        last_ns = monotonic_now_ns();
        while (t->looks == 0 && monotonic_now_ns() - last_ns < PATIENCE_NS) {
                send_irrelevant(t);
                sd_event_run(t->loop, 0);
        }
        assert_int_equal(t->looks, 1);
        assert_true(t->burst.last_ns <= last_ns);
        assert_int_equal(t->burst.uevents, 1);
}

static void malformed_datagrams_are_counted_and_cause_no_look(void **state)
{
        static const char too_long[20000] = "add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=memory";
        struct test *t = *state;

        send_literal(t, "libudev\0\xfe\xed\xca\xfe");
        send_bytes(t, "add@/x", 6);
        send_bytes(t, too_long, sizeof(too_long));
        assert_true(sd_event_run(t->loop, 0) > 0);
        assert_idle(t);
        assert_int_equal(t->looks, 0);
        assert_int_equal(stats(t).malformed, 3);
        assert_int_equal(stats(t).uevents, 0);
}

static void burst_does_not_starve_the_loop(void **state)
{
        struct test *t = *state;

        for (unsigned i = 0; i < 200; i++)
                send_relevant(t);
        /* One dispatch; between it and the next one the other sources have their turn. */
        assert_true(sd_event_run(t->loop, PATIENCE_NS / 1000) > 0);
        assert_in_range(stats(t).uevents, 1, 199);
        run_until_look(t, 1);
        assert_int_equal(t->burst.uevents, 200);
}

/* The timer is due as well as the socket, whichever the loop takes first. */
static void uevents_that_wait_while_the_loop_is_busy_belong_to_the_burst(void **state)
{
        struct test *t = *state;

        send_relevant(t);
        sd_event_run(t->loop, 0);
        poll(NULL, 0, 2 * (int)(HOTPLUG_SETTLE_NS / MS_NS));
        send_relevant(t);
        run_until_look(t, 1);
        assert_int_equal(t->burst.uevents, 2);
        assert_idle(t);
}

static void closed_socket_is_a_last_look_and_an_error(void **state)
{
        struct test *t = *state;

        send_irrelevant(t);
        close_p(&t->sender);
        t->sender = -1;
        run_until_look(t, 1);
        assert_true(t->burst.lost);
        assert_int_equal(t->burst.uevents, 0);
        assert_int_equal(stats(t).error, -ECONNRESET);
        assert_idle(t);
}

static void free_while_settling_forgets_the_look(void **state)
{
        struct test *t = *state;

        send_relevant(t);
        sd_event_run(t->loop, 0);
        hotplug_free(t->hotplug);
        t->hotplug = NULL;
        assert_idle(t);
        assert_int_equal(t->looks, 0);
}

static void look_may_free(void **state)
{
        struct test *t = *state;

        t->free_in_look = true;
        send_relevant(t);
        run_until_look(t, 1);
        assert_null(t->hotplug);
        assert_idle(t);
}

static void descriptor_that_is_no_socket_stays_the_callers(void **state)
{
        struct test *t = *state;
        struct hotplug_callbacks cb = callbacks(t);
        _cleanup_(close_p) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        struct hotplug *h = NULL;

        assert_int_equal(hotplug_new_fd(t->loop, fd, &cb, &h), -ENOTSOCK);
        assert_null(h);
        assert_true(fcntl(fd, F_GETFD) >= 0);
}

/* cmocka's skip() prints "not ok", which automake's driver counts as a failure. */
static void not_tested(const char *reason)
{
        print_message("# not tested: %s\n", reason);
}

/* No uevents are sent to this group, and everybody may: a place to play the kernel's part, or not.
 */
#define USER_GROUP (1U << 30)
static const struct sockaddr_nl user_group = { .nl_family = AF_NETLINK, .nl_groups = USER_GROUP };

/* Listens to a netlink group of user programs instead of the socketpair. False: there is none. */
static bool listen_to_user_group(struct test *t, int receive_buffer)
{
        struct hotplug_callbacks cb = callbacks(t);
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
        const int on = 1;

        if (fd < 0)
                return false;
        hotplug_free(t->hotplug);
        t->hotplug = NULL;
        close(t->sender);
        t->sender = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
        assert_true(t->sender >= 0);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
        assert_int_equal(
                setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer)), 0);
        assert_int_equal(bind(fd, (const struct sockaddr *)&user_group, sizeof(user_group)), 0);
        assert_int_equal(hotplug_new_fd(t->loop, fd, &cb, &t->hotplug), 0);
        return true;
}

static void send_to_user_group(struct test *t)
{
        static const char online[] =
                "online@" BLOCK "\0ACTION=online\0DEVPATH=" BLOCK "\0SUBSYSTEM=memory\0SEQNUM=7";

        /* After the group the kernel's own port is tried, which nobody has opened. */
        assert_int_equal(sendto(t->sender, online, sizeof(online), 0,
                                (const struct sockaddr *)&user_group, sizeof(user_group)),
                         -1);
        assert_int_equal(errno, ECONNREFUSED);
}

static void uevent_of_another_sender_is_foreign(void **state)
{
        struct test *t = *state;

        if (!listen_to_user_group(t, 65536)) {
                not_tested("no NETLINK_USERSOCK");
                return;
        }
        send_to_user_group(t);
        send_to_user_group(t);
        assert_true(sd_event_run(t->loop, 0) > 0);
        assert_idle(t);
        assert_int_equal(t->looks, 0);
        assert_int_equal(stats(t).foreign, 2);
        assert_int_equal(stats(t).uevents, 0);
}

/* More than a dispatch reads is in the buffer when it overflows. */
static void overflow(struct test *t)
{
        for (unsigned i = 0; i < 1000; i++)
                send_to_user_group(t);
}

static void lost_uevents_cause_a_look_at_everything(void **state)
{
        struct test *t = *state;

        if (!listen_to_user_group(t, 131072)) {
                not_tested("no NETLINK_USERSOCK");
                return;
        }
        overflow(t);
        run_until_look(t, 1);
        assert_true(t->burst.lost);
        assert_int_equal(t->burst.uevents, 0);
        assert_true(t->look_ns >= t->burst.last_ns + HOTPLUG_SETTLE_NS);
        assert_int_equal(stats(t).lost, 1);
        assert_in_range(stats(t).foreign, 65, 999);
        assert_idle(t);
        assert_int_equal(t->looks, 1);
}

/* Until its buffer is empty the kernel drops more, and does not say so again. */
static void look_amid_an_overflow_is_followed_by_another(void **state)
{
        struct test *t = *state;
        uint64_t foreign;

        if (!listen_to_user_group(t, 131072)) {
                not_tested("no NETLINK_USERSOCK");
                return;
        }
        overflow(t);
        assert_true(sd_event_run(t->loop, 0) > 0);
        /* Both are due now; most of the buffer has not been read. */
        poll(NULL, 0, (int)(HOTPLUG_SETTLE_NS / MS_NS) + 10);
        while (t->looks == 0)
                assert_true(sd_event_run(t->loop, PATIENCE_NS / 1000) > 0);
        assert_true(t->burst.lost);
        foreign = stats(t).foreign;
        run_until_look(t, 2);
        assert_true(t->burst.lost);
        assert_true(stats(t).foreign > foreign);
        assert_idle(t);
        assert_int_equal(stats(t).lost, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(nothing_happens_nothing_wakes),
                TEST(burst_is_one_look),
                TEST(look_comes_soon_after_the_last_uevent),
                TEST(each_uevent_prolongs_the_settling),
                TEST(look_comes_at_latest_after_500_ms),
                TEST(burst_after_a_look_is_counted_anew),
                TEST(uevents_of_other_subsystems_cause_no_look),
                TEST(uevents_of_other_subsystems_do_not_prolong_the_settling),
                TEST(malformed_datagrams_are_counted_and_cause_no_look),
                TEST(burst_does_not_starve_the_loop),
                TEST(uevents_that_wait_while_the_loop_is_busy_belong_to_the_burst),
                TEST(closed_socket_is_a_last_look_and_an_error),
                TEST(free_while_settling_forgets_the_look),
                TEST(look_may_free),
                TEST(descriptor_that_is_no_socket_stays_the_callers),
                TEST(uevent_of_another_sender_is_foreign),
                TEST(lost_uevents_cause_a_look_at_everything),
                TEST(look_amid_an_overflow_is_followed_by_another),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
