/* SPDX-License-Identifier: MIT */
#include "kernel_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum identity { IDENTITY_BOOT_ID, IDENTITY_HOSTNAME, IDENTITY_KERNEL, NR_IDENTITIES };

static const char *const identity_paths[NR_IDENTITIES] = {
        [IDENTITY_BOOT_ID] = "/proc/sys/kernel/random/boot_id",
        [IDENTITY_HOSTNAME] = "/proc/sys/kernel/hostname",
        [IDENTITY_KERNEL] = "/proc/sys/kernel/osrelease",
};

static const struct {
        const char *name;
        const char *path;
} sysctls[] = {
        { "kernel.numa_balancing", "/proc/sys/kernel/numa_balancing" },
        { "kernel.numa_balancing_promote_rate_limit_MBps",
          "/proc/sys/kernel/numa_balancing_promote_rate_limit_MBps" },
        { "vm.numa_stat", "/proc/sys/vm/numa_stat" },
        { "vm.zone_reclaim_mode", "/proc/sys/vm/zone_reclaim_mode" },
        { "vm.min_unmapped_ratio", "/proc/sys/vm/min_unmapped_ratio" },
        { "vm.min_slab_ratio", "/proc/sys/vm/min_slab_ratio" },
};

#define N_SYSCTLS (sizeof(sysctls) / sizeof(sysctls[0]))

struct kernel_reader {
        struct source *source;
        struct source_file *identity[NR_IDENTITIES];
        char *identity_values[NR_IDENTITIES];
        struct source_file *sysctl[N_SYSCTLS];
        struct sysctl_value sysctl_values[N_SYSCTLS];
};

struct kernel_reader *kernel_reader_new(struct source *source)
{
        struct kernel_reader *k = calloc(1, sizeof(*k));
        bool complete = true;

        if (!k)
                return NULL;
        k->source = source;
        for (size_t i = 0; i < NR_IDENTITIES; i++) {
                k->identity[i] = source_file_new(source, identity_paths[i], SOURCE_MAX_SYSFS);
                complete = complete && k->identity[i];
        }
        for (size_t i = 0; i < N_SYSCTLS; i++) {
                k->sysctl[i] = source_file_new(source, sysctls[i].path, SOURCE_MAX_SYSFS);
                complete = complete && k->sysctl[i];
        }
        if (complete)
                return k;
        kernel_reader_free(k);
        return NULL;
}

void kernel_reader_free(struct kernel_reader *k)
{
        if (!k)
                return;
        for (size_t i = 0; i < NR_IDENTITIES; i++) {
                source_file_free(k->identity[i]);
                free(k->identity_values[i]);
        }
        for (size_t i = 0; i < N_SYSCTLS; i++)
                source_file_free(k->sysctl[i]);
        free(k);
}

void kernel_read_identity(struct kernel_reader *k, struct reader *r, struct sample *sample)
{
        for (size_t i = 0; i < NR_IDENTITIES; i++) {
                const char *text;
                size_t len;
                int error;

                free(k->identity_values[i]);
                k->identity_values[i] = NULL;
                error = source_read(k->source, k->identity[i], &text, &len);
                if (error == 0) {
                        const char *newline = memchr(text, '\n', len);
                        k->identity_values[i] =
                                strndup(text, newline ? (size_t)(newline - text) : len);
                }
                if (error == -ENOMEM || (error == 0 && !k->identity_values[i]))
                        reader_out_of_memory(r);
        }
        sample->boot_id = k->identity_values[IDENTITY_BOOT_ID];
        sample->hostname = k->identity_values[IDENTITY_HOSTNAME];
        sample->kernel = k->identity_values[IDENTITY_KERNEL];
}

void kernel_read_sysctls(struct kernel_reader *k, struct reader *r, struct sample *sample)
{
        for (size_t i = 0; i < N_SYSCTLS; i++) {
                struct sysctl_value *v = &k->sysctl_values[i];
                struct parser p;

                *v = (struct sysctl_value){ .name = sysctls[i].name };
                if (reader_read_optional(r, COLLECTOR_SYSCTL, k->sysctl[i], &p) < 0)
                        continue;
                v->known = parse_scalar(&p, 10, &v->value) == 0;
                reader_parsed(r, COLLECTOR_SYSCTL, k->sysctl[i], &p);
        }
        sample->sysctls = k->sysctl_values;
        sample->n_sysctls = N_SYSCTLS;
}
