/* SPDX-License-Identifier: MIT */
#include "fields.h"

#include "buffer.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FAMILY_NAME_MEMINFO(metric, type)       "numa_node_" metric "_bytes"
#define FAMILY_NAME_NUMASTAT(metric, type)      "numa_node_" metric
#define FAMILY_NAME_VMSTAT(metric, type)        "numa_node_vmstat_" metric
#define FAMILY_NAME_MEMINFO_COUNT(metric, type) "numa_node_" metric
#define SET_MEMINFO                             MEMINFO
#define SET_MEMINFO_COUNT                       MEMINFO
#define SET_NUMASTAT                            NUMASTAT
#define SET_VMSTAT                              VMSTAT
#define IS_BYTES_MEMINFO                        true
#define IS_BYTES_MEMINFO_COUNT                  false
#define IS_BYTES_NUMASTAT                       false
#define IS_BYTES_VMSTAT                         false

static const struct known_field {
        enum field_set set;
        struct field field;
} known_fields[] = {
#define FIELD(set_, kernel_, metric_, type_, choice_, help_)       \
        { .set = SET_##set_,                                       \
          .field = { .kernel = kernel_,                            \
                     .kernel_len = sizeof(kernel_) - 1,            \
                     .family = FAMILY_NAME_##set_(metric_, type_), \
                     .help = help_,                                \
                     .type = type_,                                \
                     .choice = choice_,                            \
                     .is_bytes = IS_BYTES_##set_ } },
#include "fields.def"
};

#define N_KNOWN_FIELDS (sizeof(known_fields) / sizeof(known_fields[0]))

const struct family families[NR_FAMILIES] = {
#define FAMILY(id_, name_, type_, labels_, collector_, help_) \
        [FAMILY_##id_] = { .name = name_, .type = type_, .labels = labels_, .help = help_ },
#include "fields.def"
};

#define N_FIELDS_MAX (N_KNOWN_FIELDS + FIELDS_UNKNOWN_MAX)

struct field_table {
        unsigned refs;
        enum field_set set;
        size_t n;
        size_t n_known;
        size_t left_out;
        const struct field *fields[N_FIELDS_MAX];
        /* By place, see field_table_index(): a kernel prints its fields in the same order always.
         */
        uint16_t seen[N_FIELDS_MAX + 1];
};

struct field_table *field_table_new(enum field_set set)
{
        struct field_table *table = calloc(1, sizeof(*table));

        if (!table)
                return NULL;
        table->refs = 1;
        table->set = set;
        for (size_t i = 0; i < N_KNOWN_FIELDS; i++)
                if (known_fields[i].set == set)
                        table->fields[table->n++] = &known_fields[i].field;
        table->n_known = table->n;
        return table;
}

struct field_table *field_table_ref(struct field_table *table)
{
        table->refs++;
        return table;
}

static void field_free(const struct field *field)
{
        if (!field)
                return;
        free((char *)field->kernel);
        free((char *)field->family);
        free((struct field *)field);
}

void field_table_unref(struct field_table *table)
{
        if (!table || --table->refs > 0)
                return;
        for (size_t i = table->n_known; i < table->n; i++)
                field_free(table->fields[i]);
        free(table);
}

size_t field_table_count(const struct field_table *table)
{
        return table->n;
}

const struct field *field_table_get(const struct field_table *table, size_t index)
{
        return table->fields[index];
}

size_t field_table_left_out(const struct field_table *table)
{
        return table->left_out;
}

void field_table_note_left_out(struct field_table *table, size_t n)
{
        if (n > table->left_out)
                table->left_out = n;
}

const char *field_set_name(enum field_set set)
{
        static const char *const names[NR_FIELD_SETS] = {
                [MEMINFO] = "meminfo",
                [NUMASTAT] = "numastat",
                [VMSTAT] = "vmstat",
        };

        return names[set];
}

static bool word_reserved(const char *word, size_t len, bool last)
{
        /*
         * promtool's lint: abbreviated units, units that are not base units, and metric types; and
         * the words that keep the sets' families apart.
         */
        static const char *const anywhere =
                " s ms us ns sec b kb mb gb tb pb m h d hours minutes days weeks kelvins kelvin"
                " fahrenheit rankine inches yards miles bits percent celsius meters volts amperes"
                " joules grams seconds bytes ratio amp amps ampere volt meter gram joule bit byte"
                " second minute hour day week milliseconds microseconds nanoseconds millisecond"
                " microsecond nanosecond kilobytes megabytes gigabytes terabytes petabytes "
                "kibibytes"
                " mebibytes gibibytes tebibytes pebibytes kilobyte megabyte gigabyte terabyte"
                " kilobits megabits gigabits kilometers millimeters centimeters micrometers"
                " nanometers kilograms milligrams micrograms megagrams decigrams centigrams"
                " milliamperes kiloamperes microamperes millivolts kilovolts microvolts kilojoules"
                " megajoules millijoules gauge counter summary histogram gauge_histogram untyped"
                " info stateset unknown vmstat meminfo ";
        static const char *const at_the_end = " total count sum bucket created ";
        char padded[32] = " ";

        if (len > sizeof(padded) - 3)
                return false;
        memcpy(padded + 1, word, len);
        memcpy(padded + 1 + len, " ", 2);
        return strstr(anywhere, padded) || (last && strstr(at_the_end, padded));
}

/* "Active(anon)" → "active_anon" */
static void add_snake_case(struct buffer *out, const char *name, size_t len)
{
        for (size_t i = 0; i < len; i++) {
                unsigned char c = (unsigned char)name[i];
                unsigned char before = i ? (unsigned char)name[i - 1] : '_';

                if (isupper(c) && (islower(before) || isdigit(before)))
                        buffer_add_char(out, '_');
                buffer_add_char(out, isalnum(c) && c < 128 ? (char)tolower(c) : '_');
        }
}

/* Joins double underscores, drops those at the ends, and defuses the reserved words. */
static void add_words(struct buffer *out, const char *snake, size_t len, bool suffix_follows)
{
        size_t start = out->len;

        for (size_t i = 0; i < len;) {
                size_t word = i;

                while (i < len && snake[i] != '_')
                        i++;
                if (i > word) {
                        bool last = !suffix_follows;

                        for (size_t j = i; j < len; j++)
                                last = last && snake[j] == '_';
                        if (out->len > start)
                                buffer_add_char(out, '_');
                        buffer_add(out, snake + word, i - word);
                        if (word_reserved(snake + word, i - word, last))
                                buffer_add_str(out, "field");
                }
                i++;
        }
        if (out->len == start)
                buffer_add_str(out, "field");
}

char *field_metric_name(enum field_set set, const char *kernel, size_t len, bool is_bytes)
{
        struct buffer out = BUFFER_INIT, snake = BUFFER_INIT;

        buffer_add_str(&out, "numa_node_");
        if (set == VMSTAT)
                buffer_add_str(&out, "vmstat_");
        else if (set == MEMINFO && !is_bytes)
                buffer_add_str(&out, "meminfo_");
        add_snake_case(&snake, kernel, len);
        add_words(&out, snake.data ? snake.data : "", snake.len, is_bytes);
        if (is_bytes)
                buffer_add_str(&out, "_bytes");
        buffer_add_char(&out, '\0');
        if (buffer_failed(&out) || buffer_failed(&snake))
                buffer_release(&out);
        buffer_release(&snake);
        return out.data;
}

static bool family_taken(const struct field_table *table, const char *family)
{
        for (size_t i = 0; i < NR_FAMILIES; i++)
                if (strcmp(families[i].name, family) == 0)
                        return true;
        /* numastat's families share their prefix with meminfo's, so look at all known ones. */
        for (size_t i = 0; i < N_KNOWN_FIELDS; i++)
                if (strcmp(known_fields[i].field.family, family) == 0)
                        return true;
        for (size_t i = table->n_known; i < table->n; i++)
                if (strcmp(table->fields[i]->family, family) == 0)
                        return true;
        return false;
}

static enum metric_type guess_type(enum field_set set, const char *kernel)
{
        switch (set) {
        case MEMINFO:
                return GAUGE;
        case NUMASTAT:
                return COUNTER;
        default:
                return strncmp(kernel, "nr_", 3) == 0 ? GAUGE : UNKNOWN;
        }
}

/* Two kernel names can come to the same family ("Foo(bar)", "Foo_bar"): the later one gets a
 * suffix. */
static char *unique_family(const struct field_table *table, char *family)
{
        while (family && family_taken(table, family)) {
                size_t len = strlen(family);
                char *longer = realloc(family, len + sizeof("_field"));

                if (!longer) {
                        free(family);
                        return NULL;
                }
                memcpy(longer + len, "_field", sizeof("_field"));
                family = longer;
        }
        return family;
}

static struct field *field_new(const struct field_table *table, const char *name, size_t len,
                               bool is_bytes)
{
        struct field *field = calloc(1, sizeof(*field));

        if (!field)
                return NULL;
        field->kernel = strndup(name, len);
        field->kernel_len = len;
        field->family = unique_family(table, field_metric_name(table->set, name, len, is_bytes));
        if (!field->kernel || !field->family) {
                field_free(field);
                return NULL;
        }
        field->type = guess_type(table->set, field->kernel);
        field->choice = EXTRA;
        if (table->set != VMSTAT)
                field->choice = DEFAULT;
        field->is_bytes = is_bytes;
        field->help = "A field of the kernel that this version does not know.";
        return field;
}

static bool field_is(const struct field *field, const char *name, size_t len)
{
        return field->kernel_len == len && memcmp(field->kernel, name, len) == 0;
}

/* The table's length if there is none. */
static size_t find_field(const struct field_table *table, const char *name, size_t len)
{
        size_t i = 0;

        while (i < table->n && !field_is(table->fields[i], name, len))
                i++;
        return i;
}

int field_table_index(struct field_table *table, size_t place, const char *name, size_t len,
                      bool is_bytes)
{
        size_t i = place <= table->n ? table->seen[place] : table->n;

        if (i < table->n && field_is(table->fields[i], name, len))
                return (int)i;
        i = find_field(table, name, len);
        if (i == table->n) {
                struct field *field;

                if (table->n - table->n_known == FIELDS_UNKNOWN_MAX)
                        return -ENOSPC;
                field = field_new(table, name, len, is_bytes);
                if (!field)
                        return -ENOMEM;
                table->fields[table->n++] = field;
        }
        if (place <= table->n)
                table->seen[place] = (uint16_t)i;
        return (int)i;
}
