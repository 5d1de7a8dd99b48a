/* SPDX-License-Identifier: MIT */
/*
 * jansson's setters take what its constructors could not make, NULL, in silence; a document would
 * lack members. So whoever makes one looks whether an allocation of jansson's failed meanwhile.
 */
#pragma once

#include <stdbool.h>

void json_memory_watch(void);
/* For what is not jansson's but goes into the document. */
void json_memory_note_failure(void);
/* Whether one has failed since. */
bool json_memory_failed(void);
