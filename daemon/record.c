/* SPDX-License-Identifier: MIT */
#include "record.h"

#include "cleanup.h"
#include "collect.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define CPU_DIR "/sys/devices/system/cpu"

struct recording {
        int dir_fd;
        int error;         /* the first one */
        char *failed_path; /* where it happened */
};

static void note_failure(struct recording *rec, const char *path)
{
        if (rec->error)
                return;
        rec->error = -errno;
        rec->failed_path = strdup(path);
}

/* Makes the directories above a path, which is relative. */
static bool make_parents(struct recording *rec, const char *path)
{
        for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
                _cleanup_(free_p) char *parent = strndup(path, (size_t)(slash - path));

                if (!parent || (mkdirat(rec->dir_fd, parent, 0755) < 0 && errno != EEXIST)) {
                        note_failure(rec, path);
                        return false;
                }
        }
        return true;
}

/* udev's last resort is to name an interface by its hardware address: enx525400123456. */
static bool is_hardware_address(const char *interface)
{
        return interface[0] && interface[1] && interface[2] == 'x' &&
               strspn(interface + 3, "0123456789abcdef") == 12;
}

static bool is_private(const char *path)
{
        static const char interfaces[] = "sys/class/net/";

        return strcmp(path, "proc/sys/kernel/hostname") == 0 ||
               (strncmp(path, interfaces, strlen(interfaces)) == 0 &&
                is_hardware_address(path + strlen(interfaces)));
}

static void save_file(void *context, const char *path, const char *text, size_t len)
{
        struct recording *rec = context;
        _cleanup_(close_p) int fd = -1;

        while (*path == '/')
                path++;
        if (is_private(path) || !make_parents(rec, path))
                return;
        fd = openat(rec->dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0) {
                note_failure(rec, path);
                return;
        }
        while (len > 0) {
                ssize_t n = write(fd, text, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        note_failure(rec, path);
                        unlinkat(rec->dir_fd, path, 0);
                        return;
                }
                text += n;
                len -= (size_t)n;
        }
}

static void save_link(struct recording *rec, const char *path, const char *target)
{
        if (make_parents(rec, path) && symlinkat(target, rec->dir_fd, path) < 0)
                note_failure(rec, path);
}

static void save_block_link(struct recording *rec, int nid, uint64_t block)
{
        _cleanup_(free_p) char *path = NULL, *target = NULL;

        if (nid == NUMA_NO_NODE)
                return;
        if (asprintf(&path, "sys/devices/system/node/node%d/memory%" PRIu64, nid, block) >= 0 &&
            asprintf(&target, "../../memory/memory%" PRIu64, block) >= 0)
                save_link(rec, path, target);
        else
                note_failure(rec, "sys/devices/system/node");
}

/* The initiators are links, which no reading of a file shows. */
static void save_access(struct recording *rec, const struct node_access *access)
{
        int nid;

        for_each_node_mask (nid, &access->initiators) {
                _cleanup_(free_p) char *path = NULL, *target = NULL;

                if (asprintf(&path, "sys/devices/system/node/node%d/access%u/initiators/node%d",
                             access->nid, access->access_class, nid) >= 0 &&
                    asprintf(&target, "../../../node%d", nid) >= 0)
                        save_link(rec, path, target);
                else
                        note_failure(rec, "sys/devices/system/node");
        }
}

/* The path, which is printed, ends in a slash. */
__attribute__((format(printf, 2, 3))) static void save_directory(struct recording *rec,
                                                                 const char *format, ...)
{
        _cleanup_(free_p) char *path = NULL;
        va_list args;
        int n;

        va_start(args, format);
        n = vasprintf(&path, format, args);
        va_end(args);
        if (n < 0)
                note_failure(rec, "sys");
        else
                make_parents(rec, path);
}

/* Nothing reads more of where the link leads than its last component. */
static void save_driver(struct recording *rec, const char *dir, const char *driver)
{
        _cleanup_(free_p) char *path = NULL, *target = NULL;

        if (driver && asprintf(&path, "%s/driver", dir) >= 0 &&
            asprintf(&target, "drivers/%s", driver) >= 0)
                save_link(rec, path, target);
}

/* What is listed or counted, and not read. on: the directory of what the interface is on. */
static void save_interface(struct recording *rec, const struct device *device, const char *dir,
                           const char *on)
{
        for (uint64_t i = 0; device->rx_queues != DEVICE_UNKNOWN && i < device->rx_queues; i++)
                save_directory(rec, "%s/queues/rx-%" PRIu64 "/", dir, i);
        for (uint64_t i = 0; device->tx_queues != DEVICE_UNKNOWN && i < device->tx_queues; i++)
                save_directory(rec, "%s/queues/tx-%" PRIu64 "/", dir, i);
        for (size_t i = 0; device->msi && i < device->n_interrupts; i++)
                save_directory(rec, "%s/msi_irqs/%" PRIu32 "/", on, device->interrupts[i].irq);
}

/* dir: the entry in its class of a device that has a name. */
static void save_named(struct recording *rec, const struct device *device,
                       const struct device *function, const char *dir)
{
        _cleanup_(free_p) char *link = NULL, *on = NULL, *own = NULL, *target = NULL;

        if (asprintf(&link, "%s/device", dir) < 0)
                return;
        if (!function) {
                save_directory(rec, "%s/", link);
                save_driver(rec, link, device->driver);
                save_interface(rec, device, dir, link);
                return;
        }
        /* A virtio interface has a driver of its own, and a place below its function. */
        if (asprintf(&on, "sys/bus/pci/devices/%s", function->name) < 0 ||
            asprintf(&own, "%s/net/%s", on, device->name) < 0 ||
            asprintf(&target, "../../../%s",
                     (device->subsystem == SUBSYSTEM_NET ? own : on) + strlen("sys/")) < 0)
                return;
        save_link(rec, link, target);
        if (device->subsystem == SUBSYSTEM_NET) {
                save_directory(rec, "%s/", own);
                save_driver(rec, own, device->driver);
        }
        save_interface(rec, device, dir, on);
}

static void save_device(struct recording *rec, const struct devices *devices,
                        const struct device *device)
{
        const struct device *function = device->pci ? devices_find_pci(devices, device->pci) : NULL;
        _cleanup_(free_p) char *dir = NULL;

        if (asprintf(&dir, "%s/%s", device_subsystem_dir(device->subsystem) + strlen("/"),
                     device->name) < 0 ||
            is_private(dir))
                return;
        if (device->subsystem == SUBSYSTEM_PCI || device->subsystem == SUBSYSTEM_DAX) {
                save_directory(rec, "%s/", dir);
                save_driver(rec, dir, device->driver);
        } else {
                save_named(rec, device, function, dir);
        }
}

static void save_links(struct recording *rec, const struct sample *s)
{
        for (size_t i = 0; i < s->n_memory_blocks; i++) {
                save_block_link(rec, s->memory_blocks[i].nid, s->memory_blocks[i].id);
                save_block_link(rec, s->memory_blocks[i].nid2, s->memory_blocks[i].id);
        }
        for (size_t i = 0; i < s->n_nodes; i++)
                for (size_t k = 0; k < s->nodes[i].n_accesses; k++)
                        save_access(rec, &s->nodes[i].accesses[k]);
        for (size_t i = 0; s->devices && i < s->devices->n; i++)
                save_device(rec, s->devices, &s->devices->devices[i]);
}

/* What is read is saved. */
__attribute__((format(printf, 3, 4))) static bool
save_attribute(struct recording *rec, struct source *source, const char *format, ...)
{
        _cleanup_(free_p) char *path = NULL;
        struct source_file *file;
        const char *text;
        va_list args;
        size_t len;
        int n;

        va_start(args, format);
        n = vasprintf(&path, format, args);
        va_end(args);
        file = n < 0 ? NULL : source_file_new(source, path, SOURCE_MAX_SYSFS);
        n = file ? source_read(source, file, &text, &len) : -ENOMEM;
        source_file_free(file);
        if (n == -ENOMEM && rec->error == 0)
                rec->error = n;
        return n == 0;
}

/* The CPU's package, core and caches: only hwloc reads them (topology_hwloc.c). */
static void save_cpu(struct recording *rec, struct source *source, const char *cpu)
{
        static const char *const topology[] = {
                "physical_package_id", "core_id",       "die_id",
                "cluster_id",          "book_id",       "drawer_id",
                "core_cpus",           "die_cpus",      "cluster_cpus",
                "package_cpus",        "book_siblings", "drawer_siblings",
                "thread_siblings",     "core_siblings",
        };
        static const char *const cache[] = {
                "type",           "size",           "coherency_line_size",   "id",
                "shared_cpu_map", "number_of_sets", "ways_of_associativity",
        };

        for (size_t i = 0; i < sizeof(topology) / sizeof(topology[0]); i++)
                save_attribute(rec, source, CPU_DIR "/%s/topology/%s", cpu, topology[i]);
        for (unsigned index = 0;
             save_attribute(rec, source, CPU_DIR "/%s/cache/index%u/level", cpu, index); index++)
                for (size_t i = 0; i < sizeof(cache) / sizeof(cache[0]); i++)
                        save_attribute(rec, source, CPU_DIR "/%s/cache/index%u/%s", cpu, index,
                                       cache[i]);
}

static void save_cpus(struct recording *rec, struct source *source, const struct sample *s)
{
        _cleanup_(closedir_p) DIR *dir = source_opendir(source, CPU_DIR);
        struct dirent *entry;

        while (dir && (entry = readdir(dir)))
                if (strncmp(entry->d_name, "cpu", 3) == 0 && entry->d_name[3] >= '0' &&
                    entry->d_name[3] <= '9')
                        save_cpu(rec, source, entry->d_name);
        save_attribute(rec, source, CPU_DIR "/possible");
        save_attribute(rec, source, CPU_DIR "/present");
        for (size_t i = 0; i < s->n_nodes; i++)
                save_attribute(rec, source, "/sys/devices/system/node/node%d/cpumap",
                               s->nodes[i].nid);
}

/* 0, -ENOTEMPTY or why that cannot be told. */
static int check_is_empty(const char *dir)
{
        _cleanup_(closedir_p) DIR *listing = opendir(dir);
        const struct dirent *entry;

        if (!listing)
                return -errno;
        errno = 0;
        while ((entry = readdir(listing)))
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        return -ENOTEMPTY;
        return -errno;
}

static int open_empty_dir(const char *dir, error_text *error)
{
        int fd = mkdir(dir, 0755) < 0 && errno != EEXIST ? -errno : check_is_empty(dir);

        if (fd == 0) {
                fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (fd >= 0)
                        return fd;
                fd = -errno;
        }
        if (asprintf(error,
                     "option '--record': found '%s' (%s), expected an empty directory or a new one",
                     dir, strerror(-fd)) < 0)
                *error = NULL;
        return fd;
}

int record(struct source *source, const char *dir, error_text *error)
{
        struct recording rec = { .dir_fd = open_empty_dir(dir, error) };
        const struct sample *sample = NULL;
        struct collect *c;

        if (rec.dir_fd < 0)
                return rec.dir_fd;
        c = collect_new(source);
        if (c) {
                source_observe(source, save_file, &rec);
                sample = collect_sample(c, true);
                if (sample)
                        save_cpus(&rec, source, sample);
                source_observe(source, NULL, NULL);
        }
        if (sample)
                save_links(&rec, sample);
        else if (rec.error == 0)
                rec.error = -ENOMEM;
        collect_free(c);
        close(rec.dir_fd);
        if (rec.error == 0 || rec.error == -ENOMEM ||
            asprintf(error, "cannot write '%s/%s': %s", dir, rec.failed_path ? rec.failed_path : "",
                     strerror(-rec.error)) < 0)
                *error = NULL;
        free(rec.failed_path);
        return rec.error;
}
