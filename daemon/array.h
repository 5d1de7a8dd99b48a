/* SPDX-License-Identifier: MIT */
/* Arrays that grow. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Makes room for one more item behind the n of an array with room for *cap, which doubles. array is
 * the address of the pointer. False when memory is exhausted; the array is then as it was.
 */
bool array_grow(void *array, size_t *cap, size_t n, size_t size);
