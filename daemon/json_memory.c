/* SPDX-License-Identifier: MIT */
#include "json_memory.h"

#include <jansson.h>
#include <stdlib.h>

static bool failed;

static void *noting_malloc(size_t size)
{
        void *p = malloc(size);

        failed = failed || !p;
        return p;
}

void json_memory_watch(void)
{
        json_set_alloc_funcs(noting_malloc, free);
        failed = false;
}

void json_memory_note_failure(void)
{
        failed = true;
}

bool json_memory_failed(void)
{
        return failed;
}
