/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include "array.h"

#include <stdlib.h>
#include <string.h>

/* include/linux/pci_ids.h: base class and subclass */
#define PCI_BASE_CLASS_STORAGE      0x01
#define PCI_BASE_CLASS_NETWORK      0x02
#define PCI_BASE_CLASS_DISPLAY      0x03
#define PCI_BASE_CLASS_ACCELERATOR  0x12
#define PCI_CLASS_DISPLAY_3D        0x0302 /* a GPU without a screen */
#define PCI_CLASS_MEMORY_CXL        0x0502
#define PCI_CLASS_PROCESSOR_CO      0x0b40
#define PCI_CLASS_SERIAL_FIBER      0x0c04
#define PCI_CLASS_SERIAL_INFINIBAND 0x0c06

struct devices *devices_new(void)
{
        struct devices *devices = calloc(1, sizeof(*devices));

        if (devices)
                devices->refs = 1;
        return devices;
}

struct devices *devices_ref(struct devices *devices)
{
        devices->refs++;
        return devices;
}

static void device_release(struct device *device)
{
        free(device->name);
        free(device->pci);
        free(device->driver);
        free(device->operstate);
        free(device->local_cpus.ranges);
        for (size_t i = 0; i < device->n_interrupts; i++)
                free(device->interrupts[i].cpus.ranges);
        free(device->interrupts);
}

void devices_unref(struct devices *devices)
{
        if (!devices || --devices->refs > 0)
                return;
        for (size_t i = 0; i < devices->n; i++)
                device_release(&devices->devices[i]);
        free(devices->devices);
        free(devices);
}

struct device *devices_add(struct devices *devices, enum device_subsystem subsystem,
                           const char *name)
{
        struct device *device;
        char *copy = strdup(name);

        if (!copy ||
            !array_grow(&devices->devices, &devices->cap, devices->n, sizeof(*devices->devices))) {
                free(copy);
                return NULL;
        }
        device = &devices->devices[devices->n++];
        *device = (struct device){
                .subsystem = subsystem,
                .class = DEVICE_OTHER,
                .name = copy,
                .pci_class = DEVICE_UNKNOWN,
                .vendor = DEVICE_UNKNOWN,
                .device = DEVICE_UNKNOWN,
                .nid = NUMA_NO_NODE,
                .speed = DEVICE_UNKNOWN,
                .rx_queues = DEVICE_UNKNOWN,
                .tx_queues = DEVICE_UNKNOWN,
        };
        return device;
}

struct interrupt *device_add_interrupt(struct device *device, uint32_t irq)
{
        struct interrupt *interrupts = reallocarray(device->interrupts, device->n_interrupts + 1,
                                                    sizeof(*device->interrupts));

        if (!interrupts)
                return NULL;
        device->interrupts = interrupts;
        interrupts[device->n_interrupts] = (struct interrupt){ .irq = irq };
        return &interrupts[device->n_interrupts++];
}

bool devices_same(const struct devices *a, const struct devices *b)
{
        if (!a || !b || a->n != b->n)
                return a == b;
        for (size_t i = 0; i < a->n; i++) {
                const struct device *x = &a->devices[i], *y = &b->devices[i];

                if (x->subsystem != y->subsystem || x->nid != y->nid ||
                    strcmp(x->name, y->name) != 0)
                        return false;
        }
        return true;
}

const struct device *devices_find_pci(const struct devices *devices, const char *address)
{
        for (size_t i = 0; i < devices->n && devices->devices[i].subsystem == SUBSYSTEM_PCI; i++)
                if (strcmp(devices->devices[i].name, address) == 0)
                        return &devices->devices[i];
        return NULL;
}

/* Length of "0000:03:00.0" at the beginning of s; domains can have more digits. 0: none is there.
 */
static size_t pci_address_length(const char *s)
{
        static const char hex[] = "0123456789abcdef";
        size_t domain = strspn(s, hex), len = domain + strlen(":03:00.0");

        if (domain < 4 || strnlen(s, len) < len || s[domain] != ':' ||
            strspn(s + domain + 1, hex) != 2 || s[domain + 3] != ':' ||
            strspn(s + domain + 4, hex) != 2 || s[domain + 6] != '.' || s[domain + 7] < '0' ||
            s[domain + 7] > '7')
                return 0;
        return s[len] == '/' || s[len] == '\0' ? len : 0;
}

size_t pci_address_in_path(const char *path, const char **address)
{
        size_t found = 0;

        for (const char *s = path; s; s = strchr(s, '/')) {
                size_t len;

                s += *s == '/';
                len = pci_address_length(s);
                if (len == 0)
                        continue;
                *address = s;
                found = len;
        }
        return found;
}

enum device_class device_class_of_pci(uint64_t pci_class)
{
        switch (pci_class >> 8) {
        case PCI_CLASS_DISPLAY_3D:
        case PCI_CLASS_PROCESSOR_CO:
                return DEVICE_ACCELERATOR;
        case PCI_CLASS_MEMORY_CXL:
                return DEVICE_MEMORY;
        case PCI_CLASS_SERIAL_FIBER:
                return DEVICE_STORAGE;
        case PCI_CLASS_SERIAL_INFINIBAND:
                return DEVICE_NETWORK;
        }
        switch (pci_class >> 16) {
        case PCI_BASE_CLASS_STORAGE:
                return DEVICE_STORAGE;
        case PCI_BASE_CLASS_NETWORK:
                return DEVICE_NETWORK;
        case PCI_BASE_CLASS_DISPLAY:
                return DEVICE_DISPLAY;
        case PCI_BASE_CLASS_ACCELERATOR:
                return DEVICE_ACCELERATOR;
        default:
                return DEVICE_OTHER;
        }
}

bool device_has_metric(const struct devices *devices, const struct device *device)
{
        if (device->subsystem != SUBSYSTEM_PCI)
                return true;
        if (device->class == DEVICE_OTHER)
                return false;
        for (size_t i = devices->n; i > 0; i--) {
                const struct device *named = &devices->devices[i - 1];

                if (named->subsystem == SUBSYSTEM_PCI)
                        break;
                if (named->pci && strcmp(named->pci, device->name) == 0)
                        return false;
        }
        return true;
}

const char *device_subsystem_dir(enum device_subsystem subsystem)
{
        static const char *const dirs[NR_SUBSYSTEMS] = {
                [SUBSYSTEM_PCI] = "/sys/bus/pci/devices",
                [SUBSYSTEM_NET] = "/sys/class/net",
                [SUBSYSTEM_BLOCK] = "/sys/class/block",
                [SUBSYSTEM_INFINIBAND] = "/sys/class/infiniband",
                [SUBSYSTEM_ACCEL] = "/sys/class/accel",
                [SUBSYSTEM_DRM] = "/sys/class/drm",
                [SUBSYSTEM_DAX] = "/sys/bus/dax/devices",
        };

        return dirs[subsystem];
}

const char *device_subsystem_name(enum device_subsystem subsystem)
{
        static const char *const names[NR_SUBSYSTEMS] = {
                [SUBSYSTEM_PCI] = "pci",     [SUBSYSTEM_NET] = "net",
                [SUBSYSTEM_BLOCK] = "block", [SUBSYSTEM_INFINIBAND] = "infiniband",
                [SUBSYSTEM_ACCEL] = "accel", [SUBSYSTEM_DRM] = "drm",
                [SUBSYSTEM_DAX] = "dax",
        };

        return names[subsystem];
}

const char *device_class_name(enum device_class device_class)
{
        static const char *const names[NR_DEVICE_CLASSES] = {
                [DEVICE_NETWORK] = "network",
                [DEVICE_INFINIBAND] = "infiniband",
                [DEVICE_STORAGE] = "storage",
                [DEVICE_DISPLAY] = "display",
                [DEVICE_ACCELERATOR] = "accelerator",
                [DEVICE_MEMORY] = "memory",
                [DEVICE_OTHER] = "other",
        };

        return names[device_class];
}
