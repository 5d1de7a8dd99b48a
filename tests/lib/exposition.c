/* SPDX-License-Identifier: MIT */
#include "exposition.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct exposition {
        bool openmetrics, ended;
        json_t *families, *series; /* sets of those that were there */
        char *name;                /* of the family whose samples may come */
        char *type;                /* "counter", …; NULL: no TYPE yet */
        bool has_samples;
};

/* Whether it was not there yet. */
static bool set_add(json_t *set, const char *text, size_t len)
{
        char *key = strndup(text, len);
        bool added = key && !json_object_get(set, key);

        if (key)
                json_object_set_new(set, key, json_true());
        free(key);
        return added;
}

static size_t name_length(const char *s, bool metric)
{
        size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789:");

        if (*s >= '0' && *s <= '9')
                return 0;
        return !metric && memchr(s, ':', len) ? 0 : len;
}

static bool is_utf8(const char *text, size_t len)
{
        json_t *string = json_stringn(text, len);
        bool valid = string != NULL;

        json_decref(string);
        return valid;
}

static const char *begin_family(struct exposition *e, const char *name, size_t len)
{
        if (e->name && strlen(e->name) == len && memcmp(e->name, name, len) == 0)
                return e->has_samples ? "a comment on a family among its samples" : NULL;
        if (!set_add(e->families, name, len))
                return "a family for the second time";
        free(e->name);
        free(e->type);
        e->name = strndup(name, len);
        e->type = NULL;
        e->has_samples = false;
        return NULL;
}

static const char *check_help(const char *text, bool openmetrics)
{
        for (; *text; text++)
                if (*text == '\\' && *++text != '\\' && *text != 'n' &&
                    !(openmetrics && *text == '"'))
                        return "a wrong escape in HELP";
        return NULL;
}

static const char *check_type(struct exposition *e, const char *type)
{
        static const char *const types[] = { "counter", "gauge",   "info",
                                             "unknown", "untyped", "stateset" };

        if (e->type)
                return "TYPE for the second time";
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
                if (strcmp(type, types[i]) == 0)
                        e->type = strdup(type);
        return e->type ? NULL : "an unknown type";
}

/* "# HELP name text", "# TYPE name type", "# UNIT name unit", "# EOF" */
static const char *check_comment(struct exposition *e, const char *line)
{
        const char *what = line + 2, *name, *rest, *wrong;
        size_t len;

        if (strcmp(line, "# EOF") == 0) {
                e->ended = true;
                return e->openmetrics ? NULL : "EOF outside of OpenMetrics";
        }
        if (strncmp(what, "HELP ", 5) != 0 && strncmp(what, "TYPE ", 5) != 0 &&
            !(e->openmetrics && strncmp(what, "UNIT ", 5) == 0))
                return "a comment that is neither HELP nor TYPE";
        name = what + 5;
        len = name_length(name, true);
        if (len == 0 || name[len] != ' ')
                return "no name of a family";
        rest = name + len + 1;
        wrong = begin_family(e, name, len);
        if (wrong)
                return wrong;
        if (*what == 'H')
                return check_help(rest, e->openmetrics);
        return *what == 'T' ? check_type(e, rest) : NULL;
}

/* Behind '{'; *end becomes what follows '}'. */
static const char *check_labels(const char *s, const char **end)
{
        const char *wrong = NULL;
        json_t *names = json_object();

        while (*s != '}' && !wrong) {
                size_t len = name_length(s, false);

                if (len == 0 || s[len] != '=' || s[len + 1] != '"')
                        wrong = "no label=\"";
                else if (!set_add(names, s, len))
                        wrong = "a label for the second time";
                for (s += len + 2; !wrong && *s != '"'; s++)
                        if (!*s || (*s == '\\' && *++s != '\\' && *s != 'n' && *s != '"'))
                                wrong = "a wrong escape in a label";
                if (!wrong && *++s == ',' && s[1] != '}')
                        s++;
                else if (!wrong && *s != '}')
                        wrong = "no end of the labels";
        }
        json_decref(names);
        *end = s + 1;
        return wrong;
}

/* The sample's name is the family's, or of an OpenMetrics counter or info that and its suffix. */
static bool belongs(const struct exposition *e, const char *name, size_t len)
{
        size_t family = e->name ? strlen(e->name) : 0;
        const char *suffix = "";

        if (!e->type || len < family || memcmp(e->name, name, family) != 0)
                return false;
        if (e->openmetrics && strcmp(e->type, "counter") == 0)
                suffix = "_total";
        if (e->openmetrics && strcmp(e->type, "info") == 0)
                suffix = "_info";
        return len - family == strlen(suffix) && memcmp(name + family, suffix, len - family) == 0;
}

static const char *check_sample(struct exposition *e, const char *line)
{
        size_t len = name_length(line, true);
        const char *value = line + len;
        const char *wrong = NULL;
        char *end;

        if (!belongs(e, line, len))
                return "a sample outside of its family";
        if (*value == '{')
                wrong = check_labels(value + 1, &value);
        if (wrong)
                return wrong;
        if (!set_add(e->series, line, (size_t)(value - line)))
                return "a series for the second time";
        e->has_samples = true;
        if (value[0] != ' ' || value[1] == ' ' || !value[1])
                return "no value";
        strtod(value + 1, &end);
        return *end ? "a value that is no number" : NULL;
}

static const char *check_line(struct exposition *e, const char *line, size_t len)
{
        if (e->ended)
                return "a line behind EOF";
        if (strlen(line) != len || !is_utf8(line, len))
                return "a line that is not UTF-8, or has NUL";
        return strncmp(line, "# ", 2) == 0 ? check_comment(e, line) : check_sample(e, line);
}

const char *exposition_check(const char *text, size_t len, bool openmetrics, size_t *at)
{
        struct exposition e = { .openmetrics = openmetrics,
                                .families = json_object(),
                                .series = json_object() };
        const char *wrong = NULL;

        for (*at = 0; *at < len && !wrong;) {
                const char *line = text + *at, *end = memchr(line, '\n', len - *at);
                char *copy;

                wrong = "a line without an end";
                if (!end)
                        break;
                copy = malloc((size_t)(end - line) + 1);
                if (!copy)
                        break;
                memcpy(copy, line, (size_t)(end - line));
                copy[end - line] = '\0';
                wrong = check_line(&e, copy, (size_t)(end - line));
                free(copy);
                if (!wrong)
                        *at += (size_t)(end - line) + 1;
        }
        if (!wrong && openmetrics && !e.ended)
                wrong = "no EOF";
        json_decref(e.families);
        json_decref(e.series);
        free(e.name);
        free(e.type);
        return wrong;
}
