/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "auth.h"
#include "cleanup.h"
#include "log.h"
#include "record.h"
#include "render.h"
#include "sampler.h"
#include "serve.h"
#include "settings.h"
#include "tls.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define EXIT_USAGE 2

#define LARGE_ALLOCATION (256 * 1024)

/* Descriptors that connections, listeners and the event loop may need beside the kept files. */
#define DESCRIPTORS_RESERVED 512

/*
 * Each node has a dozen files to keep open, so ask for as many descriptors as are allowed. Returns
 * how many of them files may keep.
 */
static size_t raise_descriptor_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return 0;
        limit.rlim_cur = limit.rlim_max;
        if (limit.rlim_cur > 65536)
                limit.rlim_cur = 65536;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0 && getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return 0;
        return limit.rlim_cur > DESCRIPTORS_RESERVED ? limit.rlim_cur - DESCRIPTORS_RESERVED : 0;
}

/*
 * What is opened later must not become standard error, where the lines of the log go. Opened for
 * reading alone, so that output to a closed one is still a failure.
 */
static void fill_standard_streams(void)
{
        int fd;

        do
                fd = open("/dev/null", O_RDONLY);
        while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd >= 0)
                close(fd);
}

static int fail(int status, error_text error)
{
        log_failure("%s", error ? error : "out of memory");
        free(error);
        return status;
}

/* A failure before there is anything to do: the user's, unless memory was exhausted. */
static int refuse(int r, error_text error)
{
        return fail(r == -ENOMEM || !error ? EXIT_FAILURE : EXIT_USAGE, error);
}

/* What was printed may still be in the buffer, and the disk full. */
static int finish_output(void)
{
        if (fflush(stdout) == 0 && !ferror(stdout))
                return EXIT_SUCCESS;
        log_failure("cannot write to standard output: %s", strerror(errno));
        return EXIT_FAILURE;
}

static void render_once(struct buffer *out, const struct snapshot *snap, enum output_format format,
                        const struct settings *settings)
{
        struct prometheus_options options = {
                .format = format == OUTPUT_OPENMETRICS ? OPENMETRICS : PROMETHEUS_TEXT,
                /* There is no server, and the process is not the daemon's. */
                .collect = COLLECT_DEFAULT &
                           ~(COLLECT_BIT(COLLECT_HTTP) | COLLECT_BIT(COLLECT_PROCESS)),
                .distance_metrics_limit = settings->distance_metrics_limit,
        };

        switch (format) {
        case OUTPUT_NODE_EXPORTER:
                render_node_exporter(out, snap);
                break;
        case OUTPUT_JSON:
                render_json(out, snap, JSON_SNAPSHOT, true);
                break;
        case OUTPUT_HARDWARE:
                render_hardware(out, snap);
                break;
        case OUTPUT_MEMBLOCK:
                render_memblock(out, snap);
                break;
        case OUTPUT_CHECKS:
                render_findings(out, snap);
                break;
        case OUTPUT_NODE_STATES:
                render_node_states(out, snap);
                break;
        default:
                render_prometheus(out, snap, NULL, &options);
        }
}

static void print_problem(void *context, const struct problem *p)
{
        (void)context;
        if (p->error != 0)
                log_message(LOG_WARNING, "%s: %s%s; its figures are left out", p->path,
                            p->expected ? "malformed, expected " : "",
                            p->expected ? p->expected : strerror(-p->error));
}

static int once(struct source *source, const struct command_line *cmd,
                const struct settings *settings)
{
        const struct sampler_observer observer = { .problem = print_problem };
        struct sampler *sampler = sampler_new(source, &observer);
        struct snapshot *snap = sampler ? sampler_snapshot(sampler, 0, COLLECTORS_ALL) : NULL;
        struct buffer out = BUFFER_INIT;
        int status;

        if (snap)
                render_once(&out, snap, cmd->format, settings);
        if (!snap || buffer_failed(&out)) {
                status = fail(EXIT_FAILURE, NULL);
        } else {
                if (out.len > 0)
                        fwrite(out.data, 1, out.len, stdout);
                status = finish_output();
        }
        buffer_release(&out);
        sampler_free(sampler);
        return status;
}

static int run(const struct command_line *cmd, struct settings *settings)
{
        struct source *source;
        error_text error = NULL;
        int r = source_new(cmd->root, raise_descriptor_limit(), &source);
        int status;

        if (r < 0) {
                if (r != -ENOMEM &&
                    asprintf(&error, "option '--root': found '%s' (%s), expected a directory",
                             cmd->root, strerror(-r)) < 0)
                        error = NULL;
                return refuse(r, error);
        }
        switch (cmd->action) {
        case ACTION_ONCE:
                status = once(source, cmd, settings);
                break;
        case ACTION_RECORD:
                r = record(source, cmd->record_dir, &error);
                status = r < 0 ? fail(EXIT_FAILURE, error) : EXIT_SUCCESS;
                break;
        default:
                status = serve(source, cmd, settings);
        }
        source_free(source);
        return status;
}

/* The files that it names are part of it. */
static int check_config(const struct settings *settings)
{
        struct tls *tls = NULL;
        struct auth *auth = NULL;
        error_text error = NULL;
        int r = tls_new(settings, &tls, &error);

        if (r == 0)
                r = auth_new(settings, &auth, &error);
        tls_unref(tls);
        auth_free(auth);
        if (r < 0)
                return refuse(r, error);
        settings_print(settings, stdout);
        return finish_output();
}

static int load_and_run(const struct command_line *cmd)
{
        struct settings settings;
        error_text error = NULL;
        int r = settings_load(&settings, cmd, default_config_file, &error);
        int status;

        if (r < 0)
                return refuse(r, error);
        log_set_level(settings.log_level);
        if (cmd->action == ACTION_CHECK_CONFIG) {
                status = check_config(&settings);
        } else {
                status = run(cmd, &settings);
        }
        settings_release(&settings);
        return status;
}

int main(int argc, char **argv)
{
        struct command_line cmd;
        error_text error = NULL;
        int status, r;

        fill_standard_streams();
        /* Bodies of megabytes are given back to the kernel when they are done with. */
        mallopt(M_MMAP_THRESHOLD, LARGE_ALLOCATION);
        mallopt(M_TRIM_THRESHOLD, LARGE_ALLOCATION);
        r = command_line_parse(&cmd, argc, argv, &error);
        if (r < 0)
                return refuse(r, error);
        switch (cmd.action) {
        case ACTION_HELP:
                command_line_help(stdout);
                status = finish_output();
                break;
        case ACTION_VERSION:
                puts("numad-telemetry " PACKAGE_VERSION);
                status = finish_output();
                break;
        default:
                status = load_and_run(&cmd);
        }
        command_line_release(&cmd);
        return status;
}
