/* SPDX-License-Identifier: MIT */
/*
 * Settings: built-in defaults, then the configuration file, then the command line.
 * (Not called config.h, which is autoconf's.)
 */
#pragma once

#include "network.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum output_format {
        OUTPUT_PROMETHEUS,
        OUTPUT_OPENMETRICS,
        OUTPUT_NODE_EXPORTER,
        OUTPUT_JSON,
        OUTPUT_HARDWARE,
        OUTPUT_MEMBLOCK,
        OUTPUT_NODE_STATES,
        OUTPUT_CHECKS,
        NR_OUTPUT_FORMATS,
};

enum action {
        ACTION_SERVE,
        ACTION_ONCE,
        ACTION_RECORD,
        ACTION_CHECK_CONFIG,
        ACTION_HELP,
        ACTION_VERSION
};

/* What can stand in the configuration file; the command line overrides it. */
struct settings {
        size_t n_listen;
        char **listen; /* "ADDR:PORT", "[ADDR6]:PORT", "unix:/path", with "tls:" before the first
                        * two for encryption; none: the defaults */
        struct network_list allow, deny; /* who may connect; an empty allow: everybody */
        size_t n_hosts;
        char **hosts;                    /* names by which the machine is asked, besides its own */
        char *tls_certificate, *tls_key; /* files, as secret.h takes them; NULL: none */
        char *tls_client_ca;             /* whose clients are let in */
        unsigned tls_minimum_version;    /* 12 or 13 */
        char *users_file, *tokens_file;  /* who is let in; NULL: none */
        bool open_health;                /* the health routes need no authentication */
        uint64_t interval_ns;            /* 0: no background sampling */
        uint64_t max_age_ns;             /* 0: sample at each request */
        int distance_metrics_limit;
        unsigned connection_limit;
        unsigned connection_limit_per_address;
        unsigned idle_timeout_s;
        int log_level; /* syslog's */
};

struct command_line {
        enum action action;
        const char *config_file; /* NULL: the default, if present */
        const char *root;        /* "/" */
        const char *port_file;   /* NULL: none */
        const char *record_dir;
        enum output_format format;
        /* What overrides the configuration file. */
        size_t n_listen; /* 0: nothing given */
        char **listen;
        bool interval_given, max_age_given;
        uint64_t interval_ns, max_age_ns;
};

/* One line that says what was found where, and what was expected; malloc()ed. NULL: no error. */
typedef char *error_text;

/* "10", "0.5": seconds with up to nine decimals, at most a year. */
bool parse_seconds(const char *text, uint64_t *ns);
/* The same for the time between background samples: 0, or at least a hundredth of a second. */
bool parse_interval(const char *text, uint64_t *ns);
/* What parse_interval() takes, for errors. */
#define INTERVAL_EXPECTED "0 or a number of seconds from 0.01 up, such as 10 or 0.5"

void settings_release(struct settings *settings);
/* Parses argv, into which the strings point. 0, or -EINVAL or -ENOMEM with *error. */
int command_line_parse(struct command_line *cmd, int argc, char **argv, error_text *error);
void command_line_release(struct command_line *cmd);
/*
 * The effective settings: defaults, the file (cmd->config_file, or default_file if that exists),
 * then cmd. 0, or a negative errno with *error naming file, line, what was found and what is
 * expected.
 */
int settings_load(struct settings *settings, const struct command_line *cmd,
                  const char *default_file, error_text *error);
/* Whether requests need credentials or a certificate. */
bool settings_authenticate(const struct settings *settings);
/* What --check-config prints: a configuration file that says the same. */
void settings_print(const struct settings *settings, FILE *out);
void command_line_help(FILE *out);
/* Reads the text of a configuration file; name is used in errors. For settings_load() and the
 * fuzzer. */
int settings_parse_file_text(struct settings *settings, const char *name, const char *text,
                             size_t len, error_text *error);
