/* SPDX-License-Identifier: MIT */
/* System calls that fail as the test says, and clocks that jump. */
#include "control.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define REAL(name)                     \
        static __typeof__(name) *real; \
        if (!real)                     \
        *(void **)&real = dlsym(RTLD_NEXT, #name)

/* What a descriptor leads to; "" when that has no name. */
static void name_of(int fd, char *out, size_t size)
{
        char link[32];
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, out, size - 1);
        out[n > 0 ? n : 0] = '\0';
}

static bool matches(const char *path, const char *part)
{
        size_t len = strlen(path), n = strlen(part);

        if (part[n - 1] != '$')
                return strstr(path, part) != NULL;
        n--;
        return len >= n && strncmp(path + len - n, part, n) == 0;
}

static bool concerns(const struct fault_rule *rule, int fd, const char *path)
{
        char name[4096];

        if (rule->path[0] == '\0')
                return true;
        if (!path) {
                name_of(fd, name, sizeof(name));
                path = name;
        }
        return matches(path, rule->path);
}

/* The rule that the call falls under, NULL: it goes on. path NULL: that of fd. */
static const struct fault_rule *rule_for(enum call call, int fd, const char *path)
{
        int saved = errno;

        for (int i = 0; control && i < CONTROL_RULES; i++) {
                struct fault_rule *rule = &control->rules[i];
                uint64_t seen;

                if (rule->call != call || !concerns(rule, fd, path))
                        continue;
                seen = rule->calls++;
                if (seen < rule->skip || (rule->times && seen >= rule->skip + rule->times))
                        continue;
                rule->failed++;
                errno = rule->error;
                return rule;
        }
        errno = saved;
        return NULL;
}

static bool fails(const struct fault_rule *rule)
{
        return rule && rule->error != 0;
}

static size_t shortened(const struct fault_rule *rule, size_t n)
{
        return rule && rule->length < n ? rule->length : n;
}

ssize_t read(int fd, void *out, size_t n)
{
        const struct fault_rule *rule = rule_for(CALL_READ, fd, NULL);

        REAL(read);
        return fails(rule) ? -1 : real(fd, out, shortened(rule, n));
}

ssize_t pread(int fd, void *out, size_t n, off_t offset)
{
        const struct fault_rule *rule = rule_for(CALL_READ, fd, NULL);

        REAL(pread);
        return fails(rule) ? -1 : real(fd, out, shortened(rule, n), offset);
}

ssize_t pread64(int fd, void *out, size_t n, off64_t offset)
{
        const struct fault_rule *rule = rule_for(CALL_READ, fd, NULL);

        REAL(pread64);
        return fails(rule) ? -1 : real(fd, out, shortened(rule, n), offset);
}

ssize_t write(int fd, const void *data, size_t n)
{
        const struct fault_rule *rule = rule_for(CALL_WRITE, fd, NULL);

        REAL(write);
        return fails(rule) ? -1 : real(fd, data, shortened(rule, n));
}

ssize_t send(int fd, const void *data, size_t n, int flags)
{
        const struct fault_rule *rule = rule_for(CALL_SEND, fd, NULL);

        REAL(send);
        return fails(rule) ? -1 : real(fd, data, shortened(rule, n), flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
        REAL(sendmsg);
        return fails(rule_for(CALL_SEND, fd, NULL)) ? -1 : real(fd, message, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
        REAL(recvmsg);
        return fails(rule_for(CALL_RECV, fd, NULL)) ? -1 : real(fd, message, flags);
}

int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
        REAL(accept4);
        return fails(rule_for(CALL_ACCEPT, fd, NULL)) ? -1 : real(fd, address, len, flags);
}

/* What a rule tells sockets apart by. */
static const char *family_name(int family)
{
        switch (family) {
        case AF_INET:
                return "inet";
        case AF_INET6:
                return "inet6";
        case AF_UNIX:
                return "unix";
        case AF_NETLINK:
                return "netlink";
        default:
                return "another";
        }
}

static const char *family_of(int fd)
{
        socklen_t len = sizeof(int);
        int family = AF_UNSPEC, saved = errno;

        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len);
        errno = saved;
        return family_name(family);
}

int socket(int family, int type, int protocol)
{
        REAL(socket);
        return fails(rule_for(CALL_SOCKET, -1, family_name(family))) ? -1
                                                                     : real(family, type, protocol);
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
        REAL(setsockopt);
        return fails(rule_for(CALL_SETSOCKOPT, fd, family_of(fd)))
                       ? -1
                       : real(fd, level, option, value, len);
}

int bind(int fd, const struct sockaddr *address, socklen_t len)
{
        REAL(bind);
        return fails(rule_for(CALL_BIND, fd, family_of(fd))) ? -1 : real(fd, address, len);
}

int listen(int fd, int backlog)
{
        REAL(listen);
        return fails(rule_for(CALL_LISTEN, fd, family_of(fd))) ? -1 : real(fd, backlog);
}

int getsockname(int fd, struct sockaddr *address, socklen_t *len)
{
        REAL(getsockname);
        return fails(rule_for(CALL_GETSOCKNAME, fd, family_of(fd))) ? -1 : real(fd, address, len);
}

int pipe2(int fds[2], int flags)
{
        REAL(pipe2);
        return fails(rule_for(CALL_PIPE, -1, "")) ? -1 : real(fds, flags);
}

pid_t fork(void)
{
        REAL(fork);
        return fails(rule_for(CALL_FORK, -1, "")) ? -1 : real();
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
        REAL(epoll_ctl);
        return operation == EPOLL_CTL_ADD && fails(rule_for(CALL_EPOLL_CTL, fd, NULL))
                       ? -1
                       : real(epoll, operation, fd, event);
}

struct dirent *readdir(DIR *dir)
{
        REAL(readdir);
        return fails(rule_for(CALL_READDIR, dirfd(dir), NULL)) ? NULL : real(dir);
}

static mode_t mode_of(int flags, va_list arguments)
{
        return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
        va_list arguments;
        mode_t mode;

        REAL(open);
        va_start(arguments, flags);
        mode = mode_of(flags, arguments);
        va_end(arguments);
        return fails(rule_for(CALL_OPEN, -1, path)) ? -1 : real(path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
        va_list arguments;
        mode_t mode;

        REAL(openat);
        va_start(arguments, flags);
        mode = mode_of(flags, arguments);
        va_end(arguments);
        return fails(rule_for(CALL_OPEN, -1, path)) ? -1 : real(dir, path, flags, mode);
}

/* The C library has no openat2(), and an old one no close_range(). */
long syscall(long number, ...)
{
        long a[6];
        va_list arguments;

        REAL(syscall);
        va_start(arguments, number);
        for (int i = 0; i < 6; i++)
                a[i] = va_arg(arguments, long);
        va_end(arguments);
        if (number == SYS_openat2 && fails(rule_for(CALL_OPEN, -1, (const char *)a[1])))
                return -1;
        if (number == SYS_close_range && fails(rule_for(CALL_CLOSE_RANGE, -1, "")))
                return -1;
        return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
        int64_t ns = 0;
        int r;

        REAL(clock_gettime);
        r = real(clock, out);
        if (r < 0 || !control)
                return r;
        if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
                ns = control->realtime_ns;
        else if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE)
                ns = control->monotonic_ns;
        else if (clock == CLOCK_BOOTTIME)
                ns = control->boottime_ns;
        ns += out->tv_nsec;
        out->tv_sec += ns / 1000000000;
        out->tv_nsec = ns % 1000000000;
        if (out->tv_nsec < 0) {
                out->tv_nsec += 1000000000;
                out->tv_sec--;
        }
        return r;
}
