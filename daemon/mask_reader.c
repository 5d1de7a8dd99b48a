/* SPDX-License-Identifier: MIT */
#include "mask_reader.h"

#include "cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[NR_NODE_STATES] = {
        [N_POSSIBLE] = "possible",
        [N_ONLINE] = "online",
        [N_NORMAL_MEMORY] = "has_normal_memory",
        [N_HIGH_MEMORY] = "has_high_memory",
        [N_MEMORY] = "has_memory",
        [N_CPU] = "has_cpu",
        [N_GENERIC_INITIATOR] = "has_generic_initiator",
};

struct mask_reader {
        struct source *source;
        struct source_file *masks[NR_NODE_STATES];
        bool absent[NR_NODE_STATES]; /* the kernel has no such file: seen at a look */
        struct source_file *cpus_online;
        char *cpus_online_text; /* as last read */
};

struct mask_reader *mask_reader_new(struct source *source)
{
        struct mask_reader *m = calloc(1, sizeof(*m));
        bool complete;

        if (!m)
                return NULL;
        m->source = source;
        m->cpus_online =
                source_file_new(source, "/sys/devices/system/cpu/online", SOURCE_MAX_SYSFS);
        complete = m->cpus_online;
        for (size_t i = 0; i < NR_NODE_STATES; i++) {
                _cleanup_(free_p) char *path = NULL;

                if (asprintf(&path, "/sys/devices/system/node/%s", names[i]) >= 0)
                        m->masks[i] = source_file_new(source, path, SOURCE_MAX_SYSFS);
                complete = complete && m->masks[i];
        }
        if (complete)
                return m;
        mask_reader_free(m);
        return NULL;
}

void mask_reader_free(struct mask_reader *m)
{
        if (!m)
                return;
        for (size_t i = 0; i < NR_NODE_STATES; i++)
                source_file_free(m->masks[i]);
        source_file_free(m->cpus_online);
        free(m->cpus_online_text);
        free(m);
}

/* One mask; an empty file is the empty set, as old kernels print it. */
static bool read_mask(struct mask_reader *m, struct reader *r, enum node_states state, bool look,
                      nodemask_t *mask)
{
        struct source_file *file = m->masks[state];
        struct id_range range;
        struct parser p;
        bool optional = state != N_POSSIBLE && state != N_ONLINE;
        int error;

        nodemask_clear(mask);
        if (optional && m->absent[state] && !look)
                return false;
        error = optional ? reader_read_optional(r, COLLECTOR_NODE_STATES, file, &p)
                         : reader_read(r, COLLECTOR_NODE_STATES, file, &p);
        m->absent[state] = error == -ENOENT && !source_file_was_read(file);
        if (error < 0)
                return false;
        while (parse_list(&p, MAX_NUMNODES - 1, &range))
                nodes_set_range((int)range.first, (int)range.last, mask);
        if (!optional && p.errors == 0 && nodes_empty(mask)) {
                reader_malformed(r, COLLECTOR_NODE_STATES, file, "at least one node");
                return false;
        }
        if (!reader_parsed(r, COLLECTOR_NODE_STATES, file, &p)) {
                nodemask_clear(mask);
                return false;
        }
        return true;
}

/* Whether CPUs came online or went offline since the last sample. */
static bool cpus_changed(struct mask_reader *m)
{
        const char *text;
        char *copy;
        size_t len;

        if (source_read(m->source, m->cpus_online, &text, &len) < 0)
                return false;
        if (m->cpus_online_text && strlen(m->cpus_online_text) == len &&
            memcmp(m->cpus_online_text, text, len) == 0)
                return false;
        copy = strndup(text, len);
        if (!copy)
                return true;
        free(m->cpus_online_text);
        m->cpus_online_text = copy;
        return true;
}

bool masks_read(struct mask_reader *m, struct reader *r, struct sample *sample, bool look)
{
        bool changed = false;

        for (unsigned i = 0; i < NR_NODE_STATES; i++) {
                nodemask_t mask;
                bool known = read_mask(m, r, i, look, &mask);

                if (i == N_ONLINE && !known && !sample->state_known[i])
                        continue; /* the directories said what is online */
                changed = changed || known != sample->state_known[i] ||
                          !nodes_equal(&mask, &sample->node_states[i]);
                sample->state_known[i] = known;
                sample->node_states[i] = mask;
        }
        return cpus_changed(m) || changed;
}

bool masks_still_online(struct mask_reader *m, struct reader *r, const struct sample *sample)
{
        nodemask_t online;
        bool known = read_mask(m, r, N_ONLINE, false, &online);

        return known == sample->state_known[N_ONLINE] &&
               (!known || nodes_equal(&online, &sample->node_states[N_ONLINE]));
}
