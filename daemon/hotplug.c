/* SPDX-License-Identifier: MIT */
#include "hotplug.h"

#include "cleanup.h"
#include "clock.h"
#include "uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

/* The group that the kernel sends to; 2 is udevd's. */
#define KERNEL_GROUP 1

/*
 * A terabyte in blocks of 128 MiB is 8192 uevents, each of which is charged with about 1 KiB (832
 * bytes on a 6.18 kernel). Nothing is allocated before it is used.
 */
#define RECEIVE_BUFFER_BYTES (8 << 20)

/* The variables have 2 KiB (UEVENT_BUFFER_SIZE), the path before them is at most a page. */
#define DATAGRAM_BYTES_MAX 8192

/* Well below a millisecond's work; then the loop's other sources have their turn. */
#define DATAGRAMS_PER_DISPATCH 64

/* sd-event is never early: the look is at most this much later than it is due. */
#define TIMER_ACCURACY_USEC 1000

struct hotplug {
        int fd;
        bool any_sender;
        sd_event_source *io;
        sd_event_source *timer; /* off unless settling */
        struct hotplug_callbacks callbacks;
        struct hotplug_stats stats;
        struct hotplug_burst burst;
        bool settling;
        bool congested; /* uevents were lost and the socket has not been seen empty since */
        char datagram[DATAGRAM_BYTES_MAX];
};

/*
 * Port 0 is the kernel, but it also passes on, as its own, what a holder of CAP_SYS_ADMIN over the
 * network namespace sends to it (uevent_net_rcv_skb()); the credentials are still the sender's.
 */
static bool from_kernel(struct msghdr *msg)
{
        const struct sockaddr_nl *sender = msg->msg_name;
        const struct cmsghdr *c = CMSG_FIRSTHDR(msg);
        struct ucred credentials;

        if (msg->msg_namelen != sizeof(*sender) || sender->nl_pid != 0)
                return false;
        if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS ||
            c->cmsg_len != CMSG_LEN(sizeof(credentials)))
                return false;
        memcpy(&credentials, CMSG_DATA(c), sizeof(credentials));
        return credentials.uid == 0;
}

/* Starts the settling or prolongs it. */
static struct hotplug_burst *settle(struct hotplug *h)
{
        uint64_t now = monotonic_now_ns();

        if (!h->settling)
                h->burst = (struct hotplug_burst){ .first_ns = now };
        h->settling = true;
        h->burst.last_ns = now;
        return &h->burst;
}

static void take_datagram(struct hotplug *h, size_t len, bool whole)
{
        struct uevent uevent;

        if (!whole || uevent_parse(h->datagram, len, &uevent) < 0) {
                h->stats.malformed++;
                return;
        }
        h->stats.uevents++;
        if (uevent_concerns_numa(&uevent)) {
                h->stats.relevant++;
                settle(h)->uevents++;
        }
}

/* One datagram. 0 or -errno; -EAGAIN: there is none. */
static int receive(struct hotplug *h)
{
        struct sockaddr_nl sender;
        struct iovec iov = { .iov_base = h->datagram, .iov_len = sizeof(h->datagram) };
        union {
                struct cmsghdr aligned;
                /* cppcheck-suppress unusedStructMember ; it gives the union its size */
                char bytes[CMSG_SPACE(sizeof(struct ucred))];
        } control;
        struct msghdr msg = {
                .msg_name = &sender,
                .msg_namelen = sizeof(sender),
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        ssize_t n = recvmsg(h->fd, &msg, MSG_DONTWAIT);

        if (n < 0)
                return -errno;
        if (!h->any_sender && !from_kernel(&msg))
                h->stats.foreign++;
        else if (n == 0 && h->any_sender)
                return -ECONNRESET;
        else
                take_datagram(h, (size_t)n, !(msg.msg_flags & MSG_TRUNC));
        return 0;
}

static void note_lost(struct hotplug *h)
{
        h->stats.lost++;
        h->congested = true;
        settle(h)->lost = true;
}

/* Without this a socket in error would be ready for ever. */
static void give_up(struct hotplug *h, int error)
{
        h->stats.error = error;
        h->congested = false;
        sd_event_source_set_enabled(h->io, SD_EVENT_OFF);
        settle(h)->lost = true;
}

static void receive_some(struct hotplug *h)
{
        for (unsigned n = 0; n < DATAGRAMS_PER_DISPATCH; n++) {
                int r = receive(h);

                if (r == -EAGAIN) {
                        h->congested = false;
                        return;
                }
                if (r == -ENOBUFS)
                        note_lost(h);
                else if (r < 0 && r != -EINTR) {
                        give_up(h, r);
                        return;
                }
        }
}

static uint64_t look_due_ns(const struct hotplug *h)
{
        uint64_t settled = h->burst.last_ns + HOTPLUG_SETTLE_NS;
        uint64_t latest = h->burst.first_ns + HOTPLUG_SETTLE_MAX_NS;

        return settled < latest ? settled : latest;
}

/* Should it fail, which takes a loop that is ending, the next uevent tries again. */
static void arm_timer(struct hotplug *h)
{
        if (h->settling)
                sd_event_source_set_time(h->timer, look_due_ns(h) / 1000 + 1);
        sd_event_source_set_enabled(h->timer, h->settling ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* Ends the burst. The callback comes last, because it may free h. */
static void look(struct hotplug *h)
{
        struct hotplug_burst burst = h->burst;

        h->settling = false;
        /*
         * After an overrun netlink drops everything, without a further ENOBUFS, until the socket
         * is empty (NETLINK_S_CONGESTED): what is dropped after this look would never be seen.
         */
        if (h->congested)
                settle(h)->lost = true;
        arm_timer(h);
        h->callbacks.look(h->callbacks.context, &burst);
}

/*
 * Both sources do the same. What came while the loop was busy elsewhere belongs to the burst, even
 * if the timer is due; and a timer that is due is not left to the loop, because setting it anew
 * would put it behind a socket that is always readable.
 */
static void advance(struct hotplug *h)
{
        if (h->stats.error == 0)
                receive_some(h);
        if (h->settling && monotonic_now_ns() >= look_due_ns(h))
                look(h);
        else
                arm_timer(h);
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        (void)source;
        (void)fd;
        (void)events;
        advance(userdata);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        (void)source;
        (void)usec;
        advance(userdata);
        return 0;
}

void hotplug_free(struct hotplug *h)
{
        if (!h)
                return;
        sd_event_source_disable_unref(h->io);
        sd_event_source_disable_unref(h->timer);
        close_p(&h->fd);
        free(h);
}

/* Whether it is a netlink socket: 0, 1 or -errno. */
static int is_netlink(int fd)
{
        int domain;
        socklen_t len = sizeof(domain);

        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
                return -errno;
        return domain == AF_NETLINK;
}

int hotplug_new_fd(sd_event *loop, int fd, const struct hotplug_callbacks *callbacks,
                   struct hotplug **ret)
{
        int netlink = is_netlink(fd);
        struct hotplug *h;
        int r;

        if (netlink < 0)
                return netlink;
        h = calloc(1, sizeof(*h));
        if (!h)
                return -ENOMEM;
        h->fd = -1;
        h->any_sender = !netlink;
        h->callbacks = *callbacks;
        r = sd_event_add_time(loop, &h->timer, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_USEC, on_timer,
                              h);
        if (r >= 0)
                r = sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_io(loop, &h->io, fd, EPOLLIN, on_readable, h);
        if (r < 0) {
                hotplug_free(h);
                return r;
        }
        h->fd = fd;
        *ret = h;
        return 0;
}

/* Without CAP_NET_ADMIN net.core.rmem_max is the limit; what is then lost is noticed. */
static void enlarge_receive_buffer(int fd)
{
        const int bytes = RECEIVE_BUFFER_BYTES;

        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
                setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

/* The descriptor of a socket that hears the kernel's uevents, or -errno. */
static int open_socket(void)
{
        const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
        const int on = 1;
        int fd =
                socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
        int r;

        if (fd < 0)
                return -errno;
        enlarge_receive_buffer(fd);
        if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0 &&
            bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
                return fd;
        r = -errno;
        close(fd);
        return r;
}

int hotplug_new(sd_event *loop, const struct hotplug_callbacks *callbacks, struct hotplug **ret)
{
        int fd = open_socket();
        int r = fd < 0 ? fd : hotplug_new_fd(loop, fd, callbacks, ret);

        if (fd >= 0 && r < 0)
                close(fd);
        return r;
}

void hotplug_stats(const struct hotplug *h, struct hotplug_stats *stats)
{
        *stats = h->stats;
}
