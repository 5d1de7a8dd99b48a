/* SPDX-License-Identifier: MIT */
#include "acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* So that a flood of connections does not keep the loop from everything else. */
#define ACCEPTS_AT_ONCE 16
/* How long a listener rests when descriptors have run out. */
#define ACCEPT_PAUSE_US (UINT64_C(100) * 1000)

struct acceptor {
        struct listener_socket socket;
        char *name;
        bool tls;
        struct acceptor_callbacks callbacks;
        sd_event_source *source;
        sd_event_source *resume;
};

static int on_resume(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct acceptor *a = userdata;

        (void)source;
        (void)usec;
        return sd_event_source_set_enabled(a->source, SD_EVENT_ON);
}

/* The waiting connection stays in the queue: without a pause the loop would spin. */
static int rest(struct acceptor *a)
{
        int r = sd_event_source_set_time_relative(a->resume, ACCEPT_PAUSE_US);

        if (r >= 0)
                r = sd_event_source_set_enabled(a->resume, SD_EVENT_ONESHOT);
        if (r >= 0)
                r = sd_event_source_set_enabled(a->source, SD_EVENT_OFF);
        return r;
}

static bool lacks_resources(int error)
{
        return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        struct acceptor *a = userdata;
        int r = 0;

        (void)source;
        (void)revents;
        for (int i = 0; i < ACCEPTS_AT_ONCE && r >= 0; i++) {
                struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
                socklen_t len = sizeof(address);
                struct sockaddr *any = (struct sockaddr *)&address;
                int client = accept4(fd, any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

                if (client < 0 && lacks_resources(errno))
                        return rest(a);
                if (client < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                        break;
                if (client < 0) /* gone before we came: the next one */
                        continue;
                r = a->callbacks.connected(a->callbacks.context, client, any, len, a->tls);
        }
        return r;
}

void acceptor_free(struct acceptor *a)
{
        if (!a)
                return;
        sd_event_source_disable_unref(a->source);
        sd_event_source_disable_unref(a->resume);
        listener_socket_close(&a->socket);
        free(a->name);
        free(a);
}

const char *acceptor_name(const struct acceptor *a)
{
        return a->name;
}

int acceptor_new(sd_event *loop, struct listener_socket *socket, const char *name, bool tls,
                 const struct acceptor_callbacks *callbacks, struct acceptor **ret)
{
        struct acceptor *a = calloc(1, sizeof(*a));
        int r;

        if (!a) {
                listener_socket_close(socket);
                return -ENOMEM;
        }
        a->socket = *socket;
        a->tls = tls;
        a->callbacks = *callbacks;
        a->name = name ? strdup(name) : NULL;
        r = name && !a->name ? -ENOMEM : 0;
        if (r >= 0)
                r = sd_event_add_io(loop, &a->source, socket->fd, EPOLLIN, on_connection, a);
        if (r >= 0)
                r = sd_event_add_time(loop, &a->resume, CLOCK_MONOTONIC, 0, 0, on_resume, a);
        if (r >= 0)
                r = sd_event_source_set_enabled(a->resume, SD_EVENT_OFF);
        if (r < 0) {
                acceptor_free(a);
                return r;
        }
        *ret = a;
        return 0;
}
