/* SPDX-License-Identifier: MIT */
#include "topology.h"

#include "topology_child.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* A request that waits. */
struct waiter {
        TAILQ_ENTRY(waiter) link;
        struct MHD_Connection *connection;
};

/* What the documents are of. */
struct subject {
        uint64_t generation; /* 0: nothing */
        struct devices *devices;
};

struct topology {
        struct topology_child *child;
        void (*changed)(void *context);
        void *context;
        TAILQ_HEAD(waiters, waiter) waiters;
        bool loading;
        struct subject of_load;      /* the one under way, or the last one */
        struct subject of_documents; /* of those that are kept */
        char *bytes;                 /* that they stand in */
        struct topology_documents documents;
        bool failed;  /* the last load */
        char *reason; /* why it, or its start, failed; NULL: there was no memory to say it */
};

static void subject_set(struct subject *subject, uint64_t generation, struct devices *devices)
{
        if (devices)
                devices_ref(devices);
        devices_unref(subject->devices);
        *subject = (struct subject){ .generation = generation, .devices = devices };
}

static bool is_of(const struct subject *subject, const struct snapshot *snap)
{
        return subject->generation == snapshot_generation(snap) &&
               devices_same(subject->devices, snapshot_sample(snap)->devices);
}

/* False, and nothing is kept, when memory is exhausted. */
static bool keep(struct topology *t, const struct topology_documents *documents)
{
        char *bytes = malloc(documents->json_len + documents->xml_len + 1);

        free(t->bytes);
        t->bytes = bytes;
        if (!bytes) {
                subject_set(&t->of_documents, 0, NULL);
                return false;
        }
        memcpy(bytes, documents->json, documents->json_len);
        memcpy(bytes + documents->json_len, documents->xml, documents->xml_len);
        t->documents = (struct topology_documents){
                .json = bytes,
                .json_len = documents->json_len,
                .xml = bytes + documents->json_len,
                .xml_len = documents->xml_len,
        };
        subject_set(&t->of_documents, t->of_load.generation, t->of_load.devices);
        return true;
}

__attribute__((format(printf, 2, 3))) static void set_reason(struct topology *t, const char *format,
                                                             ...)
{
        va_list args;

        free(t->reason);
        va_start(args, format);
        if (vasprintf(&t->reason, format, args) < 0)
                t->reason = NULL;
        va_end(args);
}

static void on_done(void *context, const struct topology_documents *documents, const char *reason)
{
        struct topology *t = context;

        t->loading = false;
        t->failed = !documents || !keep(t, documents);
        if (t->failed)
                set_reason(t, "%s", reason ? reason : "memory is exhausted");
        topology_resume_all(t);
        t->changed(t->context);
}

struct topology *topology_new(sd_event *event, const char *root, void (*changed)(void *context),
                              void *context)
{
        struct topology *t = calloc(1, sizeof(*t));

        if (!t)
                return NULL;
        TAILQ_INIT(&t->waiters);
        t->changed = changed;
        t->context = context;
        t->child = topology_child_new(event, root, on_done, t);
        if (t->child)
                return t;
        free(t);
        return NULL;
}

void topology_resume_all(struct topology *t)
{
        struct waiter *waiter;

        while ((waiter = TAILQ_FIRST(&t->waiters))) {
                TAILQ_REMOVE(&t->waiters, waiter, link);
                MHD_resume_connection(waiter->connection);
                free(waiter);
        }
}

void topology_free(struct topology *t)
{
        if (!t)
                return;
        topology_child_free(t->child);
        subject_set(&t->of_load, 0, NULL);
        subject_set(&t->of_documents, 0, NULL);
        free(t->bytes);
        free(t->reason);
        free(t);
}

static bool start(struct topology *t, const struct snapshot *snap)
{
        int r = topology_child_start(t->child);

        if (r < 0) {
                set_reason(t, "the process that loads hwloc cannot be started: %s",
                           r == -EBUSY ? "the one before has not ended" : strerror(-r));
                return false;
        }
        t->loading = true;
        subject_set(&t->of_load, snapshot_generation(snap), snapshot_sample(snap)->devices);
        return true;
}

static bool suspend(struct topology *t, struct MHD_Connection *connection)
{
        struct waiter *waiter = malloc(sizeof(*waiter));

        if (!waiter)
                return false;
        waiter->connection = connection;
        TAILQ_INSERT_TAIL(&t->waiters, waiter, link);
        MHD_suspend_connection(connection);
        return true;
}

enum topology_answer topology_ask(struct topology *t, const struct snapshot *snap,
                                  struct MHD_Connection *connection, uint64_t *since,
                                  const char **reason)
{
        *reason = "memory is exhausted";
        if (is_of(&t->of_documents, snap))
                return TOPOLOGY_READY;
        if (*since > 0 && !t->loading && t->of_load.generation >= *since) {
                /* Its load has ended. That the machine has changed meanwhile, others shall see. */
                if (t->failed && t->reason)
                        *reason = t->reason;
                return t->failed ? TOPOLOGY_FAILED : TOPOLOGY_READY;
        }
        if (*since == 0)
                *since = snapshot_generation(snap);
        if (!t->loading && !start(t, snap)) {
                if (t->reason)
                        *reason = t->reason;
                return TOPOLOGY_FAILED;
        }
        return suspend(t, connection) ? TOPOLOGY_WAITS : TOPOLOGY_FAILED;
}

const struct topology_documents *topology_documents(const struct topology *t)
{
        return t->bytes ? &t->documents : NULL;
}
