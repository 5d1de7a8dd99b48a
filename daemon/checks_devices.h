/* SPDX-License-Identifier: MIT */
/* The checks of devices. */
#pragma once

#include "checks.h"

struct finding network_interrupts_remote(const struct snapshot *snap, bool was_raised);
