/* SPDX-License-Identifier: MIT */
/*
 * The limit of serving: libmicrohttpd with its epoll descriptor inside an sd-event loop, as the
 * daemon has it, and nothing else. Answers /N with the bytes of the Nth file named, counted from 0,
 * on a free port of loopback, which it prints. Ends with its standard input.
 */
#include "cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

struct responder {
        sd_event *event;
        struct MHD_Daemon *daemon;
        sd_event_source *pending;
        size_t n_bodies;
        struct MHD_Response **bodies;
};

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_len, void **context)
{
        const struct responder *r = cls;
        size_t i = strtoul(url + 1, NULL, 10);

        (void)method;
        (void)version;
        (void)upload_data;
        (void)upload_len;
        if (!*context) {
                *context = connection;
                return MHD_YES;
        }
        return i < r->n_bodies ? MHD_queue_response(connection, MHD_HTTP_OK, r->bodies[i]) : MHD_NO;
}

static int run(struct responder *r)
{
        MHD_UNSIGNED_LONG_LONG timeout_ms;

        MHD_run(r->daemon);
        if (MHD_get_timeout(r->daemon, &timeout_ms) != MHD_YES || timeout_ms > 0)
                return 0;
        return sd_event_source_set_enabled(r->pending, SD_EVENT_ONESHOT);
}

static int on_epoll(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        (void)source;
        (void)fd;
        (void)revents;
        return run(userdata);
}

static int on_pending(sd_event_source *source, void *userdata)
{
        (void)source;
        return run(userdata);
}

static int on_input(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        struct responder *r = userdata;

        (void)source;
        (void)fd;
        (void)revents;
        return sd_event_exit(r->event, 0);
}

static struct MHD_Response *load(const char *path)
{
        _cleanup_(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;
        char *data;

        if (fd < 0 || fstat(fd, &st) < 0)
                return NULL;
        data = malloc((size_t)st.st_size + 1);
        if (!data || read(fd, data, (size_t)st.st_size) != st.st_size) {
                free(data);
                return NULL;
        }
        return MHD_create_response_from_buffer((size_t)st.st_size, data, MHD_RESPMEM_MUST_FREE);
}

static int start(struct responder *r)
{
        struct sockaddr_in address = { .sin_family = AF_INET };
        const union MHD_DaemonInfo *info;

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        r->daemon = MHD_start_daemon(
                MHD_USE_EPOLL, 0, NULL, NULL, on_request, r, MHD_OPTION_SOCK_ADDR, &address,
                MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32 * 1024, MHD_OPTION_END);
        if (!r->daemon)
                return -errno;
        info = MHD_get_daemon_info(r->daemon, MHD_DAEMON_INFO_BIND_PORT);
        printf("%u\n", (unsigned)info->port);
        fflush(stdout);
        info = MHD_get_daemon_info(r->daemon, MHD_DAEMON_INFO_EPOLL_FD);
        return sd_event_add_io(r->event, NULL, info->epoll_fd, EPOLLIN, on_epoll, r);
}

static int serve(struct responder *r)
{
        int n = sd_event_new(&r->event);

        if (n >= 0)
                n = sd_event_add_defer(r->event, &r->pending, on_pending, r);
        if (n >= 0)
                n = sd_event_source_set_enabled(r->pending, SD_EVENT_OFF);
        if (n >= 0)
                n = sd_event_add_io(r->event, NULL, STDIN_FILENO, EPOLLIN, on_input, r);
        if (n >= 0)
                n = start(r);
        return n < 0 ? n : sd_event_loop(r->event);
}

int main(int argc, char **argv)
{
        struct responder r = { .n_bodies = (size_t)argc - 1 };
        int n;

        r.bodies = calloc((size_t)argc, sizeof(struct MHD_Response *));
        for (size_t i = 0; r.bodies && i < r.n_bodies; i++) {
                r.bodies[i] = load(argv[i + 1]);
                if (!r.bodies[i]) {
                        fprintf(stderr, "responder: %s: %s\n", argv[i + 1], strerror(errno));
                        return 1;
                }
        }
        n = r.bodies ? serve(&r) : -ENOMEM;
        if (n < 0)
                fprintf(stderr, "responder: %s\n", strerror(-n));
        return n < 0 ? 1 : 0;
}
