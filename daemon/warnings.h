/* SPDX-License-Identifier: MIT */
/*
 * A growable list of one-line messages: how a module that never prints says what it found odd.
 * The kernel would have printed the same with pr_warn() or pr_err().
 */
#pragma once

#include <stddef.h>

struct warnings {
        char **text; /* n strings, owned by the list, without a newline */
        size_t n;
        size_t lost; /* messages for which there was no memory */
};

/* Starts a list: struct warnings w = { 0 } does the same. */
void warnings_init(struct warnings *list);
/* Frees the messages and leaves an empty list. */
void warnings_clear(struct warnings *list);
/* Appends a message. list may be NULL: the message is dropped. Out of memory only counts it. */
void warnings_add(struct warnings *list, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
