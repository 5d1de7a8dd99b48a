/* SPDX-License-Identifier: MIT */
/* An address to listen on, and the same text as a network. */
#include "address.h"
#include "network.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_network(const char *text)
{
        struct network_list list = { .n = 0 };
        bool added = network_list_add(&list, text) == 0;

        if (added != (list.n == 1) ||
            (added && !network_list_contains(&list, &list.networks[0].address)))
                abort();
        network_list_release(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = strndup((const char *)data, size);
        union address address;
        socklen_t len = 0;
        bool tls;

        if (!text)
                return 0;
        if (!address_parse(text, &address, &len) &&
            (len == 0 || len > sizeof(address) || address_check(text)))
                abort();
        if (!address_check(text) &&
            address_parse(address_without_scheme(text, &tls), &address, &len))
                abort();
        parse_network(text);
        free(text);
        return 0;
}
