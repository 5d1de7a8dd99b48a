/* SPDX-License-Identifier: MIT */
/*
 * Where everything is read from: a root directory ("/" or a recorded machine) and files below it,
 * whose descriptors are kept open and read with pread() at 0.
 *
 * A file that went away is opened again by its path at the next read, so one that comes back is
 * found. Nothing but a regular file is read (a FIFO would block), and nothing outside the root
 * (absolute and climbing symbolic links stay below it).
 */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source;
struct source_file;

/* sysfs attributes are a page; cpulist and cpumap can be longer. */
#define SOURCE_MAX_SYSFS (64UL << 10)
/* /proc/zoneinfo and /proc/stat grow with CPUs × zones. */
#define SOURCE_MAX_PROC (16UL << 20)

/*
 * kept_max: how many descriptors may stay open; files beyond it are opened at each read. 0 or
 * -errno (the root is no directory, …).
 */
int source_new(const char *root, size_t kept_max, struct source **ret);
void source_free(struct source *source);
/* Whether this is the running kernel's own tree, not a recorded one. */
bool source_is_live(const struct source *source);
/*
 * Whether a reading first sees if the path still leads to the file whose descriptor is kept (the
 * default). Without, a file that was unlinked or replaced is noticed, one that was moved is not.
 * The kernel's own files say themselves that they are gone.
 */
void source_check_paths(struct source *source, bool check);

/* A file by its absolute path, which need not exist. NULL when memory is exhausted. */
struct source_file *source_file_new(struct source *source, const char *path, size_t max);
void source_file_free(struct source_file *file);
/* Gives the descriptor back; for a file that is seldom read. */
void source_file_close(struct source_file *file);
const char *source_file_path(const struct source_file *file);
/* The state of the file as reader.c accounts for it: 0 or a negative errno. The second sets it,
 * too. */
int source_file_error(const struct source_file *file);
int source_file_swap_error(struct source_file *file, int error);
/* Whether it could ever be read. */
bool source_file_was_read(const struct source_file *file);

/*
 * The whole content, valid until the next read from this source. -ENOENT, -EISDIR, -EFBIG (longer
 * than max), -EINVAL (no regular file), or what the kernel says.
 */
int source_read(struct source *source, struct source_file *file, const char **text, size_t *len);

/* Is told of each successful read; for recording. */
typedef void source_observer(void *context, const char *path, const char *text, size_t len);
void source_observe(struct source *source, source_observer *observer, void *context);

/* Opens a directory below the root; NULL with errno set. */
DIR *source_opendir(struct source *source, const char *path);
/* The number of links to a directory, which in sysfs is that of its subdirectories and two; 0:
 * there is none. */
uint64_t source_links(struct source *source, const char *path);
/* Where the symbolic link leads, malloc()ed; NULL with errno set. */
char *source_readlink(struct source *source, const char *path);
/* open(2) below the root; -errno. */
int source_open(struct source *source, const char *path, int flags);
