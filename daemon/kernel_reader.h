/* SPDX-License-Identifier: MIT */
/* Which kernel on which machine, and its NUMA settings: /proc/sys. */
#pragma once

#include "reader.h"

struct kernel_reader;

/* NULL when memory is exhausted. */
struct kernel_reader *kernel_reader_new(struct source *source);
void kernel_reader_free(struct kernel_reader *k);

/* Boot id, host name and release into sample; valid until the next call. What cannot be read is
 * NULL. */
void kernel_read_identity(struct kernel_reader *k, struct reader *r, struct sample *sample);
/* The settings into sample; valid as long as the reader. */
void kernel_read_sysctls(struct kernel_reader *k, struct reader *r, struct sample *sample);
