/* SPDX-License-Identifier: MIT */
/*
 * Inside daemon/firmware.c: an ACPI table as a bounded run of bytes, and the walk over its
 * structures. The caller of a decoder never sees this.
 */
#pragma once

#include "firmware.h"

#define ACPI_HEADER_SIZE 36

/* Little endian, from any alignment; the caller has checked the bounds. */
uint8_t le8(const uint8_t *p);
uint16_t le16(const uint8_t *p);
uint32_t le32(const uint8_t *p);
uint64_t le64(const uint8_t *p);

/* A table being decoded: its bytes up to the length that the header and the caller agree on. */
struct walk {
        const uint8_t *bytes;
        size_t len;
        size_t pos;
        struct firmware_header *header;
        struct firmware_fault *fault; /* never NULL */
        struct firmware_fault unused;
};

/* A structure within it. */
struct item {
        const uint8_t *p;
        size_t offset, len;
        unsigned int type;
};

/* Where a table's structures keep their type and length. */
struct item_format {
        size_t header_size;
        void (*read)(const uint8_t *p, struct item *item);
};

/* Checks signature, length and checksum. fixed: the bytes before the first structure, header
 * included. -EINVAL if not even those are there; a wrong checksum or a table cut short is a fault
 * that the walk survives. */
int walk_begin(struct walk *w, const void *bytes, size_t len, const char *signature, size_t fixed);
/* The next structure, all of it within the table; false at the end or where the walk must stop. */
bool walk_next(struct walk *w, const struct item_format *format, struct item *item);
/* Counts a fault; only the first is described. */
void walk_fault(struct walk *w, enum firmware_fault_code code, size_t offset, unsigned int type,
                uint64_t found, uint64_t expected);
/* False, and a fault, if the structure has fewer bytes than least. */
bool walk_long_enough(struct walk *w, const struct item *item, size_t least);
/* Room for as many elements as structures of that size could fit into the rest of the table, and
 * one more; NULL if there is no memory. The caller frees it. */
void *walk_room_for(const struct walk *w, size_t structure_size, size_t element_size);
/* What a decoder returns: 0, or -EINVAL after a fault. */
int walk_result(const struct walk *w);

/* type, length: 8 bits each (SRAT) */
void walk_item_read8(const uint8_t *p, struct item *item);
/* 8-bit type, 16-bit length (CEDT) */
void walk_item_read16(const uint8_t *p, struct item *item);
/* 16-bit type, 32-bit length (HMAT) */
void walk_item_read32(const uint8_t *p, struct item *item);
