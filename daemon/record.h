/* SPDX-License-Identifier: MIT */
/* --record: everything that the daemon reads, copied below a directory that --root shows elsewhere.
 */
#pragma once

#include "settings.h"
#include "source.h"

/*
 * dir is made, or must be empty. Host names stay out; nothing that the daemon reads holds a serial
 * number. 0, or -errno with *error.
 */
int record(struct source *source, const char *dir, error_text *error);
