/* SPDX-License-Identifier: MIT */
#include "log.h"

#include "cleanup.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

static int max_level = LOG_INFO;

void log_set_level(int level)
{
        max_level = level;
}

bool log_enabled(int level)
{
        return level <= max_level;
}

/* systemd.exec(5): $JOURNAL_STREAM is "device:inode" of the stream that goes to the journal. */
bool log_is_journal(void)
{
        static int known = -1;
        unsigned long long dev, ino;
        const char *stream = getenv("JOURNAL_STREAM");
        struct stat st;

        if (known < 0)
                known = stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
                        fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
        return known;
}

/* A message quotes what it found, which may hold line breaks and terminal sequences. */
static void make_one_line(char *text)
{
        for (; *text; text++)
                if ((unsigned char)*text < ' ' || *text == '\x7f')
                        *text = '?';
}

__attribute__((format(printf, 2, 0))) static void write_line(int level, const char *format,
                                                             va_list args)
{
        _cleanup_(free_p) char *whole = NULL;
        char cut[512], *text = cut;
        va_list again;

        va_copy(again, args);
        if (vasprintf(&whole, format, args) >= 0)
                text = whole;
        else /* out of memory, of which this may be to tell */
                vsnprintf(cut, sizeof(cut), format, again);
        va_end(again);
        make_one_line(text);
        if (log_is_journal())
                fprintf(stderr, "<%d>%s\n", level, text);
        else
                fprintf(stderr, "numad-telemetry: %s\n", text);
}

void log_message(int level, const char *format, ...)
{
        va_list args;

        if (!log_enabled(level))
                return;
        va_start(args, format);
        write_line(level, format, args);
        va_end(args);
}

void log_failure(const char *format, ...)
{
        va_list args;

        va_start(args, format);
        write_line(LOG_ERR, format, args);
        va_end(args);
}
