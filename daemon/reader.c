/* SPDX-License-Identifier: MIT */
#include "reader.h"

#include "array.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unreadable_directory {
        char *path;
        int error;
};

static void drop_problems(struct reader *r)
{
        for (size_t i = 0; i < r->n_problems; i++)
                free(r->problems[i].path);
        r->n_problems = 0;
}

void reader_begin(struct reader *r)
{
        drop_problems(r);
        r->went_away = false;
        r->out_of_memory = false;
}

void reader_start(struct reader *r, enum collector collector)
{
        r->status[collector].success = true;
        r->status[collector].duration_ns = 0;
}

void reader_end(struct reader *r)
{
        for (size_t i = 0; i < NR_COLLECTORS; i++)
                if (r->status[i].success)
                        r->absent_reported[i] = false;
}

void reader_release(struct reader *r)
{
        drop_problems(r);
        free(r->problems);
        for (size_t i = 0; i < r->n_unreadable; i++)
                free(r->unreadable[i].path);
        free(r->unreadable);
}

/* False: out of memory, so that the change of state must wait for the next sample. */
static bool add_problem(struct reader *r, const char *path, struct problem problem)
{
        problem.path = strdup(path);
        if (problem.path &&
            array_grow(&r->problems, &r->cap_problems, r->n_problems, sizeof(*r->problems))) {
                r->problems[r->n_problems++] = problem;
                return true;
        }
        free(problem.path);
        reader_out_of_memory(r);
        return false;
}

static void account(struct reader *r, enum collector collector, struct source_file *file,
                    struct problem problem)
{
        bool absent = problem.error == -ENOENT && !source_file_was_read(file);

        if (problem.error != 0)
                r->status[collector].success = false;
        if (source_file_error(file) == problem.error)
                return;
        /* A kernel without this file lacks it on all nodes: say it once. */
        if (!(absent && r->absent_reported[collector])) {
                if (!add_problem(r, source_file_path(file), problem))
                        return;
                r->status[collector].errors += problem.error != 0;
        }
        if (absent)
                r->absent_reported[collector] = true;
        source_file_swap_error(file, problem.error);
}

/* What the absence of a file means. */
enum need { REQUIRED, OPTIONAL, STATEFUL, PRIVATE };

static bool may_be_refused(const struct source_file *file, enum need need, int error)
{
        if (error == -EACCES || error == -EPERM)
                return need == PRIVATE;
        if (error == -EINVAL)
                return need == STATEFUL;
        return error == -ENOENT && need != REQUIRED && !source_file_was_read(file);
}

static int reader_read_any(struct reader *r, enum collector collector, struct source_file *file,
                           const char **bytes, size_t *len, enum need need)
{
        int error = source_read(r->source, file, bytes, len);

        if (error == 0)
                return 0;
        *bytes = "";
        *len = 0;
        if (error == -ENOMEM) {
                reader_out_of_memory(r);
                return error;
        }
        if (error == -ENODEV)
                error = -ENOENT;
        if (may_be_refused(file, need, error)) {
                source_file_swap_error(file, 0);
                return error;
        }
        if (error == -ENOENT && source_file_was_read(file) && source_file_error(file) == 0 &&
            !r->again) {
                r->went_away = true;
                r->status[collector].success = false;
                return error;
        }
        account(r, collector, file, (struct problem){ .error = error });
        return error;
}

static int reader_read_text(struct reader *r, enum collector collector, struct source_file *file,
                            struct parser *p, enum need need)
{
        const char *text;
        size_t len;
        int error = reader_read_any(r, collector, file, &text, &len, need);

        parse_init(p, text, len);
        return error;
}

int reader_read(struct reader *r, enum collector collector, struct source_file *file,
                struct parser *p)
{
        return reader_read_text(r, collector, file, p, REQUIRED);
}

int reader_read_optional(struct reader *r, enum collector collector, struct source_file *file,
                         struct parser *p)
{
        return reader_read_text(r, collector, file, p, OPTIONAL);
}

int reader_read_stateful(struct reader *r, enum collector collector, struct source_file *file,
                         struct parser *p)
{
        return reader_read_text(r, collector, file, p, STATEFUL);
}

int reader_read_private(struct reader *r, enum collector collector, struct source_file *file,
                        const char **bytes, size_t *len)
{
        return reader_read_any(r, collector, file, bytes, len, PRIVATE);
}

bool reader_parsed(struct reader *r, enum collector collector, struct source_file *file,
                   const struct parser *p)
{
        struct problem problem = { .error = 0 };

        if (p->errors > 0)
                problem = (struct problem){ .error = -EINVAL,
                                            .offset = p->error_offset,
                                            .expected = p->expected };
        account(r, collector, file, problem);
        return p->errors == 0;
}

void reader_malformed(struct reader *r, enum collector collector, struct source_file *file,
                      const char *expected)
{
        account(r, collector, file, (struct problem){ .error = -EINVAL, .expected = expected });
}

void reader_out_of_memory(struct reader *r)
{
        r->out_of_memory = true;
}

static struct unreadable_directory *find_unreadable(struct reader *r, const char *path)
{
        for (size_t i = 0; i < r->n_unreadable; i++)
                if (strcmp(r->unreadable[i].path, path) == 0)
                        return &r->unreadable[i];
        return NULL;
}

static void note_unreadable(struct reader *r, const char *path, int error)
{
        struct unreadable_directory *known = find_unreadable(r, path);
        char *copy;

        if (known) {
                known->error = error;
                return;
        }
        copy = strdup(path);
        if (copy && array_grow(&r->unreadable, &r->cap_unreadable, r->n_unreadable,
                               sizeof(*r->unreadable))) {
                r->unreadable[r->n_unreadable++] =
                        (struct unreadable_directory){ .path = copy, .error = error };
                return;
        }
        free(copy);
        reader_out_of_memory(r);
}

static void directory_failed(struct reader *r, enum collector collector, const char *path,
                             int error)
{
        const struct unreadable_directory *known = find_unreadable(r, path);

        r->status[collector].success = false;
        if ((known && known->error == error) ||
            !add_problem(r, path, (struct problem){ .error = error }))
                return;
        r->status[collector].errors++;
        note_unreadable(r, path, error);
}

static void directory_is_well(struct reader *r, const char *path)
{
        struct unreadable_directory *known = find_unreadable(r, path);

        if (!known || !add_problem(r, path, (struct problem){ .error = 0 }))
                return;
        free(known->path);
        *known = r->unreadable[--r->n_unreadable];
}

static void listing_failed(struct reader_listing *listing, int error)
{
        listing->error = error;
        if (error == -ENOMEM)
                reader_out_of_memory(listing->reader);
        else
                directory_failed(listing->reader, listing->collector, listing->path, error);
}

struct reader_listing reader_list(struct reader *r, enum collector collector, const char *format,
                                  ...)
{
        struct reader_listing listing = { .reader = r, .collector = collector };
        va_list args;

        va_start(args, format);
        if (vasprintf(&listing.path, format, args) < 0)
                listing.path = NULL;
        va_end(args);
        if (!listing.path) {
                listing_failed(&listing, -ENOMEM);
                return listing;
        }
        listing.dir = source_opendir(r->source, listing.path);
        if (listing.dir)
                return listing;
        if (errno == ENOENT || errno == ENOTDIR) {
                directory_is_well(r, listing.path);
                listing.error = -ENOENT;
        } else {
                listing_failed(&listing, -errno);
        }
        return listing;
}

const struct dirent *reader_next(struct reader_listing *listing)
{
        const struct dirent *entry;

        if (!listing->dir || listing->error < 0)
                return NULL;
        errno = 0;
        entry = readdir(listing->dir);
        if (entry)
                return entry;
        if (errno != 0)
                listing_failed(listing, -errno);
        else
                directory_is_well(listing->reader, listing->path);
        return NULL;
}

void reader_listing_close(struct reader_listing *listing)
{
        if (listing->dir)
                closedir(listing->dir);
        free(listing->path);
}
