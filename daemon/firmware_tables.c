/* SPDX-License-Identifier: MIT */
#include "firmware_tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct firmware_tables *firmware_tables_new(void)
{
        struct firmware_tables *tables = calloc(1, sizeof(*tables));

        if (!tables)
                return NULL;
        tables->refs = 1;
        for (unsigned i = 0; i < NR_FIRMWARE_TABLES; i++)
                tables->status[i].error = -ENOENT;
        return tables;
}

struct firmware_tables *firmware_tables_ref(struct firmware_tables *tables)
{
        tables->refs++;
        return tables;
}

void firmware_tables_unref(struct firmware_tables *tables)
{
        if (!tables || --tables->refs > 0)
                return;
        srat_free(&tables->srat);
        slit_free(&tables->slit);
        hmat_free(&tables->hmat);
        cedt_free(&tables->cedt);
        for (unsigned i = 0; i < NR_FIRMWARE_TABLES; i++)
                buffer_release(&tables->bytes[i]);
        free(tables->usable);
        free(tables);
}

static int decode(struct firmware_tables *tables, enum firmware_table table)
{
        struct firmware_fault *fault = &tables->status[table].fault;
        const struct buffer *bytes = &tables->bytes[table];

        switch (table) {
        case TABLE_SRAT:
                return srat_decode(bytes->data, bytes->len, &tables->srat, fault);
        case TABLE_SLIT:
                return slit_decode(bytes->data, bytes->len, &tables->slit, fault);
        case TABLE_HMAT:
                return hmat_decode(bytes->data, bytes->len, &tables->hmat, fault);
        default:
                return cedt_decode(bytes->data, bytes->len, &tables->cedt, fault);
        }
}

int firmware_tables_decode(struct firmware_tables *tables)
{
        for (unsigned i = 0; i < NR_FIRMWARE_TABLES; i++)
                if (tables->status[i].origin != ORIGIN_NONE && decode(tables, i) == -ENOMEM)
                        return -ENOMEM;
        return 0;
}

static bool same_table(const struct firmware_tables *a, const struct firmware_tables *b, unsigned i)
{
        return a->status[i].origin == b->status[i].origin &&
               a->status[i].error == b->status[i].error && a->bytes[i].len == b->bytes[i].len &&
               (a->bytes[i].len == 0 ||
                memcmp(a->bytes[i].data, b->bytes[i].data, a->bytes[i].len) == 0);
}

bool firmware_tables_equal(const struct firmware_tables *a, const struct firmware_tables *b)
{
        for (unsigned i = 0; i < NR_FIRMWARE_TABLES; i++)
                if (!same_table(a, b, i))
                        return false;
        return a->usable_source == b->usable_source && a->n_usable == b->n_usable &&
               a->kernel_known == b->kernel_known && a->kernel_start == b->kernel_start &&
               (a->n_usable == 0 ||
                memcmp(a->usable, b->usable, a->n_usable * sizeof(*a->usable)) == 0);
}

const char *firmware_table_name(enum firmware_table table)
{
        static const char *const names[NR_FIRMWARE_TABLES] = {
                [TABLE_SRAT] = "SRAT",
                [TABLE_SLIT] = "SLIT",
                [TABLE_HMAT] = "HMAT",
                [TABLE_CEDT] = "CEDT",
        };

        return names[table];
}

const struct firmware_header *firmware_table_header(const struct firmware_tables *tables,
                                                    enum firmware_table table)
{
        const struct firmware_header *const headers[NR_FIRMWARE_TABLES] = {
                [TABLE_SRAT] = &tables->srat.header,
                [TABLE_SLIT] = &tables->slit.header,
                [TABLE_HMAT] = &tables->hmat.header,
                [TABLE_CEDT] = &tables->cedt.header,
        };

        return tables->status[table].origin == ORIGIN_NONE ? NULL : headers[table];
}
