/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include "address.h"
#include "buffer.h"
#include "cleanup.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#define NS_PER_SECOND UINT64_C(1000000000)

/* The largest time that can be set: a year. */
#define SECONDS_MAX (365U * 24 * 3600)

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
}

static int add_listen(struct settings *s, const char *address, size_t len)
{
        char **listen = reallocarray(s->listen, s->n_listen + 1, sizeof(*listen));
        union address parsed;
        socklen_t parsed_len;

        if (!listen)
                return -ENOMEM;
        s->listen = listen;
        listen[s->n_listen] = strndup(address, len);
        if (!listen[s->n_listen])
                return -ENOMEM;
        return address_parse(listen[s->n_listen++], &parsed, &parsed_len) ? -EINVAL : 0;
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

static int set_listen(struct settings *s, const char *value)
{
        size_t before = s->n_listen;

        while (*value) {
                size_t len = strcspn(value, " \t");
                int r = len ? add_listen(s, value, len) : 0;

                if (r < 0)
                        return r;
                value += len;
                value += strspn(value, " \t");
        }
        return s->n_listen > before ? 0 : -EINVAL;
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
        struct buffer text = BUFFER_INIT;

        buffer_add_scaled(&text, ns, NS_PER_SECOND);
        fwrite(text.data, 1, text.len, out);
        buffer_release(&text);
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

static const struct key {
        const char *section;
        const char *name;
        const char *expected;
        bool repeatable;
        int (*set)(struct settings *s, const char *value);
        void (*print)(const struct settings *s, FILE *out);
} keys[] = {
        { .section = "server",
          .name = "listen",
          .repeatable = true,
          .expected = "addresses such as 127.0.0.1:6862, [::1]:6862 or "
                      "unix:/run/numad-telemetry/http.sock",
          .set = set_listen,
          .print = print_listen },
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

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

struct file_parse {
        struct settings *settings;
        const char *name;
        const char *pos, *end; /* of the text that was not read yet */
        int reading;           /* the line that libinih is at; Debian's does not tell its handler */
        int line;              /* of the first error; 0: none yet */
        bool seen[N_KEYS];
        int failure; /* -ENOMEM */
        error_text error;
};

static void file_error(struct file_parse *f, int line, const char *section, const char *key,
                       const char *found, const char *expected)
{
        struct buffer text = BUFFER_INIT;

        if (f->line)
                return;
        f->line = line;
        buffer_printf(&text, "%s:%d: ", f->name, line);
        if (*section)
                buffer_printf(&text, "[%s] ", section);
        if (*key)
                buffer_printf(&text, "%s: ", key);
        buffer_printf(&text, "found '%s', expected %s%c", found, expected, '\0');
        if (buffer_failed(&text)) {
                buffer_release(&text);
                f->failure = -ENOMEM;
        }
        f->error = text.data;
}

/* "server, sampling, …" or the keys of a section, for the error that names what is expected. */
static char *list_known(const char *section)
{
        struct buffer text = BUFFER_INIT;
        const char *comma = "";

        buffer_add_str(&text, section ? "one of " : "one of the sections ");
        for (size_t i = 0; i < N_KEYS; i++) {
                bool first_of_section = i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0;

                if (section ? strcmp(keys[i].section, section) != 0 : !first_of_section)
                        continue;
                buffer_printf(&text, "%s%s", comma, section ? keys[i].name : keys[i].section);
                comma = ", ";
        }
        buffer_add_char(&text, '\0');
        if (buffer_failed(&text))
                buffer_release(&text);
        return text.data;
}

static bool section_known(const char *section)
{
        for (size_t i = 0; i < N_KEYS; i++)
                if (strcmp(keys[i].section, section) == 0)
                        return true;
        return false;
}

static const struct key *find_key(const char *section, const char *name)
{
        for (size_t i = 0; i < N_KEYS; i++)
                if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
                        return &keys[i];
        return NULL;
}

static int on_key(void *user, const char *section, const char *name, const char *value)
{
        struct file_parse *f = user;
        const struct key *key = find_key(section, name);
        int line = f->reading;
        int r;

        if (!key && *section == '\0') {
                file_error(f, line, "", "", name, "a section such as [server] before it");
                return 0;
        }
        if (!key) {
                _cleanup_(free_p) char *expected = list_known(section);

                file_error(f, line, section, "", name, expected ? expected : "another name");
                return 0;
        }
        if (f->seen[key - keys] && !key->repeatable) {
                file_error(f, line, section, name, value, "the key once");
                return 0;
        }
        f->seen[key - keys] = true;
        r = key->set(f->settings, value ? value : "");
        if (r == -ENOMEM)
                f->failure = r;
        else if (r < 0)
                file_error(f, line, section, name, value ? value : "", key->expected);
        return r == 0;
}

static bool is_blank(char c)
{
        return c == ' ' || (c >= '\t' && c <= '\r');
}

static void trim_end(char *line)
{
        size_t len = strlen(line);

        while (len > 0 && is_blank(line[len - 1]))
                line[--len] = '\0';
}

/* As libinih does: a semicolon after a blank begins a comment. */
static void cut_comment(char *line)
{
        for (char *c = strchr(line, ';'); c; c = strchr(c + 1, ';'))
                if (c == line || is_blank(c[-1])) {
                        *c = '\0';
                        break;
                }
        trim_end(line);
}

/*
 * libinih passes over a section without keys and over what follows a ']', and takes ':' for '=':
 * what it would misread is an error before it sees it.
 */
static bool line_check(struct file_parse *f, char *line)
{
        size_t len = strlen(line);
        char *separator = strpbrk(line, "=:");

        if (*line != '[') {
                if (separator && *separator == '=')
                        return true;
        } else if (strchr(line, ']') == line + len - 1) {
                _cleanup_(free_p) char *expected = list_known(NULL);
                bool known;

                line[len - 1] = '\0';
                known = section_known(line + 1);
                if (!known)
                        file_error(f, f->reading, "", "", line + 1,
                                   expected ? expected : "another section");
                line[len - 1] = ']';
                return known;
        }
        file_error(f, f->reading, "", "", line, "'[section]' or 'key = value'");
        return false;
}

/* The next line without the blanks around it; *len is its length. NULL: there is none. */
static const char *next_line(struct file_parse *f, size_t *len)
{
        static const char bom[] = { '\xef', '\xbb', '\xbf' };
        const char *line = f->pos, *end;

        if (line == f->end)
                return NULL;
        end = memchr(line, '\n', (size_t)(f->end - line));
        f->pos = end ? end + 1 : f->end;
        if (!end)
                end = f->end;
        if (f->reading++ == 0 && end - line >= 3 && memcmp(line, bom, sizeof(bom)) == 0)
                line += sizeof(bom);
        while (line < end && is_blank(*line))
                line++;
        while (end > line && is_blank(end[-1]))
                end--;
        *len = (size_t)(end - line);
        return line;
}

/*
 * fgets() for libinih, which would cut a line longer than its buffer without a word, and take an
 * indented key for a second line of the value before it.
 */
static char *read_line(char *out, int size, void *user)
{
        struct file_parse *f = user;
        const char *line;
        size_t len;

        if (f->line || f->failure || !(line = next_line(f, &len)))
                return NULL;
        if (memchr(line, '\0', len)) {
                file_error(f, f->reading, "", "", "a NUL byte", "text");
                return NULL;
        }
        if (len > 0 && (*line == '#' || *line == ';'))
                len = 0;
        if (len + sizeof("\n") > (size_t)size) {
                file_error(f, f->reading, "", "", "a longer line", "lines of less than 200 bytes");
                return NULL;
        }
        memcpy(out, line, len);
        out[len] = '\0';
        cut_comment(out);
        if (*out != '\0' && !line_check(f, out))
                return NULL;
        strcat(out, "\n");
        return out;
}

int settings_parse_file_text(struct settings *settings, const char *name, const char *text,
                             size_t len, error_text *error)
{
        struct file_parse f = {
                .settings = settings, .name = name, .pos = text, .end = text + len
        };
        int bad_line = ini_parse_stream(read_line, &f, on_key, &f);

        *error = NULL;
        /* All that libinih refuses was refused before, but a later one may be stricter. */
        if (bad_line > 0 && f.failure == 0 && !f.line)
                file_error(&f, bad_line, "", "", "a malformed line",
                           "'[section]' or 'key = value'");
        if (bad_line < 0 && f.failure == 0)
                f.failure = -ENOMEM;
        if (f.failure < 0) {
                free(f.error);
                return f.failure;
        }
        *error = f.error;
        return f.line ? -EINVAL : 0;
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
                if (asprintf(error, "configuration file '%s': %s, expected a readable file", path,
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

void settings_print(const struct settings *settings, FILE *out)
{
        for (size_t i = 0; i < N_KEYS; i++) {
                if (i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0)
                        fprintf(out, "%s[%s]\n", i ? "\n" : "", keys[i].section);
                if (keys[i].repeatable && settings->n_listen == 0)
                        fputc('#', out);
                fprintf(out, "%s = ", keys[i].name);
                keys[i].print(settings, out);
                fputc('\n', out);
        }
}
