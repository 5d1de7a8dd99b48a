/* SPDX-License-Identifier: MIT */
/* Addresses to listen on, as the command line and the configuration write them. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

union address {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
};

/*
 * "ADDR:PORT", "[ADDR6]:PORT" or "unix:/path" into out. NULL, or what is expected instead, a
 * constant.
 */
const char *address_parse(const char *text, union address *out, socklen_t *len);

/* Whether text can be listened on: the above, TCP also with "tls:" before. NULL, or what is
 * expected, a constant. */
const char *address_check(const char *text);
/* What follows "tls:" before an address, and whether that stood there. */
const char *address_without_scheme(const char *text, bool *tls);
