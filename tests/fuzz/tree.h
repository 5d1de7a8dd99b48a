/* SPDX-License-Identifier: MIT */
/*
 * A tree of small files in one directory below $TMPDIR, which lives as long as the process; only
 * what differs from the tree before is written. Paths are relative: "proc/stat".
 */
#pragma once

#include <stddef.h>

/* Its directory. Ends the process where none can be made. */
const char *tree_root(void);
/* Begins a new tree: without files. */
void tree_begin(void);
/* A file, or another content of it. */
void tree_put(const char *path, const char *text, size_t len);
__attribute__((format(printf, 2, 3))) void tree_printf(const char *path, const char *format, ...);
/* How many files were put; and the i-th one's path and content, in this order. */
size_t tree_count(void);
const char *tree_path(size_t i);
const char *tree_text(size_t i, size_t *len);
/* Takes the i-th file out; the last one has its number then. */
void tree_drop(size_t i);
/* Makes the directory what was put. */
void tree_commit(void);
