/* SPDX-License-Identifier: MIT */
/*
 * Writing the exposition formats: a family, then its samples. HELP and TYPE come with the first
 * sample, so a family without samples leaves no trace. Shared by the files that render metrics.
 */
#pragma once

#include "render.h"

struct prom {
        struct buffer *out;
        enum prometheus_format format;
        /* The family and the sample under way. */
        const char *name;
        const char *help;
        enum metric_type type;
        bool has_samples;
        bool has_labels;
};

/* name of a counter without _total; name and help must outlive the family. */
void prom_family(struct prom *p, const char *name, enum metric_type type, const char *help);
/* The same with what fields.def says of it. */
void prom_table_family(struct prom *p, enum family_id id);
/* A sample: prom_begin(), labels, then one of the values. */
void prom_begin(struct prom *p);
/* prom_begin() and the label of the node. */
void prom_begin_node(struct prom *p, int nid);
void prom_label(struct prom *p, const char *name, const char *value);
void prom_label_u64(struct prom *p, const char *name, uint64_t value);
void prom_value(struct prom *p, uint64_t value);
/* value / scale; scale is a power of ten. */
void prom_scaled(struct prom *p, uint64_t value, uint64_t scale);

/* The process_* families of this process, from /proc/self. */
void render_process(struct prom *p, const struct self_stats *self);

/* Families of memory and its map, of devices, and of the checks. */
void render_access(struct prom *p, const struct sample *s);
void render_memory_tiers(struct prom *p, const struct sample *s);
void render_memory_map(struct prom *p, const struct snapshot *snap);
void render_devices(struct prom *p, const struct sample *s);
void render_checks(struct prom *p, const struct snapshot *snap);
