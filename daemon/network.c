/* SPDX-License-Identifier: MIT */
#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define V4_MAPPED_BITS 96

void network_list_release(struct network_list *list)
{
        free(list->networks);
        *list = (struct network_list){ .n = 0 };
}

static bool bit_of(const struct in6_addr *address, unsigned bit)
{
        return address->s6_addr[bit / 8] >> (7 - bit % 8) & 1;
}

static bool parse_prefix(const char *text, unsigned max, unsigned *prefix)
{
        unsigned value = 0;
        const char *s = text;

        for (; *s >= '0' && *s <= '9' && value <= max; s++)
                value = value * 10 + (unsigned)(*s - '0');
        *prefix = value;
        return s > text && *s == '\0' && value <= max;
}

static bool parse_network(const char *text, struct network *out)
{
        const char *slash = strchr(text, '/');
        size_t len = slash ? (size_t)(slash - text) : strlen(text);
        char host[INET6_ADDRSTRLEN];
        unsigned offset = 0;
        struct in_addr v4;

        if (len >= sizeof(host))
                return false;
        memcpy(host, text, len);
        host[len] = '\0';
        if (inet_pton(AF_INET, host, &v4) == 1) {
                out->address = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
                memcpy(&out->address.s6_addr[12], &v4, sizeof(v4));
                offset = V4_MAPPED_BITS;
        } else if (inet_pton(AF_INET6, host, &out->address) != 1) {
                return false;
        }
        out->prefix = 128 - offset;
        if (slash && !parse_prefix(slash + 1, 128 - offset, &out->prefix))
                return false;
        out->prefix += offset; /* which counts from the front of the mapped address */
        for (unsigned bit = out->prefix; bit < 128; bit++)
                if (bit_of(&out->address, bit))
                        return false;
        return true;
}

int network_list_add(struct network_list *list, const char *text)
{
        struct network network, *networks;

        if (!parse_network(text, &network))
                return -EINVAL;
        networks = reallocarray(list->networks, list->n + 1, sizeof(*networks));
        if (!networks)
                return -ENOMEM;
        list->networks = networks;
        networks[list->n++] = network;
        return 0;
}

static bool network_contains(const struct network *network, const struct in6_addr *address)
{
        unsigned bytes = network->prefix / 8;

        if (memcmp(&network->address, address, bytes) != 0)
                return false;
        for (unsigned bit = bytes * 8; bit < network->prefix; bit++)
                if (bit_of(&network->address, bit) != bit_of(address, bit))
                        return false;
        return true;
}

bool network_list_contains(const struct network_list *list, const struct in6_addr *address)
{
        for (size_t i = 0; i < list->n; i++)
                if (network_contains(&list->networks[i], address))
                        return true;
        return false;
}
