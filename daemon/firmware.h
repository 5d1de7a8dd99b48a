/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables that describe NUMA: SRAT, SLIT, HMAT (ACPI 6.5, 5.2.16, 5.2.17, 5.2.28) and CEDT
 * (CXL 3.0, 9.17.1), decoded from bytes; and the map from proximity domain to node id.
 *
 * Every decoder fills its table even from damaged bytes: what was sound before the damage is kept.
 * It returns 0 if nothing was wrong, -EINVAL with the first fault described, or -ENOMEM with an
 * empty table. Structures of unknown type are skipped and counted. A structure of length 0 or one
 * that runs past the end stops the walk; one too short for its type is skipped. fault may be NULL.
 * The caller frees what a decoder filled, whatever it returned, which leaves the table empty.
 * Addresses and sizes are in bytes.
 */
#pragma once

#include "nodemask.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum firmware_fault_code {
        FIRMWARE_NO_FAULT,
        FIRMWARE_TOO_SHORT,       /* no room for the fixed part of the table */
        FIRMWARE_SIGNATURE,       /* found, expected: the four characters, little endian */
        FIRMWARE_LENGTH,          /* the header's length is more than there are bytes, or less than
                                   * the fixed part */
        FIRMWARE_CHECKSUM,        /* found: the byte in the table, expected: what it should be */
        FIRMWARE_ZERO_LENGTH,     /* a structure of length 0 */
        FIRMWARE_SHORT_STRUCTURE, /* found: its length, expected: the least for its type */
        FIRMWARE_PAST_END,        /* found: where it would end, expected: where the table ends */
        FIRMWARE_RESERVED_VALUE,  /* found: a code that stands for nothing */
};

struct firmware_fault {
        enum firmware_fault_code code;
        char table[5];     /* the table that was asked for: "SRAT" */
        size_t offset;     /* byte in the table at which it was found */
        unsigned int type; /* of the structure, where it concerns one */
        uint64_t found;
        uint64_t expected;
};

/* One line without a newline, cut to size; returns the whole length, as snprintf() does. */
int firmware_fault_print(const struct firmware_fault *fault, char *out, size_t size);

struct firmware_header {
        uint8_t revision;
        char oem_id[7];
        char oem_table_id[9];
        size_t structures; /* met in the walk, known or not */
        size_t unknown;    /* of a type that this decoder does not know */
        size_t errors;     /* faults in all, the table's own included */
};

/* The type as in the table, so that a reader of the specification finds it. */
enum srat_type {
        SRAT_PROCESSOR = 0,
        SRAT_MEMORY = 1,
        SRAT_X2APIC = 2,
        SRAT_GICC = 3,
        SRAT_GIC_ITS = 4,
        SRAT_GENERIC_INITIATOR = 5,
        SRAT_GENERIC_PORT = 6,
        SRAT_RINTC = 7,
};

/* Processor (local APIC), x2APIC, GICC and RINTC affinity. */
struct srat_cpu {
        size_t offset;
        enum srat_type type;
        bool enabled;
        uint32_t pxm;
        uint32_t id; /* APIC id, x2APIC id or ACPI processor UID */
        uint32_t clock_domain;
        uint8_t sapic_eid; /* SRAT_PROCESSOR only */
};

struct srat_memory {
        size_t offset;
        uint32_t pxm;
        bool enabled, hotpluggable, nonvolatile;
        uint64_t base, length;
};

struct srat_its {
        uint32_t pxm, its_id;
};

/* Generic initiator and generic port affinity. */
struct srat_generic {
        size_t offset;
        enum srat_type type;
        uint32_t pxm;
        bool enabled, architectural;
        uint8_t handle_type; /* 0 ACPI: HID and UID, 1 PCI: segment and bus/device/function */
        uint8_t handle[16];
};

struct srat {
        struct firmware_header header;
        size_t n_cpus, n_memory, n_its, n_generic;
        struct srat_cpu *cpus; /* each array in the order of the table */
        struct srat_memory *memory;
        struct srat_its *its;
        struct srat_generic *generic;
        /* The kernel would not use such a table: it holds a structure of length 0, or a processor
         * or memory affinity that is too short (srat.c: bad_srat()). */
        bool unusable;
};

/* Revision 1 has 8-bit proximity domains in processor and memory affinities
 * (arch/x86/mm/srat.c, drivers/acpi/numa/srat.c: acpi_srat_revision). */
int srat_decode(const void *bytes, size_t len, struct srat *out, struct firmware_fault *fault);
void srat_free(struct srat *srat);

struct slit {
        struct firmware_header header;
        size_t localities;
        uint8_t *distance; /* localities x localities, [from * localities + to], by pxm */
        /* srat.c: slit_valid(): the diagonal is 10 and nothing else is 10 or less. The kernel
         * ignores a SLIT that is not. */
        bool valid;
};

/* A matrix that is cut short is left out: localities 0. */
int slit_decode(const void *bytes, size_t len, struct slit *out, struct firmware_fault *fault);
void slit_free(struct slit *slit);

enum hmat_data_type {
        HMAT_ACCESS_LATENCY,
        HMAT_READ_LATENCY,
        HMAT_WRITE_LATENCY,
        HMAT_ACCESS_BANDWIDTH,
        HMAT_READ_BANDWIDTH,
        HMAT_WRITE_BANDWIDTH,
};

/* Memory proximity domain attributes. */
struct hmat_proximity {
        uint16_t flags;
        bool initiator_valid, memory_valid; /* the latter has a bit in revision 1 only */
        uint32_t initiator_pxm, memory_pxm;
        uint64_t base, length; /* revision 1; else 0 */
};

/* System locality latency and bandwidth information. */
struct hmat_locality {
        uint8_t flags;
        uint8_t hierarchy;         /* 0 memory, 1 to 3 the memory-side cache of that level */
        uint8_t data_type;         /* enum hmat_data_type; higher ones are reserved */
        uint8_t min_transfer_size; /* revision 2: 2^(n + 5) bytes, 0 none */
        uint64_t base_unit;
        size_t n_initiators, n_targets;
        uint32_t *initiators, *targets; /* pxm */
        uint16_t *entries;              /* [initiator * n_targets + target], raw */
};

/* Memory-side cache information. */
struct hmat_cache {
        uint32_t memory_pxm;
        uint64_t size;
        uint8_t total_levels, level;
        uint8_t associativity; /* 0 none, 1 direct mapped, 2 complex indexing */
        uint8_t write_policy;  /* 0 none, 1 write back, 2 write through */
        uint16_t line_size;
        uint16_t n_smbios_handles;
};

struct hmat {
        struct firmware_header header;
        size_t n_proximities, n_localities, n_caches;
        struct hmat_proximity *proximities;
        struct hmat_locality *localities;
        struct hmat_cache *caches;
};

int hmat_decode(const void *bytes, size_t len, struct hmat *out, struct firmware_fault *fault);
void hmat_free(struct hmat *hmat);
bool hmat_is_latency(const struct hmat_locality *loc);
/* An entry in nanoseconds or MB/s, rounded up; 0 if the firmware gives none or the value does not
 * fit into 32 bits (drivers/acpi/numa/hmat.c: hmat_normalize(), with both revisions' units). */
uint32_t hmat_value(const struct hmat *hmat, const struct hmat_locality *loc, size_t initiator,
                    size_t target);

/* CXL host bridge structure. */
struct cedt_chbs {
        uint32_t uid, cxl_version;
        uint64_t base, length;
};

#define CEDT_MAX_WAYS 16

/* CXL fixed memory window structure. */
struct cedt_cfmws {
        uint64_t base, size;
        uint32_t ways;        /* 1 to 16; 0: the code in the table is reserved */
        uint32_t granularity; /* bytes; 0: reserved */
        uint8_t arithmetic;   /* 0 modulo, 1 XOR */
        uint16_t restrictions;
        uint16_t qtg_id;
        uint32_t n_targets; /* ways, or 0 if the list is cut short */
        uint32_t targets[CEDT_MAX_WAYS];
};

struct cedt {
        struct firmware_header header;
        size_t n_chbs, n_cfmws;
        struct cedt_chbs *chbs;
        struct cedt_cfmws *cfmws;
};

/* A window with a wrong interleave is kept, as the kernel keeps it; the fault is counted. */
int cedt_decode(const void *bytes, size_t len, struct cedt *out, struct firmware_fault *fault);
void cedt_free(struct cedt *cedt);
