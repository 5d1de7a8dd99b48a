/* SPDX-License-Identifier: MIT */
#include "render_json.h"
#include "render_prometheus.h"

#include <inttypes.h>
#include <stdio.h>

/* More are no use as labels: they are in the JSON. */
#define DEVICE_METRICS_MAX 256

/* Ids and class codes as sysfs prints them. */
static const char *print_hex(uint64_t value, int digits, char out[static 19])
{
        if (value == DEVICE_UNKNOWN)
                return NULL;
        snprintf(out, 19, "0x%0*" PRIx64, digits, value);
        return out;
}

static json_t *json_hex(uint64_t value, int digits)
{
        char text[19];

        return json_text(print_hex(value, digits, text));
}

static json_t *json_number(uint64_t value)
{
        return json_u64_if(value != DEVICE_UNKNOWN, value);
}

static json_t *json_interrupts(const struct device *device)
{
        json_t *json = json_array();

        for (size_t i = 0; i < device->n_interrupts; i++) {
                const struct interrupt *interrupt = &device->interrupts[i];
                json_t *one = json_object();

                json_object_set_new(one, "irq", json_u64(interrupt->irq));
                json_object_set_new(one, "cpulist", json_cpulist(&interrupt->cpus));
                json_object_set_new(one, "nodes",
                                    interrupt->cpus.known ? json_nids(&interrupt->nodes)
                                                          : json_null());
                json_array_append_new(json, one);
        }
        return json;
}

/* The nodes on which any of them is handled. */
static json_t *json_interrupt_nodes(const struct device *device)
{
        nodemask_t nodes;
        int nid;

        nodemask_clear(&nodes);
        for (size_t i = 0; i < device->n_interrupts; i++)
                for_each_node_mask (nid, &device->interrupts[i].nodes)
                        node_set(nid, &nodes);
        return json_nids(&nodes);
}

static void add_interface(json_t *json, const struct device *device)
{
        bool known = device->interrupts_known;

        json_object_set_new(json, "operstate", json_text(device->operstate));
        json_object_set_new(json, "speed_bits_per_second", json_number(device->speed));
        json_object_set_new(json, "rx_queues", json_number(device->rx_queues));
        json_object_set_new(json, "tx_queues", json_number(device->tx_queues));
        json_object_set_new(json, "interrupt_nodes",
                            known ? json_interrupt_nodes(device) : json_null());
        json_object_set_new(json, "interrupts", known ? json_interrupts(device) : json_null());
}

static json_t *json_device(const struct device *device)
{
        json_t *json = json_object();

        json_object_set_new(json, "name", json_text(device->name));
        json_object_set_new(json, "subsystem",
                            json_string(device_subsystem_name(device->subsystem)));
        json_object_set_new(json, "class", json_string(device_class_name(device->class)));
        json_object_set_new(json, "pci", json_text(device->pci));
        json_object_set_new(json, "pci_class", json_hex(device->pci_class, 6));
        json_object_set_new(json, "vendor", json_hex(device->vendor, 4));
        json_object_set_new(json, "device", json_hex(device->device, 4));
        json_object_set_new(json, "driver", json_text(device->driver));
        json_object_set_new(json, "node",
                            device->nid == NUMA_NO_NODE ? json_null() : json_integer(device->nid));
        json_object_set_new(json, "local_cpulist", json_cpulist(&device->local_cpus));
        if (device->subsystem == SUBSYSTEM_NET)
                add_interface(json, device);
        return json;
}

void add_devices(struct json_stream *stream, const struct snapshot *snap)
{
        const struct devices *devices = snapshot_sample(snap)->devices;

        if (!devices || !devices->known) {
                json_stream_add(stream, "devices", json_null());
                return;
        }
        json_stream_open(stream, "devices", '[');
        for (size_t i = 0; i < devices->n; i++)
                json_stream_add(stream, NULL, json_device(&devices->devices[i]));
        json_stream_close(stream, ']');
}

static void render_device(struct prom *p, const struct device *device)
{
        char vendor[19];

        prom_begin(p);
        prom_label(p, "device", device->name);
        prom_label(p, "class", device_class_name(device->class));
        prom_label(p, "vendor",
                   device->vendor == DEVICE_UNKNOWN ? "" : print_hex(device->vendor, 4, vendor));
        if (device->nid == NUMA_NO_NODE)
                prom_label(p, "node", "");
        else
                prom_label_u64(p, "node", (uint64_t)device->nid);
        prom_value(p, 1);
}

static bool is_plain(const char *name)
{
        for (; *name; name++)
                if (*name <= ' ' || *name > '~')
                        return false;
        return true;
}

/* What has a name goes first, should there be too many. */
void render_devices(struct prom *p, const struct sample *s)
{
        const struct devices *devices = s->devices;
        uint64_t told = 0, left_out = 0;

        if (!devices || !devices->known)
                return;
        prom_table_family(p, FAMILY_DEVICE);
        for (int pci = 0; pci <= 1; pci++)
                for (size_t i = 0; i < devices->n; i++) {
                        const struct device *device = &devices->devices[i];

                        if ((device->subsystem == SUBSYSTEM_PCI) != pci ||
                            !device_has_metric(devices, device))
                                continue;
                        if (told == DEVICE_METRICS_MAX || !is_plain(device->name)) {
                                left_out++;
                                continue;
                        }
                        render_device(p, device);
                        told++;
                }
        prom_table_family(p, FAMILY_DEVICES_LEFT_OUT);
        prom_begin(p);
        prom_value(p, left_out);
}
