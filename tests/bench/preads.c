/* SPDX-License-Identifier: MIT */
/*
 * The limit of sampling: reads the files named on standard input, one a line, again and again
 * through kept descriptors, and does nothing with what it reads. Prints the processor time of one
 * round in nanoseconds.
 */
#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* As much as a file has at once; /proc/sys clears as many bytes as it is asked for. */
#define BUFFER_BYTES ((size_t)16 << 10)

struct file {
        int fd;
        bool whole; /* one read gives all of it: sysfs and sysctl, whose files are a page at most */
};

struct files {
        struct file *list;
        size_t n;
};

static int add(struct files *files, const char *path)
{
        struct file *list = reallocarray(files->list, files->n + 1, sizeof(*list));

        if (!list)
                return -ENOMEM;
        files->list = list;
        list[files->n] = (struct file){ .fd = open(path, O_RDONLY | O_CLOEXEC),
                                        .whole = strstr(path, "/sys/") != NULL };
        if (list[files->n].fd < 0)
                return -errno;
        files->n++;
        return 0;
}

static int add_all(struct files *files)
{
        _cleanup_(free_p) char *line = NULL;
        size_t room = 0;
        ssize_t n;

        while ((n = getline(&line, &room, stdin)) > 0) {
                int r;

                line[n - 1] = '\0';
                r = add(files, line);
                if (r < 0) {
                        fprintf(stderr, "preads: %s: %s\n", line, strerror(-r));
                        return r;
                }
        }
        return 0;
}

static void read_round(const struct files *files, char *buffer)
{
        for (size_t i = 0; i < files->n; i++) {
                off_t at = 0;
                ssize_t n;

                do {
                        n = pread(files->list[i].fd, buffer, BUFFER_BYTES, at);
                        at += n;
                } while (n > 0 && !files->list[i].whole);
        }
}

static uint64_t processor_time_ns(void)
{
        struct timespec t = { .tv_sec = 0 };

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* A machine of 1,024 nodes has more files than the usual limit. */
static void allow_descriptors(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
        _cleanup_(free_p) char *buffer = malloc(BUFFER_BYTES);
        unsigned long rounds = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
        struct files files = { .n = 0 };
        uint64_t start;

        if (!buffer || rounds == 0) {
                fprintf(stderr, "preads: expected a number of rounds\n");
                return 2;
        }
        allow_descriptors();
        if (add_all(&files) < 0)
                return 1;
        read_round(&files, buffer);
        start = processor_time_ns();
        for (unsigned long i = 0; i < rounds; i++)
                read_round(&files, buffer);
        printf("%" PRIu64 "\n", (processor_time_ns() - start) / rounds);
        free(files.list);
        return 0;
}
