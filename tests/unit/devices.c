/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void assert_address(const char *path, const char *expected)
{
        const char *address;
        size_t len = pci_address_in_path(path, &address);

        assert_int_equal(len, strlen(expected));
        assert_memory_equal(len ? address : "", expected, len);
}

static void the_last_address_in_a_path_is_that_of_the_function(void **state)
{
        (void)state;
        assert_address("../../devices/pci0000:00/0000:00:01.1/0000:02:00.0/net/eth0",
                       "0000:02:00.0");
        assert_address("../../devices/pci0000:00/0000:00:03.0/virtio2/net/eth0", "0000:00:03.0");
        assert_address("../../../0000:19:00.7", "0000:19:00.7");
        assert_address("0000:19:00.7/", "0000:19:00.7");
        assert_address("../pci10000:e0/10000:e0:17.0/ata1", "10000:e0:17.0");
}

static void what_only_looks_like_an_address_is_none(void **state)
{
        static const char *const paths[] = {
                "",
                "/",
                "../../devices/virtual/net/lo",
                "../../../virtio2",
                "../pci0000:00/usb1",
                "/000:02:00.0/",
                "/0000:02:00.8/",
                "/0000:02:0.0/",
                "/0000:2:00.0/",
                "/0000:02:00.00/",
                "/0000:02:00/",
                "/0000:02:00.",
                "/0000:02-00.0",
                "/0000",
                "/x0000:02:00.0",
                "/0000:02:00.0x",
                "/0000:0G:00.0",
        };

        (void)state;
        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
                assert_address(paths[i], "");
}

static void classes_are_grouped_by_what_the_function_is_for(void **state)
{
        (void)state;
        assert_int_equal(device_class_of_pci(0x010802), DEVICE_STORAGE);
        assert_int_equal(device_class_of_pci(0x0c0400), DEVICE_STORAGE);
        assert_int_equal(device_class_of_pci(0x0c0330), DEVICE_OTHER);
        assert_int_equal(device_class_of_pci(0x020700), DEVICE_NETWORK);
        assert_int_equal(device_class_of_pci(0x030000), DEVICE_DISPLAY);
        assert_int_equal(device_class_of_pci(0x030200), DEVICE_ACCELERATOR);
        assert_int_equal(device_class_of_pci(0x0b4000), DEVICE_ACCELERATOR);
        assert_int_equal(device_class_of_pci(0x120000), DEVICE_ACCELERATOR);
        assert_int_equal(device_class_of_pci(0x050210), DEVICE_MEMORY);
        assert_int_equal(device_class_of_pci(0x058000), DEVICE_OTHER);
        assert_int_equal(device_class_of_pci(0xffffff), DEVICE_OTHER);
}

static struct devices *two_devices(const char *second, int nid)
{
        struct devices *devices = devices_new();

        assert_non_null(devices_add(devices, SUBSYSTEM_PCI, "0000:02:00.0"));
        devices_add(devices, SUBSYSTEM_NET, second)->nid = nid;
        return devices;
}

static void lists_are_the_same_while_names_and_nodes_are(void **state)
{
        struct devices *a = two_devices("eth0", 1), *same = two_devices("eth0", 1);
        struct devices *renamed = two_devices("lan0", 1), *moved = two_devices("eth0", 0);
        struct devices *none = devices_new();

        (void)state;
        same->devices[1].speed = 100;
        assert_true(devices_same(a, same));
        assert_false(devices_same(a, renamed));
        assert_false(devices_same(a, moved));
        assert_false(devices_same(a, none));
        assert_false(devices_same(a, NULL));
        assert_true(devices_same(NULL, NULL));
        devices_unref(a);
        devices_unref(same);
        devices_unref(renamed);
        devices_unref(moved);
        devices_unref(none);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_last_address_in_a_path_is_that_of_the_function),
                cmocka_unit_test(what_only_looks_like_an_address_is_none),
                cmocka_unit_test(classes_are_grouped_by_what_the_function_is_for),
                cmocka_unit_test(lists_are_the_same_while_names_and_nodes_are),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
