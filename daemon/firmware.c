/* SPDX-License-Identifier: MIT */
#include "firmware.h"

#include "firmware_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SRAT_FIXED          48
#define SRAT_PROCESSOR_SIZE 16
#define SRAT_MEMORY_SIZE    40
#define SRAT_X2APIC_SIZE    24
#define SRAT_GICC_SIZE      18
#define SRAT_GIC_ITS_SIZE   12
#define SRAT_GENERIC_SIZE   32
#define SRAT_RINTC_SIZE     20

static void srat_processor(struct srat *srat, const struct item *item)
{
        struct srat_cpu *cpu = &srat->cpus[srat->n_cpus++];
        const uint8_t *p = item->p;

        *cpu = (struct srat_cpu){
                .offset = item->offset,
                .type = SRAT_PROCESSOR,
                .pxm = le8(p + 2),
                .id = le8(p + 3),
                .enabled = le32(p + 4) & 1,
                .sapic_eid = le8(p + 8),
                .clock_domain = le32(p + 12),
        };
        if (srat->header.revision >= 2)
                cpu->pxm |= (uint32_t)le16(p + 9) << 8 | (uint32_t)le8(p + 11) << 24;
}

static void srat_memory(struct srat *srat, const struct item *item)
{
        const uint8_t *p = item->p;
        uint32_t pxm = le32(p + 2), flags = le32(p + 28);

        srat->memory[srat->n_memory++] = (struct srat_memory){
                .offset = item->offset,
                .pxm = srat->header.revision <= 1 ? pxm & 0xff : pxm,
                .base = le64(p + 8),
                .length = le64(p + 16),
                .enabled = flags & 1,
                .hotpluggable = flags & 2,
                .nonvolatile = flags & 4,
        };
}

static void srat_x2apic(struct srat *srat, const struct item *item)
{
        srat->cpus[srat->n_cpus++] = (struct srat_cpu){
                .offset = item->offset,
                .type = SRAT_X2APIC,
                .pxm = le32(item->p + 4),
                .id = le32(item->p + 8),
                .enabled = le32(item->p + 12) & 1,
                .clock_domain = le32(item->p + 16),
        };
}

/* GICC and RINTC have the same fields; in the latter they begin after two reserved bytes. */
static void srat_uid_cpu(struct srat *srat, const struct item *item, size_t fields)
{
        const uint8_t *p = item->p + fields;

        srat->cpus[srat->n_cpus++] = (struct srat_cpu){
                .offset = item->offset,
                .type = (enum srat_type)item->type,
                .pxm = le32(p),
                .id = le32(p + 4),
                .enabled = le32(p + 8) & 1,
                .clock_domain = le32(p + 12),
        };
}

static void srat_its(struct srat *srat, const struct item *item)
{
        srat->its[srat->n_its++] =
                (struct srat_its){ .pxm = le32(item->p + 2), .its_id = le32(item->p + 8) };
}

static void srat_generic(struct srat *srat, const struct item *item)
{
        struct srat_generic *generic = &srat->generic[srat->n_generic++];
        uint32_t flags = le32(item->p + 24);

        *generic = (struct srat_generic){
                .offset = item->offset,
                .type = (enum srat_type)item->type,
                .handle_type = le8(item->p + 3),
                .pxm = le32(item->p + 4),
                .enabled = flags & 1,
                .architectural = flags & 2,
        };
        memcpy(generic->handle, item->p + 8, sizeof(generic->handle));
}

static void srat_item(struct srat *srat, const struct item *item)
{
        switch (item->type) {
        case SRAT_PROCESSOR:
                srat_processor(srat, item);
                break;
        case SRAT_MEMORY:
                srat_memory(srat, item);
                break;
        case SRAT_X2APIC:
                srat_x2apic(srat, item);
                break;
        case SRAT_GICC:
                srat_uid_cpu(srat, item, 2);
                break;
        case SRAT_GIC_ITS:
                srat_its(srat, item);
                break;
        case SRAT_RINTC:
                srat_uid_cpu(srat, item, 4);
                break;
        default:
                srat_generic(srat, item);
        }
}

static const size_t srat_least[] = {
        [SRAT_PROCESSOR] = SRAT_PROCESSOR_SIZE,  [SRAT_MEMORY] = SRAT_MEMORY_SIZE,
        [SRAT_X2APIC] = SRAT_X2APIC_SIZE,        [SRAT_GICC] = SRAT_GICC_SIZE,
        [SRAT_GIC_ITS] = SRAT_GIC_ITS_SIZE,      [SRAT_GENERIC_INITIATOR] = SRAT_GENERIC_SIZE,
        [SRAT_GENERIC_PORT] = SRAT_GENERIC_SIZE, [SRAT_RINTC] = SRAT_RINTC_SIZE,
};

static bool srat_needs(unsigned int type)
{
        return type == SRAT_PROCESSOR || type == SRAT_MEMORY || type == SRAT_X2APIC ||
               type == SRAT_GICC || type == SRAT_RINTC;
}

static void srat_walk(struct walk *w, struct srat *srat)
{
        static const struct item_format format = { 2, walk_item_read8 };
        struct item item = { .len = 1 };

        while (walk_next(w, &format, &item)) {
                if (item.type >= sizeof(srat_least) / sizeof(srat_least[0]))
                        w->header->unknown++;
                else if (walk_long_enough(w, &item, srat_least[item.type]))
                        srat_item(srat, &item);
                else if (srat_needs(item.type))
                        srat->unusable = true;
        }
        if (item.len == 0)
                srat->unusable = true;
}

int srat_decode(const void *bytes, size_t len, struct srat *out, struct firmware_fault *fault)
{
        struct walk w = { .header = &out->header, .fault = fault };

        memset(out, 0, sizeof(*out));
        if (walk_begin(&w, bytes, len, "SRAT", SRAT_FIXED) < 0)
                return -EINVAL;
        out->cpus = walk_room_for(&w, SRAT_PROCESSOR_SIZE, sizeof(*out->cpus));
        out->memory = walk_room_for(&w, SRAT_MEMORY_SIZE, sizeof(*out->memory));
        out->its = walk_room_for(&w, SRAT_GIC_ITS_SIZE, sizeof(*out->its));
        out->generic = walk_room_for(&w, SRAT_GENERIC_SIZE, sizeof(*out->generic));
        if (!out->cpus || !out->memory || !out->its || !out->generic) {
                srat_free(out);
                return -ENOMEM;
        }
        srat_walk(&w, out);
        return walk_result(&w);
}

void srat_free(struct srat *srat)
{
        free(srat->cpus);
        free(srat->memory);
        free(srat->its);
        free(srat->generic);
        memset(srat, 0, sizeof(*srat));
}

#define SLIT_FIXED     44
#define LOCAL_DISTANCE 10

static bool slit_valid(const struct slit *slit)
{
        size_t n = slit->localities;

        for (size_t i = 0; i < n * n; i++) {
                bool local = i / n == i % n;

                if (local ? slit->distance[i] != LOCAL_DISTANCE
                          : slit->distance[i] <= LOCAL_DISTANCE)
                        return false;
        }
        return true;
}

int slit_decode(const void *bytes, size_t len, struct slit *out, struct firmware_fault *fault)
{
        struct walk w = { .header = &out->header, .fault = fault };
        uint64_t n;
        size_t room;

        memset(out, 0, sizeof(*out));
        if (walk_begin(&w, bytes, len, "SLIT", SLIT_FIXED) < 0)
                return -EINVAL;
        n = le64(w.bytes + ACPI_HEADER_SIZE);
        room = w.len - SLIT_FIXED;
        if (n == 0)
                return walk_result(&w);
        if (n > room / n) {
                walk_fault(&w, FIRMWARE_PAST_END, ACPI_HEADER_SIZE, 0,
                           n > UINT32_MAX ? UINT64_MAX : SLIT_FIXED + n * n, w.len);
                return -EINVAL;
        }
        out->distance = malloc((size_t)(n * n));
        if (!out->distance)
                return -ENOMEM;
        memcpy(out->distance, w.bytes + SLIT_FIXED, (size_t)(n * n));
        out->localities = (size_t)n;
        out->valid = slit_valid(out);
        return walk_result(&w);
}

void slit_free(struct slit *slit)
{
        free(slit->distance);
        memset(slit, 0, sizeof(*slit));
}

#define HMAT_FIXED          40
#define HMAT_PROXIMITY_SIZE 40
#define HMAT_LOCALITY_SIZE  32
#define HMAT_CACHE_SIZE     32

static void hmat_proximity(struct walk *w, struct hmat *hmat, const struct item *item)
{
        struct hmat_proximity *out;
        const uint8_t *p = item->p;

        if (!walk_long_enough(w, item, HMAT_PROXIMITY_SIZE))
                return;
        out = &hmat->proximities[hmat->n_proximities++];
        *out = (struct hmat_proximity){
                .flags = le16(p + 8),
                .initiator_pxm = le32(p + 12),
                .memory_pxm = le32(p + 16),
        };
        out->initiator_valid = out->flags & 1;
        if (hmat->header.revision == 1) {
                out->memory_valid = out->flags & 2;
                out->base = le64(p + 24);
                out->length = le64(p + 32);
        }
}

static uint32_t *copy_le32(const uint8_t *p, size_t n)
{
        uint32_t *out = calloc(n + 1, sizeof(*out));

        for (size_t i = 0; out && i < n; i++)
                out[i] = le32(p + 4 * i);
        return out;
}

static uint16_t *copy_le16(const uint8_t *p, size_t n)
{
        uint16_t *out = calloc(n + 1, sizeof(*out));

        for (size_t i = 0; out && i < n; i++)
                out[i] = le16(p + 2 * i);
        return out;
}

/* Bytes that a locality structure needs; saturates instead of wrapping. */
static uint64_t locality_size(uint64_t initiators, uint64_t targets)
{
        uint64_t lists = HMAT_LOCALITY_SIZE + 4 * (initiators + targets);
        uint64_t entries = initiators * targets; /* below 2^64: both are 32 bits */

        return entries > (UINT64_MAX - lists) / 2 ? UINT64_MAX : lists + 2 * entries;
}

static int hmat_locality(struct walk *w, struct hmat *hmat, const struct item *item)
{
        struct hmat_locality *out = &hmat->localities[hmat->n_localities];
        const uint8_t *p = item->p;
        uint64_t least;

        if (!walk_long_enough(w, item, HMAT_LOCALITY_SIZE))
                return 0;
        least = locality_size(le32(p + 12), le32(p + 16));
        if (item->len < least) {
                walk_fault(w, FIRMWARE_SHORT_STRUCTURE, item->offset, item->type, item->len, least);
                return 0;
        }
        *out = (struct hmat_locality){
                .flags = le8(p + 8),
                .hierarchy = le8(p + 8) & 0xf,
                .data_type = le8(p + 9),
                .min_transfer_size = hmat->header.revision >= 2 ? le8(p + 10) : 0,
                .n_initiators = le32(p + 12),
                .n_targets = le32(p + 16),
                .base_unit = le64(p + 24),
        };
        hmat->n_localities++;
        p += HMAT_LOCALITY_SIZE;
        out->initiators = copy_le32(p, out->n_initiators);
        p += 4 * out->n_initiators;
        out->targets = copy_le32(p, out->n_targets);
        p += 4 * out->n_targets;
        out->entries = copy_le16(p, out->n_initiators * out->n_targets);
        return out->initiators && out->targets && out->entries ? 0 : -ENOMEM;
}

static void hmat_cache(struct walk *w, struct hmat *hmat, const struct item *item)
{
        const uint8_t *p = item->p;
        uint32_t attributes;

        if (!walk_long_enough(w, item, HMAT_CACHE_SIZE))
                return;
        attributes = le32(p + 24);
        hmat->caches[hmat->n_caches++] = (struct hmat_cache){
                .memory_pxm = le32(p + 8),
                .size = le64(p + 16),
                .total_levels = attributes & 0xf,
                .level = attributes >> 4 & 0xf,
                .associativity = attributes >> 8 & 0xf,
                .write_policy = attributes >> 12 & 0xf,
                .line_size = (uint16_t)(attributes >> 16),
                .n_smbios_handles = le16(p + 30),
        };
}

static int hmat_walk(struct walk *w, struct hmat *hmat)
{
        static const struct item_format format = { 8, walk_item_read32 };
        struct item item;

        while (walk_next(w, &format, &item)) {
                switch (item.type) {
                case 0:
                        hmat_proximity(w, hmat, &item);
                        break;
                case 1:
                        if (hmat_locality(w, hmat, &item) < 0)
                                return -ENOMEM;
                        break;
                case 2:
                        hmat_cache(w, hmat, &item);
                        break;
                default:
                        w->header->unknown++;
                }
        }
        return walk_result(w);
}

int hmat_decode(const void *bytes, size_t len, struct hmat *out, struct firmware_fault *fault)
{
        struct walk w = { .header = &out->header, .fault = fault };
        int r = -ENOMEM;

        memset(out, 0, sizeof(*out));
        if (walk_begin(&w, bytes, len, "HMAT", HMAT_FIXED) < 0)
                return -EINVAL;
        out->proximities = walk_room_for(&w, HMAT_PROXIMITY_SIZE, sizeof(*out->proximities));
        out->localities = walk_room_for(&w, HMAT_LOCALITY_SIZE, sizeof(*out->localities));
        out->caches = walk_room_for(&w, HMAT_CACHE_SIZE, sizeof(*out->caches));
        if (out->proximities && out->localities && out->caches)
                r = hmat_walk(&w, out);
        if (r == -ENOMEM)
                hmat_free(out);
        return r;
}

void hmat_free(struct hmat *hmat)
{
        for (size_t i = 0; i < hmat->n_localities; i++) {
                free(hmat->localities[i].initiators);
                free(hmat->localities[i].targets);
                free(hmat->localities[i].entries);
        }
        free(hmat->proximities);
        free(hmat->localities);
        free(hmat->caches);
        memset(hmat, 0, sizeof(*hmat));
}

bool hmat_is_latency(const struct hmat_locality *loc)
{
        return loc->data_type <= HMAT_WRITE_LATENCY;
}

static uint32_t divide_up(uint32_t value, uint32_t by)
{
        return value / by + (value % by != 0);
}

uint32_t hmat_value(const struct hmat *hmat, const struct hmat_locality *loc, size_t initiator,
                    size_t target)
{
        uint16_t entry = loc->entries[initiator * loc->n_targets + target];
        uint32_t value;

        if (entry == 0 || entry == 0xffff || loc->base_unit > UINT32_MAX / entry)
                return 0;
        value = (uint32_t)(entry * loc->base_unit);
        /* Revision 1 counts in tenths of a nanosecond and of a MB/s; revision 2 in picoseconds and
         * MB/s. */
        if (hmat->header.revision == 1)
                return value < 10 ? 0 : divide_up(value, 10);
        if (hmat->header.revision == 2 && hmat_is_latency(loc))
                return divide_up(value, 1000);
        return value;
}

#define CEDT_FIXED      36
#define CEDT_CHBS_SIZE  32
#define CEDT_CFMWS_SIZE 36

static void cedt_chbs(struct walk *w, struct cedt *cedt, const struct item *item)
{
        const uint8_t *p = item->p;

        if (!walk_long_enough(w, item, CEDT_CHBS_SIZE))
                return;
        cedt->chbs[cedt->n_chbs++] = (struct cedt_chbs){
                .uid = le32(p + 4),
                .cxl_version = le32(p + 8),
                .base = le64(p + 16),
                .length = le64(p + 24),
        };
}

/* drivers/cxl/cxl.h: eiw_to_ways(), eig_to_granularity() */
static uint32_t interleave_ways(uint8_t code)
{
        static const uint8_t ways[] = { 1, 2, 4, 8, 16, 0, 0, 0, 3, 6, 12 };

        return code < sizeof(ways) ? ways[code] : 0;
}

static uint32_t interleave_granularity(uint32_t code)
{
        return code <= 6 ? UINT32_C(256) << code : 0;
}

static void cedt_cfmws(struct walk *w, struct cedt *cedt, const struct item *item)
{
        struct cedt_cfmws *out;
        const uint8_t *p = item->p;

        if (!walk_long_enough(w, item, CEDT_CFMWS_SIZE))
                return;
        out = &cedt->cfmws[cedt->n_cfmws++];
        *out = (struct cedt_cfmws){
                .base = le64(p + 8),
                .size = le64(p + 16),
                .ways = interleave_ways(le8(p + 24)),
                .arithmetic = le8(p + 25),
                .granularity = interleave_granularity(le32(p + 28)),
                .restrictions = le16(p + 32),
                .qtg_id = le16(p + 34),
        };
        if (out->ways == 0)
                walk_fault(w, FIRMWARE_RESERVED_VALUE, item->offset + 24, item->type, le8(p + 24),
                           0);
        if (out->granularity == 0)
                walk_fault(w, FIRMWARE_RESERVED_VALUE, item->offset + 28, item->type, le32(p + 28),
                           0);
        if (!walk_long_enough(w, item, CEDT_CFMWS_SIZE + 4 * (size_t)out->ways))
                return;
        out->n_targets = out->ways;
        for (size_t i = 0; i < out->ways; i++)
                out->targets[i] = le32(p + CEDT_CFMWS_SIZE + 4 * i);
}

int cedt_decode(const void *bytes, size_t len, struct cedt *out, struct firmware_fault *fault)
{
        static const struct item_format format = { 4, walk_item_read16 };
        struct walk w = { .header = &out->header, .fault = fault };
        struct item item;

        memset(out, 0, sizeof(*out));
        if (walk_begin(&w, bytes, len, "CEDT", CEDT_FIXED) < 0)
                return -EINVAL;
        out->chbs = walk_room_for(&w, CEDT_CHBS_SIZE, sizeof(*out->chbs));
        out->cfmws = walk_room_for(&w, CEDT_CFMWS_SIZE, sizeof(*out->cfmws));
        if (!out->chbs || !out->cfmws) {
                cedt_free(out);
                return -ENOMEM;
        }
        while (walk_next(&w, &format, &item)) {
                if (item.type == 0)
                        cedt_chbs(&w, out, &item);
                else if (item.type == 1)
                        cedt_cfmws(&w, out, &item);
                else
                        w.header->unknown++;
        }
        return walk_result(&w);
}

void cedt_free(struct cedt *cedt)
{
        free(cedt->chbs);
        free(cedt->cfmws);
        memset(cedt, 0, sizeof(*cedt));
}
