/* SPDX-License-Identifier: MIT */
#include "settings_key.h"

#include "address.h"
#include "buffer.h"
#include "cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#define NS_PER_SECOND UINT64_C(1000000000)

/* The largest time that can be set: a year. */
#define SECONDS_MAX (UINT64_C(365) * 24 * 3600)

/* More often the daemon would do nothing but sample. */
#define INTERVAL_MIN_NS (NS_PER_SECOND / 100)

/* A configuration file of more than this is somebody's mistake. */
#define CONFIG_FILE_MAX (1UL << 20)

static const struct settings defaults = {
        .interval_ns = 10 * NS_PER_SECOND,
        .max_age_ns = 1 * NS_PER_SECOND,
        .distance_metrics_limit = 64,
        .connection_limit = 256,
        .connection_limit_per_address = 64,
        .idle_timeout_s = 30,
        .tls_minimum_version = 12,
        .log_level = LOG_INFO,
};

static const char *const log_levels[] = {
        [LOG_EMERG] = "emerg", [LOG_ALERT] = "alert",     [LOG_CRIT] = "crit",
        [LOG_ERR] = "err",     [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
        [LOG_INFO] = "info",   [LOG_DEBUG] = "debug",
};

#define N_LOG_LEVELS (sizeof(log_levels) / sizeof(log_levels[0]))

static void drop_listen(struct settings *s)
{
        for (size_t i = 0; i < s->n_listen; i++)
                free(s->listen[i]);
        free(s->listen);
        s->listen = NULL;
        s->n_listen = 0;
}

void settings_release(struct settings *settings)
{
        drop_listen(settings);
        for (size_t i = 0; i < settings->n_hosts; i++)
                free(settings->hosts[i]);
        free(settings->hosts);
        network_list_release(&settings->allow);
        network_list_release(&settings->deny);
        free(settings->tls_certificate);
        free(settings->tls_key);
        free(settings->tls_client_ca);
        free(settings->users_file);
        free(settings->tokens_file);
}

static int add_listen(struct settings *s, const char *address, size_t len)
{
        char **listen = reallocarray(s->listen, s->n_listen + 1, sizeof(*listen));

        if (!listen)
                return -ENOMEM;
        s->listen = listen;
        listen[s->n_listen] = strndup(address, len);
        if (!listen[s->n_listen])
                return -ENOMEM;
        return address_check(listen[s->n_listen++]) ? -EINVAL : 0;
}

/* "10", "0.5": seconds with up to nine decimals. */
bool parse_seconds(const char *text, uint64_t *ns)
{
        uint64_t seconds = 0, fraction = 0, unit = NS_PER_SECOND;
        const char *s = text;

        for (; *s >= '0' && *s <= '9'; s++) {
                seconds = seconds * 10 + (uint64_t)(*s - '0');
                if (seconds > SECONDS_MAX)
                        return false;
        }
        if (s == text)
                return false;
        if (*s == '.') {
                const char *point = s++;

                for (; *s >= '0' && *s <= '9' && unit > 1; s++) {
                        unit /= 10;
                        fraction += (uint64_t)(*s - '0') * unit;
                }
                if (s == point + 1)
                        return false;
        }
        *ns = seconds * NS_PER_SECOND + fraction;
        return *s == '\0';
}

bool parse_interval(const char *text, uint64_t *ns)
{
        return parse_seconds(text, ns) && (*ns == 0 || *ns >= INTERVAL_MIN_NS);
}

static bool parse_integer(const char *text, unsigned min, unsigned max, unsigned *value)
{
        unsigned long v = 0;
        const char *s = text;

        for (; *s >= '0' && *s <= '9'; s++) {
                v = v * 10 + (unsigned long)(*s - '0');
                if (v > max)
                        return false;
        }
        *value = (unsigned)v;
        return s > text && *s == '\0' && v >= min;
}

/* Calls add for each word of value. -EINVAL if there is none. */
static int for_each_word(struct settings *s, const char *value,
                         int (*add)(struct settings *s, const char *word, size_t len))
{
        bool any = false;

        for (value += strspn(value, " \t"); *value; value += strspn(value, " \t")) {
                size_t len = strcspn(value, " \t");
                int r = add(s, value, len);

                if (r < 0)
                        return r;
                any = true;
                value += len;
        }
        return any ? 0 : -EINVAL;
}

static int set_listen(struct settings *s, const char *value)
{
        return for_each_word(s, value, add_listen);
}

static int add_network(struct network_list *list, const char *word, size_t len)
{
        _cleanup_(free_p) char *text = strndup(word, len);

        return text ? network_list_add(list, text) : -ENOMEM;
}

static int add_allow(struct settings *s, const char *word, size_t len)
{
        return add_network(&s->allow, word, len);
}

static int add_deny(struct settings *s, const char *word, size_t len)
{
        return add_network(&s->deny, word, len);
}

static int set_allow(struct settings *s, const char *value)
{
        return for_each_word(s, value, add_allow);
}

static int set_deny(struct settings *s, const char *value)
{
        return for_each_word(s, value, add_deny);
}

static int add_host(struct settings *s, const char *word, size_t len)
{
        char **hosts = reallocarray(s->hosts, s->n_hosts + 1, sizeof(*hosts));

        if (!hosts)
                return -ENOMEM;
        s->hosts = hosts;
        hosts[s->n_hosts] = strndup(word, len);
        if (!hosts[s->n_hosts])
                return -ENOMEM;
        s->n_hosts++;
        return 0;
}

static int set_hosts(struct settings *s, const char *value)
{
        return for_each_word(s, value, add_host);
}

static int set_tls_minimum_version(struct settings *s, const char *value)
{
        if (strcmp(value, "1.2") != 0 && strcmp(value, "1.3") != 0)
                return -EINVAL;
        s->tls_minimum_version = value[2] == '2' ? 12 : 13;
        return 0;
}

static int set_open_health(struct settings *s, const char *value)
{
        s->open_health = strcmp(value, "yes") == 0;
        return s->open_health || strcmp(value, "no") == 0 ? 0 : -EINVAL;
}

static int set_interval(struct settings *s, const char *value)
{
        return parse_interval(value, &s->interval_ns) ? 0 : -EINVAL;
}

static int set_max_age(struct settings *s, const char *value)
{
        return parse_seconds(value, &s->max_age_ns) ? 0 : -EINVAL;
}

static int set_distance_limit(struct settings *s, const char *value)
{
        unsigned v;

        if (!parse_integer(value, 0, 1024, &v))
                return -EINVAL;
        s->distance_metrics_limit = (int)v;
        return 0;
}

static int set_connection_limit(struct settings *s, const char *value)
{
        return parse_integer(value, 1, 10000, &s->connection_limit) ? 0 : -EINVAL;
}

static int set_connection_limit_per_address(struct settings *s, const char *value)
{
        return parse_integer(value, 1, 10000, &s->connection_limit_per_address) ? 0 : -EINVAL;
}

static int set_idle_timeout(struct settings *s, const char *value)
{
        return parse_integer(value, 1, 3600, &s->idle_timeout_s) ? 0 : -EINVAL;
}

static int set_log_level(struct settings *s, const char *value)
{
        for (size_t i = 0; i < N_LOG_LEVELS; i++)
                if (strcmp(value, log_levels[i]) == 0) {
                        s->log_level = (int)i;
                        return 0;
                }
        return -EINVAL;
}

static void print_seconds(FILE *out, uint64_t ns)
{
        char digits[10];
        int len;

        fprintf(out, "%" PRIu64, ns / NS_PER_SECOND);
        if (ns % NS_PER_SECOND == 0)
                return;
        len = snprintf(digits, sizeof(digits), "%09u", (unsigned)(ns % NS_PER_SECOND));
        while (digits[len - 1] == '0')
                len--;
        fprintf(out, ".%.*s", len, digits);
}

static void print_interval(const struct settings *s, FILE *out)
{
        print_seconds(out, s->interval_ns);
}

static void print_max_age(const struct settings *s, FILE *out)
{
        print_seconds(out, s->max_age_ns);
}

static void print_listen(const struct settings *s, FILE *out)
{
        /* A comment: written out, the second would be an error where there is no IPv6. */
        if (s->n_listen == 0)
                fputs("127.0.0.1:6862 [::1]:6862", out);
        for (size_t i = 0; i < s->n_listen; i++)
                fprintf(out, "%s%s", i ? "\nlisten = " : "", s->listen[i]);
}

static bool listen_is_set(const struct settings *s)
{
        return s->n_listen > 0;
}

static void print_networks(const struct network_list *list, FILE *out)
{
        for (size_t i = 0; i < list->n; i++) {
                const struct network *n = &list->networks[i];
                bool v4 = IN6_IS_ADDR_V4MAPPED(&n->address);
                char text[INET6_ADDRSTRLEN];

                inet_ntop(v4 ? AF_INET : AF_INET6,
                          v4 ? &n->address.s6_addr[12] : n->address.s6_addr, text, sizeof(text));
                fprintf(out, "%s%s/%u", i ? " " : "", text, v4 ? n->prefix - 96 : n->prefix);
        }
}

static void print_allow(const struct settings *s, FILE *out)
{
        print_networks(&s->allow, out);
}

static bool allow_is_set(const struct settings *s)
{
        return s->allow.n > 0;
}

static void print_deny(const struct settings *s, FILE *out)
{
        print_networks(&s->deny, out);
}

static bool deny_is_set(const struct settings *s)
{
        return s->deny.n > 0;
}

static void print_hosts(const struct settings *s, FILE *out)
{
        for (size_t i = 0; i < s->n_hosts; i++)
                fprintf(out, "%s%s", i ? " " : "", s->hosts[i]);
}

static bool hosts_is_set(const struct settings *s)
{
        return s->n_hosts > 0;
}

static void print_tls_minimum_version(const struct settings *s, FILE *out)
{
        fputs(s->tls_minimum_version == 12 ? "1.2" : "1.3", out);
}

static void print_open_health(const struct settings *s, FILE *out)
{
        fputs(s->open_health ? "yes" : "no", out);
}

static void print_distance_limit(const struct settings *s, FILE *out)
{
        fprintf(out, "%d", s->distance_metrics_limit);
}

static void print_connection_limit(const struct settings *s, FILE *out)
{
        fprintf(out, "%u", s->connection_limit);
}

static void print_connection_limit_per_address(const struct settings *s, FILE *out)
{
        fprintf(out, "%u", s->connection_limit_per_address);
}

static void print_idle_timeout(const struct settings *s, FILE *out)
{
        fprintf(out, "%u", s->idle_timeout_s);
}

static void print_log_level(const struct settings *s, FILE *out)
{
        fputs(log_levels[s->log_level], out);
}

const struct settings_key settings_keys[] = {
        { .section = "server",
          .name = "listen",
          .repeatable = true,
          .expected = "addresses such as 127.0.0.1:6862, [::1]:6862, tls:0.0.0.0:6863 or "
                      "unix:/run/numad-telemetry/http.sock",
          .set = set_listen,
          .print = print_listen,
          .is_set = listen_is_set },
        { .section = "server",
          .name = "allow",
          .expected = "addresses or networks such as 10.0.0.0/8 or 2001:db8::/32",
          .set = set_allow,
          .print = print_allow,
          .is_set = allow_is_set },
        { .section = "server",
          .name = "deny",
          .expected = "addresses or networks such as 10.0.0.0/8 or 2001:db8::/32",
          .set = set_deny,
          .print = print_deny,
          .is_set = deny_is_set },
        { .section = "server",
          .name = "hosts",
          .expected = "names such as numa1.example.org",
          .set = set_hosts,
          .print = print_hosts,
          .is_set = hosts_is_set },
        { .section = "server",
          .name = "connection_limit",
          .expected = "a number from 1 to 10000",
          .set = set_connection_limit,
          .print = print_connection_limit },
        { .section = "server",
          .name = "connection_limit_per_address",
          .expected = "a number from 1 to 10000",
          .set = set_connection_limit_per_address,
          .print = print_connection_limit_per_address },
        { .section = "server",
          .name = "idle_timeout",
          .expected = "a number of seconds from 1 to 3600",
          .set = set_idle_timeout,
          .print = print_idle_timeout },
        { .section = "tls",
          .name = "certificate",
          .expected = "a file, or credential:NAME",
          .path = offsetof(struct settings, tls_certificate) },
        { .section = "tls",
          .name = "key",
          .expected = "a file, or credential:NAME",
          .path = offsetof(struct settings, tls_key) },
        { .section = "tls",
          .name = "client_ca",
          .expected = "a file, or credential:NAME",
          .path = offsetof(struct settings, tls_client_ca) },
        { .section = "tls",
          .name = "minimum_version",
          .expected = "1.2 or 1.3",
          .set = set_tls_minimum_version,
          .print = print_tls_minimum_version },
        { .section = "authentication",
          .name = "users",
          .expected = "a file, or credential:NAME",
          .path = offsetof(struct settings, users_file) },
        { .section = "authentication",
          .name = "tokens",
          .expected = "a file, or credential:NAME",
          .path = offsetof(struct settings, tokens_file) },
        { .section = "authentication",
          .name = "open_health",
          .expected = "yes or no",
          .set = set_open_health,
          .print = print_open_health },
        { .section = "sampling",
          .name = "interval",
          .expected = INTERVAL_EXPECTED,
          .set = set_interval,
          .print = print_interval },
        { .section = "sampling",
          .name = "max_age",
          .expected = "a number of seconds such as 1 or 0.5",
          .set = set_max_age,
          .print = print_max_age },
        { .section = "metrics",
          .name = "distance_metrics_limit",
          .expected = "a number of nodes from 0 to 1024",
          .set = set_distance_limit,
          .print = print_distance_limit },
        { .section = "log",
          .name = "level",
          .expected = "emerg, alert, crit, err, warning, notice, info or debug",
          .set = set_log_level,
          .print = print_log_level },
};

const size_t settings_n_keys = sizeof(settings_keys) / sizeof(settings_keys[0]);

static char **path_of(const struct settings_key *key, const struct settings *s)
{
        return (char **)((char *)(uintptr_t)s + key->path);
}

/* A file's name: any but the empty one; whether it can be read shows when it is used. */
static int set_path(char **path, const char *value)
{
        if (!*value)
                return -EINVAL;
        free(*path);
        *path = strdup(value);
        return *path ? 0 : -ENOMEM;
}

int settings_set(struct settings *s, const struct settings_key *key, const char *value)
{
        return key->path ? set_path(path_of(key, s), value) : key->set(s, value);
}

static bool is_set(const struct settings *s, const struct settings_key *key)
{
        if (key->path)
                return *path_of(key, s);
        return !key->is_set || key->is_set(s);
}

static void print_key(const struct settings *s, const struct settings_key *key, FILE *out)
{
        fprintf(out, "%s%s = ", is_set(s, key) ? "" : "#", key->name);
        if (!key->path)
                key->print(s, out);
        else if (*path_of(key, s))
                fputs(*path_of(key, s), out);
        fputc('\n', out);
}

static int read_text(const char *path, struct buffer *text)
{
        _cleanup_(fclose_p) FILE *f = fopen(path, "re");
        struct stat st;

        if (!f)
                return -errno;
        if (fstat(fileno(f), &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        while (text->len <= CONFIG_FILE_MAX && buffer_reserve(text, 4096)) {
                size_t n = fread(text->data + text->len, 1, 4096, f);

                text->len += n;
                if (n == 0)
                        return ferror(f) ? -EIO : 0;
        }
        return buffer_failed(text) ? -ENOMEM : -EFBIG;
}

static int load_file(struct settings *settings, const char *path, bool optional, error_text *error)
{
        struct buffer text = BUFFER_INIT;
        int r = read_text(path, &text);

        if (r == -ENOENT && optional)
                r = 0;
        else if (r < 0) {
                if (r != -ENOMEM &&
                    asprintf(error, "configuration file '%s': %s, expected a readable file", path,
                             strerror(-r)) < 0)
                        *error = NULL;
        } else {
                r = settings_parse_file_text(settings, path, text.data ? text.data : "", text.len,
                                             error);
        }
        buffer_release(&text);
        return r;
}

static int apply_command_line(struct settings *settings, const struct command_line *cmd)
{
        if (cmd->interval_given)
                settings->interval_ns = cmd->interval_ns;
        if (cmd->max_age_given)
                settings->max_age_ns = cmd->max_age_ns;
        if (cmd->n_listen)
                drop_listen(settings);
        for (size_t i = 0; i < cmd->n_listen; i++) {
                int r = add_listen(settings, cmd->listen[i], strlen(cmd->listen[i]));

                if (r < 0)
                        return r;
        }
        return 0;
}

int settings_load(struct settings *settings, const struct command_line *cmd,
                  const char *default_file, error_text *error)
{
        const char *file = cmd->config_file ? cmd->config_file : default_file;
        int r;

        *settings = defaults;
        *error = NULL;
        r = load_file(settings, file, !cmd->config_file, error);
        if (r == 0)
                r = apply_command_line(settings, cmd);
        if (r < 0)
                settings_release(settings);
        return r;
}

bool settings_authenticate(const struct settings *settings)
{
        return settings->users_file || settings->tokens_file || settings->tls_client_ca;
}

void settings_print(const struct settings *settings, FILE *out)
{
        for (size_t i = 0; i < settings_n_keys; i++) {
                if (i == 0 || strcmp(settings_keys[i].section, settings_keys[i - 1].section) != 0)
                        fprintf(out, "%s[%s]\n", i ? "\n" : "", settings_keys[i].section);
                print_key(settings, &settings_keys[i], out);
        }
}
