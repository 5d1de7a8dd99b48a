/* SPDX-License-Identifier: MIT */
/* Lists of networks (10.0.0.0/8, 2001:db8::/32, ::1), and whether an address is in one. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/* IPv4 as IPv4-mapped IPv6. */
struct network {
        struct in6_addr address;
        unsigned prefix; /* of 128 */
};

struct network_list {
        size_t n;
        struct network *networks; /* owned */
};

void network_list_release(struct network_list *list);
/* Appends an address or ADDRESS/PREFIX. 0, -EINVAL (bits beyond the prefix, too) or -ENOMEM. */
int network_list_add(struct network_list *list, const char *text);
bool network_list_contains(const struct network_list *list, const struct in6_addr *address);
