/* SPDX-License-Identifier: MIT */
#include "settings_key.h"

#include "buffer.h"
#include "cleanup.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

/* Room for what was seen; there are fewer keys. */
#define KEYS_MAX 64

struct file_parse {
        struct settings *settings;
        const char *name;
        const char *pos, *end; /* of the text that was not read yet */
        int reading;           /* the line that libinih is at; Debian's does not tell its handler */
        int line;              /* of the first error; 0: none yet */
        bool seen[KEYS_MAX];
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
        for (size_t i = 0; i < settings_n_keys; i++) {
                bool first_of_section = i == 0 || strcmp(settings_keys[i].section,
                                                         settings_keys[i - 1].section) != 0;

                if (section ? strcmp(settings_keys[i].section, section) != 0 : !first_of_section)
                        continue;
                buffer_printf(&text, "%s%s", comma,
                              section ? settings_keys[i].name : settings_keys[i].section);
                comma = ", ";
        }
        buffer_add_char(&text, '\0');
        if (buffer_failed(&text))
                buffer_release(&text);
        return text.data;
}

static bool section_known(const char *section)
{
        for (size_t i = 0; i < settings_n_keys; i++)
                if (strcmp(settings_keys[i].section, section) == 0)
                        return true;
        return false;
}

static const struct settings_key *find_key(const char *section, const char *name)
{
        for (size_t i = 0; i < settings_n_keys; i++)
                if (strcmp(settings_keys[i].section, section) == 0 &&
                    strcmp(settings_keys[i].name, name) == 0)
                        return &settings_keys[i];
        return NULL;
}

static int on_key(void *user, const char *section, const char *name, const char *value)
{
        struct file_parse *f = user;
        const struct settings_key *key = find_key(section, name);
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
        if (f->seen[key - settings_keys] && !key->repeatable) {
                file_error(f, line, section, name, value, "the key once");
                return 0;
        }
        f->seen[key - settings_keys] = true;
        r = settings_set(f->settings, key, value ? value : "");
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
