/* SPDX-License-Identifier: MIT */
#include "listener.h"

#include "address.h"
#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Adds the line for the operator; returns the error for the program. */
static int listen_error(error_text *error, const char *address, const char *what, int r)
{
        if (asprintf(error, "listen address '%s': %s", address, what) < 0)
                *error = NULL;
        return r;
}

/* Nobody answers on the socket file: what a killed process leaves behind. */
static bool is_stale(const union address *address, socklen_t len)
{
        _cleanup_(close_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct stat st;

        return fd >= 0 && lstat(address->un.sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
               connect(fd, &address->any, len) < 0 && errno == ECONNREFUSED;
}

static int bind_address(int fd, const union address *address, socklen_t len)
{
        const int on = 1;

        if (address->any.sa_family != AF_UNIX &&
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
                return -errno;
        /* The IPv4 wildcard is an address of its own, whatever net.ipv6.bindv6only says. */
        if (address->any.sa_family == AF_INET6 &&
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
                return -errno;
        if (bind(fd, &address->any, len) == 0)
                return 0;
        if (errno != EADDRINUSE || address->any.sa_family != AF_UNIX)
                return -errno;
        if (!is_stale(address, len))
                return -EADDRINUSE;
        if (unlink(address->un.sun_path) < 0 || bind(fd, &address->any, len) < 0)
                return -errno;
        return 0;
}

static char *print_unix(const struct sockaddr_un *un, socklen_t len)
{
        const size_t offset = offsetof(struct sockaddr_un, sun_path);
        char *text = NULL;
        int n = len > offset ? (int)(len - offset) : 0;
        int r;

        if (n > 0 && un->sun_path[0] == '\0')
                r = asprintf(&text, "unix:@%.*s", n - 1, un->sun_path + 1);
        else
                r = asprintf(&text, "unix:%.*s", n, un->sun_path);
        return r < 0 ? NULL : text;
}

/* The name of a bound socket; NULL with errno. */
static char *print_bound(int fd)
{
        union address address = { .any = { .sa_family = AF_UNSPEC } };
        socklen_t len = sizeof(address);
        char host[NI_MAXHOST], port[NI_MAXSERV];
        char *text = NULL;
        int r;

        if (getsockname(fd, &address.any, &len) < 0)
                return NULL;
        if (address.any.sa_family == AF_UNIX)
                return print_unix(&address.un, len);
        errno = EAFNOSUPPORT;
        if (getnameinfo(&address.any, len, host, sizeof(host), port, sizeof(port),
                        NI_NUMERICHOST | NI_NUMERICSERV) != 0)
                return NULL;
        r = asprintf(&text, address.any.sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
        return r < 0 ? NULL : text;
}

static int remember_file(struct listener_socket *out, const char *path)
{
        struct stat st;

        if (lstat(path, &st) < 0)
                return -errno;
        out->unlink_path = strdup(path);
        out->dev = st.st_dev;
        out->ino = st.st_ino;
        return out->unlink_path ? 0 : -ENOMEM;
}

int listener_socket_open(struct listener_socket *out, const char *text, error_text *error)
{
        union address address;
        socklen_t len;
        const char *expected = address_parse(text, &address, &len);
        int r;

        *out = (struct listener_socket){ .fd = -1 };
        if (expected)
                return listen_error(error, text, expected, -EINVAL);
        out->fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        r = out->fd < 0 ? -errno : bind_address(out->fd, &address, len);
        if (r == 0 && address.any.sa_family == AF_UNIX)
                r = remember_file(out, address.un.sun_path);
        if (r == 0 && listen(out->fd, SOMAXCONN) < 0)
                r = -errno;
        if (r == 0) {
                out->bound = print_bound(out->fd);
                r = out->bound ? 0 : -errno;
        }
        if (r < 0) {
                listener_socket_close(out);
                return listen_error(error, text, strerror(-r), r);
        }
        return 0;
}

static int socket_option(int fd, int option)
{
        int value = -1;
        socklen_t len = sizeof(value);

        return getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0 ? -errno : value;
}

int listener_socket_adopt(struct listener_socket *out, int fd, error_text *error)
{
        _cleanup_(free_p) char *bound = print_bound(fd);
        int flags = fcntl(fd, F_GETFL);

        *out = (struct listener_socket){ .fd = -1 };
        if (!bound || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
            fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
                int r = -errno;

                if (asprintf(error, "inherited descriptor %d: %s", fd, strerror(-r)) < 0)
                        *error = NULL;
                return r;
        }
        if (socket_option(fd, SO_TYPE) != SOCK_STREAM || socket_option(fd, SO_ACCEPTCONN) != 1) {
                if (asprintf(error,
                             "inherited descriptor %d (%s): expected a listening stream socket", fd,
                             bound) < 0)
                        *error = NULL;
                return -EINVAL;
        }
        out->fd = fd;
        out->bound = bound;
        bound = NULL;
        return 0;
}

void listener_socket_close(struct listener_socket *socket)
{
        struct stat st;

        if (socket->unlink_path && lstat(socket->unlink_path, &st) == 0 &&
            st.st_dev == socket->dev && st.st_ino == socket->ino)
                unlink(socket->unlink_path);
        if (socket->fd >= 0)
                close(socket->fd);
        free(socket->bound);
        free(socket->unlink_path);
        *socket = (struct listener_socket){ .fd = -1 };
}
