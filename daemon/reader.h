/* SPDX-License-Identifier: MIT */
/*
 * Reading with an account: which collector's files could be read, and what changed.
 *
 * The error of a file or directory counts, and is reported as a problem, once per change of its
 * state; the collector reports success 0 as long as it lasts. That memory is exhausted is no file's
 * error: the sample is worth nothing.
 */
#pragma once

#include "parse.h"
#include "sample.h"
#include "source.h"

struct problem {
        char *path;
        int error; /* negative errno; 0: it is readable again; -EINVAL with expected: malformed */
        size_t offset;        /* of the malformed part, in bytes */
        const char *expected; /* what should stand there; NULL if the file could not be read */
};

struct unreadable_directory;

struct reader {
        struct source *source;
        struct collector_status status[NR_COLLECTORS];
        bool absent_reported[NR_COLLECTORS];
        bool went_away;     /* a file that could be read at the last sample is gone: look at the
                               structure */
        bool again;         /* it was looked at: what is still missing is an error */
        bool out_of_memory; /* figures of this sample are missing that the machine has */
        size_t n_unreadable, cap_unreadable;
        struct unreadable_directory *unreadable; /* as of the last time each was listed */
        size_t n_problems, cap_problems;
        struct problem *problems; /* of this sample */
};

/* Starts a sample: no problems yet. */
void reader_begin(struct reader *r);
/*
 * Starts a collector, which counts as successful until one of its files is not. The status of one
 * that is not started in a sample stays.
 */
void reader_start(struct reader *r, enum collector collector);
/* Ends a sample. */
void reader_end(struct reader *r);
void reader_release(struct reader *r);

/* Reads the file into the parser. 0 or -errno, which has been accounted. */
int reader_read(struct reader *r, enum collector collector, struct source_file *file,
                struct parser *p);
/* The same for a file that a kernel may rightly not have: that it never was there is no failure. */
int reader_read_optional(struct reader *r, enum collector collector, struct source_file *file,
                         struct parser *p);
/* The same for one that, besides, cannot be read (EINVAL) in some states of the device that it is
 * of. */
int reader_read_stateful(struct reader *r, enum collector collector, struct source_file *file,
                         struct parser *p);
/*
 * The bytes of a file that a kernel may not have and only root may read: neither is a failure.
 * Valid until the next read.
 */
int reader_read_private(struct reader *r, enum collector collector, struct source_file *file,
                        const char **bytes, size_t *len);
/* Accounts what the parser found wrong with the file. Whether it found nothing wrong. */
bool reader_parsed(struct reader *r, enum collector collector, struct source_file *file,
                   const struct parser *p);
/* Accounts a file whose content is well-formed but impossible. */
void reader_malformed(struct reader *r, enum collector collector, struct source_file *file,
                      const char *expected);
/* Memory is exhausted: the sample must not be published. */
void reader_out_of_memory(struct reader *r);

/* What is in a directory below the root, while it is walked through. */
struct reader_listing {
        struct reader *reader;
        enum collector collector;
        char *path;
        DIR *dir;
        int error; /* 0 or negative errno, which has been accounted but for -ENOENT */
};

/* Opens a directory, whose path is printed, that a kernel may not have: error is -ENOENT then, and
 * that is no failure. */
struct reader_listing reader_list(struct reader *r, enum collector collector, const char *format,
                                  ...) __attribute__((format(printf, 3, 4)));
/* The next name; NULL: that was all, or error says why not. */
const struct dirent *reader_next(struct reader_listing *listing);
/* For _cleanup_(). */
void reader_listing_close(struct reader_listing *listing);
