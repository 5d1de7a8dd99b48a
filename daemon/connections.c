/* SPDX-License-Identifier: MIT */
#include "connections.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/*
 * How many idle timeouts a request may take, from the end of the one before to the end of its
 * answer. libmicrohttpd's timeout only ends connections on which nothing moves at all; a client
 * that sends or reads a byte now and then needs this one.
 */
#define REQUEST_TIMEOUTS 4
#define USEC_PER_SEC     UINT64_C(1000000)
/* From so many connections on, what they needed is worth giving back when they have gone. */
#define CROWD 64

TAILQ_HEAD(connection_list, connection);

struct connection_limits {
        unsigned total, per_address, idle_timeout_s;
        struct network_list allow, deny;
};

struct connections {
        struct connection_limits *limits; /* NULL: no connection yet */
        uint64_t n;
        uint64_t most;                         /* since memory was given back */
        struct connection_list hasty, patient; /* ascending by since_us */
};

struct connections *connections_new(void)
{
        struct connections *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        TAILQ_INIT(&c->hasty);
        TAILQ_INIT(&c->patient);
        return c;
}

void connections_free(struct connections *c)
{
        if (!c)
                return;
        connection_limits_free(c->limits);
        free(c);
}

static int copy_networks(struct network_list *to, const struct network_list *from)
{
        if (from->n == 0)
                return 0;
        to->networks = reallocarray(NULL, from->n, sizeof(*to->networks));
        if (!to->networks)
                return -ENOMEM;
        memcpy(to->networks, from->networks, from->n * sizeof(*to->networks));
        to->n = from->n;
        return 0;
}

struct connection_limits *connection_limits_new(const struct settings *settings)
{
        struct connection_limits *limits = calloc(1, sizeof(*limits));

        if (!limits)
                return NULL;
        limits->total = settings->connection_limit;
        limits->per_address = settings->connection_limit_per_address;
        limits->idle_timeout_s = settings->idle_timeout_s;
        if (copy_networks(&limits->allow, &settings->allow) == 0 &&
            copy_networks(&limits->deny, &settings->deny) == 0)
                return limits;
        connection_limits_free(limits);
        return NULL;
}

void connection_limits_free(struct connection_limits *limits)
{
        if (!limits)
                return;
        network_list_release(&limits->allow);
        network_list_release(&limits->deny);
        free(limits);
}

void connections_set_limits(struct connections *c, struct connection_limits *limits)
{
        connection_limits_free(c->limits);
        c->limits = limits;
}

static bool address_key(const struct sockaddr *address, struct in6_addr *key)
{
        *key = (struct in6_addr){ .s6_addr = { 0 } };
        if (address && address->sa_family == AF_INET) {
                key->s6_addr[10] = key->s6_addr[11] = 0xff;
                memcpy(&key->s6_addr[12],
                       &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
                return true;
        }
        if (address && address->sa_family == AF_INET6) {
                *key = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
                return true;
        }
        return false;
}

static unsigned count_of(const struct connection_list *list, const struct in6_addr *key)
{
        const struct connection *connection;
        unsigned n = 0;

        TAILQ_FOREACH (connection, list, link)
                n += memcmp(&connection->address, key, sizeof(*key)) == 0;
        return n;
}

/* The lists are as long as connections are allowed, and accepting is rare beside answering. */
bool connections_may_have(const struct connections *c, const struct sockaddr *address)
{
        const struct connection_limits *limits = c->limits;
        struct in6_addr key;

        if (c->n >= limits->total)
                return false;
        if (!address_key(address, &key))
                return true;
        if (network_list_contains(&limits->deny, &key) ||
            (limits->allow.n > 0 && !network_list_contains(&limits->allow, &key)))
                return false;
        return count_of(&c->hasty, &key) + count_of(&c->patient, &key) < limits->per_address;
}

static struct connection_list *list_of(struct connections *c, bool patient)
{
        return patient ? &c->patient : &c->hasty;
}

struct connection *connections_add(struct connections *c, int fd, const struct sockaddr *address,
                                   uint64_t now_us)
{
        struct connection *connection = calloc(1, sizeof(*connection));

        c->n++;
        if (c->n > c->most)
                c->most = c->n;
        if (!connection)
                return NULL;
        connection->fd = fd;
        address_key(address, &connection->address);
        connection->since_us = now_us;
        TAILQ_INSERT_TAIL(&c->hasty, connection, link);
        return connection;
}

/* By itself malloc() keeps what lies below the last piece in use: tens of megabytes after a crowd.
 */
static void give_back(struct connections *c)
{
        if (c->most < CROWD || c->n > c->most / 8)
                return;
#ifdef __GLIBC__
        malloc_trim(0);
#endif
        c->most = c->n;
}

void connections_remove(struct connections *c, struct connection *connection)
{
        c->n--;
        if (connection)
                TAILQ_REMOVE(list_of(c, connection->patient), connection, link);
        free(connection);
        give_back(c);
}

void connections_moved(struct connections *c, struct connection *connection, bool patient,
                       uint64_t now_us)
{
        TAILQ_REMOVE(list_of(c, connection->patient), connection, link);
        connection->patient = patient;
        connection->since_us = now_us;
        TAILQ_INSERT_TAIL(list_of(c, patient), connection, link);
}

uint64_t connections_count(const struct connections *c)
{
        return c->n;
}

uint64_t connections_next_cut_off(const struct connections *c)
{
        const struct connection *connection = TAILQ_FIRST(&c->hasty);

        if (!connection || c->limits->idle_timeout_s == 0)
                return CONNECTIONS_NEVER;
        return connection->since_us + USEC_PER_SEC * c->limits->idle_timeout_s * REQUEST_TIMEOUTS;
}

void connections_cut_off(struct connections *c, uint64_t now_us)
{
        while (connections_next_cut_off(c) <= now_us) {
                struct connection *connection = TAILQ_FIRST(&c->hasty);

                shutdown(connection->fd, SHUT_RDWR);
                connections_moved(c, connection, false, now_us);
        }
}
