/* SPDX-License-Identifier: MIT */
/* The daemon proper: the event loop with its sampler, its HTTP server, signals and systemd. */
#pragma once

#include "settings.h"
#include "source.h"

/* Runs until SIGTERM or SIGINT. Returns the exit status; what went wrong has been logged. */
int serve(struct source *source, const struct command_line *cmd, struct settings *settings);

/* Where the configuration file is looked for when none is named. */
extern const char default_config_file[];
