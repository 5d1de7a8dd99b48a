/* SPDX-License-Identifier: MIT */
/* The keys of the configuration file: shared by those who read it, print it and apply it. */
#pragma once

#include "settings.h"

struct settings_key {
        const char *section; /* keys of one section stand together */
        const char *name;
        const char *expected; /* fit for "expected …" */
        bool repeatable;
        size_t path; /* a file's name, at this offset in struct settings; 0: the functions below */
        /* 0, -EINVAL or -ENOMEM. */
        int (*set)(struct settings *s, const char *value);
        void (*print)(const struct settings *s, FILE *out);
        /* NULL: always. What is not set is printed as a comment, with what holds then. */
        bool (*is_set)(const struct settings *s);
};

extern const struct settings_key settings_keys[];
extern const size_t settings_n_keys;

/* Sets the key. 0, -EINVAL or -ENOMEM. */
int settings_set(struct settings *s, const struct settings_key *key, const char *value);
