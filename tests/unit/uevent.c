/* SPDX-License-Identifier: MIT */
#include "uevent.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A string constant with its last NUL, which ends the last variable. */
#define DATAGRAM(text) (text), sizeof(text)

#define MEMORY32 "/devices/system/memory/memory32"
static const char plugged[] =
        "add@" MEMORY32 "\0ACTION=add\0DEVPATH=" MEMORY32 "\0SUBSYSTEM=memory\0SEQNUM=1234";

static void assert_refused(const char *bytes, size_t len)
{
        /* On the heap, so that a sanitizer sees what is read beyond the end. */
        char *copy = malloc(len > 0 ? len : 1);
        struct uevent u;
        int r;

        assert_non_null(copy);
        memcpy(copy, bytes, len);
        r = uevent_parse(copy, len, &u);
        free(copy);
        assert_int_equal(r, -EINVAL);
}

static void kernels_datagram_is_taken_apart(void **state)
{
        struct uevent u;

        (void)state;
        assert_int_equal(uevent_parse(plugged, sizeof(plugged), &u), 0);
        assert_int_equal(u.action, UEVENT_ADD);
        assert_string_equal(u.devpath, MEMORY32);
        assert_string_equal(u.subsystem, "memory");
        assert_true(u.has_seqnum);
        assert_int_equal(u.seqnum, 1234);
}

static void any_digit_can_begin_the_sequence_number(void **state)
{
        char text[] = "add@/a\0ACTION=add\0DEVPATH=/a\0SUBSYSTEM=memory\0SEQNUM=0";
        struct uevent u;

        (void)state;
        for (char digit = '0'; digit <= '9'; digit++) {
                text[sizeof(text) - 2] = digit;
                errno = ERANGE; /* of somebody else's */
                assert_int_equal(uevent_parse(text, sizeof(text), &u), 0);
                assert_int_equal(u.seqnum, digit - '0');
        }
}

static void strings_point_into_the_datagram(void **state)
{
        struct uevent u;

        (void)state;
        assert_int_equal(uevent_parse(plugged, sizeof(plugged), &u), 0);
        assert_in_range((uintptr_t)u.devpath, (uintptr_t)plugged,
                        (uintptr_t)plugged + sizeof(plugged));
        assert_in_range((uintptr_t)u.subsystem, (uintptr_t)plugged,
                        (uintptr_t)plugged + sizeof(plugged));
}

static void every_action_of_the_kernel_is_known(void **state)
{
        static const char *const names[] = { "add",  "remove", "change", "online", "offline",
                                             "move", "bind",   "unbind", "other" };
        char bytes[128];
        struct uevent u;

        (void)state;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                int n = snprintf(bytes, sizeof(bytes),
                                 "%s@/devices/x%cACTION=%s%cDEVPATH=/devices/x%cSUBSYSTEM=cpu",
                                 names[i], 0, names[i], 0, 0);

                assert_int_equal(uevent_parse(bytes, (size_t)n + 1, &u), 0);
                assert_int_equal(u.action, UEVENT_ADD + i);
        }
}

/* As a 6.18 kernel sent it, but for the length of MODALIAS. */
static void drivers_variables_are_passed_over(void **state)
{
        struct uevent u;

        (void)state;
        assert_int_equal(
                uevent_parse(
                        DATAGRAM("change@/devices/system/cpu/cpu1\0ACTION=change\0SUBSYSTEMS=no\0"
                                 "DEVPATH=/devices/system/cpu/cpu1\0SUBSYSTEM=cpu\0"
                                 "SYNTH_UUID=0\0MODALIAS=cpu:type:x86,02AC\n\0"
                                 "DRIVER\0SUBSYSTEM=late\0SEQNUM=822"),
                        &u),
                0);
        assert_int_equal(u.action, UEVENT_CHANGE);
        assert_string_equal(u.devpath, "/devices/system/cpu/cpu1");
        assert_string_equal(u.subsystem, "cpu");
        assert_int_equal(u.seqnum, 822);
}

static void seqnum_may_be_missing_but_not_wrong(void **state)
{
        struct uevent u;

        (void)state;
        assert_int_equal(
                uevent_parse(DATAGRAM("add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=node"), &u), 0);
        assert_false(u.has_seqnum);
        assert_int_equal(u.seqnum, 0);
        assert_int_equal(uevent_parse(DATAGRAM("add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=node\0"
                                               "SEQNUM=18446744073709551615"),
                                      &u),
                         0);
        assert_true(u.seqnum == UINT64_MAX);
#define WITH_SEQNUM(text) DATAGRAM("add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=node\0SEQNUM=" text)
        assert_refused(WITH_SEQNUM(""));
        assert_refused(WITH_SEQNUM("-1"));
        assert_refused(WITH_SEQNUM(" 1"));
        assert_refused(WITH_SEQNUM("1x"));
        assert_refused(WITH_SEQNUM("18446744073709551616"));
}

static void datagram_cut_after_any_byte_is_refused_or_lacks_only_its_end(void **state)
{
        /* After SUBSYSTEM all that is needed has been said. */
        size_t subsystem_end = sizeof(plugged) - sizeof("SEQNUM=1234");

        (void)state;
        for (size_t len = 0; len < sizeof(plugged); len++)
                if (len != subsystem_end)
                        assert_refused(plugged, len);
}

static void datagram_of_udevd_is_refused(void **state)
{
        (void)state;
        assert_refused(DATAGRAM("libudev\0\xfe\xed\xca\xfe\0\0\0\x28\0\0\0\x28\0\0\0\x60"
                                "ACTION=add\0DEVPATH=" MEMORY32 "\0SUBSYSTEM=memory\0SEQNUM=1234"));
}

static void what_lacks_a_part_is_refused(void **state)
{
        (void)state;
        assert_refused("", 0);
        assert_refused(DATAGRAM(""));
        assert_refused(DATAGRAM("add@/x"));
        assert_refused(DATAGRAM("add@/x\0ACTION=add\0DEVPATH=/x"));
        assert_refused(DATAGRAM("add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM="));
        assert_refused(DATAGRAM("add@/x\0ACTION=add\0SUBSYSTEM=cpu"));
        assert_refused(DATAGRAM("add@/x\0DEVPATH=/x\0SUBSYSTEM=cpu"));
        assert_refused(DATAGRAM("@/x\0ACTION=\0DEVPATH=/x\0SUBSYSTEM=cpu"));
        assert_refused(DATAGRAM("add@x\0ACTION=add\0DEVPATH=x\0SUBSYSTEM=cpu"));
        assert_refused(DATAGRAM("ACTION=add\0DEVPATH=/x\0SUBSYSTEM=cpu"));
}

static void head_and_variables_must_agree(void **state)
{
        (void)state;
        assert_refused(DATAGRAM("add@/x\0ACTION=remove\0DEVPATH=/x\0SUBSYSTEM=cpu"));
        assert_refused(DATAGRAM("bid@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=cpu"));
        assert_refused(DATAGRAM("add:/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=cpu"));
        assert_refused(DATAGRAM("add@/x\0ACTION=ad\0DEVPATH=/x\0SUBSYSTEM=cpu"));
        assert_refused(DATAGRAM("add@/x\0ACTION=add\0DEVPATH=/y\0SUBSYSTEM=cpu"));
        assert_refused(DATAGRAM("add@/xy\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=cpu"));
}

static bool concerns_numa(const char *subsystem)
{
        return uevent_concerns_numa(&(struct uevent){ .subsystem = subsystem, .devpath = "/x" });
}

static void numa_is_memory_cpus_nodes_tiers_and_dax(void **state)
{
        (void)state;
        assert_true(concerns_numa("memory"));
        assert_true(concerns_numa("cpu"));
        assert_true(concerns_numa("node"));
        assert_true(concerns_numa("memory_tiering"));
        assert_true(concerns_numa("dax"));
        assert_false(concerns_numa("block"));
        assert_false(concerns_numa("net"));
        assert_false(concerns_numa("cpuid"));
        assert_false(concerns_numa("mem"));
        assert_false(concerns_numa(""));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(kernels_datagram_is_taken_apart),
                cmocka_unit_test(any_digit_can_begin_the_sequence_number),
                cmocka_unit_test(strings_point_into_the_datagram),
                cmocka_unit_test(every_action_of_the_kernel_is_known),
                cmocka_unit_test(drivers_variables_are_passed_over),
                cmocka_unit_test(seqnum_may_be_missing_but_not_wrong),
                cmocka_unit_test(datagram_cut_after_any_byte_is_refused_or_lacks_only_its_end),
                cmocka_unit_test(datagram_of_udevd_is_refused),
                cmocka_unit_test(what_lacks_a_part_is_refused),
                cmocka_unit_test(head_and_variables_must_agree),
                cmocka_unit_test(numa_is_memory_cpus_nodes_tiers_and_dax),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
