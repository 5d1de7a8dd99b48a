/* SPDX-License-Identifier: MIT */
/* Scope-bound release of what a function owns: _cleanup_(free_p), _cleanup_(close_p), … */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))

__attribute__((unused)) static void free_p(void *p)
{
        free(*(void **)p);
}

__attribute__((unused)) static void close_p(int *fd)
{
        if (*fd >= 0)
                close(*fd);
}

__attribute__((unused)) static void fclose_p(FILE **f)
{
        if (*f)
                fclose(*f);
}

__attribute__((unused)) static void closedir_p(DIR **dir)
{
        if (*dir)
                closedir(*dir);
}
