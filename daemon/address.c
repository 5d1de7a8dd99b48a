/* SPDX-License-Identifier: MIT */
#include "address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool parse_port(const char *text, in_port_t *port)
{
        unsigned value = 0;
        size_t len = strlen(text);

        if (len < 1 || len > 5 || strspn(text, "0123456789") != len)
                return false;
        for (; *text; text++)
                value = value * 10 + (unsigned)(*text - '0');
        *port = htons((uint16_t)value);
        return value <= UINT16_MAX;
}

/* "eth0" or "2"; 0: there is no such interface. */
static uint32_t parse_scope(const char *text)
{
        size_t len = strlen(text);

        if (len > 0 && len < 10 && strspn(text, "0123456789") == len)
                return (uint32_t)strtoul(text, NULL, 10);
        return if_nametoindex(text);
}

/* Also "fe80::1%eth0". */
static bool parse_ipv6(char *host, struct sockaddr_in6 *out)
{
        char *scope = strchr(host, '%');

        out->sin6_family = AF_INET6;
        if (scope) {
                *scope++ = '\0';
                out->sin6_scope_id = parse_scope(scope);
        }
        return inet_pton(AF_INET6, host, &out->sin6_addr) == 1 && (!scope || out->sin6_scope_id);
}

static bool parse_internet(const char *text, union address *out, socklen_t *len)
{
        char host[INET6_ADDRSTRLEN + IF_NAMESIZE + sizeof("[%]")] = "";
        const char *colon = strrchr(text, ':');
        size_t n = colon ? (size_t)(colon - text) : 0;

        *out = (union address){ .in6 = { .sin6_family = AF_UNSPEC } };
        if (n == 0 || n >= sizeof(host))
                return false;
        memcpy(host, text, n);
        if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
                host[n - 1] = '\0';
                *len = sizeof(out->in6);
                return parse_ipv6(host + 1, &out->in6) &&
                       parse_port(colon + 1, &out->in6.sin6_port);
        }
        out->in.sin_family = AF_INET;
        *len = sizeof(out->in);
        return inet_pton(AF_INET, host, &out->in.sin_addr) == 1 &&
               parse_port(colon + 1, &out->in.sin_port);
}

const char *address_parse(const char *text, union address *out, socklen_t *len)
{
        const char *path = strncmp(text, "unix:", 5) == 0 ? text + 5 : NULL;

        if (!path) {
                if (parse_internet(text, out, len))
                        return NULL;
                return "expected ADDR:PORT, [ADDR6]:PORT or unix:/path, with a numeric address and "
                       "a "
                       "port of 0 to 65535";
        }
        *out = (union address){ .un = { .sun_family = AF_UNIX } };
        *len = sizeof(out->un);
        if (path[0] != '/')
                return "expected an absolute path after 'unix:'";
        /* The configuration file separates addresses by blanks, and has no quotes. */
        for (const char *c = path; *c; c++)
                if ((unsigned char)*c <= ' ' || *c == '\x7f')
                        return "expected a path without blanks";
        if (strlen(path) >= sizeof(out->un.sun_path))
                return "expected a path of at most 107 characters";
        memcpy(out->un.sun_path, path, strlen(path) + 1);
        return NULL;
}

const char *address_without_scheme(const char *text, bool *tls)
{
        static const char scheme[] = "tls:";

        *tls = strncmp(text, scheme, strlen(scheme)) == 0;
        return *tls ? text + strlen(scheme) : text;
}

const char *address_check(const char *text)
{
        union address address;
        socklen_t len;
        bool tls;
        const char *expected = address_parse(address_without_scheme(text, &tls), &address, &len);

        if (!expected && tls && address.any.sa_family == AF_UNIX)
                expected = "expected ADDR:PORT or [ADDR6]:PORT behind 'tls:'";
        return expected;
}
