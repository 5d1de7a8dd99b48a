/* SPDX-License-Identifier: MIT */
#include "listening.h"

#include "address.h"
#include "buffer.h"
#include "cleanup.h"
#include "log.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-daemon.h>

static const char *const default_addresses[] = { "127.0.0.1:6862", "[::1]:6862" };

/* A machine may lack IPv6. */
#define DEFAULT_REQUIRED 1

/* Whether sockets were handed over, in place of the configured addresses. */
static bool inherited;

/* Everybody who reaches the address can read what is served. */
static bool is_local(const char *text)
{
        bool tls;
        const char *bound = address_without_scheme(text, &tls);

        return strncmp(bound, "unix:", 5) == 0 || strncmp(bound, "127.", 4) == 0 ||
               strncmp(bound, "[::1]:", 6) == 0;
}

/* Says what was bound and adds it to the list, if there is one. Takes bound over. */
static void note_bound(const struct settings *settings, struct buffer *list, char *bound)
{
        log_message(LOG_INFO, "listening on %s", bound);
        if (!is_local(bound) && !settings_authenticate(settings))
                log_message(LOG_WARNING, "%s is not a loopback address and needs no authentication",
                            bound);
        if (list)
                buffer_printf(list, "%s\n", bound);
        free(bound);
}

/* Takes error over. */
static int fail(int r, error_text error)
{
        log_failure("%s", error ? error : strerror(-r));
        free(error);
        return r;
}

static bool is_lacking(int error)
{
        return error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT;
}

static int listen_on(struct http *http, const struct settings *settings, const char *address,
                     bool optional, struct buffer *list)
{
        char *bound = NULL;
        error_text error = NULL;
        int r = http_listen(http, address, &bound, &error);

        if (optional && is_lacking(r)) {
                free(error);
                return 0;
        }
        if (r < 0)
                return fail(r, error);
        note_bound(settings, list, bound);
        return 0;
}

/* sd_listen_fds(3). A socket whose FileDescriptorName= is "tls" is encrypted. */
static int take_over(struct http *http, const struct settings *settings, int n, char **names,
                     struct buffer *list)
{
        for (int i = 0; i < n; i++) {
                char *bound = NULL;
                error_text error = NULL;
                bool tls = names && strcmp(names[i], "tls") == 0;
                int r = http_listen_fd(http, SD_LISTEN_FDS_START + i, tls, &bound, &error);

                if (r < 0)
                        return fail(r, error);
                note_bound(settings, list, bound);
        }
        return 0;
}

static int listen_on_inherited(struct http *http, const struct settings *settings,
                               struct buffer *list)
{
        char **names = NULL;
        int n = sd_listen_fds_with_names(true, &names);
        int r = n;

        inherited = n > 0;
        if (n > 0)
                r = take_over(http, settings, n, names, list);
        for (int i = 0; names && i < n; i++)
                free(names[i]);
        free(names);
        return r;
}

static int listen_on_all(struct http *http, const struct settings *settings, struct buffer *list)
{
        int r = listen_on_inherited(http, settings, list);

        if (r >= 0 && inherited && settings->n_listen > 0)
                log_message(LOG_NOTICE, "sockets were handed over: 'listen' is not used");
        if (r < 0 || inherited)
                return r;
        for (size_t i = 0; i < settings->n_listen && r >= 0; i++)
                r = listen_on(http, settings, settings->listen[i], false, list);
        for (size_t i = 0; settings->n_listen == 0 && i < 2 && r >= 0; i++)
                r = listen_on(http, settings, default_addresses[i], i >= DEFAULT_REQUIRED, list);
        return r;
}

/* The file appears complete or not at all, so a script can wait for it. */
static int write_port_file(const char *path, const char *text, size_t len)
{
        _cleanup_(free_p) char *temporary = NULL;
        FILE *f;
        int r;

        if (asprintf(&temporary, "%s.new", path) < 0)
                return -ENOMEM;
        f = fopen(temporary, "we");
        if (!f)
                return -errno;
        r = fwrite(text, 1, len, f) == len ? 0 : -errno;
        if (fclose(f) != 0 && r == 0)
                r = -errno;
        if (r == 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                unlink(temporary);
        return r;
}

int listening_start(struct http *http, const struct settings *settings, const char *port_file)
{
        _cleanup_(buffer_release) struct buffer list = BUFFER_INIT;
        int r = listen_on_all(http, settings, &list);

        if (r < 0 || !port_file)
                return r;
        r = buffer_failed(&list) ? -ENOMEM : write_port_file(port_file, list.data, list.len);
        if (r < 0)
                log_failure("option '--port-file': cannot write '%s': %s", port_file, strerror(-r));
        return r;
}

/* The addresses in force, as they were given to http_listen(). */
static const char *address_at(const struct settings *s, size_t i)
{
        if (s->n_listen > 0)
                return i < s->n_listen ? s->listen[i] : NULL;
        return i < 2 ? default_addresses[i] : NULL;
}

static bool has_address(const struct settings *s, const char *address)
{
        const char *other;

        for (size_t i = 0; (other = address_at(s, i)); i++)
                if (strcmp(other, address) == 0)
                        return true;
        return false;
}

/* Closes what only one has and the other has not. */
static void close_missing(struct http *http, const struct settings *have,
                          const struct settings *want)
{
        const char *address;

        for (size_t i = 0; (address = address_at(have, i)); i++)
                if (!has_address(want, address) && http_listens(http, address)) {
                        http_unlisten(http, address);
                        log_message(LOG_INFO, "no longer listening on %s", address);
                }
}

static int open_missing(struct http *http, const struct settings *want, error_text *error)
{
        const char *address;

        for (size_t i = 0; (address = address_at(want, i)); i++) {
                bool optional = want->n_listen == 0 && i >= DEFAULT_REQUIRED;
                char *bound = NULL;
                int r;

                if (http_listens(http, address))
                        continue;
                r = http_listen(http, address, &bound, error);
                if (r < 0 && !(optional && is_lacking(r)))
                        return r;
                if (r < 0)
                        free(*error);
                else
                        note_bound(want, NULL, bound);
                *error = NULL;
        }
        return 0;
}

int listening_change(struct http *http, const struct settings *before, const struct settings *after,
                     error_text *error)
{
        int r;

        if (inherited)
                return 0;
        r = open_missing(http, after, error);
        if (r < 0)
                close_missing(http, after, before);
        else
                close_missing(http, before, after);
        return r;
}
