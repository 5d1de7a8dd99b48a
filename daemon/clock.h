/* SPDX-License-Identifier: MIT */
/* Nanoseconds of CLOCK_MONOTONIC and CLOCK_REALTIME. */
#pragma once

#include <stdint.h>

uint64_t monotonic_now_ns(void);
uint64_t realtime_now_ns(void);
