/* SPDX-License-Identifier: MIT */
/*
 * What firmware told the kernel of memory at boot: the ACPI tables and the usable ranges.
 * Immutable and reference-counted: a sample and the snapshots made from it share one.
 */
#pragma once

#include "buffer.h"
#include "firmware.h"
#include "memblock.h"

enum firmware_table { TABLE_SRAT, TABLE_SLIT, TABLE_HMAT, TABLE_CEDT, NR_FIRMWARE_TABLES };

enum table_origin {
        ORIGIN_NONE,       /* not read */
        ORIGIN_ACPI,       /* /sys/firmware/acpi/tables */
        ORIGIN_CREDENTIAL, /* $CREDENTIALS_DIRECTORY */
};

struct firmware_table_status {
        enum table_origin origin;
        int error; /* why it was not read: -ENOENT (the machine has none), -EACCES, … */
        struct firmware_fault fault; /* the first one; FIRMWARE_NO_FAULT: all of it is sound */
};

enum usable_source {
        USABLE_UNKNOWN,
        USABLE_MEMMAP, /* /sys/firmware/memmap */
        USABLE_IOMEM,  /* /proc/iomem */
};

struct firmware_tables {
        unsigned refs;
        struct firmware_table_status status[NR_FIRMWARE_TABLES];
        struct buffer bytes[NR_FIRMWARE_TABLES]; /* as read */
        struct srat srat;                        /* empty if not read, likewise below */
        struct slit slit;
        struct hmat hmat;
        struct cedt cedt;
        enum usable_source usable_source;
        size_t n_usable;
        struct memory_range *usable; /* "System RAM" */
        bool kernel_known;
        uint64_t kernel_start; /* where the kernel's code lies */
};

/* An empty one. NULL when memory is exhausted. */
struct firmware_tables *firmware_tables_new(void);
struct firmware_tables *firmware_tables_ref(struct firmware_tables *tables);
void firmware_tables_unref(struct firmware_tables *tables);

/* Decodes the bytes; faults go to the status, and what was sound is kept. -ENOMEM. */
int firmware_tables_decode(struct firmware_tables *tables);
/* Whether both were read from the same bytes and ranges. */
bool firmware_tables_equal(const struct firmware_tables *a, const struct firmware_tables *b);
/* "SRAT", … */
const char *firmware_table_name(enum firmware_table table);
/* NULL if the table was not read. */
const struct firmware_header *firmware_table_header(const struct firmware_tables *tables,
                                                    enum firmware_table table);
