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

/* Decodes from an exact copy on the heap, so that a byte read past the end is seen. */
#define DECODE(name, t, out, fault)                                        \
        ({                                                                 \
                uint8_t *copy_ = malloc((t)->len + 1);                     \
                assert_non_null(copy_);                                    \
                uint8_t *exact_ = realloc(copy_, (t)->len ? (t)->len : 1); \
                memcpy(exact_, (t)->bytes, (t)->len);                      \
                int r_ = name##_decode(exact_, (t)->len, (out), (fault));  \
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

static void revision_1_has_8_bit_domains(void **state)
{
        (void)state;
        struct table t = load("srat-revision1");
        struct srat srat;

        assert_int_equal(DECODE(srat, &t, &srat, NULL), 0);
        assert_int_equal(srat.cpus[0].pxm, 4);
        assert_int_equal(srat.memory[0].pxm, 4);
        srat_free(&srat);
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
        slit_free(&slit);
        assert_int_equal(DECODE(hmat, &t, &hmat, &fault), -EINVAL);
        assert_fault(&fault, "HMAT: signature is \"SRAT\" (0x54415253), expected \"HMAT\"");
        hmat_free(&hmat);
        assert_int_equal(DECODE(cedt, &t, &cedt, &fault), -EINVAL);
        assert_fault(&fault, "CEDT: signature is \"SRAT\" (0x54415253), expected \"CEDT\"");
        cedt_free(&cedt);
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

static void slit_of_no_localities_is_empty(void **state)
{
        (void)state;
        struct table t = begin("SLIT", 1, 8);
        struct slit slit;

        seal(&t);
        assert_int_equal(DECODE(slit, &t, &slit, NULL), 0);
        assert_int_equal(slit.localities, 0);
        slit_free(&slit);
}

static void slit_with_more_localities_than_bytes_is_refused(void **state)
{
        (void)state;
        const uint64_t counts[] = { 2, 0x10000, 0x100000000, UINT64_MAX };

        for (size_t i = 0; i < 4; i++) {
                struct table t = begin("SLIT", 1, 0);
                struct firmware_fault fault;
                struct slit slit;

                put(&t, 8, counts[i]);
                put(&t, 3, 0x0a0a0a);
                seal(&t);
                assert_int_equal(DECODE(slit, &t, &slit, &fault), -EINVAL);
                assert_int_equal(fault.code, FIRMWARE_PAST_END);
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

static void hmat_matrix_larger_than_its_structure_is_skipped(void **state)
{
        (void)state;
        /* The third needs 2^64 + 8 bytes. */
        static const uint32_t counts[][2] = {
                { 2, 4 },
                { 0xffffffff, 0xffffffff },
                { 0xc0000001, 0xaaaaaaa6 },
        };

        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                struct table t = load("hmat");
                struct firmware_fault fault;
                struct hmat hmat;

                put_at(&t, 80 + 12, 4, counts[i][0]);
                put_at(&t, 80 + 16, 4, counts[i][1]);
                seal(&t);
                assert_int_equal(DECODE(hmat, &t, &hmat, &fault), -EINVAL);
                assert_int_equal(fault.code, FIRMWARE_SHORT_STRUCTURE);
                assert_int_equal(fault.offset, 80);
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
                cmocka_unit_test(slit_of_no_localities_is_empty),
                cmocka_unit_test(slit_with_more_localities_than_bytes_is_refused),
                cmocka_unit_test(hmat_values_are_in_nanoseconds_and_megabytes),
                cmocka_unit_test(hmat_revision_1_counts_in_tenths),
                cmocka_unit_test(hmat_matrix_larger_than_its_structure_is_skipped),
                cmocka_unit_test(hmat_structures_that_are_short_or_unknown_are_skipped_and_counted),
                cmocka_unit_test(cedt_windows_have_ways_and_targets),
                cmocka_unit_test(cedt_window_with_a_wrong_interleave_is_kept),
                cmocka_unit_test(cedt_granularity_that_is_reserved_is_told_and_the_window_kept),
                cmocka_unit_test(nodes_are_numbered_by_initiators_then_memory),
                cmocka_unit_test(a_disabled_generic_initiator_hides_the_initiators_behind_it),
                cmocka_unit_test(a_domain_out_of_range_makes_the_srat_unused),
                cmocka_unit_test(node_ids_end_at_max_numnodes),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
