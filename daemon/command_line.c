/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include "address.h"
#include "cleanup.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

enum option_id {
        OPTION_CONFIG = 'c',
        OPTION_LISTEN = 'l',
        OPTION_ROOT = 256,
        OPTION_INTERVAL,
        OPTION_MAX_AGE,
        OPTION_PORT_FILE,
        OPTION_ONCE,
        OPTION_FORMAT,
        OPTION_RECORD,
        OPTION_CHECK_CONFIG,
        OPTION_HELP,
        OPTION_VERSION,
};

static const struct option long_options[] = {
        { "config", required_argument, NULL, OPTION_CONFIG },
        { "listen", required_argument, NULL, OPTION_LISTEN },
        { "root", required_argument, NULL, OPTION_ROOT },
        { "interval", required_argument, NULL, OPTION_INTERVAL },
        { "max-age", required_argument, NULL, OPTION_MAX_AGE },
        { "port-file", required_argument, NULL, OPTION_PORT_FILE },
        { "once", no_argument, NULL, OPTION_ONCE },
        { "format", required_argument, NULL, OPTION_FORMAT },
        { "record", required_argument, NULL, OPTION_RECORD },
        { "check-config", no_argument, NULL, OPTION_CHECK_CONFIG },
        { "help", no_argument, NULL, OPTION_HELP },
        { "version", no_argument, NULL, OPTION_VERSION },
        { NULL, 0, NULL, 0 },
};

static const char *const format_names[NR_OUTPUT_FORMATS] = {
        [OUTPUT_PROMETHEUS] = "prometheus",       [OUTPUT_OPENMETRICS] = "openmetrics",
        [OUTPUT_NODE_EXPORTER] = "node_exporter", [OUTPUT_JSON] = "json",
        [OUTPUT_HARDWARE] = "hardware",           [OUTPUT_MEMBLOCK] = "memblock",
        [OUTPUT_NODE_STATES] = "node_states",     [OUTPUT_CHECKS] = "checks",
};

void command_line_help(FILE *out)
{
        fputs("Usage: numad-telemetry [OPTION]...\n"
              "Serve the NUMA state of this machine over HTTP.\n"
              "\n"
              "  -c, --config FILE       configuration file\n"
              "  -l, --listen ADDR       listen on ADDR:PORT, [ADDR6]:PORT, with tls:\n"
              "                          before them for encryption, or unix:/path;\n"
              "                          repeatable; default 127.0.0.1:6862, [::1]:6862;\n"
              "                          port 0 picks a free one\n"
              "      --port-file FILE    write the addresses really bound to FILE\n"
              "      --root DIR          read everything below DIR: a recorded machine\n"
              "      --interval SECONDS  sample in the background (default 10; 0: never)\n"
              "      --max-age SECONDS   answer from a sample no older than this (default 1;\n"
              "                          0: sample at each request)\n"
              "      --once              print one sample and exit\n"
              "      --format FORMAT     with --once: prometheus (default), openmetrics,\n"
              "                          node_exporter, json, hardware, memblock,\n"
              "                          node_states, checks\n"
              "      --record DIR        copy what is read here below DIR and exit\n"
              "      --check-config      print the effective configuration and exit\n"
              "      --help              print this help and exit\n"
              "      --version           print the version and exit\n"
              "\n"
              "Exit status: 0 success, 1 failure, 2 wrong usage or configuration.\n",
              out);
}

__attribute__((format(printf, 2, 3))) static int usage_error(error_text *error, const char *format,
                                                             ...)
{
        va_list args;

        va_start(args, format);
        if (vasprintf(error, format, args) < 0)
                *error = NULL;
        va_end(args);
        return -EINVAL;
}

static int add_address(struct command_line *cmd, char *text, error_text *error)
{
        char **listen = reallocarray(cmd->listen, cmd->n_listen + 1, sizeof(*listen));
        const char *expected = address_check(text);

        if (!listen)
                return -ENOMEM;
        cmd->listen = listen;
        if (expected)
                return usage_error(error, "option '--listen': found '%s', %s", text, expected);
        listen[cmd->n_listen++] = text;
        return 0;
}

static int set_format(struct command_line *cmd, const char *name, error_text *error)
{
        for (unsigned i = 0; i < NR_OUTPUT_FORMATS; i++)
                if (strcmp(name, format_names[i]) == 0) {
                        cmd->format = i;
                        return 0;
                }
        return usage_error(error,
                           "option '--format': found '%s', expected prometheus, openmetrics, "
                           "node_exporter, json, hardware, memblock, node_states or checks",
                           name);
}

static int set_interval(struct command_line *cmd, const char *text, error_text *error)
{
        cmd->interval_given = true;
        if (parse_interval(text, &cmd->interval_ns))
                return 0;
        return usage_error(error, "option '--interval': found '%s', expected " INTERVAL_EXPECTED,
                           text);
}

static int set_max_age(struct command_line *cmd, const char *text, error_text *error)
{
        cmd->max_age_given = true;
        if (parse_seconds(text, &cmd->max_age_ns))
                return 0;
        return usage_error(
                error,
                "option '--max-age': found '%s', expected a number of seconds such as 10 or 0.5",
                text);
}

static int set_action(struct command_line *cmd, enum action action, error_text *error)
{
        static const char *const options[] = {
                [ACTION_ONCE] = "--once",
                [ACTION_RECORD] = "--record",
                [ACTION_CHECK_CONFIG] = "--check-config",
        };

        /* --help and --version win over everything, as GNU programs have it. */
        if (cmd->action == ACTION_HELP || cmd->action == ACTION_VERSION)
                return 0;
        if (action != ACTION_HELP && action != ACTION_VERSION && cmd->action != ACTION_SERVE &&
            cmd->action != action)
                return usage_error(error, "option '%s': found with '%s', expected only one of them",
                                   options[action], options[cmd->action]);
        cmd->action = action;
        return 0;
}

static int apply_option(struct command_line *cmd, int id, bool *format_given, error_text *error)
{
        switch (id) {
        case OPTION_CONFIG:
                cmd->config_file = optarg;
                return 0;
        case OPTION_LISTEN:
                return add_address(cmd, optarg, error);
        case OPTION_ROOT:
                cmd->root = optarg;
                return 0;
        case OPTION_INTERVAL:
                return set_interval(cmd, optarg, error);
        case OPTION_MAX_AGE:
                return set_max_age(cmd, optarg, error);
        case OPTION_PORT_FILE:
                cmd->port_file = optarg;
                return 0;
        case OPTION_ONCE:
                return set_action(cmd, ACTION_ONCE, error);
        case OPTION_FORMAT:
                *format_given = true;
                return set_format(cmd, optarg, error);
        case OPTION_RECORD:
                cmd->record_dir = optarg;
                return set_action(cmd, ACTION_RECORD, error);
        case OPTION_CHECK_CONFIG:
                return set_action(cmd, ACTION_CHECK_CONFIG, error);
        case OPTION_HELP:
                return set_action(cmd, ACTION_HELP, error);
        default:
                return set_action(cmd, ACTION_VERSION, error);
        }
}

/* getopt has said ':' (no argument) or '?' (unknown, ambiguous, or an argument too many). */
static int getopt_error(int id, char **argv, error_text *error)
{
        const char *word = argv[optind - 1];

        if (id == ':')
                return usage_error(
                        error, "option '%s': found no argument, expected one (see --help)", word);
        if (optopt && optopt < 256)
                return usage_error(error, "found option '-%c', expected one of --help's", optopt);
        if (optopt)
                return usage_error(error, "option '%s': found an argument, expected none", word);
        return usage_error(error, "found option '%s', expected one of --help's", word);
}

static int parse_options(struct command_line *cmd, int argc, char **argv, error_text *error)
{
        bool format_given = false;
        int id;

        opterr = 0;
        optind = 0;
        while ((id = getopt_long(argc, argv, ":c:l:", long_options, NULL)) != -1) {
                if (id == ':' || id == '?')
                        return getopt_error(id, argv, error);
                int r = apply_option(cmd, id, &format_given, error);

                if (r < 0)
                        return r;
        }
        if (cmd->action == ACTION_HELP || cmd->action == ACTION_VERSION)
                return 0;
        if (optind < argc)
                return usage_error(error, "found argument '%s', expected only options",
                                   argv[optind]);
        if (format_given && cmd->action != ACTION_ONCE)
                return usage_error(error,
                                   "option '--format': found without '--once', expected both");
        if (cmd->port_file && cmd->action != ACTION_SERVE)
                return usage_error(error,
                                   "option '--port-file': found without a server to listen, "
                                   "expected it without --once, --record and --check-config");
        return 0;
}

int command_line_parse(struct command_line *cmd, int argc, char **argv, error_text *error)
{
        int r;

        *cmd = (struct command_line){ .root = "/" };
        *error = NULL;
        r = parse_options(cmd, argc, argv, error);
        if (r < 0)
                command_line_release(cmd);
        return r;
}

void command_line_release(struct command_line *cmd)
{
        free(cmd->listen);
        cmd->listen = NULL;
        cmd->n_listen = 0;
}
