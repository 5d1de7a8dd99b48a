/* SPDX-License-Identifier: MIT */
#include "topology_child.h"

#include "cleanup.h"
#include "topology_hwloc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif

#define USEC_PER_SEC UINT64_C(1000000)

/* What is read at once, so that nobody else waits. */
#define READ_SIZE ((size_t)64 << 10)
/* A machine of thousands of CPUs has a few MiB. */
#define DOCUMENTS_MAX ((size_t)64 << 20)

struct topology_child {
        sd_event *event;
        const char *root;
        topology_child_done *done;
        void *context;

        sd_event_source *process; /* NULL: there is none */
        sd_event_source *output;  /* NULL: it has been read */
        sd_event_source *timeout;
        bool ended; /* it has, as end says, and its output is still to be read */
        siginfo_t end;
        struct buffer bytes;
};

struct topology_child *topology_child_new(sd_event *event, const char *root,
                                          topology_child_done *done, void *context)
{
        struct topology_child *child = calloc(1, sizeof(*child));

        if (!child)
                return NULL;
        *child = (struct topology_child){
                .event = sd_event_ref(event), .root = root, .done = done, .context = context
        };
        return child;
}

static void forget_process(struct topology_child *child)
{
        child->process = sd_event_source_disable_unref(child->process);
        child->ended = false;
}

static void stop_reading(struct topology_child *child)
{
        child->output = sd_event_source_disable_unref(child->output);
        child->timeout = sd_event_source_disable_unref(child->timeout);
        buffer_release(&child->bytes);
}

void topology_child_free(struct topology_child *child)
{
        if (!child)
                return;
        stop_reading(child);
        forget_process(child);
        sd_event_unref(child->event);
        free(child);
}

/* Linux before 5.9 has no close_range(). */
static void close_from(unsigned first)
{
        if (syscall(SYS_close_range, first, ~0U, 0) == 0)
                return;
        for (long fd = first, end = sysconf(_SC_OPEN_MAX); fd < end; fd++)
                close((int)fd);
}

/*
 * hwloc opens what is below the root by itself, whatever links lead to: Landlock (since Linux 5.13)
 * keeps it inside. Without that, nothing does.
 */
static void confine_to(const char *root)
{
#ifdef LANDLOCK_CREATE_RULESET_VERSION
        /* All rights that the first version knows. */
        const struct landlock_ruleset_attr ruleset = {
                .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
        };
        struct landlock_path_beneath_attr below = {
                .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
                .parent_fd = open(root, O_PATH | O_CLOEXEC),
        };
        int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);

        if (fd < 0 || syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0)
                return;
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        syscall(SYS_landlock_restrict_self, fd, 0);
#else
        (void)root;
#endif
}

/*
 * In the new process: nothing of the daemon's is left to it but its output. What hwloc says of
 * what it finds odd is nobody's log.
 */
_Noreturn static void load(const char *root, int fd, pid_t daemon)
{
        int nothing = open("/dev/null", O_RDWR);
        sigset_t none;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != daemon)
                _exit(ESRCH);
        prctl(PR_SET_NAME, "numad-hwloc");
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        for (int i = 0; nothing >= 0 && i <= STDERR_FILENO; i++)
                dup2(nothing, i);
        if (fd != STDERR_FILENO + 1)
                fd = dup2(fd, STDERR_FILENO + 1);
        if (root)
                confine_to(root);
        close_from(STDERR_FILENO + 2);
        _exit(-topology_hwloc_write(root, fd));
}

/* The documents, if there are as many bytes of them as the header says. */
static bool split(const struct buffer *bytes, struct topology_documents *documents)
{
        struct topology_header header;
        size_t rest = bytes->len - sizeof(header);

        if (bytes->len < sizeof(header))
                return false;
        memcpy(&header, bytes->data, sizeof(header));
        if (header.json_len > rest || header.xml_len != rest - header.json_len)
                return false;
        documents->json = bytes->data + sizeof(header);
        documents->json_len = header.json_len;
        documents->xml = documents->json + header.json_len;
        documents->xml_len = header.xml_len;
        return true;
}

static char *explain_end(const struct topology_child *child)
{
        char *reason = NULL;
        int n;

        if (buffer_failed(&child->bytes))
                n = asprintf(&reason, "there is no room for what hwloc says");
        else if (child->end.si_code != CLD_EXITED)
                n = asprintf(&reason, "the process that loads hwloc was ended by signal %d",
                             child->end.si_status);
        else if (child->end.si_status != 0)
                n = asprintf(&reason, "hwloc cannot load the topology: %s",
                             strerror(child->end.si_status));
        else
                n = asprintf(&reason, "the process that loads hwloc ended after %zu bytes",
                             child->bytes.len);
        return n < 0 ? NULL : reason;
}

/* Once the process has ended and all that it wrote was read. */
static void finish(struct topology_child *child)
{
        bool complete = child->end.si_code == CLD_EXITED && child->end.si_status == 0;
        struct topology_documents documents;
        _cleanup_(free_p) char *reason = NULL;

        forget_process(child);
        if (complete && !buffer_failed(&child->bytes) && split(&child->bytes, &documents)) {
                child->done(child->context, &documents, NULL);
        } else {
                reason = explain_end(child);
                child->done(child->context, NULL, reason ? reason : "memory is exhausted");
        }
        stop_reading(child);
}

static int on_output(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        struct topology_child *child = userdata;
        struct buffer *bytes = &child->bytes;
        ssize_t n = -1;

        (void)source;
        (void)revents;
        errno = ENOMEM;
        if (bytes->len < DOCUMENTS_MAX && buffer_reserve(bytes, READ_SIZE))
                n = read(fd, bytes->data + bytes->len, READ_SIZE);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n > 0) {
                bytes->len += (size_t)n;
                return 0;
        }
        if (n < 0)
                bytes->failed = true;
        /* Closing it ends a process that has more to say. */
        child->output = sd_event_source_disable_unref(child->output);
        if (child->ended)
                finish(child);
        return 0;
}

static int on_end(sd_event_source *source, const siginfo_t *end, void *userdata)
{
        struct topology_child *child = userdata;

        (void)source;
        child->end = *end;
        child->ended = true;
        /* Nobody waits any more for one that was ended because of its time. */
        if (!child->timeout)
                forget_process(child);
        else if (!child->output)
                finish(child);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct topology_child *child = userdata;

        (void)source;
        (void)usec;
        sd_event_source_send_child_signal(child->process, SIGKILL, NULL, 0);
        stop_reading(child);
        child->done(child->context, NULL, "hwloc did not load the topology in time");
        return 0;
}

/* Takes fd over. */
static int add_sources(struct topology_child *child, int fd, pid_t pid)
{
        int r = sd_event_add_child(child->event, &child->process, pid, WEXITED, on_end, child);

        if (r < 0)
                kill(pid, SIGKILL);
        else
                r = sd_event_source_set_child_process_own(child->process, true);
        if (r >= 0)
                r = sd_event_add_io(child->event, &child->output, fd, EPOLLIN, on_output, child);
        if (r < 0) {
                close(fd);
                return r;
        }
        sd_event_source_set_io_fd_own(child->output, true);
        return sd_event_add_time_relative(child->event, &child->timeout, CLOCK_MONOTONIC,
                                          TOPOLOGY_SECONDS_MAX * USEC_PER_SEC, 0, on_timeout,
                                          child);
}

int topology_child_start(struct topology_child *child)
{
        pid_t pid, daemon = getpid();
        int fds[2], r;

        if (child->process)
                return -EBUSY;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        pid = fork();
        if (pid == 0)
                load(child->root, fds[1], daemon);
        r = pid < 0 ? -errno : 0;
        close(fds[1]);
        if (r < 0) {
                close(fds[0]);
                return r;
        }
        fcntl(fds[0], F_SETFL, O_NONBLOCK);
        r = add_sources(child, fds[0], pid);
        if (r < 0) {
                stop_reading(child);
                forget_process(child);
        }
        return r < 0 ? r : 0;
}
