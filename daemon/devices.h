/* SPDX-License-Identifier: MIT */
/*
 * The devices of a machine as sysfs has them, and the node that each is near: PCI functions, then
 * what drivers give names to, such as interfaces, disks and accelerators. Read when the structure
 * is looked at, and shared by the snapshots until the next look.
 */
#pragma once

#include "id_list.h"
#include "nodemask.h"

/* The kernel's subsystems, in the order in which devices are listed. */
enum device_subsystem {
        SUBSYSTEM_PCI,
        SUBSYSTEM_NET,
        SUBSYSTEM_BLOCK,
        SUBSYSTEM_INFINIBAND,
        SUBSYSTEM_ACCEL,
        SUBSYSTEM_DRM,
        SUBSYSTEM_DAX,
        NR_SUBSYSTEMS,
};

enum device_class {
        DEVICE_NETWORK,
        DEVICE_INFINIBAND, /* which udev names as the interface on it */
        DEVICE_STORAGE,
        DEVICE_DISPLAY,
        DEVICE_ACCELERATOR,
        DEVICE_MEMORY,
        DEVICE_OTHER,
        NR_DEVICE_CLASSES,
};

struct interrupt {
        uint32_t irq;
        struct id_list cpus; /* that handle it */
        nodemask_t nodes;    /* of those CPUs; empty: unknown */
};

#define DEVICE_UNKNOWN UINT64_MAX

/* A string is NULL, a number DEVICE_UNKNOWN where the kernel does not say or it means nothing. */
struct device {
        enum device_subsystem subsystem;
        enum device_class class;
        char *name;         /* "eth0"; of a PCI function its address */
        char *pci;          /* the function that it is, or is on: "0000:03:00.0" */
        char *driver;       /* of the interface, otherwise of the function */
        uint64_t pci_class; /* of the function, like the two below; 24 bits: base class, subclass,
                               interface */
        uint64_t vendor, device;
        int nid; /* NUMA_NO_NODE: unknown */
        struct id_list local_cpus;
        /* Of network interfaces. */
        char *operstate;
        uint64_t speed; /* bits per second */
        uint64_t rx_queues, tx_queues;
        bool interrupts_known;
        bool msi; /* they are message-signalled, as all but old devices do it */
        size_t n_interrupts;
        struct interrupt *interrupts; /* ascending */
};

struct devices {
        unsigned refs;
        bool known; /* sysfs has a place where devices would be */
        size_t n, cap;
        struct device *devices; /* by subsystem, then by name */
};

/* An empty list. NULL when memory is exhausted. */
struct devices *devices_new(void);
struct devices *devices_ref(struct devices *devices);
/* NULL is allowed. */
void devices_unref(struct devices *devices);

/* A new device at the end, of which nothing is known, or NULL when memory is exhausted. */
struct device *devices_add(struct devices *devices, enum device_subsystem subsystem,
                           const char *name);
/* A new interrupt at the end; the list of its CPUs is the device's to free. NULL: no memory. */
struct interrupt *device_add_interrupt(struct device *device, uint32_t irq);
/* Whether both lists, which may be NULL, have the same devices at the same nodes. */
bool devices_same(const struct devices *a, const struct devices *b);

/* The PCI function of this address, or NULL. */
const struct device *devices_find_pci(const struct devices *devices, const char *address);
/* The last component of a path that is a PCI address ("0000:03:00.0"): its length, and where it
 * begins in *address; 0: none is. */
size_t pci_address_in_path(const char *path, const char **address);
/* From the class code of a PCI function (include/linux/pci_ids.h). */
enum device_class device_class_of_pci(uint64_t pci_class);
/* Whether a metric tells of it: of each device once, by its name if it has one, and of the
 * chipset's own PCI functions not at all. */
bool device_has_metric(const struct devices *devices, const struct device *device);

/* Where its devices are listed: "/sys/class/net". */
const char *device_subsystem_dir(enum device_subsystem subsystem);
/* "net", "block", …: the kernel's names. */
const char *device_subsystem_name(enum device_subsystem subsystem);
/* "network", "infiniband", "storage", "display", "accelerator", "memory", "other" */
const char *device_class_name(enum device_class device_class);
