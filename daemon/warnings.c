/* SPDX-License-Identifier: MIT */
#include "warnings.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void warnings_init(struct warnings *list)
{
        memset(list, 0, sizeof(*list));
}

void warnings_clear(struct warnings *list)
{
        for (size_t i = 0; i < list->n; i++)
                free(list->text[i]);
        free(list->text);
        warnings_init(list);
}

__attribute__((format(printf, 1, 0))) static char *format_message(const char *format, va_list args)
{
        va_list again;
        char *text;
        int len;

        va_copy(again, args);
        len = vsnprintf(NULL, 0, format, again);
        va_end(again);
        if (len < 0)
                return NULL;
        text = malloc((size_t)len + 1);
        if (text)
                vsnprintf(text, (size_t)len + 1, format, args);
        return text;
}

void warnings_add(struct warnings *list, const char *format, ...)
{
        char **grown = NULL;
        char *text;
        va_list args;

        if (!list)
                return;
        va_start(args, format);
        text = format_message(format, args);
        va_end(args);
        if (text)
                grown = reallocarray(list->text, list->n + 1, sizeof(*grown));
        if (!grown) {
                free(text);
                list->lost++;
                return;
        }
        list->text = grown;
        list->text[list->n++] = text;
}
