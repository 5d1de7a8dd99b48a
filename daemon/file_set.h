/* SPDX-License-Identifier: MIT */
/*
 * Files that come and go with directories: each is known by its path, so that its state is
 * remembered from one look at the structure to the next, and forgotten when the directory no longer
 * lists it.
 */
#pragma once

#include "source.h"

struct file_set;

/* NULL when memory is exhausted. */
struct file_set *file_set_new(struct source *source);
void file_set_free(struct file_set *set);

/* Starts a look: no file has been asked for yet. */
void file_set_begin(struct file_set *set);
/* The file of this path, owned by the set; NULL when memory is exhausted. */
struct source_file *file_set_get(struct file_set *set, const char *path, size_t max);
/* The same for a sysfs attribute whose path is printed. */
struct source_file *file_set_attribute(struct file_set *set, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* Ends a look: gives all descriptors back and forgets the files that were not asked for. */
void file_set_end(struct file_set *set);
