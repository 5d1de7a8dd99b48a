/* SPDX-License-Identifier: MIT */
/* The open connections: who may have how many, and which are too slow. */
#pragma once

#include "settings.h"

#include <netinet/in.h>
#include <sys/queue.h>
#include <sys/socket.h>

struct tls;

struct connection {
        TAILQ_ENTRY(connection) link;
        int fd;
        struct in6_addr
                address;   /* IPv4 as IPv4-mapped; all zero: it has none, and is not counted */
        struct tls *tls;   /* what was in use when it began; NULL: not encrypted */
        bool verified;     /* has shown a certificate that is believed */
        bool patient;      /* it waits for events, which may take long */
        uint64_t since_us; /* CLOCK_MONOTONIC: connected, or answered last */
};

struct connection_limits;
struct connections;

/* Times below are of CLOCK_MONOTONIC. */
#define CONNECTIONS_NEVER UINT64_MAX

/* NULL when memory is exhausted. */
struct connections *connections_new(void);
/* NULL is allowed; no connection may be left. */
void connections_free(struct connections *c);
/* How many there may be, and of which addresses. NULL when memory is exhausted. */
struct connection_limits *connection_limits_new(const struct settings *settings);
/* NULL is allowed. */
void connection_limits_free(struct connection_limits *limits);
/* Takes them over. */
void connections_set_limits(struct connections *c, struct connection_limits *limits);

bool connections_may_have(const struct connections *c, const struct sockaddr *address);
/* A new one; NULL when memory is exhausted, and then it is only counted. */
struct connection *connections_add(struct connections *c, int fd, const struct sockaddr *address,
                                   uint64_t now_us);
/* It is closed; connection may be NULL. */
void connections_remove(struct connections *c, struct connection *connection);
/* A request of it was answered, or begins to wait. */
void connections_moved(struct connections *c, struct connection *connection, bool patient,
                       uint64_t now_us);

uint64_t connections_count(const struct connections *c);
/* When the one that has been at its request longest is cut off. */
uint64_t connections_next_cut_off(const struct connections *c);
/* Shuts down those whose time is up: libmicrohttpd then closes them. */
void connections_cut_off(struct connections *c, uint64_t now_us);
