/* SPDX-License-Identifier: MIT */
/* Listening sockets: from the address in the configuration to a non-blocking descriptor. */
#pragma once

#include "settings.h"

#include <sys/stat.h>

struct listener_socket {
        int fd;
        char *bound;       /* "127.0.0.1:6862", "[::1]:6862", "unix:/run/x.sock" */
        char *unlink_path; /* the socket file that we made; NULL: none */
        dev_t dev;         /* of that file, so that nobody else's is removed */
        ino_t ino;
};

/* Listens on "ADDR:PORT", "[ADDR6]:PORT" or "unix:/path". 0 or -errno with *error. */
int listener_socket_open(struct listener_socket *out, const char *text, error_text *error);
/* Takes over a listening stream socket. 0 or -errno with *error, and then fd is still the caller's.
 */
int listener_socket_adopt(struct listener_socket *out, int fd, error_text *error);
void listener_socket_close(struct listener_socket *socket);
