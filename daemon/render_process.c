/* SPDX-License-Identifier: MIT */
#include "render_prometheus.h"

#include "cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <time.h>

static void process_value(struct prom *p, enum family_id id, uint64_t value, uint64_t scale)
{
        prom_table_family(p, id);
        prom_begin(p);
        prom_scaled(p, value, scale);
}

/* A machine may have no /proc, and the process no descriptor left: then its figures are missing. */
static void note_failure(struct prom *p, int error)
{
        if (error == ENOMEM)
                p->out->failed = true;
}

static void render_memory(struct prom *p)
{
        _cleanup_(fclose_p) FILE *f = fopen("/proc/self/statm", "re");
        uint64_t size, resident, page = (uint64_t)sysconf(_SC_PAGESIZE);

        if (!f || fscanf(f, "%" SCNu64 " %" SCNu64, &size, &resident) != 2) {
                note_failure(p, errno);
                return;
        }
        process_value(p, FAMILY_PROCESS_RSS, resident * page, 1);
        process_value(p, FAMILY_PROCESS_VSZ, size * page, 1);
}

static void render_descriptors(struct prom *p)
{
        _cleanup_(closedir_p) DIR *dir = opendir("/proc/self/fd");
        struct rlimit limit;
        struct dirent *entry;
        uint64_t n = 0;

        if (!dir)
                note_failure(p, errno);
        while (dir && (entry = readdir(dir)))
                n += entry->d_name[0] != '.';
        /* The listing's own descriptor is not counted. */
        if (n > 0)
                process_value(p, FAMILY_PROCESS_FDS, n - 1, 1);
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
                process_value(p, FAMILY_PROCESS_MAX_FDS, limit.rlim_cur, 1);
}

void render_process(struct prom *p, const struct self_stats *self)
{
        struct timespec cpu;

        if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
                process_value(p, FAMILY_PROCESS_CPU,
                              (uint64_t)cpu.tv_sec * 1000000000U + (uint64_t)cpu.tv_nsec,
                              1000000000);
        render_memory(p);
        render_descriptors(p);
        process_value(p, FAMILY_PROCESS_START, self->start_time_ns, 1000000000);
}
