/* SPDX-License-Identifier: MIT */
/*
 * The table of figures (fields.def) as the program sees it, and the fields that the running kernel
 * has beyond it.
 *
 * A field_table belongs to one set (all nodeN/meminfo, …). It starts with the known fields and is
 * only ever appended to, so an index once given stays valid; snapshots hold a reference.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum metric_type { GAUGE, COUNTER, UNKNOWN };

enum field_set { MEMINFO, NUMASTAT, VMSTAT, NR_FIELD_SETS };

enum field_choice { DEFAULT, EXTRA };

struct field {
        const char *kernel; /* name as the kernel prints it */
        size_t kernel_len;
        const char *family; /* metric family; of a counter without its _total */
        const char *help;
        enum metric_type type;
        enum field_choice choice;
        bool is_bytes; /* values are bytes (the kernel printed kB), otherwise counts */
};

/* Fields beyond the table are kept up to this number in each set; the others are counted. */
#define FIELDS_UNKNOWN_MAX 256

struct field_table;

/* NULL when memory is exhausted. */
struct field_table *field_table_new(enum field_set set);
struct field_table *field_table_ref(struct field_table *table);
void field_table_unref(struct field_table *table);

size_t field_table_count(const struct field_table *table);
const struct field *field_table_get(const struct field_table *table, size_t index);
/* Of how many names there was no room for in the file that had most of them. */
size_t field_table_left_out(const struct field_table *table);
void field_table_note_left_out(struct field_table *table, size_t n);
/*
 * The index of the field of this name, which is added if there is none. place: one more than the
 * index of the field before it in the file, 0 for the first; which field stood there last is
 * remembered. -ENOSPC beyond FIELDS_UNKNOWN_MAX, -ENOMEM.
 */
int field_table_index(struct field_table *table, size_t place, const char *name, size_t len,
                      bool is_bytes);

/* The file's name below nodeN: "meminfo", "numastat", "vmstat". */
const char *field_set_name(enum field_set set);

/*
 * The rule for a field that the table does not know: the family of kernel name in set, malloc()ed,
 * NULL when memory is exhausted. Snake case: an underscore where a capital follows a small letter
 * or a digit, every other character that is no letter or digit an underscore, doubles joined. A
 * word that Prometheus's conventions reserve (units such as "ms", types such as "gauge") gets
 * "field" appended, as does a reserved word at the end ("total", "count", "sum", "bucket").
 */
char *field_metric_name(enum field_set set, const char *kernel, size_t len, bool is_bytes);

enum family_id {
#define FAMILY(id, name, type, labels, collector, help) FAMILY_##id,
#include "fields.def"
        NR_FAMILIES,
};

struct family {
        const char *name;
        const char *help;
        const char *labels;
        enum metric_type type;
};

extern const struct family families[NR_FAMILIES];
