/* SPDX-License-Identifier: MIT */
#include "id_list.h"

size_t id_list_count(const struct id_list *list)
{
        size_t count = 0;

        for (size_t k = 0; list->known && k < list->n; k++)
                count += list->ranges[k].last - list->ranges[k].first + 1;
        return count;
}

void id_range_print(struct buffer *out, struct id_range range, bool first)
{
        if (!first)
                buffer_add_char(out, ',');
        buffer_add_u64(out, range.first);
        if (range.last == range.first)
                return;
        buffer_add_char(out, '-');
        buffer_add_u64(out, range.last);
}

void id_list_print(struct buffer *out, const struct id_list *list)
{
        for (size_t k = 0; list->known && k < list->n; k++)
                id_range_print(out, list->ranges[k], k == 0);
}
