/* SPDX-License-Identifier: MIT */
/* Listening sockets in the event loop: hands out the connections that come. */
#pragma once

#include "listener.h"

#include <sys/socket.h>
#include <systemd/sd-event.h>

struct acceptor;

struct acceptor_callbacks {
        /* Takes the connection over; tls: of an address that is encrypted. Negative: the loop ends.
         */
        int (*connected)(void *context, int fd, const struct sockaddr *address, socklen_t len,
                         bool tls);
        void *context;
};

/*
 * Takes socket over, also when it fails. name is what the operator wrote, NULL for an inherited
 * socket. 0 or -errno.
 */
int acceptor_new(sd_event *loop, struct listener_socket *socket, const char *name, bool tls,
                 const struct acceptor_callbacks *callbacks, struct acceptor **ret);
/* Closes the socket. NULL is allowed. */
void acceptor_free(struct acceptor *a);
const char *acceptor_name(const struct acceptor *a);
