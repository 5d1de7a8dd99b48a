/* SPDX-License-Identifier: MIT */
#include "file_set.h"

#include "array.h"
#include "cleanup.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct entry {
        struct source_file *file;
        bool asked_for;
};

struct file_set {
        struct source *source;
        size_t n, cap;
        struct entry *entries; /* ascending by path */
};

struct file_set *file_set_new(struct source *source)
{
        struct file_set *set = calloc(1, sizeof(*set));

        if (set)
                set->source = source;
        return set;
}

void file_set_free(struct file_set *set)
{
        if (!set)
                return;
        for (size_t i = 0; i < set->n; i++)
                source_file_free(set->entries[i].file);
        free(set->entries);
        free(set);
}

void file_set_begin(struct file_set *set)
{
        for (size_t i = 0; i < set->n; i++)
                set->entries[i].asked_for = false;
}

/* Where the path is, or where it belongs. */
static size_t find(const struct file_set *set, const char *path, bool *found)
{
        size_t low = 0, high = set->n;

        *found = false;
        while (low < high && !*found) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(path, source_file_path(set->entries[middle].file));

                *found = order == 0;
                if (order > 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return *found ? high : low;
}

struct source_file *file_set_get(struct file_set *set, const char *path, size_t max)
{
        struct source_file *file;
        bool found;
        size_t at = find(set, path, &found);

        if (!found) {
                if (!array_grow(&set->entries, &set->cap, set->n, sizeof(*set->entries)))
                        return NULL;
                file = source_file_new(set->source, path, max);
                if (!file)
                        return NULL;
                memmove(&set->entries[at + 1], &set->entries[at],
                        (set->n - at) * sizeof(*set->entries));
                set->entries[at].file = file;
                set->n++;
        }
        set->entries[at].asked_for = true;
        return set->entries[at].file;
}

struct source_file *file_set_attribute(struct file_set *set, const char *format, ...)
{
        _cleanup_(free_p) char *path = NULL;
        va_list args;
        int n;

        va_start(args, format);
        n = vasprintf(&path, format, args);
        va_end(args);
        return n < 0 ? NULL : file_set_get(set, path, SOURCE_MAX_SYSFS);
}

void file_set_end(struct file_set *set)
{
        size_t kept = 0;

        for (size_t i = 0; i < set->n; i++) {
                if (set->entries[i].asked_for) {
                        source_file_close(set->entries[i].file);
                        set->entries[kept++] = set->entries[i];
                } else {
                        source_file_free(set->entries[i].file);
                }
        }
        set->n = kept;
}
