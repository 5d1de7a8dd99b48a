/* SPDX-License-Identifier: MIT */
#include "request.h"

#include "parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The request target. */

static bool is_control(char c)
{
        return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Decodes s in place. In a path '+' is itself, and an encoded slash would pass for a separator. */
static int percent_decode(char *s, bool in_path, const char **reason)
{
        char *out = s;

        for (; *s; s++) {
                char c = *s;

                if (c == '%') {
                        int high = hex_digit(s[1]);
                        int low = high < 0 ? -1 : hex_digit(s[2]);

                        *reason = "a '%' without two hexadecimal digits";
                        if (low < 0)
                                return -EINVAL;
                        c = (char)(high << 4 | low);
                        *reason = "an encoded slash in its path";
                        if (in_path && c == '/')
                                return -EINVAL;
                        s += 2;
                } else if (c == '+' && !in_path) {
                        c = ' ';
                }
                *reason = c ? "a control character" : "an encoded NUL";
                if (is_control(c))
                        return -EINVAL;
                *out++ = c;
        }
        *out = '\0';
        *reason = NULL;
        return 0;
}

static bool is_dot_segment(const char *segment, size_t len)
{
        return (len == 1 && segment[0] == '.') ||
               (len == 2 && segment[0] == '.' && segment[1] == '.');
}

/* path is decoded and begins with a slash. */
static int check_segments(const char *path, const char **reason)
{
        while (*path) {
                const char *segment = path + 1;
                size_t len = strcspn(segment, "/");

                *reason = "an empty path segment";
                if (len == 0 && *segment)
                        return -EINVAL;
                *reason = "a '.' or '..' path segment";
                if (is_dot_segment(segment, len))
                        return -EINVAL;
                path = segment + len;
        }
        *reason = NULL;
        return 0;
}

/* Behind "http://"; NULL: origin form. A server must accept both (RFC 9112, 3.2.2). */
static const char *find_authority(const char *text)
{
        if (strncasecmp(text, "http://", 7) == 0)
                return text + 7;
        if (strncasecmp(text, "https://", 8) == 0)
                return text + 8;
        return NULL;
}

int request_target_parse(struct request_target *target, const char *text, const char **reason)
{
        const char *authority = find_authority(text);
        const char *origin = authority ? authority + strcspn(authority, "/?#") : text;
        bool no_path = authority && *origin != '/';
        size_t len = strlen(origin);
        char *query;
        int r;

        *target = (struct request_target){ .path = NULL };
        /* RFC 9110, 4.2.1: such a URI must be rejected. */
        *reason = "an empty host";
        if (authority && (authority == origin || *authority == ':'))
                return -EINVAL;
        *reason = "no leading slash";
        if (*origin != '/' && !no_path)
                return -EINVAL;
        *reason = "a fragment";
        if (strchr(origin, '#'))
                return -EINVAL;
        target->memory = malloc(len + 2);
        if (!target->memory)
                return -ENOMEM;
        target->memory[0] = '/';
        memcpy(target->memory + no_path, origin, len + 1);

        query = strchr(target->memory, '?');
        if (query)
                *query++ = '\0';
        r = percent_decode(target->memory, true, reason);
        if (r == 0)
                r = check_segments(target->memory, reason);
        if (r < 0) {
                request_target_release(target);
                return r;
        }
        target->path = target->memory;
        target->query = query;
        if (authority) {
                target->authority = strndup(authority, (size_t)(origin - authority));
                if (!target->authority) {
                        request_target_release(target);
                        return -ENOMEM;
                }
        }
        return 0;
}

void request_target_release(struct request_target *target)
{
        free(target->memory);
        free(target->authority);
        *target = (struct request_target){ .path = NULL };
}

int request_next_parameter(char **pos, struct request_parameter *out, const char **reason)
{
        char *key = *pos;
        char *value;
        size_t len;
        int r;

        if (!key)
                return 0;
        key += strspn(key, "&");
        if (!*key)
                return 0;
        len = strcspn(key, "&");
        *pos = key[len] ? key + len + 1 : key + len;
        key[len] = '\0';

        value = strchr(key, '=');
        if (value)
                *value++ = '\0';
        r = percent_decode(key, false, reason);
        if (r == 0 && value)
                r = percent_decode(value, false, reason);
        if (r < 0)
                return r;
        *out = (struct request_parameter){ .key = key, .value = value };
        return 1;
}

/* Header fields: lists of elements with parameters (RFC 9110, 5.6). */

struct span {
        const char *text;
        size_t len;
};

static bool is_token_char(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool span_is(struct span s, const char *text)
{
        return s.len == strlen(text) && strncasecmp(s.text, text, s.len) == 0;
}

static bool span_equal(struct span a, struct span b)
{
        return a.len == b.len && strncasecmp(a.text, b.text, a.len) == 0;
}

static void skip_blanks(const char **p)
{
        *p += strspn(*p, " \t");
}

static bool take_char(const char **p, char c)
{
        skip_blanks(p);
        if (**p != c)
                return false;
        ++*p;
        skip_blanks(p);
        return true;
}

static bool take_token(const char **p, struct span *out)
{
        out->text = *p;
        while (is_token_char(**p))
                ++*p;
        out->len = (size_t)(*p - out->text);
        return out->len > 0;
}

/* A quoted string; out is what stands between the quotes, escapes and all. */
static bool take_quoted(const char **p, struct span *out)
{
        const char *s = *p;

        if (*s++ != '"')
                return false;
        out->text = s;
        for (; *s && *s != '"'; s++)
                if (*s == '\\' && !*++s)
                        return false;
        if (!*s)
                return false;
        out->len = (size_t)(s - out->text);
        *p = s + 1;
        return true;
}

/* After the ';': "name=value"; a name alone has an empty value without text. */
static bool take_parameter(const char **p, struct span *name, struct span *value)
{
        *value = (struct span){ .text = NULL };
        if (!take_token(p, name))
                return false;
        if (**p != '=')
                return true;
        ++*p;
        return take_quoted(p, value) || take_token(p, value);
}

/* "0.5" as thousandths, at most three decimals (RFC 9110, 12.4.2); -1 if malformed. */
static int parse_qvalue(struct span s)
{
        int q, weight = 100;

        if (s.len < 1 || s.len > 5 || (s.text[0] != '0' && s.text[0] != '1'))
                return -1;
        q = (s.text[0] - '0') * 1000;
        if (s.len > 1 && s.text[1] != '.')
                return -1;
        for (size_t i = 2; i < s.len; i++, weight /= 10) {
                if (s.text[i] < '0' || s.text[i] > '9')
                        return -1;
                q += (s.text[i] - '0') * weight;
        }
        return q <= 1000 ? q : -1;
}

/* One element: "type/subtype;a=b;q=0.5", or for codings without the subtype. */
struct accept_range {
        struct span type, subtype;
        const char *parameters; /* where they begin, to be walked again */
        int q;
};

/* The next parameter that describes the media type, that is, one before "q". */
static bool next_media_parameter(const char **p, struct span *name, struct span *value)
{
        while (take_char(p, ';')) {
                if (**p == ';' || **p == ',' || !**p)
                        continue;
                return take_parameter(p, name, value) && !span_is(*name, "q");
        }
        return false;
}

static bool take_range(const char **p, bool media, struct accept_range *out)
{
        struct span name, value;
        bool weighted = false;

        *out = (struct accept_range){ .q = 1000 };
        if (!take_token(p, &out->type))
                return false;
        if (media) {
                if (**p != '/')
                        return false;
                ++*p;
                if (!take_token(p, &out->subtype))
                        return false;
        }
        if (media && span_is(out->type, "*") && !span_is(out->subtype, "*"))
                return false;
        out->parameters = *p;
        while (take_char(p, ';')) {
                if (**p == ';' || **p == ',' || !**p)
                        continue;
                if (!take_parameter(p, &name, &value))
                        return false;
                if (span_is(name, "q") && !weighted) {
                        out->q = value.text ? parse_qvalue(value) : -1;
                        if (out->q < 0)
                                return false;
                        weighted = true;
                } else if (!value.text && !weighted) {
                        return false;
                }
        }
        return **p == ',' || **p == '\0';
}

/* 1; 0 at the end; -EINVAL. Empty elements are allowed. */
static int next_range(const char **p, bool media, struct accept_range *out)
{
        while (**p == ',' || **p == ' ' || **p == '\t')
                ++*p;
        if (!**p)
                return 0;
        return take_range(p, media, out) ? 1 : -EINVAL;
}

static bool offer_has_parameter(const char *parameters, struct span name, struct span value)
{
        struct span n, v;

        while (next_media_parameter(&parameters, &n, &v))
                if (span_equal(n, name) && span_equal(v, value))
                        return true;
        return false;
}

/* How closely the range describes the offer: 0 not at all, 1 for * / *, more for each detail. */
static int range_specificity(const struct accept_range *range, const struct accept_range *offer)
{
        const char *p = range->parameters;
        struct span name, value;
        int specificity = 3;

        if (span_is(range->type, "*"))
                specificity = 1;
        else if (span_equal(range->type, offer->type) && span_is(range->subtype, "*"))
                specificity = 2;
        else if (!span_equal(range->type, offer->type) ||
                 !span_equal(range->subtype, offer->subtype))
                return 0;
        while (next_media_parameter(&p, &name, &value)) {
                if (span_is(name, "escaping") ||
                    (span_is(name, "charset") && span_is(value, "utf-8")))
                        continue;
                if (!offer_has_parameter(offer->parameters, name, value))
                        return 0;
                specificity++;
        }
        return specificity;
}

/* The weight of an offered type: that of the most specific range; -EINVAL for a malformed header.
 */
static int offer_weight(const char *header, const char *offered)
{
        struct accept_range offer, range;
        int best = 0, q = 0, r;

        if (!take_range(&offered, true, &offer))
                return -EINVAL;
        while ((r = next_range(&header, true, &range)) > 0) {
                int specificity = range_specificity(&range, &offer);

                if (specificity > best) {
                        best = specificity;
                        q = range.q;
                } else if (specificity == best && best > 0 && range.q > q) {
                        q = range.q;
                }
        }
        return r < 0 ? r : q;
}

int accept_choose(const char *header, const char *const offered[], size_t n_offered)
{
        int best = -1, best_q = 0;

        if (!header || !header[strspn(header, " \t,")])
                return 0;
        for (size_t i = 0; i < n_offered; i++) {
                int q = offer_weight(header, offered[i]);

                if (q < 0)
                        return 0;
                if (q > best_q) {
                        best_q = q;
                        best = (int)i;
                }
        }
        return best;
}

bool accept_gzip(const char *header)
{
        int gzip = -1, identity = -1, any = -1, r;
        struct accept_range range;

        if (!header)
                return false;
        while ((r = next_range(&header, false, &range)) > 0) {
                if (span_is(range.type, "gzip") || span_is(range.type, "x-gzip"))
                        gzip = range.q > gzip ? range.q : gzip;
                else if (span_is(range.type, "identity"))
                        identity = range.q;
                else if (span_is(range.type, "*"))
                        any = range.q;
        }
        if (gzip < 0)
                gzip = any;
        return r == 0 && gzip > 0 && gzip >= identity;
}

/* "W/" counts for nothing in weak comparison (RFC 9110, 8.8.3.2). */
static bool take_etag(const char **p, struct span *out)
{
        const char *s = *p;

        if (s[0] == 'W' && s[1] == '/')
                s += 2;
        if (*s != '"')
                return false;
        out->text = s++;
        while (*s && *s != '"')
                s++;
        if (!*s)
                return false;
        out->len = (size_t)(++s - out->text);
        *p = s;
        return true;
}

bool etag_list_matches(const char *header, const char *etag)
{
        struct span wanted, tag;

        if (!header || !take_etag(&etag, &wanted))
                return false;
        skip_blanks(&header);
        if (header[0] == '*' && !header[1 + strspn(header + 1, " \t")])
                return true;
        for (;;) {
                header += strspn(header, " \t,");
                if (!take_etag(&header, &tag))
                        return false;
                if (tag.len == wanted.len && memcmp(tag.text, wanted.text, tag.len) == 0)
                        return true;
        }
}

bool parse_seq(const char *text, uint64_t *seq)
{
        uint64_t value = 0;

        if (!*text)
                return false;
        for (; *text; text++) {
                if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
                        return false;
        }
        *seq = value;
        return true;
}

static bool is_host_character(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '-' && c <= '9' && c != '/') || (c && strchr("_~%!$&'()*+,;=", c));
}

bool host_is_valid(const char *value)
{
        const char *port = value;

        if (*value == '[') {
                port += 1 + strspn(value + 1, "0123456789abcdefABCDEF:.");
                if (*port++ != ']')
                        return false;
        } else {
                while (is_host_character(*port))
                        port++;
        }
        if (*port == ':')
                for (port++; *port >= '0' && *port <= '9';)
                        port++;
        return *port == '\0';
}
