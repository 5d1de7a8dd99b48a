/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <errno.h>
#include <string.h>

void parse_init(struct parser *p, const char *text, size_t len)
{
        while (len > 0 && text[len - 1] == '\0')
                len--;
        *p = (struct parser){ .start = text, .pos = text, .end = text + len };
}

void parse_reject(struct parser *p, const char *at, const char *expected)
{
        if (p->errors++ == 0) {
                p->error_offset = (size_t)(at - p->start);
                p->expected = expected;
        }
}

/* The rest of the line without its newline; the position moves behind it. NULL: cut short, or at
 * the end. */
static const char *next_line(struct parser *p, const char **eol)
{
        const char *line = p->pos;

        if (line == p->end)
                return NULL;
        *eol = memchr(line, '\n', (size_t)(p->end - line));
        if (!*eol) {
                parse_reject(p, p->end, "a newline at the end of the last line");
                p->pos = p->end;
                return NULL;
        }
        p->pos = *eol + 1;
        return line;
}

static const char *skip_blanks(const char *s, const char *end)
{
        while (s < end && (*s == ' ' || *s == '\t'))
                s++;
        return s;
}

int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

/* So many digits always fit into 64 bits. */
#define DIGITS_THAT_FIT 19

/* Returns where the number ends; NULL if there is none or it does not fit. */
static const char *scan_number(const char *s, const char *end, uint64_t *value)
{
        const char *first = s;
        uint64_t v = 0;

        for (; s < end; s++) {
                unsigned digit = (unsigned)*s - '0';

                if (digit > 9)
                        break;
                if (s - first < DIGITS_THAT_FIT)
                        v = v * 10 + digit;
                else if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v))
                        return NULL;
        }
        *value = v;
        return s > first ? s : NULL;
}

static const char *scan_hex(const char *s, const char *end, uint64_t *value)
{
        const char *first = s;
        uint64_t v = 0;
        int digit;

        for (; s < end && (digit = hex_digit(*s)) >= 0; s++) {
                if (v >> 60)
                        return NULL;
                v = v << 4 | (unsigned)digit;
        }
        *value = v;
        return s > first ? s : NULL;
}

static const char *scan_u32(const char *s, const char *end, uint32_t *value)
{
        uint64_t v;

        s = scan_number(s, end, &v);
        if (!s || v > UINT32_MAX)
                return NULL;
        *value = (uint32_t)v;
        return s;
}

static const char *scan_word(const char *s, const char *end, const char *word)
{
        size_t len = strlen(word);

        return (size_t)(end - s) >= len && memcmp(s, word, len) == 0 ? s + len : NULL;
}

int parse_scalar(struct parser *p, unsigned base, uint64_t *value)
{
        const char *eol, *end, *line = next_line(p, &eol);

        if (!line) {
                if (!p->errors)
                        parse_reject(p, p->pos, "a number");
                return -EINVAL;
        }
        if (base == 16 && scan_word(line, eol, "0x"))
                line += 2;
        end = base == 16 ? scan_hex(line, eol, value) : scan_number(line, eol, value);
        if (end == eol && p->pos == p->end)
                return 0;
        parse_reject(p, line, base == 16 ? "one hexadecimal number" : "one number");
        return -EINVAL;
}

bool parse_numbered_name(const char *name, const char *prefix, const char *suffix, uint64_t max,
                         uint64_t *number)
{
        const char *digits = scan_word(name, name + strlen(name), prefix);
        const char *end = digits ? scan_number(digits, name + strlen(name), number) : NULL;

        return end && (*digits != '0' || end == digits + 1) && strcmp(end, suffix) == 0 &&
               *number <= max;
}

/*
 * Returns where the name ends: at the character that may follow it or at the end. A name goes into
 * metrics and JSON: a NUL or half a UTF-8 sequence in it is damage, and then it is NULL.
 */
static const char *scan_name(const char *s, const char *end, char follows)
{
        const char *first = s;

        for (; s < end && *s != follows; s++)
                if (*s <= ' ' || *s > '~')
                        return NULL;
        return s > first ? s : NULL;
}

static bool scan_meminfo(const char *s, const char *eol, struct parse_field *field)
{
        const char *colon, *after = scan_word(s, eol, "Node ");
        uint32_t nid;

        field->nid = -1;
        if (after) {
                s = scan_u32(after, eol, &nid);
                if (!s || s == eol || *s != ' ')
                        return false;
                s++;
                field->nid = nid;
        }
        colon = scan_name(s, eol, ':');
        if (!colon || colon == eol)
                return false;
        field->name = s;
        field->name_len = (size_t)(colon - s);
        s = scan_number(skip_blanks(colon + 1, eol), eol, &field->value);
        if (!s)
                return false;
        field->is_bytes = s < eol;
        if (!field->is_bytes)
                return true;
        return scan_word(s, eol, " kB") == eol &&
               !__builtin_mul_overflow(field->value, UINT64_C(1024), &field->value);
}

bool parse_meminfo(struct parser *p, struct parse_field *field)
{
        const char *eol, *line;

        /* drivers/base/node.c of Linux 2.6 starts with a newline. */
        if (p->pos == p->start && p->end - p->pos > 1 && *p->pos == '\n')
                p->pos++;
        while ((line = next_line(p, &eol))) {
                if (scan_meminfo(line, eol, field))
                        return true;
                parse_reject(p, line, "\"Node N Name: NUMBER kB\"");
        }
        return false;
}

bool parse_counter(struct parser *p, struct parse_field *field)
{
        const char *eol, *line;

        while ((line = next_line(p, &eol))) {
                const char *blank = scan_name(line, eol, ' ');

                if (blank && blank < eol && scan_number(blank + 1, eol, &field->value) == eol) {
                        field->name = line;
                        field->name_len = (size_t)(blank - line);
                        field->is_bytes = false;
                        field->nid = -1;
                        return true;
                }
                parse_reject(p, line, "\"name NUMBER\"");
        }
        return false;
}

bool parse_list(struct parser *p, uint32_t max, struct id_range *range)
{
        const char *s = p->pos;

        if (s == p->end || (s == p->start && *s == '\n' && s + 1 == p->end))
                return false;
        if (s == p->start && p->end[-1] != '\n') {
                parse_reject(p, p->end, "a newline at the end of the list");
                return false;
        }
        s = scan_u32(s, p->end, &range->first);
        range->last = range->first;
        if (s && *s == '-')
                s = scan_u32(s + 1, p->end, &range->last);
        if (!s || range->last < range->first || range->last > max ||
            (*s != ',' && !(*s == '\n' && s + 1 == p->end))) {
                parse_reject(p, p->pos, "a list of ids such as \"0-3,8\"");
                p->pos = p->end;
                return false;
        }
        p->pos = s + 1;
        return true;
}

static bool cpumap_valid(const char *s, const char *end)
{
        const char *word = s;

        for (; s < end; s++) {
                if (*s == ',' ? s == word : hex_digit(*s) < 0 || s - word >= 8)
                        return false;
                if (*s == ',')
                        word = s + 1;
        }
        return s > word;
}

int parse_cpumap_init(struct parse_cpumap *map, struct parser *p)
{
        const char *eol, *line = next_line(p, &eol);

        if (!line || !cpumap_valid(line, eol) || p->pos != p->end) {
                parse_reject(p, line ? line : p->pos, "32-bit words such as \"00000000,0000003f\"");
                return -EINVAL;
        }
        *map = (struct parse_cpumap){ .parser = p, .tail = eol, .bit = 32 };
        map->base = (uint32_t)-32;
        return 0;
}

static bool cpumap_next_word(struct parse_cpumap *map)
{
        const char *first = map->tail;
        uint64_t word;

        if (!first)
                return false;
        while (first > map->parser->start && first[-1] != ',')
                first--;
        scan_hex(first, map->tail, &word);
        map->word = (uint32_t)word;
        map->tail = first > map->parser->start ? first - 1 : NULL;
        map->base += 32;
        map->bit = 0;
        return true;
}

static bool cpumap_bit(struct parse_cpumap *map, bool *set)
{
        if (map->bit == 32 && !cpumap_next_word(map))
                return false;
        *set = map->word >> map->bit & 1;
        map->bit++;
        return true;
}

bool parse_cpumap_next(struct parse_cpumap *map, struct id_range *range)
{
        bool set;

        do {
                if (!cpumap_bit(map, &set))
                        return false;
        } while (!set);
        range->first = range->last = map->base + map->bit - 1;
        while (cpumap_bit(map, &set)) {
                if (!set)
                        break;
                range->last = map->base + map->bit - 1;
        }
        return true;
}

bool parse_distance(struct parser *p, uint8_t *distance)
{
        const char *s = p->pos;
        uint64_t value;

        if (s == p->end)
                return false;
        if (s == p->start && p->end[-1] != '\n') {
                parse_reject(p, p->end, "a newline at the end of the row");
                return false;
        }
        if (*s == '\n' && s + 1 == p->end && s > p->start)
                return false;
        s = scan_number(s, p->end, &value);
        if (!s || value > UINT8_MAX || (*s != ' ' && *s != '\n')) {
                parse_reject(p, p->pos, "distances such as \"10 21\"");
                p->pos = p->end;
                return false;
        }
        *distance = (uint8_t)value;
        p->pos = *s == ' ' ? s + 1 : s;
        return true;
}

/* "Node 0, zone   Normal": the head of a zone in zoneinfo and buddyinfo. Returns where the name
 * ends. */
static const char *scan_zone_head(const char *s, const char *eol, uint32_t *nid, const char **name)
{
        const char *after = scan_word(s, eol, "Node ");

        after = after ? scan_u32(after, eol, nid) : NULL;
        after = after ? scan_word(after, eol, ", zone") : NULL;
        if (!after)
                return NULL;
        *name = skip_blanks(after, eol);
        return scan_name(*name, eol, ' ');
}

/* Takes the line's figure if it holds one of those wanted; false if that is no number. */
static bool zone_figure(struct parse_zone *zone, const char *s, const char *eol)
{
        static const struct {
                const char *label;
                enum zone_figure figure;
        } figures[] = {
                { "pages free", ZONE_FREE }, { "min", ZONE_MIN },
                { "low", ZONE_LOW },         { "high", ZONE_HIGH },
                { "spanned", ZONE_SPANNED }, { "present", ZONE_PRESENT },
                { "managed", ZONE_MANAGED }, { "start_pfn:", ZONE_START_PFN },
        };

        for (size_t i = 0; s < eol && i < sizeof(figures) / sizeof(figures[0]); i++) {
                enum zone_figure f = figures[i].figure;
                const char *after;

                /* Hundreds of lines of other figures come to each zone: most part company here. */
                if (*s != *figures[i].label)
                        continue;
                after = scan_word(s, eol, figures[i].label);
                /* "high:  0" is a per-CPU list's, "high  123" the zone's. */
                if (!after || after == eol || *after != ' ')
                        continue;
                if (scan_number(skip_blanks(after, eol), eol, &zone->pages[f]) != eol)
                        return false;
                zone->known |= 1U << f;
                return true;
        }
        return true;
}

bool parse_zoneinfo(struct parser *p, struct parse_zone *zone)
{
        const char *eol, *line, *head_end = NULL;

        *zone = (struct parse_zone){ .name = NULL };
        while (p->pos < p->end && (line = next_line(p, &eol))) {
                head_end = scan_zone_head(line, eol, &zone->nid, &zone->name);
                if (head_end == eol)
                        break;
                head_end = NULL;
                parse_reject(p, line, "\"Node N, zone NAME\"");
        }
        if (!head_end)
                return false;
        zone->name_len = (size_t)(head_end - zone->name);
        while (p->pos < p->end && *p->pos == ' ' && (line = next_line(p, &eol)))
                if (!zone_figure(zone, skip_blanks(line, eol), eol))
                        parse_reject(p, line, "a number of pages");
        return true;
}

static bool scan_orders(const char *s, const char *eol, struct parse_buddy *buddy)
{
        buddy->n_orders = 0;
        for (s = skip_blanks(s, eol); s < eol; s = skip_blanks(s, eol)) {
                if (buddy->n_orders == BUDDY_ORDERS_MAX)
                        return false;
                s = scan_number(s, eol, &buddy->free_blocks[buddy->n_orders]);
                if (!s || (s < eol && *s != ' '))
                        return false;
                buddy->n_orders++;
        }
        return buddy->n_orders > 0;
}

bool parse_buddyinfo(struct parser *p, struct parse_buddy *buddy)
{
        const char *eol, *line;

        while ((line = next_line(p, &eol))) {
                const char *end = scan_zone_head(line, eol, &buddy->nid, &buddy->name);

                if (end && scan_orders(end, eol, buddy)) {
                        buddy->name_len = (size_t)(end - buddy->name);
                        return true;
                }
                parse_reject(p, line, "\"Node N, zone NAME COUNT …\"");
        }
        return false;
}

static bool scan_cpu(const char *s, const char *eol, struct parse_cpu *cpu)
{
        s = scan_u32(s, eol, &cpu->cpu);
        for (cpu->n_modes = 0; s && s < eol && cpu->n_modes < NR_CPU_MODES; cpu->n_modes++) {
                if (*s != ' ')
                        return false;
                s = scan_number(s + 1, eol, &cpu->ticks[cpu->n_modes]);
        }
        return s && (s == eol || *s == ' ') && cpu->n_modes > 0;
}

bool parse_proc_stat(struct parser *p, struct parse_cpu *cpu)
{
        const char *eol, *line;

        while ((line = next_line(p, &eol))) {
                const char *id = scan_word(line, eol, "cpu");

                if (!id || id == eol || *id == ' ')
                        continue;
                if (scan_cpu(id, eol, cpu))
                        return true;
                parse_reject(p, line, "\"cpuN TICKS …\"");
        }
        return false;
}

static bool scan_resource(const char *s, const char *eol, struct parse_resource *resource)
{
        const char *line = s;

        s = skip_blanks(s, eol);
        resource->depth = (unsigned)(s - line) / 2;
        s = scan_hex(s, eol, &resource->start);
        if (!s || s == eol || *s != '-')
                return false;
        s = scan_hex(s + 1, eol, &resource->last);
        s = s ? scan_word(s, eol, " : ") : NULL;
        if (!s || s == eol || resource->last < resource->start)
                return false;
        for (const char *c = s; c < eol; c++)
                if ((unsigned char)*c < ' ')
                        return false;
        resource->name = s;
        resource->name_len = (size_t)(eol - s);
        return true;
}

bool parse_iomem(struct parser *p, struct parse_resource *resource)
{
        const char *eol, *line;

        while ((line = next_line(p, &eol))) {
                if (scan_resource(line, eol, resource))
                        return true;
                parse_reject(p, line, "\"START-END : NAME\"");
        }
        return false;
}
