/* SPDX-License-Identifier: MIT */
/* Files with secrets: keys, hashed passwords, hashed tokens. */
#pragma once

#include "settings.h"

#include <stddef.h>

struct secret {
        char *text; /* with a terminator that does not count */
        size_t len;
};

/*
 * Reads a file, or with "credential:NAME" what systemd put into $CREDENTIALS_DIRECTORY. 0 or
 * -errno, with *error naming option, a constant such as "[tls] key", and the file, not its content.
 */
int secret_read(const char *option, const char *name, struct secret *out, error_text *error);
/* Wipes it. */
void secret_release(struct secret *secret);
