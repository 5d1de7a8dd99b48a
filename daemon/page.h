/* SPDX-License-Identifier: MIT */
/* The live page: the files in web/, made part of the program by web/embed.awk. */
#pragma once

#include "buffer.h"

struct page_file {
        const char *path; /* where it is served: "/", "/web/page.js"; NULL ends the list */
        const char *data; /* a text with len bytes and a terminator */
        size_t len;
};

extern const struct page_file page_files[];

/* What may be loaded and done: its own files and its own daemon, nothing else. */
#define PAGE_POLICY                                                                       \
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " \
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/*
 * The file that is served at path. Where it has the line "<!-- routes -->", add_routes adds the
 * list of routes, for people without JavaScript, too.
 */
void page_render(struct buffer *out, const char *path, void (*add_routes)(struct buffer *out));
