/* SPDX-License-Identifier: MIT */
#include "firmware.h"
#include "pxm.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A table under construction; seal() makes its length and checksum right. */
struct table {
        uint8_t bytes[1024];
        size_t len;
};

static void put(struct table *t, size_t size, uint64_t value)
{
        assert_true(t->len + size <= sizeof(t->bytes));
        for (size_t i = 0; i < size; i++)
                t->bytes[t->len++] = (uint8_t)(i < 8 ? value >> 8 * i : 0);
}

static void put_at(struct table *t, size_t at, size_t size, uint64_t value)
{
        for (size_t i = 0; i < size; i++)
                t->bytes[at + i] = (uint8_t)(value >> 8 * i);
}

static struct table begin(const char *signature, uint8_t revision, size_t reserved)
{
        struct table t = { .len = 36 };

        memcpy(t.bytes, signature, 4);
        t.bytes[8] = revision;
        memcpy(t.bytes + 10, "NUMAD TESTTABL", 14);
        put(&t, reserved, 0);
        return t;
}

static void seal(struct table *t)
{
        uint8_t sum = 0;

        put_at(t, 4, 4, t->len);
        t->bytes[9] = 0;
        for (size_t i = 0; i < t->len; i++)
                sum = (uint8_t)(sum + t->bytes[i]);
        t->bytes[9] = (uint8_t)-sum;
}

static void add_x2apic(struct table *t, uint32_t pxm, uint32_t id, uint32_t flags)
{
        put(t, 4, 0x1802);
        put(t, 4, pxm);
        put(t, 4, id);
        put(t, 4, flags);
        put(t, 8, 0);
}

static void add_memory(struct table *t, uint32_t pxm, uint64_t base, uint64_t length,
                       uint32_t flags)
{
        put(t, 2, 0x2801);
        put(t, 4, pxm);
        put(t, 2, 0);
        put(t, 8, base);
        put(t, 8, length);
        put(t, 4, 0);
        put(t, 4, flags);
        put(t, 8, 0);
}

/* type 5: generic initiator, 6: generic port */
static void add_generic(struct table *t, uint8_t type, uint32_t pxm, uint32_t flags)
{
        put(t, 4, (uint64_t)0x2000 | type);
        put(t, 4, pxm);
        put(t, 8, 0x1122334455667788);
        put(t, 8, 0);
        put(t, 4, flags);
        put(t, 4, 0);
}

static struct table small_srat(void)
{
        struct table t = begin("SRAT", 3, 12);

        add_x2apic(&t, 0, 0, 1);
        add_memory(&t, 1, 0, 0x1000000, 1);
        seal(&t);
        return t;
}

/* Decodes from an exact copy on the heap, so that a byte read past the end is seen, into what was
 * something else before. */
#define DECODE(name, t, out, fault)                                        \
        ({                                                                 \
                struct firmware_fault *fault_ = (fault);                   \
                uint8_t *copy_ = malloc((t)->len + 1);                     \
                assert_non_null(copy_);                                    \
                uint8_t *exact_ = realloc(copy_, (t)->len ? (t)->len : 1); \
                memcpy(exact_, (t)->bytes, (t)->len);                      \
                memset((out), 0xa5, sizeof(*(out)));                       \
                if (fault_)                                                \
                        memset(fault_, 0xa5, sizeof(*fault_));             \
                int r_ = name##_decode(exact_, (t)->len, (out), fault_);   \
                free(exact_);                                              \
                r_;                                                        \
        })

static void assert_fault(const struct firmware_fault *fault, const char *line)
{
        char text[200];

        firmware_fault_print(fault, text, sizeof(text));
        assert_string_equal(text, line);
}

/* A table that iasl compiled from tests/unit/acpi/NAME.asl, in $ACPI_DIR. */
static struct table load(const char *name)
{
        const char *dir = getenv("ACPI_DIR");
        struct table t = { .len = 0 };
        char path[4096];
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s.aml", dir ? dir : "tests/unit/acpi", name);
        file = fopen(path, "rb");
        if (!file)
                skip();
        t.len = fread(t.bytes, 1, sizeof(t.bytes), file);
        fclose(file);
        return t;
}

static void srat_compiled_by_iasl_decodes_in_every_field(void **state)
{
        (void)state;
        struct table t = load("srat");
        struct firmware_fault fault;
        struct srat srat;

        assert_int_equal(DECODE(srat, &t, &srat, &fault), 0);
        assert_int_equal(fault.code, FIRMWARE_NO_FAULT);
        assert_fault(&fault, "SRAT: no fault");
        assert_string_equal(srat.header.oem_id, "NUMAD ");
        assert_string_equal(srat.header.oem_table_id, "EVERY   ");
        assert_int_equal(srat.header.revision, 3);
        assert_int_equal(srat.header.structures, 8);
        assert_int_equal(srat.n_cpus, 4);
        assert_int_equal(srat.cpus[0].type, SRAT_X2APIC);
        assert_int_equal(srat.cpus[0].pxm, 5);
        assert_int_equal(srat.cpus[0].id, 0x100);
        assert_int_equal(srat.cpus[0].clock_domain, 0x11);
        assert_int_equal(srat.cpus[1].type, SRAT_PROCESSOR);
        assert_int_equal(srat.cpus[1].pxm, 3);
        assert_int_equal(srat.cpus[1].id, 7);
        assert_int_equal(srat.cpus[1].sapic_eid, 9);
        assert_int_equal(srat.cpus[1].clock_domain, 0x22);
        assert_false(srat.cpus[2].enabled);
        assert_int_equal(srat.cpus[3].type, SRAT_GICC);
        assert_int_equal(srat.cpus[3].id, 0x42);
        assert_int_equal(srat.cpus[3].clock_domain, 0x33);
        assert_int_equal(srat.n_its, 1);
        assert_int_equal(srat.its[0].pxm, 6);
        assert_int_equal(srat.its[0].its_id, 1);
        assert_int_equal(srat.n_memory, 2);
        assert_int_equal(srat.memory[0].length, 0x80000000);
        assert_false(srat.memory[0].hotpluggable);
        assert_true(srat.memory[1].enabled);
        assert_true(srat.memory[1].hotpluggable);
        assert_true(srat.memory[1].nonvolatile);
        assert_int_equal(srat.memory[1].base, 0x100000000);
        assert_int_equal(srat.n_generic, 1);
        assert_int_equal(srat.generic[0].handle_type, 1);
        assert_int_equal(srat.generic[0].handle[2], 0xcd);
        srat_free(&srat);
}

static void generic_ports_and_rintc_are_decoded(void **state)
{
        (void)state;
        struct table t = begin("SRAT", 3, 12);
        struct srat srat;

        add_generic(&t, 6, 4, 1);
        add_generic(&t, 5, 5, 3);
        put(&t, 4, 0x1407); /* RINTC */
        put(&t, 4, 0x80000001);
        put(&t, 4, 77);
        put(&t, 4, 1);
        put(&t, 4, 5);
        seal(&t);
        assert_int_equal(DECODE(srat, &t, &srat, NULL), 0);
        assert_int_equal(srat.generic[0].type, SRAT_GENERIC_PORT);
        assert_false(srat.generic[0].architectural);
        assert_int_equal(srat.generic[1].type, SRAT_GENERIC_INITIATOR);
        assert_true(srat.generic[1].architectural);
        assert_int_equal(srat.cpus[0].type, SRAT_RINTC);
        assert_int_equal(srat.cpus[0].pxm, 0x80000001);
        assert_int_equal(srat.cpus[0].id, 77);
        assert_true(srat.cpus[0].enabled);
        assert_int_equal(srat.cpus[0].clock_domain, 5);
        srat_free(&srat);
}

static uint64_t get(const struct table *t, size_t at, size_t size)
{
        uint64_t value = 0;

        for (size_t i = 0; i < size; i++)
                value |= (uint64_t)t->bytes[at + i] << 8 * i;
        return value;
}

/* A structure of that length in which no two bytes behind its head are the same. */
static size_t add_distinct(struct table *t, size_t head_size, uint64_t head, size_t len)
{
        size_t at = t->len;

        put(t, head_size, head);
        for (size_t i = head_size; i < len; i++)
                put(t, 1, (uint8_t)(37 * i + 11));
        return at;
}

/* One whose bytes are all the same but for the flags. */
static void add_flags(struct table *t, size_t head_size, uint64_t head, size_t len, uint8_t rest,
                      size_t flags_at, size_t flags_size, uint64_t flags)
{
        size_t at = t->len;

        put(t, head_size, head);
        while (t->len < at + len)
                put(t, 1, rest);
        put_at(t, at + flags_at, flags_size, flags);
}

/* ACPI 6.5, 5.2.16.1, .3, .4 and .7; SRAT_PROCESSOR's domain is in two parts. */
static const struct cpu_layout {
        enum srat_type type;
        size_t len, pxm, id, id_size, flags, clock_domain;
} cpu_layouts[] = {
        { SRAT_PROCESSOR, 16, 0, 3, 1, 4, 12 },
        { SRAT_X2APIC, 24, 4, 8, 4, 12, 16 },
        { SRAT_GICC, 18, 2, 6, 4, 10, 14 },
        { SRAT_RINTC, 20, 4, 8, 4, 12, 16 },
};

static void srat_cpus_have_their_fields_where_acpi_says(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(cpu_layouts) / sizeof(cpu_layouts[0]); i++) {
                const struct cpu_layout *l = &cpu_layouts[i];
                struct table t = begin("SRAT", 3, 12);
                size_t at = add_distinct(&t, 2, l->type | l->len << 8, l->len);
                uint64_t pxm = l->type == SRAT_PROCESSOR
                                       ? get(&t, at + 2, 1) | get(&t, at + 9, 3) << 8
                                       : get(&t, at + l->pxm, 4);
                struct srat srat;

                seal(&t);
                assert_int_equal(DECODE(srat, &t, &srat, NULL), 0);
                assert_int_equal(srat.n_cpus, 1);
                assert_int_equal(srat.cpus[0].type, l->type);
                assert_int_equal(srat.cpus[0].offset, at);
                assert_int_equal(srat.cpus[0].pxm, pxm);
                assert_int_equal(srat.cpus[0].id, get(&t, at + l->id, l->id_size));
                assert_int_equal(srat.cpus[0].clock_domain, get(&t, at + l->clock_domain, 4));
                assert_int_equal(srat.cpus[0].sapic_eid,
                                 l->type == SRAT_PROCESSOR ? get(&t, at + 8, 1) : 0);
                srat_free(&srat);
        }
}

static void srat_cpus_are_enabled_by_the_lowest_flag_alone(void **state)
{
        (void)state;
        struct table t = begin("SRAT", 3, 12);
        struct srat srat;

        for (size_t i = 0; i < sizeof(cpu_layouts) / sizeof(cpu_layouts[0]); i++) {
                const struct cpu_layout *l = &cpu_layouts[i];

                add_flags(&t, 2, l->type | l->len << 8, l->len, 0, l->flags, 4, 1);
                add_flags(&t, 2, l->type | l->len << 8, l->len, 0xff, l->flags, 4, 0xfffffffe);
        }
        seal(&t);
        assert_int_equal(DECODE(srat, &t, &srat, NULL), 0);
        assert_int_equal(srat.n_cpus, 8);
        for (size_t i = 0; i < 8; i++)
                assert_int_equal(srat.cpus[i].enabled, i % 2 == 0);
        srat_free(&srat);
}

static void srat_memory_has_its_fields_where_acpi_says(void **state)
{
        (void)state;
        struct table t = begin("SRAT", 3, 12);
        size_t at = add_distinct(&t, 2, 0x2801, 40);
        struct srat srat;

        for (uint32_t bit = 0; bit < 3; bit++) {
                add_flags(&t, 2, 0x2801, 40, 0, 28, 4, 1U << bit);
                add_flags(&t, 2, 0x2801, 40, 0xff, 28, 4, ~(1U << bit));
        }
        seal(&t);
        assert_int_equal(DECODE(srat, &t, &srat, NULL), 0);
        assert_int_equal(srat.n_memory, 7);
        assert_int_equal(srat.memory[0].offset, at);
        assert_int_equal(srat.memory[0].pxm, get(&t, at + 2, 4));
        assert_int_equal(srat.memory[0].base, get(&t, at + 8, 8));
        assert_int_equal(srat.memory[0].length, get(&t, at + 16, 8));
        for (size_t i = 1; i < 7; i++) {
                const struct srat_memory *memory = &srat.memory[i];
                bool alone = i % 2 == 1;

                assert_int_equal(memory->enabled, ((i - 1) / 2 == 0) == alone);
                assert_int_equal(memory->hotpluggable, ((i - 1) / 2 == 1) == alone);
                assert_int_equal(memory->nonvolatile, ((i - 1) / 2 == 2) == alone);
        }
        srat_free(&srat);
}

static void srat_its_and_generic_affinities_have_their_fields_where_acpi_says(void **state)
{
        (void)state;
        struct table t = begin("SRAT", 3, 12);
        size_t its = add_distinct(&t, 2, 0x0c04, 12);
        size_t generic = add_distinct(&t, 2, 0x2005, 32);
        struct srat srat;

        for (uint32_t bit = 0; bit < 2; bit++) {
                add_flags(&t, 2, 0x2006, 32, 0, 24, 4, 1U << bit);
                add_flags(&t, 2, 0x2006, 32, 0xff, 24, 4, ~(1U << bit));
        }
        seal(&t);
        assert_int_equal(DECODE(srat, &t, &srat, NULL), 0);
        assert_int_equal(srat.n_its, 1);
        assert_int_equal(srat.its[0].pxm, get(&t, its + 2, 4));
        assert_int_equal(srat.its[0].its_id, get(&t, its + 8, 4));
        assert_int_equal(srat.n_generic, 5);
        assert_int_equal(srat.generic[0].offset, generic);
        assert_int_equal(srat.generic[0].type, SRAT_GENERIC_INITIATOR);
        assert_int_equal(srat.generic[0].handle_type, get(&t, generic + 3, 1));
        assert_int_equal(srat.generic[0].pxm, get(&t, generic + 4, 4));
        assert_memory_equal(srat.generic[0].handle, t.bytes + generic + 8, 16);
        for (size_t i = 1; i < 5; i++) {
                bool alone = i % 2 == 1;

                assert_int_equal(srat.generic[i].type, SRAT_GENERIC_PORT);
                assert_int_equal(srat.generic[i].enabled, (i <= 2) == alone);
                assert_int_equal(srat.generic[i].architectural, (i > 2) == alone);
        }
        srat_free(&srat);
}

/* drivers/acpi/numa/srat.c: bad_srat() is called for CPUs and memory; for those of a GIC ITS and
 * of generic initiators the kernel only leaves the structure out. */
static void srat_structures_have_a_least_length_and_what_the_kernel_needs_must_have_it(void **state)
{
        (void)state;
        static const struct {
                uint8_t type, least;
                bool needed;
        } structures[] = { { 0, 16, true },  { 1, 40, true },  { 2, 24, true },  { 3, 18, true },
                           { 4, 12, false }, { 5, 32, false }, { 6, 32, false }, { 7, 20, true } };

        for (size_t i = 0; i < sizeof(structures) / sizeof(structures[0]); i++) {
                const uint64_t type = structures[i].type, least = structures[i].least;
                struct table whole = begin("SRAT", 3, 12), cut = whole;
                struct firmware_fault fault;
                struct srat srat;

                add_distinct(&whole, 2, type | least << 8, least);
                seal(&whole);
                assert_int_equal(DECODE(srat, &whole, &srat, &fault), 0);
                assert_int_equal(srat.n_cpus + srat.n_memory + srat.n_its + srat.n_generic, 1);
                assert_int_equal(srat.header.unknown, 0);
                assert_false(srat.unusable);
                srat_free(&srat);

                add_distinct(&cut, 2, type | (least - 1) << 8, least - 1);
                seal(&cut);
                assert_int_equal(DECODE(srat, &cut, &srat, &fault), -EINVAL);
                assert_int_equal(fault.code, FIRMWARE_SHORT_STRUCTURE);
                assert_int_equal(fault.offset, 48);
                assert_int_equal(fault.type, type);
                assert_int_equal(fault.found, least - 1);
                assert_int_equal(fault.expected, least);
                assert_int_equal(srat.n_cpus + srat.n_memory + srat.n_its + srat.n_generic, 0);
                assert_int_equal(srat.unusable, structures[i].needed);
                srat_free(&srat);
        }
}

static void a_table_without_structures_is_in_order(void **state)
{
        (void)state;
        struct table srat_table = begin("SRAT", 3, 12), hmat_table = begin("HMAT", 2, 4);
        struct table cedt_table = begin("CEDT", 1, 0);
        struct srat srat;
        struct hmat hmat;
        struct cedt cedt;

        seal(&srat_table);
        assert_int_equal(DECODE(srat, &srat_table, &srat, NULL), 0);
        assert_int_equal(srat.header.structures, 0);
        assert_false(srat.unusable);
        srat_free(&srat);
        seal(&hmat_table);
        assert_int_equal(DECODE(hmat, &hmat_table, &hmat, NULL), 0);
        assert_int_equal(hmat.header.structures, 0);
        hmat_free(&hmat);
        seal(&cedt_table);
        assert_int_equal(DECODE(cedt, &cedt_table, &cedt, NULL), 0);
        assert_int_equal(cedt.header.structures, 0);
        cedt_free(&cedt);
}

/* What stands in the header, whatever the table; each fault is counted. */
static void the_header_is_decoded(void **state)
{
        (void)state;
        struct table t = small_srat();
        struct srat srat;

        memcpy(t.bytes + 10, "abcdef12345678", 14);
        t.bytes[8] = 7;
        seal(&t);
        assert_int_equal(DECODE(srat, &t, &srat, NULL), 0);
        assert_int_equal(srat.header.revision, 7);
        assert_string_equal(srat.header.oem_id, "abcdef");
        assert_string_equal(srat.header.oem_table_id, "12345678");
        assert_int_equal(srat.header.structures, 2);
        assert_int_equal(srat.header.unknown, 0);
        assert_int_equal(srat.header.errors, 0);
        srat_free(&srat);
        t.bytes[9]++;
        put(&t, 1, 0);
        put_at(&t, 4, 4, t.len);
        assert_int_equal(DECODE(srat, &t, &srat, NULL), -EINVAL);
        assert_int_equal(srat.header.structures, 2);
        assert_int_equal(srat.header.errors, 2);
        srat_free(&srat);
}

/* The least that a structure can be is its type and length: 2 bytes in the SRAT, 8 in the HMAT, 4
 * in the CEDT. */
static void a_table_may_end_with_a_bare_head_but_not_within_one(void **state)
{
        (void)state;
        struct table s = begin("SRAT", 3, 12), h = begin("HMAT", 2, 4), c = begin("CEDT", 1, 0);
        struct firmware_fault fault;
        struct srat srat;
        struct hmat hmat;
        struct cedt cedt;

        put(&s, 2, 0x02ff);
        seal(&s);
        assert_int_equal(DECODE(srat, &s, &srat, &fault), 0);
        assert_int_equal(srat.header.unknown, 1);
        srat_free(&srat);
        put(&s, 1, 0x01);
        seal(&s);
        assert_int_equal(DECODE(srat, &s, &srat, &fault), -EINVAL);
        assert_fault(&fault, "SRAT: what begins at byte 50 (type 0) ends at byte 52, but the table "
                             "at 51");
        assert_false(srat.unusable);
        srat_free(&srat);

        put(&h, 8, 0x800000003);
        seal(&h);
        assert_int_equal(DECODE(hmat, &h, &hmat, &fault), 0);
        assert_int_equal(hmat.header.unknown, 1);
        hmat_free(&hmat);
        put(&h, 7, 3);
        seal(&h);
        assert_int_equal(DECODE(hmat, &h, &hmat, &fault), -EINVAL);
        assert_fault(&fault, "HMAT: what begins at byte 48 (type 0) ends at byte 56, but the table "
                             "at 55");
        hmat_free(&hmat);

        put(&c, 4, 0x00040002);
        seal(&c);
        assert_int_equal(DECODE(cedt, &c, &cedt, &fault), 0);
        assert_int_equal(cedt.header.unknown, 1);
        cedt_free(&cedt);
        put(&c, 3, 2);
        seal(&c);
        assert_int_equal(DECODE(cedt, &c, &cedt, &fault), -EINVAL);
        assert_fault(&fault, "CEDT: what begins at byte 40 (type 0) ends at byte 44, but the table "
                             "at 43");
        cedt_free(&cedt);
}

/* The length of a structure in the HMAT has 32 bits, in the CEDT 16. */
static void structures_may_be_as_long_as_their_length_can_say(void **state)
{
        (void)state;
        struct table h = begin("HMAT", 2, 4), c = begin("CEDT", 1, 0);
        struct firmware_fault fault;
        struct hmat hmat;
        struct cedt cedt;

        put(&h, 8, 0x87654321ffff0103);
        seal(&h);
        assert_int_equal(DECODE(hmat, &h, &hmat, &fault), -EINVAL);
        assert_fault(&fault, "HMAT: what begins at byte 40 (type 259) ends at byte 2271560521, but "
                             "the table at 48");
        hmat_free(&hmat);
        put(&c, 4, 0x8765ff02);
        seal(&c);
        assert_int_equal(DECODE(cedt, &c, &cedt, &fault), -EINVAL);
        assert_fault(&fault, "CEDT: what begins at byte 36 (type 2) ends at byte 34697, but the "
                             "table at 40");
        cedt_free(&cedt);
        put_at(&c, 38, 2, 0);
        seal(&c);
        assert_int_equal(DECODE(cedt, &c, &cedt, &fault), -EINVAL);
        assert_fault(&fault, "CEDT: structure of type 2 at byte 36 has length 0");
        cedt_free(&cedt);
}

static void a_fault_is_cut_to_the_room_there_is(void **state)
{
        (void)state;
        struct table t = { .len = 0 };
        struct firmware_fault fault;
        char text[12];
        struct cedt cedt;

        assert_int_equal(DECODE(cedt, &t, &cedt, &fault), -EINVAL);
        assert_fault(&fault, "CEDT: 0 bytes, expected at least 36");
        assert_int_equal(firmware_fault_print(&fault, text, sizeof(text)), 35);
        assert_string_equal(text, "CEDT: 0 byt");
        cedt_free(&cedt);
}

static void signatures_show_what_is_printable(void **state)
{
        (void)state;
        struct table t = small_srat();
        struct firmware_fault fault;
        struct srat srat;

        memcpy(t.bytes, "!~ \x7f", 4);
        assert_int_equal(DECODE(srat, &t, &srat, &fault), -EINVAL);
        assert_fault(&fault, "SRAT: signature is \"!~..\" (0x7f207e21), expected \"SRAT\"");
        srat_free(&srat);
        memcpy(t.bytes, "\x80z\0\0", 4);
        assert_int_equal(DECODE(srat, &t, &srat, &fault), -EINVAL);
        assert_fault(&fault, "SRAT: signature is \".z..\" (0x00007a80), expected \"SRAT\"");
        srat_free(&srat);
}

static void revision_1_has_8_bit_domains(void **state)
{
        (void)state;
        struct table t = load("srat-revision1");
        struct srat srat;

        assert_int_equal(DECODE(srat, &t, &srat, NULL), 0);
        assert_int_equal(srat.cpus[0].pxm, 4);
        assert_int_equal(srat.memory[0].pxm, 4);
        srat_free(&srat);
        put_at(&t, 48 + 2, 1, 0xff);
        put_at(&t, 64 + 2, 4, 0xffffffff);
        for (uint8_t revision = 0; revision <= 1; revision++) {
                t.bytes[8] = revision;
                seal(&t);
                assert_int_equal(DECODE(srat, &t, &srat, NULL), 0);
                assert_int_equal(srat.cpus[0].pxm, 0xff);
                assert_int_equal(srat.memory[0].pxm, 0xff);
                srat_free(&srat);
        }
        put_at(&t, 48 + 2, 1, 0x04);
        put_at(&t, 64 + 2, 4, 0xaabbcc04);
        t.bytes[8] = 2;
        seal(&t);
        assert_int_equal(DECODE(srat, &t, &srat, NULL), 0);
        assert_int_equal(srat.cpus[0].pxm, 0xabcdef04);
        assert_int_equal(srat.memory[0].pxm, 0xaabbcc04);
        srat_free(&srat);
}

static void a_wrong_signature_names_both(void **state)
{
        (void)state;
        struct table t = small_srat();
        struct firmware_fault fault;
        struct srat srat;
        struct slit slit;
        struct hmat hmat;
        struct cedt cedt;

        assert_int_equal(DECODE(slit, &t, &slit, &fault), -EINVAL);
        assert_fault(&fault, "SLIT: signature is \"SRAT\" (0x54415253), expected \"SLIT\"");
        assert_int_equal(fault.offset, 0);
        assert_int_equal(fault.type, 0);
        assert_int_equal(slit.header.errors, 1);
        slit_free(&slit);
        assert_int_equal(DECODE(hmat, &t, &hmat, &fault), -EINVAL);
        assert_fault(&fault, "HMAT: signature is \"SRAT\" (0x54415253), expected \"HMAT\"");
        hmat_free(&hmat);
        assert_int_equal(DECODE(cedt, &t, &cedt, &fault), -EINVAL);
        assert_fault(&fault, "CEDT: signature is \"SRAT\" (0x54415253), expected \"CEDT\"");
        cedt_free(&cedt);
        memcpy(t.bytes, "SRAU", 4);
        assert_int_equal(DECODE(srat, &t, &srat, &fault), -EINVAL);
        assert_fault(&fault, "SRAT: signature is \"SRAU\" (0x55415253), expected \"SRAT\"");
        srat_free(&srat);
        memcpy(t.bytes, "\x01\n\xffT", 4);
        assert_int_equal(DECODE(srat, &t, &srat, &fault), -EINVAL);
        assert_fault(&fault, "SRAT: signature is \"...T\" (0x54ff0a01), expected \"SRAT\"");
        srat_free(&srat);
}

static void a_wrong_checksum_is_told_and_the_table_decoded(void **state)
{
        (void)state;
        struct table t = small_srat();
        struct firmware_fault fault;
        struct srat srat;

        t.bytes[9] = 0;
        seal(&t);
        const uint8_t right = t.bytes[9];
        char line[80];

        t.bytes[9] = (uint8_t)(right + 1);
        assert_int_equal(DECODE(srat, &t, &srat, &fault), -EINVAL);
        snprintf(line, sizeof(line), "SRAT: checksum byte is 0x%02x, expected 0x%02x", right + 1,
                 right);
        assert_fault(&fault, line);
        assert_int_equal(fault.offset, 9);
        assert_int_equal(fault.type, 0);
        assert_int_equal(srat.n_cpus, 1);
        assert_int_equal(srat.n_memory, 1);
        assert_false(srat.unusable);
        srat_free(&srat);
}

static void every_cut_keeps_what_is_whole(void **state)
{
        (void)state;
        const struct table whole = small_srat();

        for (size_t len = 0; len < whole.len; len++) {
                struct table t = whole;
                struct firmware_fault fault;
                struct srat srat;

                t.len = len;
                assert_int_equal(DECODE(srat, &t, &srat, &fault), -EINVAL);
                assert_int_equal(fault.code, len < 48 ? FIRMWARE_TOO_SHORT : FIRMWARE_LENGTH);
                assert_int_equal(fault.offset, len < 48 ? 0 : 4);
                assert_int_equal(fault.type, 0);
                assert_int_equal(srat.n_cpus, len >= 48 + 24 ? 1 : 0);
                assert_int_equal(srat.n_memory, 0);
                srat_free(&srat);
        }
}

static void a_length_below_the_fixed_part_is_refused(void **state)
{
        (void)state;
        struct table t = small_srat();
        struct firmware_fault fault;
        struct srat srat;

        put_at(&t, 4, 4, 47);
        assert_int_equal(DECODE(srat, &t, &srat, &fault), -EINVAL);
        assert_fault(&fault, "SRAT: length in the header is 47, expected at least 48");
        assert_int_equal(fault.offset, 4);
        assert_int_equal(fault.type, 0);
        assert_int_equal(srat.n_cpus, 0);
        put_at(&t, 4, 4, 0xffffffff);
        assert_int_equal(DECODE(srat, &t, &srat, &fault), -EINVAL);
        assert_fault(&fault, "SRAT: length in the header is 4294967295, expected at most 112");
        assert_int_equal(fault.offset, 4);
        assert_int_equal(fault.type, 0);
        assert_int_equal(srat.n_memory, 1);
        srat_free(&srat);
}

static void bytes_after_the_table_are_not_read(void **state)
{
        (void)state;
        struct table t = small_srat();
        struct srat srat;

        add_memory(&t, 9, 0, 1, 1);
        assert_int_equal(DECODE(srat, &t, &srat, NULL), 0);
        assert_int_equal(srat.n_memory, 1);
        srat_free(&srat);
}

static void unknown_structures_are_skipped_and_counted(void **state)
{
        (void)state;
        struct table t = begin("SRAT", 3, 12);
        struct srat srat;

        put(&t, 6, 0x06ff);
        put(&t, 2, 0x0208);
        add_memory(&t, 1, 0, 0x1000, 1);
        seal(&t);
        assert_int_equal(DECODE(srat, &t, &srat, NULL), 0);
        assert_int_equal(srat.header.unknown, 2);
        assert_int_equal(srat.header.structures, 3);
        assert_int_equal(srat.header.errors, 0);
        assert_int_equal(srat.n_memory, 1);
        srat_free(&srat);
}

static void a_structure_of_length_zero_ends_the_walk(void **state)
{
        (void)state;
        struct table t = small_srat();
        struct firmware_fault fault;
        struct srat srat;

        put(&t, 2, 0x0001);
        add_memory(&t, 1, 0x1000000, 0x1000, 1);
        seal(&t);
        assert_int_equal(DECODE(srat, &t, &srat, &fault), -EINVAL);
        assert_fault(&fault, "SRAT: structure of type 1 at byte 112 has length 0");
        assert_int_equal(fault.found, 0);
        assert_int_equal(fault.expected, 2);
        assert_int_equal(srat.header.errors, 1);
        assert_int_equal(srat.n_memory, 1);
        assert_true(srat.unusable);
        srat_free(&srat);
}

static void a_short_structure_is_skipped_and_counted(void **state)
{
        (void)state;
        struct table t = begin("SRAT", 3, 12);
        struct firmware_fault fault;
        struct srat srat;

        put(&t, 8, 0x0801);
        add_memory(&t, 1, 0, 0x1000, 1);
        put(&t, 4, 0x0402);
        seal(&t);
        assert_int_equal(DECODE(srat, &t, &srat, &fault), -EINVAL);
        assert_fault(&fault,
                     "SRAT: structure of type 1 at byte 48 has length 8, expected at least 40");
        assert_int_equal(srat.header.errors, 2);
        assert_int_equal(srat.n_memory, 1);
        assert_int_equal(srat.n_cpus, 0);
        assert_true(srat.unusable);
        srat_free(&srat);
}

static void a_structure_past_the_end_ends_the_walk(void **state)
{
        (void)state;
        struct table t = small_srat();
        struct firmware_fault fault;
        struct srat srat;

        put(&t, 4, 0xff01);
        seal(&t);
        assert_int_equal(DECODE(srat, &t, &srat, &fault), -EINVAL);
        assert_fault(&fault, "SRAT: what begins at byte 112 (type 1) ends at byte 367, but the "
                             "table at 116");
        assert_int_equal(srat.n_memory, 1);
        srat_free(&srat);
}

static void slit_is_a_square_by_domain(void **state)
{
        (void)state;
        struct table t = load("slit");
        struct slit slit;

        assert_int_equal(DECODE(slit, &t, &slit, NULL), 0);
        assert_int_equal(slit.localities, 3);
        assert_int_equal(slit.distance[0 * 3 + 2], 31);
        assert_int_equal(slit.distance[2 * 3 + 0], 32);
        assert_true(slit.valid);
        slit_free(&slit);
        t.bytes[44 + 1] = 10;
        seal(&t);
        assert_int_equal(DECODE(slit, &t, &slit, NULL), 0);
        assert_false(slit.valid);
        slit_free(&slit);
        t.bytes[44 + 1] = 11;
        t.bytes[44 + 4] = 11;
        seal(&t);
        assert_int_equal(DECODE(slit, &t, &slit, NULL), 0);
        assert_false(slit.valid);
        slit_free(&slit);
}

static struct table slit_of(uint64_t n, const char *distances, size_t len)
{
        struct table t = begin("SLIT", 1, 0);

        put(&t, 8, n);
        for (size_t i = 0; i < len; i++)
                put(&t, 1, (uint8_t)distances[i]);
        seal(&t);
        return t;
}

/* drivers/acpi/numa/srat.c: slit_valid() */
static void slit_is_valid_with_10_on_the_diagonal_and_more_elsewhere(void **state)
{
        (void)state;
        static const struct {
                uint64_t n;
                const char *distances;
                bool valid;
        } slits[] = {
                { 1, "\x0a", true },
                { 1, "\x0b", false },
                { 1, "\x09", false },
                { 2, "\x0a\x0b\xff\x0a", true },
                { 2, "\x0a\x0a\xff\x0a", false },
                { 2, "\x0a\x0b\x09\x0a", false },
                { 2, "\x0a\x0b\x0b\x09", false },
                { 2, "\x0b\x0b\x0b\x0a", false },
                { 3, "\x0a\x0b\x0b\x0b\x0a\x0b\x0b\x0b\x0b", false },
        };

        for (size_t i = 0; i < sizeof(slits) / sizeof(slits[0]); i++) {
                struct table t =
                        slit_of(slits[i].n, slits[i].distances, (size_t)(slits[i].n * slits[i].n));
                struct slit slit;

                assert_int_equal(DECODE(slit, &t, &slit, NULL), 0);
                assert_int_equal(slit.localities, slits[i].n);
                assert_memory_equal(slit.distance, slits[i].distances, slits[i].n * slits[i].n);
                assert_int_equal(slit.valid, slits[i].valid);
                slit_free(&slit);
        }
}

static void slit_of_no_localities_is_empty_and_bytes_behind_the_matrix_are_left(void **state)
{
        (void)state;
        struct table t = slit_of(0, "", 0);
        struct slit slit;

        assert_int_equal(DECODE(slit, &t, &slit, NULL), 0);
        assert_int_equal(slit.localities, 0);
        assert_null(slit.distance);
        assert_false(slit.valid);
        slit_free(&slit);
        t = slit_of(1, "\x0a\x0b\x0c", 3);
        assert_int_equal(DECODE(slit, &t, &slit, NULL), 0);
        assert_int_equal(slit.localities, 1);
        assert_true(slit.valid);
        slit_free(&slit);
        t.bytes[9]++;
        assert_int_equal(DECODE(slit, &t, &slit, NULL), -EINVAL);
        assert_int_equal(slit.localities, 1);
        slit_free(&slit);
        t = slit_of(0, "", 0);
        t.bytes[9]++;
        assert_int_equal(DECODE(slit, &t, &slit, NULL), -EINVAL);
        slit_free(&slit);
}

static void slit_that_is_none_or_too_short_gives_no_distances(void **state)
{
        (void)state;
        struct table whole = slit_of(1, "\x0a", 1), foreign = whole;
        struct firmware_fault fault;
        struct slit slit;

        for (size_t len = 0; len < whole.len; len++) {
                struct table t = whole;

                t.len = len;
                assert_int_equal(DECODE(slit, &t, &slit, &fault), -EINVAL);
                assert_int_equal(fault.code, len < 44 ? FIRMWARE_TOO_SHORT : FIRMWARE_LENGTH);
                assert_int_equal(slit.localities, 0);
                slit_free(&slit);
        }
        foreign.bytes[0] = 'T';
        assert_int_equal(DECODE(slit, &foreign, &slit, &fault), -EINVAL);
        assert_fault(&fault, "SLIT: signature is \"TLIT\" (0x54494c54), expected \"SLIT\"");
        assert_int_equal(slit.localities, 0);
        slit_free(&slit);
}

static void slit_with_more_localities_than_bytes_is_refused(void **state)
{
        (void)state;
        static const struct {
                uint64_t n, end;
        } counts[] = {
                { 2, 44 + 4 },
                { 0x10000, 44 + UINT64_C(0x100000000) },
                { 0xffffffff, 44 + UINT64_C(0xfffffffe00000001) },
                { 0x100000000, UINT64_MAX },
                { UINT64_MAX, UINT64_MAX },
        };

        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                struct table t = begin("SLIT", 1, 0);
                struct firmware_fault fault;
                struct slit slit;

                put(&t, 8, counts[i].n);
                put(&t, 3, 0x0a0a0a);
                seal(&t);
                assert_int_equal(DECODE(slit, &t, &slit, &fault), -EINVAL);
                assert_int_equal(fault.code, FIRMWARE_PAST_END);
                assert_int_equal(fault.offset, 36);
                assert_int_equal(fault.type, 0);
                assert_int_equal(fault.found, counts[i].end);
                assert_int_equal(fault.expected, 47);
                assert_int_equal(slit.localities, 0);
                slit_free(&slit);
        }
}

static void hmat_values_are_in_nanoseconds_and_megabytes(void **state)
{
        (void)state;
        struct table t = load("hmat");
        const struct hmat_locality *loc;
        struct hmat hmat;

        assert_int_equal(DECODE(hmat, &t, &hmat, NULL), 0);
        assert_int_equal(hmat.n_proximities, 1);
        assert_true(hmat.proximities[0].initiator_valid);
        assert_int_equal(hmat.proximities[0].memory_pxm, 2);
        assert_int_equal(hmat.n_localities, 2);
        loc = &hmat.localities[0];
        assert_int_equal(loc->data_type, HMAT_READ_LATENCY);
        assert_int_equal(loc->n_initiators, 2);
        assert_int_equal(loc->n_targets, 3);
        assert_int_equal(loc->initiators[1], 1);
        assert_int_equal(loc->targets[2], 2);
        assert_int_equal(hmat_value(&hmat, loc, 0, 0), 80);
        assert_int_equal(hmat_value(&hmat, loc, 0, 1), 131); /* 130.1 rounded up */
        assert_int_equal(hmat_value(&hmat, loc, 0, 2), 0);   /* 0xffff: not reachable */
        assert_int_equal(hmat_value(&hmat, loc, 1, 0), 130);
        assert_int_equal(hmat_value(&hmat, loc, 1, 2), 0); /* not given */
        loc = &hmat.localities[1];
        assert_int_equal(loc->hierarchy, 1);
        assert_int_equal(hmat_value(&hmat, loc, 0, 0), 102400);
        hmat.localities[1].base_unit = UINT64_C(1) << 40;
        assert_int_equal(hmat_value(&hmat, loc, 0, 0), 0);
        assert_int_equal(hmat.n_caches, 1);
        assert_int_equal(hmat.caches[0].size, 0x10000000);
        assert_int_equal(hmat.caches[0].level, 1);
        assert_int_equal(hmat.caches[0].associativity, 1);
        assert_int_equal(hmat.caches[0].write_policy, 1);
        assert_int_equal(hmat.caches[0].line_size, 64);
        hmat_free(&hmat);
}

static void hmat_revision_1_counts_in_tenths(void **state)
{
        (void)state;
        struct table t = load("hmat");
        struct hmat hmat;

        t.bytes[8] = 1;
        put_at(&t, 40 + 8, 2, 3);
        put_at(&t, 40 + 24, 8, 0x40000000);
        put_at(&t, 40 + 32, 8, 0x1000);
        seal(&t);
        assert_int_equal(DECODE(hmat, &t, &hmat, NULL), 0);
        assert_true(hmat.proximities[0].memory_valid);
        assert_int_equal(hmat.proximities[0].base, 0x40000000);
        assert_int_equal(hmat.proximities[0].length, 0x1000);
        assert_int_equal(hmat_value(&hmat, &hmat.localities[0], 0, 0), 8000);
        assert_int_equal(hmat_value(&hmat, &hmat.localities[1], 0, 0), 10240);
        hmat_free(&hmat);
}

/* ACPI 6.5, 5.2.28.3; base and length stood there in revision 1 alone (ACPI 6.2). */
static void hmat_proximity_has_its_fields_where_acpi_says(void **state)
{
        (void)state;
        for (uint8_t revision = 1; revision <= 3; revision++) {
                struct table t = begin("HMAT", revision, 4);
                size_t at = add_distinct(&t, 8, UINT64_C(40) << 32, 40);
                struct hmat hmat;

                add_flags(&t, 8, UINT64_C(40) << 32, 40, 0, 8, 2, 1);
                add_flags(&t, 8, UINT64_C(40) << 32, 40, 0xff, 8, 2, 0xfffe);
                add_flags(&t, 8, UINT64_C(40) << 32, 40, 0, 8, 2, 2);
                add_flags(&t, 8, UINT64_C(40) << 32, 40, 0xff, 8, 2, 0xfffd);
                seal(&t);
                assert_int_equal(DECODE(hmat, &t, &hmat, NULL), 0);
                assert_int_equal(hmat.n_proximities, 5);
                assert_int_equal(hmat.proximities[0].flags, get(&t, at + 8, 2));
                assert_int_equal(hmat.proximities[0].initiator_pxm, get(&t, at + 12, 4));
                assert_int_equal(hmat.proximities[0].memory_pxm, get(&t, at + 16, 4));
                assert_int_equal(hmat.proximities[0].base, revision == 1 ? get(&t, at + 24, 8) : 0);
                assert_int_equal(hmat.proximities[0].length,
                                 revision == 1 ? get(&t, at + 32, 8) : 0);
                for (size_t i = 1; i < 5; i++) {
                        assert_int_equal(hmat.proximities[i].initiator_valid, i == 1 || i == 4);
                        assert_int_equal(hmat.proximities[i].memory_valid,
                                         revision == 1 && (i == 2 || i == 3));
                }
                hmat_free(&hmat);
        }
}

/* A locality structure of distinct bytes for so many domains, with len more than it needs. */
static size_t add_locality(struct table *t, uint32_t initiators, uint32_t targets, size_t more)
{
        size_t len = 32 + 4 * (initiators + targets) + 2 * initiators * targets + more;
        size_t at = add_distinct(t, 8, 1 | (uint64_t)len << 32, len);

        put_at(t, at + 12, 4, initiators);
        put_at(t, at + 16, 4, targets);
        return at;
}

/* ACPI 6.5, 5.2.28.4 */
static void hmat_locality_has_its_fields_where_acpi_says(void **state)
{
        (void)state;
        for (uint8_t revision = 1; revision <= 3; revision++) {
                struct table t = begin("HMAT", revision, 4);
                size_t at = add_locality(&t, 8, 9, 0);
                const struct hmat_locality *loc;
                struct hmat hmat;

                seal(&t);
                assert_int_equal(DECODE(hmat, &t, &hmat, NULL), 0);
                assert_int_equal(hmat.n_localities, 1);
                loc = hmat.localities;
                assert_int_equal(loc->flags, get(&t, at + 8, 1));
                assert_int_equal(loc->hierarchy, get(&t, at + 8, 1) % 16);
                assert_int_equal(loc->data_type, get(&t, at + 9, 1));
                assert_int_equal(loc->min_transfer_size, revision >= 2 ? get(&t, at + 10, 1) : 0);
                assert_int_equal(loc->base_unit, get(&t, at + 24, 8));
                assert_int_equal(loc->n_initiators, 8);
                assert_int_equal(loc->n_targets, 9);
                for (size_t i = 0; i < 8; i++)
                        assert_int_equal(loc->initiators[i], get(&t, at + 32 + 4 * i, 4));
                for (size_t i = 0; i < 9; i++)
                        assert_int_equal(loc->targets[i], get(&t, at + 64 + 4 * i, 4));
                for (size_t i = 0; i < 72; i++)
                        assert_int_equal(loc->entries[i], get(&t, at + 100 + 2 * i, 2));
                hmat_free(&hmat);
        }
}

static void hmat_locality_of_no_domains_is_empty(void **state)
{
        (void)state;
        struct table t = begin("HMAT", 2, 4);
        struct hmat hmat;

        add_locality(&t, 0, 0, 0);
        seal(&t);
        assert_int_equal(DECODE(hmat, &t, &hmat, NULL), 0);
        assert_int_equal(hmat.n_localities, 1);
        assert_int_equal(hmat.localities[0].n_initiators, 0);
        assert_int_equal(hmat.localities[0].n_targets, 0);
        hmat_free(&hmat);
}

/* ACPI 6.5, 5.2.28.5 */
static void hmat_cache_has_its_fields_where_acpi_says(void **state)
{
        (void)state;
        struct table t = begin("HMAT", 2, 4);
        size_t at = add_distinct(&t, 8, 2 | UINT64_C(32) << 32, 32);
        struct hmat hmat;

        put_at(&t, at + 24, 4, 0xabcd4321);
        seal(&t);
        assert_int_equal(DECODE(hmat, &t, &hmat, NULL), 0);
        assert_int_equal(hmat.header.unknown, 0);
        assert_int_equal(hmat.n_caches, 1);
        assert_int_equal(hmat.caches[0].memory_pxm, get(&t, at + 8, 4));
        assert_int_equal(hmat.caches[0].size, get(&t, at + 16, 8));
        assert_int_equal(hmat.caches[0].total_levels, 1);
        assert_int_equal(hmat.caches[0].level, 2);
        assert_int_equal(hmat.caches[0].associativity, 3);
        assert_int_equal(hmat.caches[0].write_policy, 4);
        assert_int_equal(hmat.caches[0].line_size, 0xabcd);
        assert_int_equal(hmat.caches[0].n_smbios_handles, get(&t, at + 30, 2));
        hmat_free(&hmat);
        put_at(&t, at + 24, 4, 0x5432fedc);
        seal(&t);
        assert_int_equal(DECODE(hmat, &t, &hmat, NULL), 0);
        assert_int_equal(hmat.caches[0].total_levels, 0xc);
        assert_int_equal(hmat.caches[0].level, 0xd);
        assert_int_equal(hmat.caches[0].associativity, 0xe);
        assert_int_equal(hmat.caches[0].write_policy, 0xf);
        hmat_free(&hmat);
}

static void hmat_structures_that_are_too_short_are_skipped(void **state)
{
        (void)state;
        static const uint8_t least[] = { 40, 32, 32 };

        for (uint64_t type = 0; type < 3; type++) {
                struct table t = begin("HMAT", 2, 4);
                struct firmware_fault fault;
                struct hmat hmat;

                add_distinct(&t, 8, type | (uint64_t)(least[type] - 1) << 32, least[type] - 1U);
                add_locality(&t, 1, 1, 3);
                seal(&t);
                assert_int_equal(DECODE(hmat, &t, &hmat, &fault), -EINVAL);
                assert_int_equal(fault.code, FIRMWARE_SHORT_STRUCTURE);
                assert_int_equal(fault.offset, 40);
                assert_int_equal(fault.type, type);
                assert_int_equal(fault.expected, least[type]);
                assert_int_equal(hmat.header.errors, 1);
                assert_int_equal(hmat.header.structures, 2);
                assert_int_equal(hmat.n_proximities, 0);
                assert_int_equal(hmat.n_caches, 0);
                assert_int_equal(hmat.n_localities, 1);
                assert_int_equal(hmat.localities[0].n_targets, 1);
                hmat_free(&hmat);
        }
}

static uint32_t value_of(uint8_t revision, uint8_t data_type, uint64_t base_unit, uint16_t entry)
{
        struct hmat hmat = { .header.revision = revision };
        struct hmat_locality loc = { .data_type = data_type,
                                     .base_unit = base_unit,
                                     .n_initiators = 1,
                                     .n_targets = 1,
                                     .entries = &entry };

        return hmat_value(&hmat, &loc, 0, 0);
}

/* drivers/acpi/numa/hmat.c: hmat_normalize() */
static void hmat_values_are_rounded_up_and_have_32_bits(void **state)
{
        (void)state;
        assert_int_equal(value_of(2, HMAT_WRITE_LATENCY, 1, 1), 1);
        assert_int_equal(value_of(2, HMAT_WRITE_LATENCY, 1, 1000), 1);
        assert_int_equal(value_of(2, HMAT_WRITE_LATENCY, 1, 1001), 2);
        assert_int_equal(value_of(2, HMAT_ACCESS_LATENCY, 1, 2999), 3);
        assert_int_equal(value_of(2, HMAT_ACCESS_BANDWIDTH, 1, 2999), 2999);
        assert_int_equal(value_of(3, HMAT_ACCESS_LATENCY, 1, 2999), 2999);
        assert_int_equal(value_of(1, HMAT_ACCESS_LATENCY, 3, 3), 0);
        assert_int_equal(value_of(1, HMAT_ACCESS_LATENCY, 1, 10), 1);
        assert_int_equal(value_of(1, HMAT_WRITE_BANDWIDTH, 1, 11), 2);
        assert_int_equal(value_of(1, HMAT_WRITE_BANDWIDTH, 2, 10), 2);
        assert_int_equal(value_of(2, HMAT_READ_BANDWIDTH, 1, 0xfffe), 0xfffe);
        assert_int_equal(value_of(2, HMAT_READ_BANDWIDTH, 1, 0xffff), 0);
        assert_int_equal(value_of(2, HMAT_READ_BANDWIDTH, 1, 0), 0);
        assert_int_equal(value_of(2, HMAT_READ_BANDWIDTH, UINT32_MAX, 1), UINT32_MAX);
        assert_int_equal(value_of(2, HMAT_READ_BANDWIDTH, UINT64_C(1) << 32, 1), 0);
        assert_int_equal(value_of(2, HMAT_READ_BANDWIDTH, UINT32_MAX / 5, 5), UINT32_MAX);
        assert_int_equal(value_of(2, HMAT_READ_BANDWIDTH, UINT32_MAX / 5 + 1, 5), 0);
}

static void hmat_matrix_larger_than_its_structure_is_skipped(void **state)
{
        (void)state;
        /* The last needs 2^64 + 8 bytes. */
        static const struct {
                uint32_t initiators, targets;
                uint64_t least;
        } counts[] = {
                { 2, 4, 72 },
                { 0xffffffff, 0x60000000, UINT64_C(0xc0000004c000001c) },
                { 0xffffffff, 0xffffffff, UINT64_MAX },
                { 0xc0000001, 0xaaaaaaa6, UINT64_MAX },
        };

        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                struct table t = load("hmat");
                struct firmware_fault fault;
                struct hmat hmat;

                put_at(&t, 80 + 12, 4, counts[i].initiators);
                put_at(&t, 80 + 16, 4, counts[i].targets);
                seal(&t);
                assert_int_equal(DECODE(hmat, &t, &hmat, &fault), -EINVAL);
                assert_int_equal(fault.code, FIRMWARE_SHORT_STRUCTURE);
                assert_int_equal(fault.offset, 80);
                assert_int_equal(fault.type, 1);
                assert_int_equal(fault.found, 64);
                assert_int_equal(fault.expected, counts[i].least);
                assert_int_equal(hmat.header.errors, 1);
                assert_int_equal(hmat.n_localities, 1);
                assert_int_equal(hmat.n_caches, 1);
                hmat_free(&hmat);
        }
}

static void hmat_structures_that_are_short_or_unknown_are_skipped_and_counted(void **state)
{
        (void)state;
        struct table t = begin("HMAT", 2, 4);
        struct firmware_fault fault;
        struct hmat hmat;

        for (uint16_t type = 0; type <= 3; type++) {
                put(&t, 4, type);
                put(&t, 4, 24);
                put(&t, 16, 0);
        }
        put(&t, 4, 2);
        put(&t, 4, 32);
        put(&t, 8, 5);
        put(&t, 16, 0);
        seal(&t);
        assert_int_equal(DECODE(hmat, &t, &hmat, &fault), -EINVAL);
        assert_int_equal(fault.code, FIRMWARE_SHORT_STRUCTURE);
        assert_int_equal(fault.offset, 40);
        assert_int_equal(hmat.header.errors, 3);
        assert_int_equal(hmat.header.unknown, 1);
        assert_int_equal(hmat.n_proximities, 0);
        assert_int_equal(hmat.n_localities, 0);
        assert_int_equal(hmat.n_caches, 1);
        assert_int_equal(hmat.caches[0].memory_pxm, 5);
        hmat_free(&hmat);
}

static void cedt_windows_have_ways_and_targets(void **state)
{
        (void)state;
        struct table t = load("cedt");
        struct cedt cedt;

        assert_int_equal(DECODE(cedt, &t, &cedt, NULL), 0);
        assert_int_equal(cedt.header.unknown, 1);
        assert_int_equal(cedt.n_chbs, 1);
        assert_int_equal(cedt.chbs[0].uid, 7);
        assert_int_equal(cedt.chbs[0].cxl_version, 1);
        assert_int_equal(cedt.chbs[0].base, 0xfe0000000);
        assert_int_equal(cedt.chbs[0].length, 0x10000);
        assert_int_equal(cedt.n_cfmws, 2);
        assert_int_equal(cedt.cfmws[0].base, 0x400000000);
        assert_int_equal(cedt.cfmws[0].size, 0x100000000);
        assert_int_equal(cedt.cfmws[0].ways, 2);
        assert_int_equal(cedt.cfmws[0].granularity, 1024);
        assert_int_equal(cedt.cfmws[0].restrictions, 0xe);
        assert_int_equal(cedt.cfmws[0].qtg_id, 3);
        assert_int_equal(cedt.cfmws[0].targets[1], 8);
        assert_int_equal(cedt.cfmws[1].ways, 3);
        assert_int_equal(cedt.cfmws[1].arithmetic, 1);
        assert_int_equal(cedt.cfmws[1].n_targets, 3);
        assert_int_equal(cedt.cfmws[1].targets[2], 9);
        cedt_free(&cedt);
}

/* CXL 3.0, 9.17.1.1 and .2 */
static void cedt_structures_have_their_fields_where_cxl_says(void **state)
{
        (void)state;
        struct table t = begin("CEDT", 1, 0);
        size_t chbs = add_distinct(&t, 4, UINT64_C(32) << 16, 32);
        size_t window = add_distinct(&t, 4, 1 | UINT64_C(100) << 16, 100);
        struct cedt cedt;

        t.bytes[window + 24] = 4;
        put_at(&t, window + 28, 4, 6);
        seal(&t);
        assert_int_equal(DECODE(cedt, &t, &cedt, NULL), 0);
        assert_int_equal(cedt.n_chbs, 1);
        assert_int_equal(cedt.chbs[0].uid, get(&t, chbs + 4, 4));
        assert_int_equal(cedt.chbs[0].cxl_version, get(&t, chbs + 8, 4));
        assert_int_equal(cedt.chbs[0].base, get(&t, chbs + 16, 8));
        assert_int_equal(cedt.chbs[0].length, get(&t, chbs + 24, 8));
        assert_int_equal(cedt.n_cfmws, 1);
        assert_int_equal(cedt.cfmws[0].base, get(&t, window + 8, 8));
        assert_int_equal(cedt.cfmws[0].size, get(&t, window + 16, 8));
        assert_int_equal(cedt.cfmws[0].ways, 16);
        assert_int_equal(cedt.cfmws[0].arithmetic, get(&t, window + 25, 1));
        assert_int_equal(cedt.cfmws[0].granularity, 16384);
        assert_int_equal(cedt.cfmws[0].restrictions, get(&t, window + 32, 2));
        assert_int_equal(cedt.cfmws[0].qtg_id, get(&t, window + 34, 2));
        assert_int_equal(cedt.cfmws[0].n_targets, 16);
        for (size_t i = 0; i < 16; i++)
                assert_int_equal(cedt.cfmws[0].targets[i], get(&t, window + 36 + 4 * i, 4));
        cedt_free(&cedt);
}

static void cedt_interleave_codes_are_those_of_cxl(void **state)
{
        (void)state;
        static const uint32_t ways[] = { 1, 2, 4, 8, 16, 0, 0, 0, 3, 6, 12, 0, 0 };
        static const uint32_t granularity[] = { 256, 512, 1024, 2048, 4096, 8192, 16384, 0, 0 };

        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
                uint32_t expected =
                        i < sizeof(granularity) / sizeof(granularity[0]) ? granularity[i] : 0;
                struct table t = begin("CEDT", 1, 0);
                struct firmware_fault fault;
                struct cedt cedt;
                size_t at = add_distinct(&t, 4, 1 | UINT64_C(100) << 16, 100);

                t.bytes[at + 24] = (uint8_t)i;
                put_at(&t, at + 28, 4, i);
                seal(&t);
                assert_int_equal(DECODE(cedt, &t, &cedt, &fault),
                                 ways[i] && expected ? 0 : -EINVAL);
                assert_int_equal(cedt.cfmws[0].ways, ways[i]);
                assert_int_equal(cedt.cfmws[0].n_targets, ways[i]);
                assert_int_equal(cedt.cfmws[0].granularity, expected);
                assert_int_equal(cedt.header.errors, (ways[i] == 0) + (expected == 0));
                if (ways[i] == 0 || expected == 0) {
                        assert_int_equal(fault.code, FIRMWARE_RESERVED_VALUE);
                        assert_int_equal(fault.offset, at + (ways[i] ? 28 : 24));
                        assert_int_equal(fault.type, 1);
                        assert_int_equal(fault.found, i);
                        assert_int_equal(fault.expected, 0);
                }
                cedt_free(&cedt);
        }
}

static void cedt_structures_that_are_too_short_are_skipped(void **state)
{
        (void)state;
        struct table t = begin("CEDT", 1, 0);
        struct firmware_fault fault;
        struct cedt cedt;
        size_t at;

        add_distinct(&t, 4, UINT64_C(31) << 16, 31);
        add_distinct(&t, 4, 1 | UINT64_C(35) << 16, 35);
        at = add_distinct(&t, 4, 1 | UINT64_C(43) << 16, 43); /* 2 ways, room for 1 */
        t.bytes[at + 24] = 1;
        put_at(&t, at + 28, 4, 0);
        seal(&t);
        assert_int_equal(DECODE(cedt, &t, &cedt, &fault), -EINVAL);
        assert_fault(&fault,
                     "CEDT: structure of type 0 at byte 36 has length 31, expected at least 32");
        assert_int_equal(cedt.header.errors, 3);
        assert_int_equal(cedt.n_chbs, 0);
        assert_int_equal(cedt.n_cfmws, 1);
        assert_int_equal(cedt.cfmws[0].ways, 2);
        assert_int_equal(cedt.cfmws[0].n_targets, 0);
        cedt_free(&cedt);
}

static void cedt_window_with_a_wrong_interleave_is_kept(void **state)
{
        (void)state;
        struct table t = load("cedt");
        struct firmware_fault fault;
        struct cedt cedt;

        t.bytes[68 + 24] = 5;  /* reserved */
        t.bytes[112 + 24] = 4; /* 16 ways, room for 3 */
        seal(&t);
        assert_int_equal(DECODE(cedt, &t, &cedt, &fault), -EINVAL);
        assert_fault(&fault, "CEDT: reserved value 5 at byte 92 (structure of type 1)");
        assert_int_equal(cedt.header.errors, 2);
        assert_int_equal(cedt.n_cfmws, 2);
        assert_int_equal(cedt.cfmws[0].ways, 0);
        assert_int_equal(cedt.cfmws[0].size, 0x100000000);
        assert_int_equal(cedt.cfmws[1].ways, 16);
        assert_int_equal(cedt.cfmws[1].n_targets, 0);
        cedt_free(&cedt);
}

static void a_freed_table_is_empty_and_may_be_freed_again(void **state)
{
        (void)state;
        struct table srat_table = load("srat"), slit_table = load("slit");
        struct table hmat_table = load("hmat"), cedt_table = load("cedt");
        struct srat srat;
        struct slit slit;
        struct hmat hmat;
        struct cedt cedt;

        assert_int_equal(DECODE(srat, &srat_table, &srat, NULL), 0);
        assert_int_equal(DECODE(slit, &slit_table, &slit, NULL), 0);
        assert_int_equal(DECODE(hmat, &hmat_table, &hmat, NULL), 0);
        assert_int_equal(DECODE(cedt, &cedt_table, &cedt, NULL), 0);
        for (int i = 0; i < 2; i++) {
                srat_free(&srat);
                assert_int_equal(srat.n_cpus + srat.n_memory + srat.n_its + srat.n_generic, 0);
                assert_int_equal(srat.header.structures, 0);
                slit_free(&slit);
                assert_int_equal(slit.localities, 0);
                hmat_free(&hmat);
                assert_int_equal(hmat.n_proximities + hmat.n_localities + hmat.n_caches, 0);
                cedt_free(&cedt);
                assert_int_equal(cedt.n_chbs + cedt.n_cfmws, 0);
        }
}

static void cedt_granularity_that_is_reserved_is_told_and_the_window_kept(void **state)
{
        (void)state;
        struct table t = load("cedt");
        struct firmware_fault fault;
        struct cedt cedt;

        t.bytes[68 + 28] = 7;
        seal(&t);
        assert_int_equal(DECODE(cedt, &t, &cedt, &fault), -EINVAL);
        assert_fault(&fault, "CEDT: reserved value 7 at byte 96 (structure of type 1)");
        assert_int_equal(cedt.header.errors, 1);
        assert_int_equal(cedt.cfmws[0].granularity, 0);
        assert_int_equal(cedt.cfmws[0].n_targets, 2);
        cedt_free(&cedt);
}

static int map_of(struct table *t, struct pxm_map *map, uint32_t *bad_pxm)
{
        struct srat srat;
        int r;

        seal(t);
        DECODE(srat, t, &srat, NULL);
        pxm_map_init(map);
        r = pxm_map_add_srat(map, &srat, bad_pxm);
        srat_free(&srat);
        return r;
}

static void nodes_are_numbered_by_initiators_then_memory(void **state)
{
        (void)state;
        struct table t = load("srat");
        struct pxm_map map;

        assert_int_equal(map_of(&t, &map, NULL), 0);
        assert_int_equal(pxm_to_node(&map, 5), 0);
        assert_int_equal(pxm_to_node(&map, 3), 1);
        assert_int_equal(pxm_to_node(&map, 7), 2); /* behind a memory affinity, yet before it */
        assert_int_equal(pxm_to_node(&map, 2), 3);
        assert_int_equal(pxm_to_node(&map, 9), 4);
        assert_int_equal(pxm_to_node(&map, 8), NUMA_NO_NODE); /* disabled */
        assert_int_equal(pxm_to_node(&map, 6), NUMA_NO_NODE); /* a GIC ITS */
        assert_int_equal(node_to_pxm(&map, 4), 9);
        assert_int_equal(node_to_pxm(&map, 5), PXM_INVAL);
        assert_int_equal(nodes_weight(&map.cpus), 2);
        assert_true(node_isset(2, &map.generic_initiators));
        assert_true(node_isset(3, &map.memory));
        assert_int_equal(pxm_map_next_fake(&map), 10);
}

static void a_disabled_generic_initiator_hides_the_initiators_behind_it(void **state)
{
        (void)state;
        struct table t = begin("SRAT", 3, 12);
        struct pxm_map map;

        add_x2apic(&t, 4, 0, 1);
        add_generic(&t, 6, 9, 0); /* a generic port does not */
        add_x2apic(&t, 3, 1, 1);
        add_generic(&t, 5, 8, 0);
        add_x2apic(&t, 2, 2, 1);
        add_memory(&t, 1, 0, 0x1000, 1);
        add_memory(&t, 2, 0x1000, 0x1000, 1);
        assert_int_equal(map_of(&t, &map, NULL), 0);
        assert_int_equal(pxm_to_node(&map, 4), 0);
        assert_int_equal(pxm_to_node(&map, 3), 1);
        assert_int_equal(pxm_to_node(&map, 1), 2);
        assert_int_equal(pxm_to_node(&map, 2), 3);
        assert_int_equal(pxm_to_node(&map, 9), NUMA_NO_NODE);
}

static void a_domain_out_of_range_makes_the_srat_unused(void **state)
{
        (void)state;
        struct table t = begin("SRAT", 3, 12);
        struct pxm_map map;
        uint32_t bad_pxm;

        add_x2apic(&t, MAX_PXM_DOMAINS - 1, 0, 1);
        add_memory(&t, MAX_PXM_DOMAINS, 0, 0x1000, 1);
        assert_int_equal(map_of(&t, &map, &bad_pxm), -EINVAL);
        assert_int_equal(bad_pxm, MAX_PXM_DOMAINS);
        assert_int_equal(pxm_to_node(&map, MAX_PXM_DOMAINS - 1), 0);
        assert_int_equal(pxm_to_node(&map, UINT32_MAX), NUMA_NO_NODE);
        t = begin("SRAT", 3, 12);
        add_x2apic(&t, MAX_PXM_DOMAINS + 7, 0, 1);
        assert_int_equal(map_of(&t, &map, &bad_pxm), -EINVAL);
        assert_int_equal(bad_pxm, MAX_PXM_DOMAINS + 7);
}

static void node_ids_end_at_max_numnodes(void **state)
{
        (void)state;
        struct pxm_map map;

        pxm_map_init(&map);
        for (uint32_t pxm = 0; pxm < MAX_PXM_DOMAINS; pxm++)
                assert_int_equal(pxm_map_get(&map, MAX_PXM_DOMAINS - 1 - pxm), (int)pxm);
        assert_int_equal(pxm_map_next_fake(&map), MAX_PXM_DOMAINS);
        assert_int_equal(pxm_map_get(&map, pxm_map_next_fake(&map)), NUMA_NO_NODE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(srat_compiled_by_iasl_decodes_in_every_field),
                cmocka_unit_test(generic_ports_and_rintc_are_decoded),
                cmocka_unit_test(srat_cpus_have_their_fields_where_acpi_says),
                cmocka_unit_test(srat_cpus_are_enabled_by_the_lowest_flag_alone),
                cmocka_unit_test(srat_memory_has_its_fields_where_acpi_says),
                cmocka_unit_test(srat_its_and_generic_affinities_have_their_fields_where_acpi_says),
                cmocka_unit_test(
                        srat_structures_have_a_least_length_and_what_the_kernel_needs_must_have_it),
                cmocka_unit_test(a_table_without_structures_is_in_order),
                cmocka_unit_test(the_header_is_decoded),
                cmocka_unit_test(a_table_may_end_with_a_bare_head_but_not_within_one),
                cmocka_unit_test(structures_may_be_as_long_as_their_length_can_say),
                cmocka_unit_test(a_fault_is_cut_to_the_room_there_is),
                cmocka_unit_test(signatures_show_what_is_printable),
                cmocka_unit_test(revision_1_has_8_bit_domains),
                cmocka_unit_test(a_wrong_signature_names_both),
                cmocka_unit_test(a_wrong_checksum_is_told_and_the_table_decoded),
                cmocka_unit_test(every_cut_keeps_what_is_whole),
                cmocka_unit_test(a_length_below_the_fixed_part_is_refused),
                cmocka_unit_test(bytes_after_the_table_are_not_read),
                cmocka_unit_test(unknown_structures_are_skipped_and_counted),
                cmocka_unit_test(a_structure_of_length_zero_ends_the_walk),
                cmocka_unit_test(a_short_structure_is_skipped_and_counted),
                cmocka_unit_test(a_structure_past_the_end_ends_the_walk),
                cmocka_unit_test(slit_is_a_square_by_domain),
                cmocka_unit_test(slit_is_valid_with_10_on_the_diagonal_and_more_elsewhere),
                cmocka_unit_test(
                        slit_of_no_localities_is_empty_and_bytes_behind_the_matrix_are_left),
                cmocka_unit_test(slit_that_is_none_or_too_short_gives_no_distances),
                cmocka_unit_test(slit_with_more_localities_than_bytes_is_refused),
                cmocka_unit_test(hmat_values_are_in_nanoseconds_and_megabytes),
                cmocka_unit_test(hmat_revision_1_counts_in_tenths),
                cmocka_unit_test(hmat_proximity_has_its_fields_where_acpi_says),
                cmocka_unit_test(hmat_locality_has_its_fields_where_acpi_says),
                cmocka_unit_test(hmat_locality_of_no_domains_is_empty),
                cmocka_unit_test(hmat_cache_has_its_fields_where_acpi_says),
                cmocka_unit_test(hmat_structures_that_are_too_short_are_skipped),
                cmocka_unit_test(hmat_values_are_rounded_up_and_have_32_bits),
                cmocka_unit_test(hmat_matrix_larger_than_its_structure_is_skipped),
                cmocka_unit_test(hmat_structures_that_are_short_or_unknown_are_skipped_and_counted),
                cmocka_unit_test(cedt_windows_have_ways_and_targets),
                cmocka_unit_test(cedt_structures_have_their_fields_where_cxl_says),
                cmocka_unit_test(cedt_interleave_codes_are_those_of_cxl),
                cmocka_unit_test(cedt_structures_that_are_too_short_are_skipped),
                cmocka_unit_test(cedt_window_with_a_wrong_interleave_is_kept),
                cmocka_unit_test(a_freed_table_is_empty_and_may_be_freed_again),
                cmocka_unit_test(cedt_granularity_that_is_reserved_is_told_and_the_window_kept),
                cmocka_unit_test(nodes_are_numbered_by_initiators_then_memory),
                cmocka_unit_test(a_disabled_generic_initiator_hides_the_initiators_behind_it),
                cmocka_unit_test(a_domain_out_of_range_makes_the_srat_unused),
                cmocka_unit_test(node_ids_end_at_max_numnodes),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
