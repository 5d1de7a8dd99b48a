/* SPDX-License-Identifier: MIT */
/*
 * Log lines on standard error. Where that is the journal, each carries its priority as "<N>"
 * (sd-daemon(3)); elsewhere the program's name stands before it.
 */
#pragma once

#include <stdbool.h>
#include <syslog.h>

/* Messages less urgent than level (LOG_INFO, …) are dropped. */
void log_set_level(int level);
bool log_enabled(int level);
/* Whether standard error is the journal. */
bool log_is_journal(void);
/* Why the program cannot start or go on: written whatever the level. */
void log_failure(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_message(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
