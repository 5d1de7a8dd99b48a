/* SPDX-License-Identifier: MIT */
/*
 * Reads what firmware says of memory: the ACPI tables (from /sys/firmware/acpi/tables or, where
 * that is not permitted, from $CREDENTIALS_DIRECTORY) and the usable ranges (/sys/firmware/memmap
 * or /proc/iomem).
 */
#pragma once

#include "reader.h"

struct firmware_reader;

/* NULL when memory is exhausted. */
struct firmware_reader *firmware_reader_new(struct source *source);
void firmware_reader_free(struct firmware_reader *f);

/* Reads them into sample; as long as nothing changed it is the same object. */
void firmware_read(struct firmware_reader *f, struct reader *r, struct sample *sample);
