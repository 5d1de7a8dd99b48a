/* SPDX-License-Identifier: MIT */
/*
 * Pure parsers of the kernel's text formats: bytes in, values and the place of the first error out.
 *
 * Each is an iterator: it returns true and fills its result until the text is used up. A line that
 * does not have the expected form is counted in parser.errors and skipped; what stands around it
 * is not lost. The kernel ends every line with a newline: a last line without one was cut short and
 * counts as an error, because its number may have lost digits. NUL bytes at the end of the text
 * (kernels before 3.x wrote one after the node masks) are no part of it.
 * Nothing allocates; results point into the text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct parser {
        const char *start;
        const char *pos;
        const char *end;
        unsigned errors;
        size_t error_offset;  /* of the first error, in bytes from the start of the text */
        const char *expected; /* what should have been there; a constant */
};

void parse_init(struct parser *p, const char *text, size_t len);
/* Counts an error at a place in the text; for what only the caller can know to be wrong. */
void parse_reject(struct parser *p, const char *at, const char *expected);

/* Value of a hexadecimal digit; -1: it is none. */
int hex_digit(char c);

/* One number alone in its file, in base 10 or 16. -EINVAL with the parser's error fields set. */
int parse_scalar(struct parser *p, unsigned base, uint64_t *value);

/*
 * The number in the name of a directory entry, between prefix and suffix: "node12", as the kernel
 * prints it, without signs, blanks or leading zeros, so that no two names give one number. False if
 * it is none, or above max.
 */
bool parse_numbered_name(const char *name, const char *prefix, const char *suffix, uint64_t max,
                         uint64_t *number);

struct parse_field {
        const char *name;
        size_t name_len;
        uint64_t value; /* bytes where is_bytes, a count otherwise */
        bool is_bytes;  /* the line ended in "kB" */
        int64_t nid;    /* the line began with "Node N"; -1: it did not */
};

/* "Node 3 MemTotal:   123 kB" (nodeN/meminfo) and "MemTotal:  123 kB" (/proc/meminfo). */
bool parse_meminfo(struct parser *p, struct parse_field *field);
/* "numa_hit 123": nodeN/numastat and nodeN/vmstat. */
bool parse_counter(struct parser *p, struct parse_field *field);

struct id_range {
        uint32_t first;
        uint32_t last; /* included */
};

/* "0-3,8": cpulist and the node masks. Ids above max are an error. */
bool parse_list(struct parser *p, uint32_t max, struct id_range *range);
/*
 * "00000000,0000003f": cpumap; 32-bit words in hexadecimal, the most significant first. Ranges come
 * ascending.
 */
struct parse_cpumap {
        struct parser *parser;
        const char *tail; /* the next word to read ends here; NULL: there is none */
        uint32_t base;    /* id of that word's bit 0 */
        uint32_t word;
        unsigned bit;
};
/* -EINVAL, with the parser's error fields set, if the text is no map. */
int parse_cpumap_init(struct parse_cpumap *map, struct parser *p);
bool parse_cpumap_next(struct parse_cpumap *map, struct id_range *range);

/* "10 21 31": one row of nodeN/distance. A value outside 0 … 255 is an error and ends the row. */
bool parse_distance(struct parser *p, uint8_t *distance);

enum zone_figure {
        ZONE_FREE,
        ZONE_MIN,
        ZONE_LOW,
        ZONE_HIGH,
        ZONE_SPANNED,
        ZONE_PRESENT,
        ZONE_MANAGED,
        ZONE_START_PFN,
        NR_ZONE_FIGURES,
};

struct parse_zone {
        uint32_t nid;
        const char *name;
        size_t name_len;
        uint64_t pages[NR_ZONE_FIGURES]; /* START_PFN is a page frame number */
        unsigned known;                  /* bit per zone_figure */
};

/* /proc/zoneinfo, one zone at a time. */
bool parse_zoneinfo(struct parser *p, struct parse_zone *zone);

/* MAX_ORDER was 11 on x86 for ever and is up to 16 elsewhere (ia64 had 17). */
#define BUDDY_ORDERS_MAX 24

struct parse_buddy {
        uint32_t nid;
        const char *name;
        size_t name_len;
        unsigned n_orders;
        uint64_t free_blocks[BUDDY_ORDERS_MAX];
};

/* /proc/buddyinfo: "Node 0, zone   Normal      1 2 3 …". */
bool parse_buddyinfo(struct parser *p, struct parse_buddy *buddy);

enum cpu_mode {
        CPU_USER,
        CPU_NICE,
        CPU_SYSTEM,
        CPU_IDLE,
        CPU_IOWAIT,
        CPU_IRQ,
        CPU_SOFTIRQ,
        CPU_STEAL,
        CPU_GUEST,
        CPU_GUEST_NICE,
        NR_CPU_MODES,
};

struct parse_cpu {
        uint32_t cpu;
        unsigned n_modes; /* older kernels know fewer */
        uint64_t ticks[NR_CPU_MODES];
};

/* /proc/stat: the "cpuN …" lines; the sum line and everything else is passed over. */
bool parse_proc_stat(struct parser *p, struct parse_cpu *cpu);

struct parse_resource {
        unsigned depth; /* 0: not within another one */
        uint64_t start;
        uint64_t last; /* included */
        const char *name;
        size_t name_len;
};

/* /proc/iomem: "  01000000-02002607 : Kernel code"; two blanks a level. */
bool parse_iomem(struct parser *p, struct parse_resource *resource);
