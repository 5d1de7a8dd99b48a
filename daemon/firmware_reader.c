/* SPDX-License-Identifier: MIT */
#include "firmware_reader.h"

#include "array.h"
#include "buffer.h"
#include "cleanup.h"
#include "file_set.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_DIR  "/sys/firmware/acpi/tables"
#define MEMMAP_DIR "/sys/firmware/memmap"

/* A SLIT of 1,024 localities is 1 MiB; nothing sound is larger. */
#define TABLE_MAX (4UL << 20)

/* What a unit gives with SetCredential= where the machine has no such table. */
static const char absent[] = "absent";

struct firmware_reader {
        struct source *source;
        struct file_set *files;
        struct source_file *tables[NR_FIRMWARE_TABLES];
        struct source_file *credentials[NR_FIRMWARE_TABLES]; /* NULL: none */
        struct source_file *iomem;
        size_t n_usable, cap_usable;
        struct memory_range *usable;
        struct firmware_tables *current;
};

static const char *const credential_names[NR_FIRMWARE_TABLES] = {
        [TABLE_SRAT] = "srat",
        [TABLE_SLIT] = "slit",
        [TABLE_HMAT] = "hmat",
        [TABLE_CEDT] = "cedt",
};

/* False: out of memory. */
static bool open_credential(struct source *source, enum firmware_table table,
                            struct source_file **file)
{
        const char *directory = getenv("CREDENTIALS_DIRECTORY");
        _cleanup_(free_p) char *path = NULL;

        /* They are this machine's, not the recorded one's. */
        if (!directory || !source_is_live(source))
                return true;
        if (asprintf(&path, "%s/%s", directory, credential_names[table]) >= 0)
                *file = source_file_new(source, path, TABLE_MAX);
        return *file;
}

struct firmware_reader *firmware_reader_new(struct source *source)
{
        struct firmware_reader *f = calloc(1, sizeof(*f));
        bool complete;

        if (!f)
                return NULL;
        f->source = source;
        f->files = file_set_new(source);
        f->iomem = source_file_new(source, "/proc/iomem", SOURCE_MAX_PROC);
        complete = f->files && f->iomem;
        for (unsigned i = 0; i < NR_FIRMWARE_TABLES; i++) {
                _cleanup_(free_p) char *path = NULL;

                if (asprintf(&path, TABLE_DIR "/%s", firmware_table_name(i)) >= 0)
                        f->tables[i] = source_file_new(source, path, TABLE_MAX);
                complete =
                        complete && f->tables[i] && open_credential(source, i, &f->credentials[i]);
        }
        if (complete)
                return f;
        firmware_reader_free(f);
        return NULL;
}

void firmware_reader_free(struct firmware_reader *f)
{
        if (!f)
                return;
        for (unsigned i = 0; i < NR_FIRMWARE_TABLES; i++) {
                source_file_free(f->tables[i]);
                source_file_free(f->credentials[i]);
        }
        source_file_free(f->iomem);
        file_set_free(f->files);
        free(f->usable);
        firmware_tables_unref(f->current);
        free(f);
}

static void add_usable(struct firmware_reader *f, struct reader *r, uint64_t start, uint64_t end)
{
        if (array_grow(&f->usable, &f->cap_usable, f->n_usable, sizeof(*f->usable)))
                f->usable[f->n_usable++] = (struct memory_range){ .start = start, .end = end };
        else
                reader_out_of_memory(r);
}

/* One attribute of an entry of the memory map; the text is valid until the next read. */
static bool read_attribute(struct firmware_reader *f, struct reader *r, const char *entry,
                           const char *name, struct source_file **file, struct parser *p)
{
        _cleanup_(free_p) char *path = NULL;

        *file = NULL;
        if (asprintf(&path, MEMMAP_DIR "/%s/%s", entry, name) >= 0)
                *file = file_set_get(f->files, path, SOURCE_MAX_SYSFS);
        if (!*file) {
                reader_out_of_memory(r);
                return false;
        }
        return reader_read(r, COLLECTOR_FIRMWARE, *file, p) == 0;
}

static bool read_address(struct firmware_reader *f, struct reader *r, const char *entry,
                         const char *name, uint64_t *value)
{
        struct source_file *file;
        struct parser p;

        if (!read_attribute(f, r, entry, name, &file, &p))
                return false;
        parse_scalar(&p, 16, value);
        return reader_parsed(r, COLLECTOR_FIRMWARE, file, &p);
}

/* drivers/firmware/memmap.c: end is the last byte. False: it may be memory, and nobody knows where.
 */
static bool read_memmap_entry(struct firmware_reader *f, struct reader *r, const char *entry)
{
        static const char ram[] = "System RAM\n";
        struct source_file *file;
        uint64_t start, last;
        struct parser p;
        bool is_ram;

        if (!read_attribute(f, r, entry, "type", &file, &p))
                return false;
        is_ram = (size_t)(p.end - p.start) == strlen(ram) && memcmp(p.start, ram, strlen(ram)) == 0;
        reader_parsed(r, COLLECTOR_FIRMWARE, file, &p);
        if (!read_address(f, r, entry, "start", &start) || !read_address(f, r, entry, "end", &last))
                return !is_ram;
        if (is_ram && start <= last && last < UINT64_MAX)
                add_usable(f, r, start, last + 1);
        return true;
}

static bool read_memmap(struct firmware_reader *f, struct reader *r)
{
        _cleanup_(reader_listing_close) struct reader_listing listing =
                reader_list(r, COLLECTOR_FIRMWARE, MEMMAP_DIR);
        const struct dirent *entry;
        bool whole = true;

        file_set_begin(f->files);
        while ((entry = reader_next(&listing)))
                if (entry->d_name[0] != '.')
                        whole = read_memmap_entry(f, r, entry->d_name) && whole;
        file_set_end(f->files);
        /* Half a map is worse than none. */
        if (!whole || listing.error < 0)
                f->n_usable = 0;
        return f->n_usable > 0;
}

static bool resource_is(const struct parse_resource *resource, const char *name)
{
        return resource->name_len == strlen(name) &&
               memcmp(resource->name, name, resource->name_len) == 0;
}

/*
 * The usable ranges, if wanted, and where the kernel lies. To whom addresses are not shown they are
 * all zero.
 */
static bool read_iomem(struct firmware_reader *f, struct reader *r, struct firmware_tables *tables,
                       bool usable)
{
        struct parse_resource resource;
        const char *text;
        struct parser p;
        size_t len;

        if (reader_read_private(r, COLLECTOR_FIRMWARE, f->iomem, &text, &len) < 0)
                return false;
        parse_init(&p, text, len);
        while (parse_iomem(&p, &resource)) {
                if (resource.last == 0 || resource.last == UINT64_MAX)
                        continue;
                if (usable && resource.depth == 0 && resource_is(&resource, "System RAM"))
                        add_usable(f, r, resource.start, resource.last + 1);
                if (resource_is(&resource, "Kernel code")) {
                        tables->kernel_known = true;
                        tables->kernel_start = resource.start;
                }
        }
        reader_parsed(r, COLLECTOR_FIRMWARE, f->iomem, &p);
        source_file_close(f->iomem);
        return f->n_usable > 0;
}

static int compare_ranges(const void *a, const void *b)
{
        const struct memory_range *x = a, *y = b;

        return (x->start > y->start) - (x->start < y->start);
}

static bool take_usable(struct firmware_reader *f, struct reader *r, struct firmware_tables *tables)
{
        f->n_usable = 0;
        if (read_memmap(f, r))
                tables->usable_source = USABLE_MEMMAP;
        if (read_iomem(f, r, tables, tables->usable_source == USABLE_UNKNOWN) &&
            tables->usable_source == USABLE_UNKNOWN)
                tables->usable_source = USABLE_IOMEM;
        if (f->n_usable == 0)
                return true;
        qsort(f->usable, f->n_usable, sizeof(*f->usable), compare_ranges);
        tables->usable = reallocarray(NULL, f->n_usable, sizeof(*f->usable));
        if (!tables->usable)
                return false;
        memcpy(tables->usable, f->usable, f->n_usable * sizeof(*f->usable));
        tables->n_usable = f->n_usable;
        return true;
}

/* What should have stood there, for the log; the whole fault is in the JSON. */
static const char *expectation(enum firmware_fault_code code)
{
        static const char *const texts[] = {
                [FIRMWARE_TOO_SHORT] = "a whole table",
                [FIRMWARE_SIGNATURE] = "the table's own signature",
                [FIRMWARE_LENGTH] = "a length that the table has",
                [FIRMWARE_CHECKSUM] = "another checksum",
                [FIRMWARE_ZERO_LENGTH] = "a structure of some length",
                [FIRMWARE_SHORT_STRUCTURE] = "a structure as long as its type",
                [FIRMWARE_PAST_END] = "the structure's end within the table",
                [FIRMWARE_RESERVED_VALUE] = "a value that is not reserved",
        };

        return texts[code];
}

static int read_bytes(struct reader *r, struct source_file *file, struct buffer *bytes)
{
        const char *text;
        size_t len;
        int error = reader_read_private(r, COLLECTOR_FIRMWARE, file, &text, &len);

        if (error < 0)
                return error;
        buffer_add(bytes, text, len);
        source_file_close(file);
        return buffer_failed(bytes) ? -ENOMEM : 0;
}

/* Fills the table's bytes and status; -ENOMEM. */
static int read_table(struct firmware_reader *f, struct reader *r, struct firmware_tables *tables,
                      enum firmware_table table)
{
        struct firmware_table_status *status = &tables->status[table];
        struct buffer *bytes = &tables->bytes[table];
        int error;

        status->error = read_bytes(r, f->tables[table], bytes);
        if (status->error == 0)
                status->origin = ORIGIN_ACPI;
        if (status->error == 0 || status->error == -ENOMEM || !f->credentials[table])
                return status->error == -ENOMEM ? -ENOMEM : 0;
        error = read_bytes(r, f->credentials[table], bytes);
        if (error < 0)
                return error == -ENOMEM ? error : 0;
        if (bytes->len == strlen(absent) && memcmp(bytes->data, absent, bytes->len) == 0) {
                buffer_release(bytes);
                status->error = -ENOENT;
        } else {
                status->error = 0;
                status->origin = ORIGIN_CREDENTIAL;
        }
        return 0;
}

/* What is read is compared with what is there before it is decoded. */
static bool read_all(struct firmware_reader *f, struct reader *r)
{
        struct firmware_tables *fresh = firmware_tables_new();
        bool complete = fresh != NULL;

        for (unsigned i = 0; complete && i < NR_FIRMWARE_TABLES; i++)
                complete = read_table(f, r, fresh, i) == 0;
        complete = complete && take_usable(f, r, fresh);
        if (complete && f->current && firmware_tables_equal(f->current, fresh)) {
                firmware_tables_unref(fresh);
                return true;
        }
        complete = complete && firmware_tables_decode(fresh) == 0;
        if (complete) {
                firmware_tables_unref(f->current);
                f->current = fresh;
        } else {
                firmware_tables_unref(fresh);
        }
        return complete;
}

static void account_faults(struct firmware_reader *f, struct reader *r)
{
        for (unsigned i = 0; i < NR_FIRMWARE_TABLES; i++) {
                const struct firmware_table_status *status = &f->current->status[i];
                const struct buffer *bytes = &f->current->bytes[i];
                const char *start = bytes->len > 0 ? bytes->data : "";
                struct parser p = { .start = start, .pos = start };

                if (status->origin == ORIGIN_NONE)
                        continue;
                if (status->fault.code != FIRMWARE_NO_FAULT)
                        parse_reject(&p, start + status->fault.offset,
                                     expectation(status->fault.code));
                reader_parsed(r, COLLECTOR_FIRMWARE,
                              status->origin == ORIGIN_ACPI ? f->tables[i] : f->credentials[i], &p);
        }
}

void firmware_read(struct firmware_reader *f, struct reader *r, struct sample *sample)
{
        if (!read_all(f, r))
                reader_out_of_memory(r);
        if (f->current)
                account_faults(f, r);
        sample->firmware = f->current;
}
