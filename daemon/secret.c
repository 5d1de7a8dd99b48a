/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include "cleanup.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* A chain of certificates, or some thousand users. */
#define SECRET_MAX ((size_t)1 << 20)

static const char credential[] = "credential:";

void secret_release(struct secret *secret)
{
        if (secret->text)
                explicit_bzero(secret->text, secret->len);
        free(secret->text);
        *secret = (struct secret){ .text = NULL };
}

/* NULL when memory is exhausted. */
static char *path_of(const char *name)
{
        const char *directory = getenv("CREDENTIALS_DIRECTORY");
        char *path;

        if (strncmp(name, credential, strlen(credential)) != 0)
                return strdup(name);
        if (asprintf(&path, "%s/%s", directory ? directory : "$CREDENTIALS_DIRECTORY",
                     name + strlen(credential)) < 0)
                return NULL;
        return path;
}

static int read_file(const char *path, struct secret *out)
{
        _cleanup_(fclose_p) FILE *f = fopen(path, "re");
        struct stat st;

        if (!f || fstat(fileno(f), &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        out->text = malloc(SECRET_MAX + 1);
        if (!out->text)
                return -ENOMEM;
        out->len = fread(out->text, 1, SECRET_MAX + 1, f);
        if (ferror(f))
                return -EIO;
        if (out->len > SECRET_MAX)
                return -EFBIG;
        out->text[out->len] = '\0';
        return 0;
}

int secret_read(const char *option, const char *name, struct secret *out, error_text *error)
{
        _cleanup_(free_p) char *path = path_of(name);
        int r;

        *out = (struct secret){ .text = NULL };
        r = path ? read_file(path, out) : -ENOMEM;
        if (r == 0)
                return 0;
        secret_release(out);
        if (r != -ENOMEM && asprintf(error, "%s: found '%s' (%s), expected a readable file", option,
                                     path ? path : name, strerror(-r)) < 0)
                *error = NULL;
        return r;
}
