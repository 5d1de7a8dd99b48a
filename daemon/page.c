/* SPDX-License-Identifier: MIT */
#include "page.h"

#include <string.h>

static const char routes_here[] = "<!-- routes -->\n";

void page_render(struct buffer *out, const char *path, void (*add_routes)(struct buffer *out))
{
        const struct page_file *file = page_files;
        const char *rest;

        while (file->path && strcmp(file->path, path) != 0)
                file++;
        if (!file->path)
                return;
        rest = strstr(file->data, routes_here);
        if (!rest) {
                buffer_add(out, file->data, file->len);
                return;
        }
        buffer_add(out, file->data, (size_t)(rest - file->data));
        add_routes(out);
        buffer_add_str(out, rest + strlen(routes_here));
}
