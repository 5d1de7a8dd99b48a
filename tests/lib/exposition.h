/* SPDX-License-Identifier: MIT */
/* A strict reader of the Prometheus text format and of OpenMetrics, which keeps nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * NULL if the text is well-formed: HELP and TYPE once a family, its samples together, each series
 * once, values that are numbers, labels escaped and UTF-8, and in OpenMetrics counters that end in
 * "_total" and one EOF. Else what is wrong, a constant; *at is where its line begins.
 */
const char *exposition_check(const char *text, size_t len, bool openmetrics, size_t *at);
