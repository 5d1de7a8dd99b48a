/* SPDX-License-Identifier: MIT */
/* On which addresses the daemon listens: the configured ones, or what it was handed by systemd. */
#pragma once

#include "http.h"

/* Listens, logs what is really bound and writes it to port_file, unless that is NULL. Negative: it
 * was logged why not. */
int listening_start(struct http *http, const struct settings *settings, const char *port_file);

/*
 * Goes from the addresses of one configuration to those of another. Those that both have are kept;
 * if a new one cannot be bound, nothing changes. -errno with *error. Sockets that were handed over
 * stay.
 */
int listening_change(struct http *http, const struct settings *before, const struct settings *after,
                     error_text *error);
