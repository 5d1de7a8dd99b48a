/* SPDX-License-Identifier: MIT */
#include "clock.h"

#include <time.h>

static uint64_t now_ns(clockid_t clock)
{
        struct timespec ts;

        clock_gettime(clock, &ts);
        return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

uint64_t monotonic_now_ns(void)
{
        return now_ns(CLOCK_MONOTONIC);
}

uint64_t realtime_now_ns(void)
{
        return now_ns(CLOCK_REALTIME);
}
