/* SPDX-License-Identifier: MIT */
#include "reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
}

static void add_problem(struct reader *r, const struct source_file *file, struct problem problem)
{
        if (r->n_problems == r->cap_problems) {
                size_t cap = r->cap_problems ? r->cap_problems * 2 : 16;
                struct problem *problems = reallocarray(r->problems, cap, sizeof(*problems));

                if (!problems)
                        return;
                r->problems = problems;
                r->cap_problems = cap;
        }
        problem.path = strdup(source_file_path(file));
        if (problem.path)
                r->problems[r->n_problems++] = problem;
}

static void account(struct reader *r, enum collector collector, struct source_file *file,
                    struct problem problem)
{
        int before = source_file_swap_error(file, problem.error);

        if (problem.error == 0) {
                if (before != 0)
                        add_problem(r, file, problem);
                return;
        }
        r->status[collector].success = false;
        if (before == problem.error)
                return;
        if (problem.error == -ENOENT && !source_file_was_read(file)) {
                /* A kernel without this file lacks it on all nodes: say it once. */
                if (r->absent_reported[collector])
                        return;
                r->absent_reported[collector] = true;
        }
        r->status[collector].errors++;
        add_problem(r, file, problem);
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

void reader_out_of_memory(struct reader *r, enum collector collector)
{
        r->status[collector].success = false;
}
