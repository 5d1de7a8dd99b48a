/* SPDX-License-Identifier: MIT */
#include "source.h"

#include "buffer.h"
#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

struct source {
        int root_fd;
        bool live;
        bool unchecked_paths;
        size_t kept;
        size_t kept_max;
        struct buffer text;
        source_observer *observer;
        void *observer_context;
};

struct source_file {
        struct source *source;
        char *path;
        size_t max;
        int fd;
        bool kernfs; /* sysfs or procfs: a file that is gone says so by itself */
        dev_t dev;   /* which file the descriptor shows */
        ino_t ino;
        bool was_read;
        int last_error;
};

int source_new(const char *root, size_t kept_max, struct source **ret)
{
        struct source *source = calloc(1, sizeof(*source));
        struct stat st, slash;

        if (!source)
                return -ENOMEM;
        source->root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (source->root_fd < 0) {
                int error = -errno;

                free(source);
                return error;
        }
        source->live = fstat(source->root_fd, &st) == 0 && stat("/", &slash) == 0 &&
                       st.st_ino == slash.st_ino && st.st_dev == slash.st_dev;
        source->kept_max = kept_max;
        *ret = source;
        return 0;
}

void source_free(struct source *source)
{
        if (!source)
                return;
        close(source->root_fd);
        buffer_release(&source->text);
        free(source);
}

void source_observe(struct source *source, source_observer *observer, void *context)
{
        source->observer = observer;
        source->observer_context = context;
}

bool source_is_live(const struct source *source)
{
        return source->live;
}

void source_check_paths(struct source *source, bool check)
{
        source->unchecked_paths = !check;
}

#define LINKS_MAX 40 /* as the kernel's MAXSYMLINKS */

/* A link's target in front of what was left of the path. */
static int put_before(char todo[static PATH_MAX], const char *target, const char *rest)
{
        char path[PATH_MAX];
        int len = snprintf(path, sizeof(path), "%s/%s", target, rest);

        if (len >= (int)sizeof(path))
                return -ENAMETOOLONG;
        memcpy(todo, path, (size_t)len + 1);
        return 0;
}

/* Appends a name to a path that has no links, or takes one from it. */
static int step(char done[static PATH_MAX], const char *name, size_t len)
{
        size_t at = strlen(done);
        char *slash = strrchr(done, '/');

        if (len == 0 || (len == 1 && name[0] == '.'))
                return 0;
        if (len == 2 && name[0] == '.' && name[1] == '.') {
                *(slash ? slash : done) = '\0';
                return 0;
        }
        if (at + len + 2 > PATH_MAX)
                return -ENAMETOOLONG;
        if (at > 0)
                done[at++] = '/';
        memcpy(done + at, name, len);
        done[at + len] = '\0';
        return 1;
}

/*
 * The path without its links, which start at the root and stay below it: what RESOLVE_IN_ROOT does,
 * but for links that are made meanwhile. keep_last: a link at its end is left as it is.
 */
static int resolve_in_root(int root_fd, const char *path, bool keep_last,
                           char done[static PATH_MAX])
{
        char todo[PATH_MAX], target[PATH_MAX];
        const char *at = todo;
        unsigned links = 0;
        int r = put_before(todo, path, "");

        *done = '\0';
        while (r >= 0 && *at) {
                size_t before = strlen(done), len = strcspn(at, "/");
                const char *rest = at + len + (at[len] == '/');
                ssize_t n = -1;

                r = step(done, at, len);
                if (r > 0 && !(keep_last && rest[strspn(rest, "/")] == '\0')) {
                        n = readlinkat(root_fd, done, target, sizeof(target) - 1);
                        if (n < 0 && errno != EINVAL)
                                return -errno;
                }
                at = rest;
                if (n >= 0) {
                        target[n] = '\0';
                        done[*target == '/' ? 0 : before] = '\0';
                        r = ++links > LINKS_MAX ? -ELOOP : put_before(todo, target, rest);
                        at = todo;
                }
        }
        return r < 0 ? r : 0;
}

static int open_in_root(int root_fd, const char *path, int flags)
{
        struct open_how how = {
                .flags = (unsigned)flags,
                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
        };
        char resolved[PATH_MAX];
        int fd = -1, r;

        /* EAGAIN: something on the way was renamed meanwhile. */
        for (int attempt = 0; attempt < 8; attempt++) {
                fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
                if (fd >= 0 || errno != EAGAIN)
                        break;
        }
        /* Linux before 5.6 has no such call. */
        if (fd >= 0 || errno != ENOSYS)
                return fd < 0 ? -errno : fd;
        r = resolve_in_root(root_fd, path, flags & O_NOFOLLOW, resolved);
        if (r < 0)
                return r;
        fd = openat(root_fd, *resolved ? resolved : ".", flags | O_NOFOLLOW);
        return fd < 0 ? -errno : fd;
}

int source_open(struct source *source, const char *path, int flags)
{
        int fd;

        while (*path == '/')
                path++;
        if (!*path)
                path = ".";
        if (!source->live)
                return open_in_root(source->root_fd, path, flags | O_CLOEXEC);
        fd = openat(source->root_fd, path, flags | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

DIR *source_opendir(struct source *source, const char *path)
{
        int fd = source_open(source, path, O_RDONLY | O_DIRECTORY);
        DIR *dir;

        if (fd < 0) {
                errno = -fd;
                return NULL;
        }
        dir = fdopendir(fd);
        if (!dir)
                close(fd);
        return dir;
}

uint64_t source_links(struct source *source, const char *path)
{
        struct stat st;

        while (*path == '/')
                path++;
        return fstatat(source->root_fd, path, &st, 0) == 0 ? st.st_nlink : 0;
}

char *source_readlink(struct source *source, const char *path)
{
        _cleanup_(close_p) int fd = source_open(source, path, O_PATH | O_NOFOLLOW);
        char target[PATH_MAX];
        ssize_t n;

        if (fd < 0) {
                errno = -fd;
                return NULL;
        }
        n = readlinkat(fd, "", target, sizeof(target));
        return n < 0 ? NULL : strndup(target, (size_t)n);
}

struct source_file *source_file_new(struct source *source, const char *path, size_t max)
{
        struct source_file *file = calloc(1, sizeof(*file));

        if (!file)
                return NULL;
        *file = (struct source_file){
                .source = source, .path = strdup(path), .max = max, .fd = -1
        };
        if (!file->path) {
                free(file);
                return NULL;
        }
        return file;
}

void source_file_close(struct source_file *file)
{
        if (file->fd < 0)
                return;
        close(file->fd);
        file->fd = -1;
        file->source->kept--;
}

void source_file_free(struct source_file *file)
{
        if (!file)
                return;
        source_file_close(file);
        free(file->path);
        free(file);
}

const char *source_file_path(const struct source_file *file)
{
        return file->path;
}

int source_file_error(const struct source_file *file)
{
        return file->last_error;
}

int source_file_swap_error(struct source_file *file, int error)
{
        int before = file->last_error;

        file->last_error = error;
        return before;
}

bool source_file_was_read(const struct source_file *file)
{
        return file->was_read;
}

static int file_open(struct source_file *file)
{
        struct statfs fs;
        struct stat st;
        /* O_NONBLOCK: opening a FIFO must not wait for its writer. */
        int fd = source_open(file->source, file->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0) {
                int error = -errno;

                close(fd);
                return error;
        }
        if (!S_ISREG(st.st_mode)) {
                close(fd);
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        }
        file->kernfs = fs.f_type == SYSFS_MAGIC || fs.f_type == PROC_SUPER_MAGIC;
        file->dev = st.st_dev;
        file->ino = st.st_ino;
        file->fd = fd;
        file->source->kept++;
        return 0;
}

/*
 * Elsewhere than in kernfs an unlinked or renamed file goes on being readable: look whether the
 * path still leads to it. A symbolic link may lead fstatat() out of the root, but nothing is read
 * there: at worst the file is opened again.
 */
static bool path_leads_elsewhere(const struct source_file *file)
{
        const char *path = file->path;
        struct stat st;

        while (*path == '/')
                path++;
        return fstatat(file->source->root_fd, path, &st, 0) < 0 || st.st_dev != file->dev ||
               st.st_ino != file->ino;
}

/* Whether the descriptor shows what is no longer there. *size: at which a reading ends; else
 * SIZE_MAX. */
static bool file_is_gone(const struct source_file *file, size_t *size)
{
        struct stat st;

        *size = SIZE_MAX;
        if (file->kernfs)
                return false;
        if (fstat(file->fd, &st) < 0 || st.st_nlink == 0)
                return true;
        if (st.st_size > 0)
                *size = (size_t)st.st_size;
        return !file->source->unchecked_paths && path_leads_elsewhere(file);
}

/*
 * A sysfs attribute shorter than a page is read in one call, and so is a file whose size is known;
 * anything else until the end shows.
 */
static int file_pread(struct source_file *file, size_t size)
{
        struct buffer *text = &file->source->text;

        text->len = 0;
        for (;;) {
                ssize_t n;

                if (!buffer_reserve(text, text->len + 8192)) {
                        text->failed = false;
                        return -ENOMEM;
                }
                n = pread(file->fd, text->data + text->len, text->cap - text->len,
                          (off_t)text->len);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                text->len += (size_t)n;
                if (text->len > file->max)
                        return -EFBIG;
                if (n == 0 || text->len == size ||
                    (file->kernfs && file->max == SOURCE_MAX_SYSFS && n < 4096 &&
                     text->data[text->len - 1] == '\n'))
                        return 0;
        }
}

int source_read(struct source *source, struct source_file *file, const char **text, size_t *len)
{
        bool reopened = false;
        size_t size = SIZE_MAX;
        int r;

        if (file->fd >= 0 && file_is_gone(file, &size))
                source_file_close(file);
        for (;;) {
                if (file->fd < 0) {
                        reopened = true;
                        r = file_open(file);
                        if (r < 0)
                                return r;
                }
                r = file_pread(file, size);
                if (r == 0 || reopened)
                        break;
                /* ENODEV: the kernfs node behind the descriptor is gone; another may have its name.
                 */
                source_file_close(file);
        }
        if (r < 0 || source->kept > source->kept_max)
                source_file_close(file);
        if (r < 0)
                return r;
        file->was_read = true;
        *text = source->text.data;
        *len = source->text.len;
        if (source->observer)
                source->observer(source->observer_context, file->path, *text, *len);
        return 0;
}
