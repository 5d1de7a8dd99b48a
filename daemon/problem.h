/* SPDX-License-Identifier: MIT */
/* Error answers: application/problem+json (RFC 9457). */
#pragma once

#include <microhttpd.h>

/* "Not Found" for 404, … */
const char *problem_title(unsigned status);
/*
 * A response of the caller's, or NULL when memory is exhausted. detail may hold any bytes.
 * *len is the body's length.
 */
struct MHD_Response *problem_new(unsigned status, const char *detail, size_t *len);
