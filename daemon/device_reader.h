/* SPDX-License-Identifier: MIT */
/*
 * Reads the devices out of sysfs, and out of /proc/irq which CPUs handle the interrupts of network
 * interfaces. Neither hardware addresses nor serial numbers are read.
 */
#pragma once

#include "cpu_reader.h"

struct device_reader;

/* NULL when memory is exhausted. */
struct device_reader *device_reader_new(struct source *source);
void device_reader_free(struct device_reader *d);

/*
 * Into sample->devices, in parts: the first with first, and to be called again as long as it
 * returns true. cpus knows whose node each CPU is.
 */
bool device_read(struct device_reader *d, struct reader *r, struct sample *sample,
                 const struct cpu_reader *cpus, bool first);
