/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a connection, to a daemon in this process: whatever comes, what is answered is HTTP,
 * and a problem is JSON. The first byte chooses the settings.
 */
#include "collect.h"
#include "http.h"
#include "machine.h"
#include "tree.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Rounds of the loop in which nothing happens, until it counts as idle. */
#define IDLE_ROUNDS 3
#define ROUNDS_MAX  200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
        struct source *source;
        struct collect *collect;
        struct snapshot *snapshot;
        struct events *events;
};

static struct snapshot *current_snapshot(void *context, uint64_t needs)
{
        (void)needs;
        return ((struct world *)context)->snapshot;
}

static const char *not_ready(void *context)
{
        (void)context;
        return NULL;
}

static void uevents(void *context, struct hotplug_stats *stats)
{
        (void)context;
        *stats = (struct hotplug_stats){ .uevents = 0 };
}

/* Once: the machine stays the same. */
static struct world *make_world(void)
{
        static struct world world;
        struct input in = { NULL, 0 };
        struct machine m;

        if (world.snapshot)
                return &world;
        signal(SIGPIPE, SIG_IGN);
        machine_read(&m, &in);
        m.online = 3;
        tree_begin();
        machine_put(&m, &in);
        tree_commit();
        if (source_new(tree_root(), 64, &world.source) < 0)
                abort();
        world.collect = collect_new(world.source);
        world.snapshot = snapshot_new(collect_sample(world.collect, true), NULL);
        world.events = events_new(1);
        for (int nid = 0; nid < 2; nid++) {
                struct event_list list = { .n = 0 };

                event_list_add(&list,
                               (struct event){ .type = EVENT_NODE_ONLINE,
                                               .nid = nid,
                                               .before = json_null(),
                                               .after = json_null() },
                               "Node %d is online.", nid);
                events_add(world.events, &list, world.snapshot);
                event_list_clear(&list);
        }
        return &world;
}

static void run(sd_event *event)
{
        int idle = 0;

        for (int i = 0; i < ROUNDS_MAX && idle < IDLE_ROUNDS; i++)
                idle = sd_event_run(event, 0) > 0 ? 0 : idle + 1;
}

static int connect_to(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                abort();
        return fd;
}

static void receive(int fd, struct buffer *out)
{
        ssize_t n;

        while (buffer_reserve(out, 65536) &&
               (n = recv(fd, out->data + out->len, 65536, MSG_DONTWAIT)) > 0)
                out->len += (size_t)n;
}

/* The head of the first answer; what follows depends on the request. */
static void check_answer(const struct buffer *answer, bool may_have_body)
{
        const char *end, *line = answer->data;
        bool problem = false;

        if (answer->len == 0)
                return;
        end = memmem(answer->data, answer->len, "\r\n\r\n", 4);
        /* 500 is nothing that a client can bring about. */
        if (!end || answer->len < 16 || memcmp(line, "HTTP/1.", 7) != 0 ||
            memcmp(line + 8, " 500", 4) == 0)
                abort();
        while (line < end) {
                const char *eol = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);

                for (const char *c = line; c < eol; c++)
                        if ((unsigned char)*c < ' ' || *c == 0x7f)
                                abort();
                if (line != answer->data && !memchr(line, ':', (size_t)(eol - line)))
                        abort();
                problem =
                        problem || strncmp(line, "Content-Type: application/problem+json", 38) == 0;
                line = eol + 2;
        }
        if (problem && may_have_body) {
                json_t *json = json_loadb(end + 4, answer->len - (size_t)(end + 4 - answer->data),
                                          JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, NULL);

                if (!json)
                        abort();
                json_decref(json);
        }
}

static void talk(struct http *http, sd_event *event, const char *path, const uint8_t *data,
                 size_t size)
{
        struct buffer answer = BUFFER_INIT;
        size_t half = size / 2;
        int fd = connect_to(path);

        /* In two pieces, as from a slow client. */
        run(event);
        if (send(fd, data, half, 0) < 0 && errno != EPIPE)
                abort();
        run(event);
        if (send(fd, data + half, size - half, 0) < 0 && errno != EPIPE)
                abort();
        for (int i = 0; i < 4; i++) {
                run(event);
                receive(fd, &answer);
        }
        http_events_added(http);
        run(event);
        receive(fd, &answer);
        /* libmicrohttpd passes over lines before the request line. */
        check_answer(&answer, !memmem(data, size, "HEAD", 4));
        buffer_release(&answer);
        close(fd);
        run(event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct world *world = make_world();
        const struct http_source source = { .snapshot = current_snapshot,
                                            .not_ready = not_ready,
                                            .events = world->events,
                                            .uevents = uevents,
                                            .context = world };
        struct settings settings = { .distance_metrics_limit = 64,
                                     .connection_limit = 8,
                                     .connection_limit_per_address = 8,
                                     .idle_timeout_s = 30 };
        char address[300], *bound = NULL;
        error_text error = NULL;
        sd_event *event = NULL;
        struct http *http = NULL;

        if (size == 0 || size > 60000)
                return 0;
        settings.max_age_ns = data[0] & 1 ? 0 : UINT64_MAX;
        snprintf(address, sizeof(address), "unix:%s/http", tree_root());
        unlink(address + 5);
        if (sd_event_new(&event) < 0 || http_new(&http, event, &settings, &source, &error) < 0 ||
            http_listen(http, address, &bound, &error) < 0)
                abort();
        talk(http, event, address + 5, data + 1, size - 1);
        http_free(http);
        sd_event_unref(event);
        free(bound);
        return 0;
}
