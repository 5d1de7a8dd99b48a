/* SPDX-License-Identifier: MIT */
#include "gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct gate {
        struct auth *auth;
        bool certificates, open_health;
        char own_name[HOST_NAME_MAX + 1]; /* without its domain */
        char **hosts;                     /* NULL ends them; NULL: none */
        uint64_t counts[NR_GATE_REFUSALS];
};

void gate_release_hosts(char **hosts)
{
        for (size_t i = 0; hosts && hosts[i]; i++)
                free(hosts[i]);
        free(hosts);
}

struct gate *gate_new(void)
{
        struct gate *gate = calloc(1, sizeof(*gate));

        if (!gate)
                return NULL;
        gethostname(gate->own_name, sizeof(gate->own_name) - 1);
        gate->own_name[strcspn(gate->own_name, ".")] = '\0';
        return gate;
}

void gate_free(struct gate *gate)
{
        if (!gate)
                return;
        auth_free(gate->auth);
        gate_release_hosts(gate->hosts);
        free(gate);
}

void gate_set_auth(struct gate *gate, struct auth *auth, bool certificates, bool open_health)
{
        auth_free(gate->auth);
        gate->auth = auth;
        gate->certificates = certificates;
        gate->open_health = open_health;
}

char **gate_copy_hosts(char *const *hosts, size_t n)
{
        char **copy = calloc(n + 1, sizeof(*copy));

        for (size_t i = 0; copy && i < n; i++) {
                copy[i] = strdup(hosts[i]);
                if (!copy[i]) {
                        gate_release_hosts(copy);
                        return NULL;
                }
        }
        return copy;
}

void gate_set_hosts(struct gate *gate, char **hosts)
{
        gate_release_hosts(gate->hosts);
        gate->hosts = hosts;
}

/* Whether somebody is let in whom nobody knows. */
static bool is_open(const struct gate *gate)
{
        return !gate->auth && !gate->certificates;
}

bool gate_takes_passwords(const struct gate *gate)
{
        return auth_has_users(gate->auth);
}

bool gate_takes_tokens(const struct gate *gate)
{
        return auth_has_tokens(gate->auth);
}

/* Not terminated. */
struct host {
        const char *text;
        size_t len;
};

/* "name:6862" → "name", "[::1]:6862" → "::1", without a final dot. */
static struct host bare_host(const char *host)
{
        bool bracket = *host == '[';
        struct host bare = { .text = host + bracket };

        bare.len = strcspn(bare.text, bracket ? "]" : ":");
        if (bare.len > 0 && bare.text[bare.len - 1] == '.')
                bare.len--;
        return bare;
}

static bool is_address(struct host host)
{
        char text[INET6_ADDRSTRLEN] = "";
        struct in6_addr address;

        if (host.len >= sizeof(text))
                return false;
        memcpy(text, host.text, host.len);
        return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_own(const struct gate *gate, struct host host)
{
        size_t len = strlen(gate->own_name);

        return len > 0 && len < host.len && strncasecmp(host.text, gate->own_name, len) == 0 &&
               host.text[len] == '.';
}

static bool host_allowed(const struct gate *gate, const char *text)
{
        struct host host = bare_host(text);

        if (!memchr(host.text, '.', host.len) || is_address(host) || is_own(gate, host))
                return true;
        for (size_t i = 0; gate->hosts && gate->hosts[i]; i++)
                if (strlen(gate->hosts[i]) == host.len &&
                    strncasecmp(gate->hosts[i], host.text, host.len) == 0)
                        return true;
        return false;
}

static enum gate_refusal check(struct gate *gate, const struct gate_request *request,
                               uint64_t now_us)
{
        static const enum gate_refusal refusals[NR_AUTH_RESULTS] = {
                [AUTH_OK] = GATE_OPEN,
                [AUTH_MISSING] = GATE_MISSING,
                [AUTH_WRONG] = GATE_WRONG,
                [AUTH_THROTTLED] = GATE_THROTTLED,
                [AUTH_EXHAUSTED] = GATE_EXHAUSTED,
        };

        if (request->host && !host_allowed(gate, request->host))
                return GATE_HOST;
        if (is_open(gate) || (request->health && gate->open_health) || request->verified)
                return GATE_OPEN;
        if (!gate->auth)
                return GATE_MISSING;
        return refusals[auth_check(gate->auth, &request->address, request->authorization, now_us)];
}

enum gate_refusal gate_check(struct gate *gate, const struct gate_request *request, uint64_t now_us)
{
        enum gate_refusal refusal = check(gate, request, now_us);

        gate->counts[refusal]++;
        return refusal;
}

uint64_t gate_count(const struct gate *gate, enum gate_refusal refusal)
{
        return gate->counts[refusal];
}

const char *gate_refusal_name(enum gate_refusal refusal)
{
        static const char *const names[NR_GATE_REFUSALS] = {
                [GATE_OPEN] = "none",
                [GATE_HOST] = "host",
                [GATE_MISSING] = "credentials_missing",
                [GATE_WRONG] = "credentials_wrong",
                [GATE_THROTTLED] = "throttled",
                [GATE_EXHAUSTED] = "memory_exhausted",
        };

        return names[refusal];
}
