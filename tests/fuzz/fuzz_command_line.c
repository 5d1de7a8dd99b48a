/* SPDX-License-Identifier: MIT */
/* A command line, its words on lines: taken, or refused with a reason. */
#include "settings.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static char program[] = "numad-telemetry";
        char *text = strndup((const char *)data, size), *rest = text, *word;
        char *argv[WORDS_MAX + 2] = { program };
        struct command_line cmd;
        error_text error = NULL;
        int argc = 1, r;

        if (!text)
                return 0;
        while (argc <= WORDS_MAX && (word = strsep(&rest, "\n")))
                argv[argc++] = word;
        r = command_line_parse(&cmd, argc, argv, &error);
        if ((r < 0) != (error != NULL))
                abort();
        command_line_release(&cmd);
        free(error);
        free(text);
        return 0;
}
