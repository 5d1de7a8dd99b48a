/* SPDX-License-Identifier: MIT */
#include "firmware_walk.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint8_t le8(const uint8_t *p)
{
        return p[0];
}

uint16_t le16(const uint8_t *p)
{
        return (uint16_t)(p[0] | p[1] << 8);
}

uint32_t le32(const uint8_t *p)
{
        return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

uint64_t le64(const uint8_t *p)
{
        return (uint64_t)le32(p) | (uint64_t)le32(p + 4) << 32;
}

void walk_fault(struct walk *w, enum firmware_fault_code code, size_t offset, unsigned int type,
                uint64_t found, uint64_t expected)
{
        w->header->errors++;
        if (w->fault->code != FIRMWARE_NO_FAULT)
                return;
        w->fault->code = code;
        w->fault->offset = offset;
        w->fault->type = type;
        w->fault->found = found;
        w->fault->expected = expected;
}

static void check_sum(struct walk *w)
{
        uint8_t sum = 0;

        for (size_t i = 0; i < w->len; i++)
                sum = (uint8_t)(sum + w->bytes[i]);
        if (sum)
                walk_fault(w, FIRMWARE_CHECKSUM, 9, 0, w->bytes[9], (uint8_t)(w->bytes[9] - sum));
}

int walk_begin(struct walk *w, const void *bytes, size_t len, const char *signature, size_t fixed)
{
        size_t length;

        w->bytes = bytes;
        if (!w->fault)
                w->fault = &w->unused;
        memset(w->fault, 0, sizeof(*w->fault));
        memcpy(w->fault->table, signature, 4);
        if (len < fixed) {
                walk_fault(w, FIRMWARE_TOO_SHORT, 0, 0, len, fixed);
                return -EINVAL;
        }
        if (memcmp(bytes, signature, 4) != 0) {
                walk_fault(w, FIRMWARE_SIGNATURE, 0, 0, le32(bytes),
                           le32((const uint8_t *)signature));
                return -EINVAL;
        }
        w->header->revision = le8(w->bytes + 8);
        memcpy(w->header->oem_id, w->bytes + 10, 6);
        memcpy(w->header->oem_table_id, w->bytes + 16, 8);
        length = le32(w->bytes + 4);
        if (length < fixed) {
                walk_fault(w, FIRMWARE_LENGTH, 4, 0, length, fixed);
                return -EINVAL;
        }
        w->len = length < len ? length : len;
        w->pos = fixed;
        if (length > len)
                walk_fault(w, FIRMWARE_LENGTH, 4, 0, length, len);
        else
                check_sum(w);
        return 0;
}

bool walk_next(struct walk *w, const struct item_format *format, struct item *item)
{
        size_t left = w->len - w->pos;

        if (left == 0)
                return false;
        item->p = w->bytes + w->pos;
        item->offset = w->pos;
        if (left < format->header_size) {
                walk_fault(w, FIRMWARE_PAST_END, w->pos, 0, w->pos + format->header_size, w->len);
                return false;
        }
        format->read(item->p, item);
        w->header->structures++;
        if (item->len == 0) {
                walk_fault(w, FIRMWARE_ZERO_LENGTH, w->pos, item->type, 0, format->header_size);
                return false;
        }
        if (item->len > left) {
                walk_fault(w, FIRMWARE_PAST_END, w->pos, item->type, w->pos + item->len, w->len);
                return false;
        }
        w->pos += item->len;
        return true;
}

bool walk_long_enough(struct walk *w, const struct item *item, size_t least)
{
        if (item->len >= least)
                return true;
        walk_fault(w, FIRMWARE_SHORT_STRUCTURE, item->offset, item->type, item->len, least);
        return false;
}

int walk_result(const struct walk *w)
{
        return w->header->errors ? -EINVAL : 0;
}

void *walk_room_for(const struct walk *w, size_t structure_size, size_t element_size)
{
        return calloc((w->len - w->pos) / structure_size + 1, element_size);
}

void walk_item_read8(const uint8_t *p, struct item *item)
{
        item->type = le8(p);
        item->len = le8(p + 1);
}

void walk_item_read16(const uint8_t *p, struct item *item)
{
        item->type = le8(p);
        item->len = le16(p + 2);
}

void walk_item_read32(const uint8_t *p, struct item *item)
{
        item->type = le16(p);
        item->len = le32(p + 4);
}

/* A signature may hold anything: what is not printable shows as a dot. */
static void print_signature(uint64_t value, char out[static 5])
{
        for (size_t i = 0; i < 4; i++) {
                int c = (int)(value >> 8 * i & 0xff);

                out[i] = isgraph(c) && c < 0x80 ? (char)c : '.';
        }
        out[4] = '\0';
}

static int print_signature_fault(const struct firmware_fault *f, char *out, size_t size)
{
        char found[5], expected[5];

        print_signature(f->found, found);
        print_signature(f->expected, expected);
        return snprintf(out, size, "%s: signature is \"%s\" (0x%08" PRIx64 "), expected \"%s\"",
                        f->table, found, f->found, expected);
}

int firmware_fault_print(const struct firmware_fault *f, char *out, size_t size)
{
        switch (f->code) {
        case FIRMWARE_NO_FAULT:
                break;
        case FIRMWARE_TOO_SHORT:
                return snprintf(out, size, "%s: %" PRIu64 " bytes, expected at least %" PRIu64,
                                f->table, f->found, f->expected);
        case FIRMWARE_SIGNATURE:
                return print_signature_fault(f, out, size);
        case FIRMWARE_LENGTH:
                return snprintf(out, size,
                                "%s: length in the header is %" PRIu64 ", expected %s %" PRIu64,
                                f->table, f->found, f->found > f->expected ? "at most" : "at least",
                                f->expected);
        case FIRMWARE_CHECKSUM:
                return snprintf(out, size,
                                "%s: checksum byte is 0x%02" PRIx64 ", expected 0x%02" PRIx64,
                                f->table, f->found, f->expected);
        case FIRMWARE_ZERO_LENGTH:
                return snprintf(out, size, "%s: structure of type %u at byte %zu has length 0",
                                f->table, f->type, f->offset);
        case FIRMWARE_SHORT_STRUCTURE:
                return snprintf(out, size,
                                "%s: structure of type %u at byte %zu has length %" PRIu64
                                ", expected at least %" PRIu64,
                                f->table, f->type, f->offset, f->found, f->expected);
        case FIRMWARE_PAST_END:
                return snprintf(out, size,
                                "%s: what begins at byte %zu (type %u) ends at byte %" PRIu64
                                ", but the table at %" PRIu64,
                                f->table, f->offset, f->type, f->found, f->expected);
        case FIRMWARE_RESERVED_VALUE:
                return snprintf(out, size,
                                "%s: reserved value %" PRIu64 " at byte %zu (structure of type %u)",
                                f->table, f->found, f->offset, f->type);
        }
        return snprintf(out, size, "%s: no fault", f->table);
}
