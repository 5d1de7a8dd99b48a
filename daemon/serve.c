/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "serve.h"

#include "cleanup.h"
#include "clock.h"
#include "diff.h"
#include "events.h"
#include "hotplug.h"
#include "http.h"
#include "journal.h"
#include "listening.h"
#include "log.h"
#include "sampler.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

const char default_config_file[] = SYSCONFDIR "/numad-telemetry/numad-telemetry.conf";

struct server {
        const struct command_line *cmd;
        struct settings *settings;
        sd_event *event;
        sd_event_source *timer;
        sd_event_source *piece; /* the rest of a sample, when there is nothing else to do */
        struct sampler *sampler;
        struct events *events;
        struct hotplug *hotplug; /* NULL: uevents are not heard */
        struct http *http;
        uint64_t told_generation; /* of the last STATUS= */
};

static void log_problem(void *context, const struct problem *p)
{
        (void)context;
        if (p->error == 0)
                log_message(LOG_INFO, "%s: readable again", p->path);
        else if (p->expected)
                log_message(LOG_WARNING,
                            "%s: malformed at byte %zu, expected %s; its figures are left out",
                            p->path, p->offset, p->expected);
        else
                log_message(LOG_WARNING, "%s: %s; its figures are left out", p->path,
                            strerror(-p->error));
}

/* "2 nodes, 64 CPUs, 512.0 GiB, generation 1" */
static void tell_status(struct server *server, const struct snapshot *snap)
{
        const struct sample *s = snapshot_sample(snap);
        uint64_t bytes = 0;
        size_t cpus = 0;

        if (server->told_generation == snapshot_generation(snap))
                return;
        server->told_generation = snapshot_generation(snap);
        for (size_t i = 0; i < s->n_nodes; i++) {
                uint64_t total;

                if (node_meminfo(snap, &s->nodes[i], "MemTotal", &total))
                        bytes += total;
                cpus += id_list_count(&s->nodes[i].cpus);
        }
        sd_notifyf(false, "STATUS=%zu node%s, %zu CPUs, %.1f GiB, generation %" PRIu64, s->n_nodes,
                   s->n_nodes == 1 ? "" : "s", cpus, (double)bytes / (1 << 30),
                   snapshot_generation(snap));
}

/* Numbers what changed, and tells everybody who waits for it. */
static int tell_events(struct server *server, const struct snapshot *snap,
                       const struct snapshot *previous)
{
        uint64_t seq = events_last_seq(server->events);
        struct event_list list = { .n = 0 };
        int r = -ENOMEM;

        diff(previous, snap, &list);
        if (list.lost == 0)
                r = events_add(server->events, &list, snap);
        for (size_t i = 0; r == 0 && i < list.n; i++)
                journal_event(&list.events[i], seq + 1 + i);
        if (r == 0 && list.n > 0 && server->http)
                http_events_added(server->http);
        event_list_clear(&list);
        return r;
}

static int snapshot_changed(void *context, struct snapshot *snap, const struct snapshot *previous)
{
        struct server *server = context;
        int r = previous ? tell_events(server, snap, previous) : 0;

        if (r < 0)
                return r;
        if (server->http)
                http_snapshot_changed(server->http, snap);
        tell_status(server, snap);
        return 0;
}

static struct snapshot *snapshot_for_request(void *context, uint64_t needs)
{
        struct server *server = context;

        return sampler_snapshot(server->sampler, server->settings->max_age_ns, needs);
}

static const char *not_ready(void *context)
{
        struct server *server = context;

        return sampler_snapshot(server->sampler, UINT64_MAX, 0) ? NULL
                                                                : "no sample could be taken yet";
}

/* r: what sampler_begin() or sampler_continue() returned. */
static void go_on_sampling(struct server *server, int r)
{
        if (r < 0)
                log_message(LOG_ERR, "out of memory: the snapshot before stays current");
        if (r > 0)
                sd_event_source_set_enabled(server->piece, SD_EVENT_ONESHOT);
}

static int on_piece(sd_event_source *source, void *userdata)
{
        struct server *server = userdata;

        (void)source;
        go_on_sampling(server, sampler_continue(server->sampler));
        return 0;
}

/* A burst of uevents has settled. */
static void look(void *context, const struct hotplug_burst *burst)
{
        struct server *server = context;

        if (burst->lost)
                log_message(LOG_NOTICE, "uevents were lost: looking at everything");
        else
                log_message(LOG_DEBUG, "%" PRIu64 " uevents, the last at %" PRIu64 " ns: looking",
                            burst->uevents, burst->last_ns);
        go_on_sampling(server, sampler_begin(server->sampler, true));
}

/* Without them (a recorded machine, a container) the interval finds what changed. */
static void hear_uevents(struct server *server, const struct source *source)
{
        const struct hotplug_callbacks callbacks = { .look = look, .context = server };
        int r;

        if (!source_is_live(source))
                return;
        r = hotplug_new(server->event, &callbacks, &server->hotplug);
        if (r < 0)
                log_message(LOG_NOTICE,
                            "uevents cannot be heard (%s): changes show at the interval",
                            strerror(-r));
}

static void uevent_counts(void *context, struct hotplug_stats *stats)
{
        const struct server *server = context;

        *stats = (struct hotplug_stats){ .uevents = 0 };
        if (server->hotplug)
                hotplug_stats(server->hotplug, stats);
}

static int arm_timer(struct server *server);

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct server *server = userdata;

        (void)source;
        (void)usec;
        go_on_sampling(server, sampler_begin(server->sampler, false));
        return arm_timer(server);
}

/* The next background sample; its accuracy lets the kernel join it with other wake-ups. */
static int arm_timer(struct server *server)
{
        uint64_t usec = server->settings->interval_ns / 1000;
        int r;

        if (usec == 0)
                return server->timer ? sd_event_source_set_enabled(server->timer, SD_EVENT_OFF) : 0;
        if (!server->timer)
                return sd_event_add_time_relative(server->event, &server->timer, CLOCK_MONOTONIC,
                                                  usec, usec / 10, on_timer, server);
        r = sd_event_source_set_time_relative(server->timer, usec);
        return r < 0 ? r : sd_event_source_set_enabled(server->timer, SD_EVENT_ONESHOT);
}

/* Either all of them or none. */
static int apply(struct server *server, const struct settings *fresh, error_text *error)
{
        struct http_changes *changes;
        int r = http_prepare(server->http, fresh, &changes, error);

        if (r < 0)
                return r;
        r = listening_change(server->http, server->settings, fresh, error);
        if (r < 0)
                http_changes_free(changes);
        else
                http_apply(server->http, changes);
        return r;
}

static void reload(struct server *server)
{
        struct settings fresh;
        error_text error = NULL;
        int r = settings_load(&fresh, server->cmd, default_config_file, &error);

        if (r == 0) {
                r = apply(server, &fresh, &error);
                if (r < 0)
                        settings_release(&fresh);
        }
        if (r < 0) {
                log_message(LOG_ERR, "reload: %s; the settings before stay in force",
                            error ? error : strerror(-r));
                free(error);
                return;
        }
        settings_release(server->settings);
        *server->settings = fresh;
        log_set_level(fresh.log_level);
        arm_timer(server);
        log_message(LOG_INFO, "reloaded");
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
        (void)source;
        (void)si;
        sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, monotonic_now_ns() / 1000);
        reload(userdata);
        sd_notify(false, "READY=1");
        return 0;
}

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
        struct server *server = userdata;

        (void)source;
        log_message(LOG_INFO, "%s: stopping", si->ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
        return sd_event_exit(server->event, 0);
}

static int setup_signals(struct server *server)
{
        sigset_t set;
        int r;

        signal(SIGPIPE, SIG_IGN);
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGHUP);
        /* The loop reaps the process that loads hwloc. */
        sigaddset(&set, SIGCHLD);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        r = sd_event_add_signal(server->event, NULL, SIGTERM, on_terminate, server);
        if (r >= 0)
                r = sd_event_add_signal(server->event, NULL, SIGINT, on_terminate, server);
        if (r >= 0)
                r = sd_event_add_signal(server->event, NULL, SIGHUP, on_hangup, server);
        return r;
}

/* Requests go first. */
static int add_piece(struct server *server)
{
        int r = sd_event_add_defer(server->event, &server->piece, on_piece, server);

        if (r >= 0)
                r = sd_event_source_set_enabled(server->piece, SD_EVENT_OFF);
        return r < 0 ? r : sd_event_source_set_priority(server->piece, SD_EVENT_PRIORITY_IDLE);
}

static int start(struct server *server, const struct source *source)
{
        const struct http_source http_source = {
                .snapshot = snapshot_for_request,
                .not_ready = not_ready,
                .events = server->events,
                .uevents = uevent_counts,
                .root = source_is_live(source) ? NULL : server->cmd->root,
                .context = server,
        };
        error_text error = NULL;
        int r = setup_signals(server);

        if (r >= 0)
                r = add_piece(server);
        /* Before the first sample, so that nothing is missed between the two. */
        hear_uevents(server, source);
        if (r >= 0)
                r = sampler_sample(server->sampler, true);
        if (r < 0) {
                log_failure("cannot start: %s", strerror(-r));
                return r;
        }
        r = http_new(&server->http, server->event, server->settings, &http_source, &error);
        if (r < 0) {
                log_failure("cannot start the HTTP server: %s", error ? error : strerror(-r));
                free(error);
                return r;
        }
        sd_event_set_watchdog(server->event, true);
        r = arm_timer(server);
        if (r < 0) {
                log_failure("cannot start: %s", strerror(-r));
                return r;
        }
        /* Last, since whoever finds the port file relies on it. */
        return listening_start(server->http, server->settings, server->cmd->port_file);
}

int serve(struct source *source, const struct command_line *cmd, struct settings *settings)
{
        struct server server = { .cmd = cmd, .settings = settings };
        const struct sampler_observer observer = {
                .changed = snapshot_changed,
                .problem = log_problem,
                .context = &server,
        };
        int r = sd_event_new(&server.event);

        if (r >= 0) {
                server.events = events_new(realtime_now_ns());
                server.sampler = sampler_new(source, &observer);
                if (!server.sampler || !server.events)
                        r = -ENOMEM;
        }
        if (r < 0)
                log_failure("cannot start: %s", strerror(-r));
        else
                r = start(&server, source);
        if (r >= 0) {
                sd_notify(false, "READY=1");
                r = sd_event_loop(server.event);
                if (r < 0)
                        log_failure("event loop: %s", strerror(-r));
                sd_notify(false, "STOPPING=1");
        }
        hotplug_free(server.hotplug);
        http_free(server.http);
        sampler_free(server.sampler);
        events_free(server.events);
        sd_event_source_unref(server.timer);
        sd_event_source_unref(server.piece);
        sd_event_unref(server.event);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
