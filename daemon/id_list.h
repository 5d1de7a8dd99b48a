/* SPDX-License-Identifier: MIT */
/* A list of ids as the kernel prints them: "0-3,8". */
#pragma once

#include "buffer.h"
#include "parse.h"

struct id_list {
        bool known;
        size_t n;
        struct id_range *ranges; /* ascending, not touching */
};

/* How many ids are in it; 0 where it is unknown. */
size_t id_list_count(const struct id_list *list);
/* Appends the list; nothing where it is unknown. */
void id_list_print(struct buffer *out, const struct id_list *list);
/* Appends one range of a list, after a comma unless it is the first. */
void id_range_print(struct buffer *out, struct id_range range, bool first);
