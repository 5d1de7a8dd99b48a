/* SPDX-License-Identifier: MIT */
/* A random machine of a few nodes as the kernel's files show it, some of them damaged. */
#pragma once

#include "input.h"
#include "sample.h"

#define MACHINE_NODES  4
#define MACHINE_BLOCKS 16
#define MACHINE_ODD    4

/* All of it in bytes, so that a change is another byte. */
struct machine {
        uint8_t ids;    /* which four nids */
        uint8_t flags;  /* MACHINE_… */
        uint8_t online; /* a bit a node, likewise below */
        uint8_t masks[NR_NODE_STATES];
        uint8_t masks_absent; /* a bit a mask */
        uint8_t block_size;
        uint8_t blocks[MACHINE_BLOCKS];
        struct {
                uint8_t cpus; /* of eight */
                uint8_t distances[MACHINE_NODES];
                uint8_t pool, surplus, figure;
                uint8_t odd_field[3];
                uint8_t zone, access, caches;
        } nodes[MACHINE_NODES];
        uint8_t tiers, memmap, sysctl;
        uint8_t odd[MACHINE_ODD]; /* directories that no kernel has */
};

/* Masks need not agree. */
#define MACHINE_WILD 1

void machine_read(struct machine *m, struct input *in);
/* Changes some of it. */
void machine_change(struct machine *m, struct input *in);
/* Puts its files into the tree (tree.h); the firmware's tables and the damage come from in. */
void machine_put(const struct machine *m, struct input *in);
