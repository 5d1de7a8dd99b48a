/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 1024
#define PATH_SIZE 160

struct file {
        char path[PATH_SIZE];
        char *text;
        size_t len;
        bool wanted, changed, there;
};

static char root[256];
static int root_fd;
static size_t n_files, n_wanted;
static struct file files[FILES_MAX], *wanted[FILES_MAX];

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

static void remove_root(void)
{
        nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void fail(const char *what)
{
        perror(what);
        _exit(1);
}

const char *tree_root(void)
{
        const char *tmp = getenv("TMPDIR");

        if (*root)
                return root;
        snprintf(root, sizeof(root), "%s/fuzz-tree.XXXXXX", tmp ? tmp : "/tmp");
        if (!mkdtemp(root))
                fail(root);
        atexit(remove_root);
        root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root_fd < 0)
                fail(root);
        return root;
}

void tree_begin(void)
{
        for (size_t i = 0; i < n_files; i++)
                files[i].wanted = false;
        n_wanted = 0;
}

static struct file *find(const char *path)
{
        for (size_t i = 0; i < n_files; i++)
                if (strcmp(files[i].path, path) == 0)
                        return &files[i];
        if (n_files == FILES_MAX || strlen(path) >= PATH_SIZE)
                return NULL;
        strcpy(files[n_files].path, path);
        return &files[n_files++];
}

void tree_put(const char *path, const char *text, size_t len)
{
        struct file *f = find(path);

        if (!f)
                return;
        if (!f->wanted)
                wanted[n_wanted++] = f;
        f->wanted = true;
        if (f->len == len && (len == 0 || memcmp(f->text, text, len) == 0))
                return;
        free(f->text);
        f->text = malloc(len + 1);
        if (!f->text)
                fail("malloc");
        if (len > 0)
                memcpy(f->text, text, len);
        f->len = len;
        f->changed = true;
}

void tree_printf(const char *path, const char *format, ...)
{
        char *text;
        va_list args;
        int len;

        va_start(args, format);
        len = vasprintf(&text, format, args);
        va_end(args);
        if (len < 0)
                fail("vasprintf");
        tree_put(path, text, (size_t)len);
        free(text);
}

size_t tree_count(void)
{
        return n_wanted;
}

const char *tree_path(size_t i)
{
        return wanted[i]->path;
}

const char *tree_text(size_t i, size_t *len)
{
        *len = wanted[i]->len;
        return wanted[i]->text;
}

void tree_drop(size_t i)
{
        wanted[i]->wanted = false;
        wanted[i] = wanted[--n_wanted];
}

/* With the directories that are empty after it. */
static void unlink_file(struct file *f)
{
        char path[PATH_SIZE];
        char *slash;

        unlinkat(root_fd, f->path, 0);
        strcpy(path, f->path);
        while ((slash = strrchr(path, '/'))) {
                *slash = '\0';
                if (unlinkat(root_fd, path, AT_REMOVEDIR) < 0)
                        break;
        }
        f->there = false;
}

static void make_directories(const char *file)
{
        char path[PATH_SIZE];

        strcpy(path, file);
        for (char *slash = path; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                mkdirat(root_fd, path, 0755);
                *slash = '/';
        }
}

/* A file in the place of a directory, or below a file, is left out. */
static void write_file(struct file *f)
{
        const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
        int fd = openat(root_fd, f->path, flags, 0644);

        if (fd < 0 && errno == ENOENT) {
                make_directories(f->path);
                fd = openat(root_fd, f->path, flags, 0644);
        }
        if (fd < 0 && errno != EISDIR && errno != ENOTDIR)
                fail(f->path);
        if (fd < 0)
                return;
        if (f->len > 0 && write(fd, f->text, f->len) != (ssize_t)f->len)
                fail(f->path);
        close(fd);
        f->there = true;
        f->changed = false;
}

void tree_commit(void)
{
        tree_root();
        for (size_t i = 0; i < n_files; i++)
                if (files[i].there && !files[i].wanted)
                        unlink_file(&files[i]);
        for (size_t i = 0; i < n_wanted; i++)
                if (!wanted[i]->there || wanted[i]->changed)
                        write_file(wanted[i]);
}
