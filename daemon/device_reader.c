/* SPDX-License-Identifier: MIT */
#include "device_reader.h"

#include "array.h"
#include "cleanup.h"
#include "file_set.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCI_DIR "/sys/bus/pci/devices"

#define CPU_ID_MAX 65535
/* include/linux/ethtool.h: SPEED_UNKNOWN, which older kernels print without its sign */
#define SPEED_UNKNOWN UINT32_MAX
#define BITS_PER_MBIT UINT64_C(1000000)

/* How many are read in one part: a millisecond, if they are no interfaces of a hundred queues. */
#define DEVICES_AT_ONCE 16

struct names {
        size_t n, cap;
        char **names;
};

struct device_reader {
        struct source *source;
        struct file_set *files;
        struct devices *devices; /* as read last; NULL: none */
        /* Of the reading under way. */
        struct devices *building; /* NULL: none is */
        enum device_subsystem subsystem;
        struct names names; /* of its devices */
        size_t next;        /* in names */
        struct reader *reader;
        const struct cpu_reader *cpus;
};

static void names_release(struct names *names)
{
        for (size_t i = 0; i < names->n; i++)
                free(names->names[i]);
        free(names->names);
}

struct device_reader *device_reader_new(struct source *source)
{
        struct device_reader *d = calloc(1, sizeof(*d));

        if (!d)
                return NULL;
        d->source = source;
        d->files = file_set_new(source);
        if (d->files)
                return d;
        free(d);
        return NULL;
}

void device_reader_free(struct device_reader *d)
{
        if (!d)
                return;
        file_set_free(d->files);
        devices_unref(d->devices);
        devices_unref(d->building);
        names_release(&d->names);
        free(d);
}

static void out_of_memory(struct device_reader *d)
{
        reader_out_of_memory(d->reader);
}

static int compare_names(const void *a, const void *b)
{
        return strverscmp(*(char *const *)a, *(char *const *)b);
}

/* The entries of a directory, sorted; eth10 comes after eth9. False: there is no such directory, or
 * it cannot be read. */
static bool list_names(struct device_reader *d, const char *path, struct names *names)
{
        _cleanup_(reader_listing_close) struct reader_listing listing =
                reader_list(d->reader, COLLECTOR_DEVICES, "%s", path);
        const struct dirent *entry;

        while ((entry = reader_next(&listing))) {
                char *name;

                if (entry->d_name[0] == '.')
                        continue;
                name = strdup(entry->d_name);
                if (!name || !array_grow(&names->names, &names->cap, names->n, sizeof(name))) {
                        free(name);
                        out_of_memory(d);
                        break;
                }
                names->names[names->n++] = name;
        }
        if (names->n > 1)
                qsort(names->names, names->n, sizeof(*names->names), compare_names);
        return listing.error == 0;
}

/* A string that is NULL without memory for it. */
static char *copy_string(struct device_reader *d, const char *s, size_t len)
{
        char *copy = strndup(s, len);

        if (!copy)
                out_of_memory(d);
        return copy;
}

enum need { MAY_BE_MISSING, MAY_BE_REFUSED };

/* 0 if there is something to parse, or -errno. */
static int read_text(struct device_reader *d, struct source_file *file, enum need need,
                     struct parser *p)
{
        int r;

        if (!file) {
                out_of_memory(d);
                return -ENOMEM;
        }
        r = need == MAY_BE_REFUSED ? reader_read_stateful(d->reader, COLLECTOR_DEVICES, file, p)
                                   : reader_read_optional(d->reader, COLLECTOR_DEVICES, file, p);
        /* The text lies elsewhere, and there can be thousands of these files. */
        source_file_close(file);
        return r;
}

/* One number of at most max; -1 is what the kernel says where it does not know. */
static uint64_t read_number(struct device_reader *d, struct source_file *file, enum need need,
                            unsigned base, uint64_t max)
{
        struct parser p;
        uint64_t value;

        if (read_text(d, file, need, &p) < 0)
                return DEVICE_UNKNOWN;
        /* Recordings have an empty file for one that was refused. */
        if (need == MAY_BE_REFUSED && p.start == p.end)
                return DEVICE_UNKNOWN;
        if (p.end - p.pos == 3 && memcmp(p.pos, "-1\n", 3) == 0)
                value = DEVICE_UNKNOWN;
        else if (parse_scalar(&p, base, &value) == 0 && value > max)
                parse_reject(&p, p.start, "a smaller number");
        return reader_parsed(d->reader, COLLECTOR_DEVICES, file, &p) ? value : DEVICE_UNKNOWN;
}

/* One word, such as "up"; NULL if there is none. */
static char *read_word(struct device_reader *d, struct source_file *file)
{
        struct parser p;
        size_t len = 0;

        if (read_text(d, file, MAY_BE_MISSING, &p) < 0)
                return NULL;
        while (p.pos + len < p.end && p.pos[len] >= 'a' && p.pos[len] <= 'z')
                len++;
        if (len == 0 || p.end - p.pos != (ptrdiff_t)len + 1 || p.pos[len] != '\n')
                parse_reject(&p, p.pos, "one word in lower case");
        return reader_parsed(d->reader, COLLECTOR_DEVICES, file, &p) ? copy_string(d, p.pos, len)
                                                                     : NULL;
}

/* Unknown unless the list is well-formed; -errno if it cannot be read. */
static int read_cpulist(struct device_reader *d, struct source_file *file, struct id_list *cpus)
{
        struct id_range range;
        size_t cap = 0;
        struct parser p;
        int r = read_text(d, file, MAY_BE_MISSING, &p);

        if (r < 0)
                return r;
        if (p.start == p.end)
                parse_reject(&p, p.start, "a list of CPUs");
        while (parse_list(&p, CPU_ID_MAX, &range)) {
                if (cpus->n > 0 && range.first <= cpus->ranges[cpus->n - 1].last) {
                        parse_reject(&p, p.start, "an ascending list");
                        break;
                }
                if (!array_grow(&cpus->ranges, &cap, cpus->n, sizeof(range))) {
                        out_of_memory(d);
                        return -ENOMEM;
                }
                cpus->ranges[cpus->n++] = range;
        }
        cpus->known = reader_parsed(d->reader, COLLECTOR_DEVICES, file, &p);
        return 0;
}

static void copy_cpulist(struct device_reader *d, struct id_list *to, const struct id_list *from)
{
        if (!from->known)
                return;
        to->ranges = calloc(from->n + 1, sizeof(*to->ranges));
        if (!to->ranges) {
                out_of_memory(d);
                return;
        }
        if (from->n > 0)
                memcpy(to->ranges, from->ranges, from->n * sizeof(*to->ranges));
        to->n = from->n;
        to->known = true;
}

/* The last component of where a link leads: the driver of a device. */
static char *read_driver(struct device_reader *d, const char *where)
{
        _cleanup_(free_p) char *path = NULL, *target = NULL;
        const char *name;

        if (asprintf(&path, "%s/driver", where) < 0) {
                out_of_memory(d);
                return NULL;
        }
        target = source_readlink(d->source, path);
        if (!target)
                return NULL;
        name = strrchr(target, '/');
        name = name ? name + 1 : target;
        return copy_string(d, name, strlen(name));
}

static int read_nid(struct device_reader *d, const char *where)
{
        uint64_t nid = read_number(d, file_set_attribute(d->files, "%s/numa_node", where),
                                   MAY_BE_MISSING, 10, MAX_NUMNODES - 1);

        return nid == DEVICE_UNKNOWN ? NUMA_NO_NODE : (int)nid;
}

static void read_pci_function(struct device_reader *d, struct device *device)
{
        _cleanup_(free_p) char *where = NULL;

        if (asprintf(&where, PCI_DIR "/%s", device->name) < 0) {
                out_of_memory(d);
                return;
        }
        device->pci = copy_string(d, device->name, strlen(device->name));
        device->pci_class = read_number(d, file_set_attribute(d->files, "%s/class", where),
                                        MAY_BE_MISSING, 16, 0xffffff);
        device->vendor = read_number(d, file_set_attribute(d->files, "%s/vendor", where),
                                     MAY_BE_MISSING, 16, 0xffff);
        device->device = read_number(d, file_set_attribute(d->files, "%s/device", where),
                                     MAY_BE_MISSING, 16, 0xffff);
        if (device->pci_class != DEVICE_UNKNOWN)
                device->class = device_class_of_pci(device->pci_class);
        device->driver = read_driver(d, where);
        device->nid = read_nid(d, where);
        read_cpulist(d, file_set_attribute(d->files, "%s/local_cpulist", where),
                     &device->local_cpus);
}

/* The PCI function that a link leads through or to; NULL: none. */
static char *function_of_link(struct device_reader *d, const char *path)
{
        _cleanup_(free_p) char *target = source_readlink(d->source, path);
        const char *address;
        size_t len = target ? pci_address_in_path(target, &address) : 0;

        return len > 0 ? copy_string(d, address, len) : NULL;
}

/* The disk of an NVMe subsystem is under no function itself, but its controllers are; NULL unless
 * there is one alone. */
static char *function_of_nvme_controllers(struct device_reader *d, const char *subsystem)
{
        __attribute__((cleanup(names_release))) struct names names = { .n = 0 };
        char *function = NULL;

        list_names(d, subsystem, &names);
        for (size_t i = 0; i < names.n; i++) {
                _cleanup_(free_p) char *path = NULL;
                char *found;

                if (strncmp(names.names[i], "nvme", 4) != 0 ||
                    asprintf(&path, "%s/%s", subsystem, names.names[i]) < 0)
                        continue;
                found = function_of_link(d, path);
                if (!found)
                        continue;
                if (function) {
                        free(function);
                        free(found);
                        return NULL;
                }
                function = found;
        }
        return function;
}

/*
 * where: the device's entry in its class. New kernels link that to the device's place below
 * /sys/devices; old ones, and recordings, only what it is on.
 */
static char *find_function(struct device_reader *d, const char *where)
{
        _cleanup_(free_p) char *on = NULL;
        char *function = function_of_link(d, where);

        if (function || asprintf(&on, "%s/device", where) < 0)
                return function;
        function = function_of_link(d, on);
        return function ? function : function_of_nvme_controllers(d, on);
}

static void copy_function(struct device_reader *d, struct device *device,
                          const struct device *function)
{
        device->pci_class = function->pci_class;
        device->vendor = function->vendor;
        device->device = function->device;
        device->nid = function->nid;
        if (!device->driver && function->driver)
                device->driver = copy_string(d, function->driver, strlen(function->driver));
        copy_cpulist(d, &device->local_cpus, &function->local_cpus);
}

/* Interrupts. */

static void add_interrupt(struct device_reader *d, struct device *device, uint32_t irq)
{
        struct interrupt *interrupt = device_add_interrupt(device, irq);
        struct source_file *file =
                file_set_attribute(d->files, "/proc/irq/%" PRIu32 "/effective_affinity_list", irq);
        struct id_list *cpus;

        if (!interrupt) {
                out_of_memory(d);
                return;
        }
        cpus = &interrupt->cpus;
        /* Before Linux 4.13 the kernel says only which CPUs it may choose. */
        if (read_cpulist(d, file, cpus) == -ENOENT)
                read_cpulist(d,
                             file_set_attribute(d->files, "/proc/irq/%" PRIu32 "/smp_affinity_list",
                                                irq),
                             cpus);
        for (size_t k = 0; cpus->known && k < cpus->n; k++)
                for (uint32_t cpu = cpus->ranges[k].first; cpu <= cpus->ranges[k].last; cpu++)
                        if (cpu_to_node(d->cpus, cpu) != NUMA_NO_NODE)
                                node_set(cpu_to_node(d->cpus, cpu), &interrupt->nodes);
}

/* on: the directory of what the interface is on, which holds its interrupts. */
static void read_interrupts(struct device_reader *d, struct device *device, const char *on)
{
        __attribute__((cleanup(names_release))) struct names names = { .n = 0 };
        _cleanup_(free_p) char *msi = NULL;
        uint64_t irq;

        if (asprintf(&msi, "%s/msi_irqs", on) < 0) {
                out_of_memory(d);
                return;
        }
        device->interrupts_known = list_names(d, msi, &names);
        for (size_t i = 0; i < names.n; i++) {
                char *end;
                unsigned long number = strtoul(names.names[i], &end, 10);

                if (*end == '\0' && number <= UINT32_MAX)
                        add_interrupt(d, device, (uint32_t)number);
        }
        device->msi = names.n > 0;
        if (device->msi)
                return;
        irq = read_number(d, file_set_attribute(d->files, "%s/irq", on), MAY_BE_MISSING, 10,
                          UINT32_MAX);
        if (irq == DEVICE_UNKNOWN)
                return;
        device->interrupts_known = true;
        if (irq > 0)
                add_interrupt(d, device, (uint32_t)irq);
}

/* Network interfaces. */

static void count_queues(struct device_reader *d, struct device *device, const char *where)
{
        _cleanup_(reader_listing_close) struct reader_listing listing =
                reader_list(d->reader, COLLECTOR_DEVICES, "%s/queues", where);
        uint64_t rx = 0, tx = 0;
        const struct dirent *entry;

        while ((entry = reader_next(&listing))) {
                rx += strncmp(entry->d_name, "rx-", 3) == 0;
                tx += strncmp(entry->d_name, "tx-", 3) == 0;
        }
        if (listing.error < 0)
                return;
        device->rx_queues = rx;
        device->tx_queues = tx;
}

static void read_interface(struct device_reader *d, struct device *device, const char *where)
{
        uint64_t mbits = read_number(d, file_set_attribute(d->files, "%s/speed", where),
                                     MAY_BE_REFUSED, 10, SPEED_UNKNOWN);

        if (mbits < SPEED_UNKNOWN)
                device->speed = mbits * BITS_PER_MBIT;
        device->operstate = read_word(d, file_set_attribute(d->files, "%s/operstate", where));
        count_queues(d, device, where);
}

static const enum device_class classes[NR_SUBSYSTEMS] = {
        [SUBSYSTEM_NET] = DEVICE_NETWORK,           [SUBSYSTEM_BLOCK] = DEVICE_STORAGE,
        [SUBSYSTEM_INFINIBAND] = DEVICE_INFINIBAND, [SUBSYSTEM_ACCEL] = DEVICE_ACCELERATOR,
        [SUBSYSTEM_DRM] = DEVICE_DISPLAY,           [SUBSYSTEM_DAX] = DEVICE_MEMORY,
};

/* What is on no device is of software: lo, loop0, a bridge, a partition. */
static bool is_on_device(struct device_reader *d, enum device_subsystem subsystem, const char *name,
                         const char *on)
{
        _cleanup_(close_p) int fd = -1;

        /* Screens and render nodes stand beside the cards. */
        if (subsystem == SUBSYSTEM_DRM &&
            (strncmp(name, "card", 4) != 0 || name[4 + strspn(name + 4, "0123456789")]))
                return false;
        fd = source_open(d->source, on, O_PATH | O_NOFOLLOW);
        return fd >= 0;
}

/* where: its entry in its class; on: the directory of what it is on. */
static void read_named(struct device_reader *d, const struct devices *devices,
                       struct device *device, const char *where, const char *on)
{
        _cleanup_(free_p) char *function_dir = NULL;
        const struct device *function;

        device->class = classes[device->subsystem];
        device->pci = find_function(d, where);
        function = device->pci ? devices_find_pci(devices, device->pci) : NULL;
        /* A virtio device has a driver of its own; that of a disk is "sd", which says nothing. */
        if (device->subsystem == SUBSYSTEM_NET || !function)
                device->driver = read_driver(d, on);
        if (function)
                copy_function(d, device, function);
        else
                device->nid = read_nid(d, on);
        if (device->subsystem == SUBSYSTEM_DRM && function)
                device->class = function->class;
        if (device->subsystem != SUBSYSTEM_NET)
                return;
        read_interface(d, device, where);
        if (!function)
                read_interrupts(d, device, on);
        else if (asprintf(&function_dir, PCI_DIR "/%s", function->name) >= 0)
                read_interrupts(d, device, function_dir);
        else
                out_of_memory(d);
}

static void add_named(struct device_reader *d, struct devices *devices,
                      enum device_subsystem subsystem, const char *name)
{
        _cleanup_(free_p) char *where = NULL, *on = NULL;
        struct device *device;

        /* A DAX device is one itself; what has an entry in a class is on one. */
        if (asprintf(&where, "%s/%s", device_subsystem_dir(subsystem), name) < 0 ||
            asprintf(&on, "%s%s", where, subsystem == SUBSYSTEM_DAX ? "" : "/device") < 0) {
                out_of_memory(d);
                return;
        }
        if (!is_on_device(d, subsystem, name, on))
                return;
        device = devices_add(devices, subsystem, name);
        if (device)
                read_named(d, devices, device, where, on);
        else
                out_of_memory(d);
}

static void add_pci_function(struct device_reader *d, const char *address)
{
        struct device *device = devices_add(d->building, SUBSYSTEM_PCI, address);

        if (device)
                read_pci_function(d, device);
        else
                out_of_memory(d);
}

static void list_subsystem(struct device_reader *d)
{
        names_release(&d->names);
        d->names = (struct names){ .n = 0 };
        d->next = 0;
        if (list_names(d, device_subsystem_dir(d->subsystem), &d->names))
                d->building->known = true;
}

static void begin(struct device_reader *d)
{
        file_set_begin(d->files);
        devices_unref(d->building);
        d->building = devices_new();
        d->subsystem = SUBSYSTEM_PCI;
        if (d->building)
                list_subsystem(d);
        else
                out_of_memory(d);
}

/* The next few devices. False: that was all. */
static bool go_on(struct device_reader *d)
{
        size_t left = d->names.n - d->next;
        size_t end = left > DEVICES_AT_ONCE ? d->next + DEVICES_AT_ONCE : d->names.n;

        for (; d->next < end; d->next++)
                if (d->subsystem == SUBSYSTEM_PCI)
                        add_pci_function(d, d->names.names[d->next]);
                else
                        add_named(d, d->building, d->subsystem, d->names.names[d->next]);
        if (d->next < d->names.n)
                return true;
        if (++d->subsystem == NR_SUBSYSTEMS)
                return false;
        list_subsystem(d);
        return true;
}

bool device_read(struct device_reader *d, struct reader *r, struct sample *sample,
                 const struct cpu_reader *cpus, bool first)
{
        d->reader = r;
        d->cpus = cpus;
        if (first)
                begin(d);
        if (d->building && go_on(d))
                return true;
        file_set_end(d->files);
        devices_unref(d->devices);
        d->devices = d->building;
        d->building = NULL;
        sample->devices = d->devices;
        return false;
}
