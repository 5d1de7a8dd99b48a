/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
#include <errno.h>
#include <syslog.h>
#include <unistd.h>
#include <cmocka.h>

#define NS UINT64_C(1000000000)

static const char no_file[] = "/nonexistent/numad-telemetry.conf";

static void assert_file_error(const char *text, const char *expected)
{
        struct settings settings = { .n_listen = 0 };
        error_text error = NULL;

        assert_int_equal(settings_parse_file_text(&settings, "f.conf", text, strlen(text), &error),
                         -EINVAL);
        assert_string_equal(error, expected);
        free(error);
        settings_release(&settings);
}

static void assert_usage_error(char **argv, const char *expected)
{
        struct command_line cmd;
        error_text error = NULL;
        int argc = 0;

        while (argv[argc])
                argc++;
        assert_int_equal(command_line_parse(&cmd, argc, argv, &error), -EINVAL);
        assert_string_equal(error, expected);
        free(error);
}

#define ARGV(...) ((char *[]){ (char[]){ "numad-telemetry" }, __VA_ARGS__, NULL })
#define ARG(s)    ((char[]){ s })

static struct command_line parsed(char **argv)
{
        struct command_line cmd;
        error_text error = NULL;
        int argc = 0;

        while (argv[argc])
                argc++;
        assert_int_equal(command_line_parse(&cmd, argc, argv, &error), 0);
        return cmd;
}

static void without_file_and_options_the_defaults_hold(void **state)
{
        (void)state;
        struct command_line cmd = parsed((char *[]){ ARG("numad-telemetry"), NULL });
        struct settings settings;
        char none_yet[] = "none yet";
        error_text error = none_yet;

        assert_int_equal(settings_load(&settings, &cmd, no_file, &error), 0);
        assert_null(error);
        assert_int_equal(settings.interval_ns, 10 * NS);
        assert_int_equal(settings.max_age_ns, NS);
        assert_int_equal(settings.distance_metrics_limit, 64);
        assert_int_equal(settings.connection_limit, 256);
        assert_int_equal(settings.connection_limit_per_address, 64);
        assert_int_equal(settings.idle_timeout_s, 30);
        assert_int_equal(settings.tls_minimum_version, 12);
        assert_false(settings.open_health);
        assert_int_equal(settings.log_level, LOG_INFO);
        assert_int_equal(settings.n_listen, 0);
        assert_int_equal(settings.n_hosts, 0);
        assert_int_equal(cmd.action, ACTION_SERVE);
        assert_string_equal(cmd.root, "/");
        settings_release(&settings);
}

static void every_key_of_the_file_is_applied(void **state)
{
        (void)state;
        static const char text[] =
                "; comment\n[server]\nlisten = 127.0.0.1:1 [::1]:2\nlisten = unix:/x\n"
                "connection_limit = 7\nconnection_limit_per_address = 3\nidle_timeout = 5\n"
                "[sampling]\ninterval = 0.25\nmax_age = 0\n[metrics]\n"
                "distance_metrics_limit = 8\n[log]\nlevel = debug\n";
        struct settings settings = { .n_listen = 0 };
        error_text error = NULL;

        assert_int_equal(settings_parse_file_text(&settings, "f", text, strlen(text), &error), 0);
        assert_null(error);
        assert_int_equal(settings.n_listen, 3);
        assert_string_equal(settings.listen[1], "[::1]:2");
        assert_string_equal(settings.listen[2], "unix:/x");
        assert_int_equal(settings.connection_limit, 7);
        assert_int_equal(settings.connection_limit_per_address, 3);
        assert_int_equal(settings.idle_timeout_s, 5);
        assert_int_equal(settings.interval_ns, NS / 4);
        assert_int_equal(settings.max_age_ns, 0);
        assert_int_equal(settings.distance_metrics_limit, 8);
        assert_int_equal(settings.log_level, LOG_DEBUG);
        settings_release(&settings);
}

/* The settings of a command line, and what their print reads back as. */
static void print_and_read(char **argv, struct settings *settings, struct settings *again)
{
        struct command_line cmd = parsed(argv);
        error_text error = NULL;
        char *text = NULL;
        size_t len = 0;
        FILE *f = open_memstream(&text, &len);

        *again = (struct settings){ .n_listen = 0 };
        assert_int_equal(settings_load(settings, &cmd, no_file, &error), 0);
        settings_print(settings, f);
        fclose(f);
        assert_int_equal(settings_parse_file_text(again, "printed", text, len, &error), 0);
        command_line_release(&cmd);
        free(text);
}

static void what_is_printed_reads_back_the_same(void **state)
{
        (void)state;
        char *argv[] = { ARG("numad-telemetry"), ARG("--interval"), ARG("0.010000001"), ARG("-l"),
                         ARG("unix:/a"),         ARG("-l"),         ARG("127.0.0.1:0"), NULL };
        struct settings settings, again;

        print_and_read(argv, &settings, &again);
        assert_int_equal(again.interval_ns, NS / 100 + 1);
        assert_int_equal(again.n_listen, 2);
        assert_string_equal(again.listen[1], "127.0.0.1:0");
        assert_int_equal(again.log_level, settings.log_level);
        settings_release(&settings);
        settings_release(&again);
}

static void assert_prints_the_same_again(char **argv, size_t n_listen)
{
        struct settings settings, again;

        print_and_read(argv, &settings, &again);
        assert_int_equal(settings.n_listen, n_listen);
        assert_int_equal(again.n_listen, n_listen);
        for (size_t i = 0; i < n_listen; i++)
                assert_string_equal(again.listen[i], settings.listen[i]);
        settings_release(&settings);
        settings_release(&again);
}

static void printed_addresses_are_those_in_force_however_many(void **state)
{
        (void)state;
        char option[] = "-l", address[] = "unix:/run/numad-telemetry/http.sock";
        char *argv[40] = { ARG("numad-telemetry") };

        /* None: the built-in ones, of which IPv6 is only taken where there is IPv6. */
        assert_prints_the_same_again(argv, 0);
        for (size_t i = 1; i < 39; i += 2) {
                argv[i] = option;
                argv[i + 1] = address;
        }
        assert_prints_the_same_again(argv, 19);
}

/* A file under /tmp with that text, to be removed by its name. */
static char *file_with(const char *text, size_t len)
{
        char *name = strdup("/tmp/numad-settings.XXXXXX");
        int fd = mkstemp(name);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, len), (ssize_t)len);
        close(fd);
        return name;
}

/* What the daemon makes of a file with that text and of the options. */
static int load(const char *text, size_t len, char **argv, struct settings *settings,
                error_text *error)
{
        struct command_line cmd = parsed(argv);
        char *name = file_with(text, len);
        int r = settings_load(settings, &cmd, name, error);

        unlink(name);
        free(name);
        command_line_release(&cmd);
        return r;
}

static void assert_prints(const struct settings *settings, const char *expected)
{
        char *text = NULL;
        size_t len = 0;
        FILE *f = open_memstream(&text, &len);

        settings_print(settings, f);
        fclose(f);
        assert_string_equal(text, expected);
        free(text);
}

static void what_is_not_set_is_printed_as_a_comment(void **state)
{
        (void)state;
        struct settings settings;
        error_text error;

        assert_int_equal(load("", 0, ARGV(NULL), &settings, &error), 0);
        assert_prints(&settings, "[server]\n"
                                 "#listen = 127.0.0.1:6862 [::1]:6862\n"
                                 "#allow = \n"
                                 "#deny = \n"
                                 "#hosts = \n"
                                 "connection_limit = 256\n"
                                 "connection_limit_per_address = 64\n"
                                 "idle_timeout = 30\n"
                                 "\n[tls]\n"
                                 "#certificate = \n"
                                 "#key = \n"
                                 "#client_ca = \n"
                                 "minimum_version = 1.2\n"
                                 "\n[authentication]\n"
                                 "#users = \n"
                                 "#tokens = \n"
                                 "open_health = no\n"
                                 "\n[sampling]\n"
                                 "interval = 10\n"
                                 "max_age = 1\n"
                                 "\n[metrics]\n"
                                 "distance_metrics_limit = 64\n"
                                 "\n[log]\n"
                                 "level = info\n");
        settings_release(&settings);
}

/* Each key with another value than the built-in one, as it is printed. */
static const char every_key[] = "[server]\n"
                                "listen = 127.0.0.1:0\n"
                                "listen = unix:/x\n"
                                "allow = 10.0.0.0/8 192.0.2.1/32 2001:db8::/32 ::1/128\n"
                                "deny = 10.1.0.0/16 ::/0 0.0.0.0/0\n"
                                "hosts = numa1.example.org n.example\n"
                                "connection_limit = 7\n"
                                "connection_limit_per_address = 3\n"
                                "idle_timeout = 5\n"
                                "\n[tls]\n"
                                "certificate = /c.pem\n"
                                "key = credential:key\n"
                                "client_ca = /ca.pem\n"
                                "minimum_version = 1.3\n"
                                "\n[authentication]\n"
                                "users = /users\n"
                                "tokens = /tokens\n"
                                "open_health = yes\n"
                                "\n[sampling]\n"
                                "interval = 0.25\n"
                                "max_age = 3600.00000001\n"
                                "\n[metrics]\n"
                                "distance_metrics_limit = 8\n"
                                "\n[log]\n"
                                "level = debug\n";

static void every_key_is_printed_as_it_was_set(void **state)
{
        (void)state;
        struct settings settings;
        error_text error;

        assert_int_equal(load(every_key, strlen(every_key), ARGV(NULL), &settings, &error), 0);
        assert_null(error);
        assert_prints(&settings, every_key);
        assert_int_equal(settings.max_age_ns, 3600 * NS + 10);
        settings_release(&settings);
}

static void a_list_of_one_is_printed(void **state)
{
        (void)state;
        static const char text[] = "[server]\nlisten = unix:/a\nallow = ::1\n"
                                   "deny = 192.0.2.1\nhosts = a.b\n";
        struct settings settings;
        error_text error;
        char *printed = NULL;
        size_t len = 0;
        FILE *f = open_memstream(&printed, &len);

        assert_int_equal(load(text, strlen(text), ARGV(NULL), &settings, &error), 0);
        settings_print(&settings, f);
        fclose(f);
        assert_non_null(strstr(printed, "[server]\nlisten = unix:/a\nallow = ::1/128\n"
                                        "deny = 192.0.2.1/32\nhosts = a.b\n"));
        free(printed);
        settings_release(&settings);
}

static void options_win_over_the_file(void **state)
{
        (void)state;
        struct settings settings;
        error_text error;

        assert_int_equal(
                load(every_key, strlen(every_key),
                     ARGV(ARG("--interval=3"), ARG("--max-age=0.5"), ARG("-l"), ARG("127.0.0.1:9"),
                          ARG("-l"), ARG("tls:[::1]:8"), ARG("-l"), ARG("unix:/y")),
                     &settings, &error),
                0);
        assert_int_equal(settings.interval_ns, 3 * NS);
        assert_int_equal(settings.max_age_ns, NS / 2);
        assert_int_equal(settings.n_listen, 3);
        assert_string_equal(settings.listen[0], "127.0.0.1:9");
        assert_string_equal(settings.listen[1], "tls:[::1]:8");
        assert_string_equal(settings.listen[2], "unix:/y");
        assert_int_equal(settings.connection_limit, 7);
        settings_release(&settings);
}

static void nothing_of_a_file_with_an_error_takes_effect(void **state)
{
        (void)state;
        static const char text[] = "[server]\nlisten = unix:/a\nhosts = a.b\nallow = ::1\n"
                                   "[tls]\nkey = /k\n[log]\nlevel = loud\n";
        struct settings settings;
        error_text error;

        assert_int_equal(load(text, strlen(text), ARGV(NULL), &settings, &error), -EINVAL);
        assert_non_null(strstr(error, ":8: [log] level: found 'loud', expected emerg"));
        free(error);
}

/* A mebibyte of comments is a configuration, more is a mistake. */
static void a_file_may_have_a_mebibyte(void **state)
{
        (void)state;
        const size_t most = 1 << 20;
        char *text = malloc(most + 1);
        struct settings settings;
        error_text error;

        assert_non_null(text);
        memset(text, '\n', most + 1);
        memcpy(text + most - 20, "[log]\nlevel = debug\n", 20);
        assert_int_equal(load(text, most, ARGV(NULL), &settings, &error), 0);
        assert_int_equal(settings.log_level, LOG_DEBUG);
        settings_release(&settings);
        assert_int_equal(load(text, most + 1, ARGV(NULL), &settings, &error), -EFBIG);
        assert_non_null(strstr(error, ": File too large, expected a readable file"));
        free(error);
        free(text);
}

/* Sets the key alone; -EINVAL without a trace of it, or 0. */
static int set(const char *section, const char *key, const char *value, struct settings *settings)
{
        error_text error;
        char text[200];
        int r;

        *settings = (struct settings){ .n_listen = 0 };
        snprintf(text, sizeof(text), "[%s]\n%s = %s\n", section, key, value);
        r = settings_parse_file_text(settings, "f.conf", text, strlen(text), &error);
        free(error);
        settings_release(settings);
        return r;
}

static void numbers_are_taken_within_their_bounds(void **state)
{
        (void)state;
        static const struct {
                const char *section, *key, *right[2], *wrong[2];
        } keys[] = {
                { "server", "connection_limit", { "1", "10000" }, { "0", "10001" } },
                { "server", "connection_limit_per_address", { "1", "10000" }, { "0", "10001" } },
                { "server", "idle_timeout", { "1", "3600" }, { "0", "3601" } },
                { "metrics", "distance_metrics_limit", { "0", "1024" }, { "-1", "1025" } },
        };
        static const char *const never[] = { "",   "a",   "1a",
                                             "+1", "0x1", "1.5",
                                             "1/", "1:",  "18446744073709551617" };
        struct settings settings;

        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
                for (size_t j = 0; j < 2; j++) {
                        assert_int_equal(
                                set(keys[i].section, keys[i].key, keys[i].right[j], &settings), 0);
                        assert_int_equal(
                                set(keys[i].section, keys[i].key, keys[i].wrong[j], &settings),
                                -EINVAL);
                }
                for (size_t j = 0; j < sizeof(never) / sizeof(never[0]); j++)
                        assert_int_equal(set(keys[i].section, keys[i].key, never[j], &settings),
                                         -EINVAL);
        }
        assert_int_equal(set("server", "connection_limit", "0987", &settings), 0);
        assert_int_equal(settings.connection_limit, 987);
}

static void words_of_choice_are_taken_and_no_others(void **state)
{
        (void)state;
        static const char *const levels[] = { "emerg",   "alert",  "crit", "err",
                                              "warning", "notice", "info", "debug" };
        struct settings settings;

        for (int i = 0; i < 8; i++) {
                assert_int_equal(set("log", "level", levels[i], &settings), 0);
                assert_int_equal(settings.log_level, i);
        }
        assert_int_equal(set("log", "level", "Info", &settings), -EINVAL);
        assert_int_equal(set("log", "level", "", &settings), -EINVAL);
        assert_int_equal(set("authentication", "open_health", "yes", &settings), 0);
        assert_true(settings.open_health);
        assert_int_equal(set("authentication", "open_health", "no", &settings), 0);
        assert_false(settings.open_health);
        assert_int_equal(set("authentication", "open_health", "true", &settings), -EINVAL);
        assert_int_equal(set("tls", "minimum_version", "1.2", &settings), 0);
        assert_int_equal(settings.tls_minimum_version, 12);
        assert_int_equal(set("tls", "minimum_version", "1.3", &settings), 0);
        assert_int_equal(settings.tls_minimum_version, 13);
        assert_int_equal(set("tls", "minimum_version", "1.1", &settings), -EINVAL);
        assert_int_equal(set("tls", "minimum_version", "1.4", &settings), -EINVAL);
}

static void lists_are_separated_by_any_blanks_and_not_empty(void **state)
{
        (void)state;
        struct settings settings;

        assert_int_equal(set("server", "hosts", "a", &settings), 0);
        assert_int_equal(set("server", "hosts", "a.b \t  c.d\t\te.f", &settings), 0);
        assert_int_equal(set("server", "listen", "", &settings), -EINVAL);
        assert_int_equal(set("server", "allow", "", &settings), -EINVAL);
        assert_int_equal(set("server", "deny", "", &settings), -EINVAL);
        assert_int_equal(set("server", "hosts", "", &settings), -EINVAL);
        assert_int_equal(set("server", "listen", "unix:/a 127.0.0.1", &settings), -EINVAL);
        assert_int_equal(set("server", "listen", "127.0.0.1 unix:/a", &settings), -EINVAL);
        assert_int_equal(set("server", "allow", "10.0.0.0/8 10.0.0.1/8", &settings), -EINVAL);
        assert_int_equal(set("server", "deny", "example.org ::1", &settings), -EINVAL);
}

static void a_file_s_name_is_not_empty(void **state)
{
        (void)state;
        struct settings settings;

        assert_int_equal(set("tls", "certificate", "", &settings), -EINVAL);
        assert_int_equal(set("tls", "key", "", &settings), -EINVAL);
        assert_int_equal(set("tls", "client_ca", "", &settings), -EINVAL);
        assert_int_equal(set("authentication", "users", "", &settings), -EINVAL);
        assert_int_equal(set("authentication", "tokens", "", &settings), -EINVAL);
        assert_int_equal(set("authentication", "tokens", "a b", &settings), 0);
}

static void errors_of_the_file_name_line_value_and_expectation(void **state)
{
        (void)state;
        assert_file_error(
                "\n[sampling]\ninterval = abc\n",
                "f.conf:3: [sampling] interval: found 'abc', expected 0 or a number of seconds "
                "from 0.01 up, such as 10 or 0.5");
        assert_file_error(
                "[sampling]\nintervall = 1\n",
                "f.conf:2: [sampling] found 'intervall', expected one of interval, max_age");
        assert_file_error("[samplings]\ninterval = 1\n",
                          "f.conf:1: found 'samplings', expected one of the sections server, tls, "
                          "authentication, sampling, metrics, log");
        assert_file_error("[log]\nlevel = info\nlevel = info\n",
                          "f.conf:3: [log] level: found 'info', expected the key once");
        assert_file_error("[log]\nlevel\n",
                          "f.conf:2: found 'level', expected '[section]' or 'key = value'");
        assert_file_error("[log\n",
                          "f.conf:1: found '[log', expected '[section]' or 'key = value'");
        assert_file_error("[server]\nconnection_limit = 0\n",
                          "f.conf:2: [server] connection_limit: found '0', expected a number from "
                          "1 to 10000");
        assert_file_error("[server]\nconnection_limit_per_address = 10001\n",
                          "f.conf:2: [server] connection_limit_per_address: found '10001', "
                          "expected a number from 1 to 10000");
        assert_file_error("[server]\nidle_timeout = 99999999999999999999\n",
                          "f.conf:2: [server] idle_timeout: found '99999999999999999999', expected "
                          "a number of seconds from 1 to 3600");
        assert_file_error("[tls]\nminimum_version = 1.1\n",
                          "f.conf:2: [tls] minimum_version: found '1.1', expected 1.2 or 1.3");
        assert_file_error(
                "[authentication]\nopen_health = maybe\n",
                "f.conf:2: [authentication] open_health: found 'maybe', expected yes or no");
        assert_file_error(
                "[authentication]\nusers =\n",
                "f.conf:2: [authentication] users: found '', expected a file, or credential:NAME");
        assert_file_error("[metrics]\ndistance_metrics_limit = 1025\n",
                          "f.conf:2: [metrics] distance_metrics_limit: found '1025', expected a "
                          "number of nodes from 0 to 1024");
}

static void nothing_in_the_file_is_passed_over(void **state)
{
        (void)state;
        assert_file_error("[samplings]\n", "f.conf:1: found 'samplings', expected one of the "
                                           "sections server, tls, authentication, "
                                           "sampling, metrics, log");
        assert_file_error("[]\n", "f.conf:1: found '', expected one of the sections server, tls, "
                                  "authentication, sampling, metrics, log");
        assert_file_error("[server] listen = 127.0.0.1:1\n",
                          "f.conf:1: found '[server] listen = 127.0.0.1:1', expected '[section]' "
                          "or 'key = value'");
        assert_file_error("[sampling]\ninterval: 3\n",
                          "f.conf:2: found 'interval: 3', expected '[section]' or 'key = value'");
        assert_file_error("[sampling]\ninterval ; = 3\n",
                          "f.conf:2: found 'interval', expected '[section]' or 'key = value'");
        assert_file_error("interval = 3\n[sampling]\n",
                          "f.conf:1: found 'interval', expected a section such as [server] before "
                          "it");
        assert_file_error("[server]\nlisten =\n",
                          "f.conf:2: [server] listen: found '', expected addresses such as "
                          "127.0.0.1:6862, [::1]:6862, tls:0.0.0.0:6863 or "
                          "unix:/run/numad-telemetry/http.sock");
}

static void a_nul_byte_is_an_error(void **state)
{
        (void)state;
        static const char text[] = "[log]\nlevel = info\0\n";
        struct settings settings = { .n_listen = 0 };
        error_text error = NULL;

        assert_int_equal(
                settings_parse_file_text(&settings, "f.conf", text, sizeof(text) - 1, &error),
                -EINVAL);
        assert_string_equal(error, "f.conf:2: found 'a NUL byte', expected text");
        free(error);
}

static void indentation_comments_and_foreign_line_ends_do_not_matter(void **state)
{
        (void)state;
        char text[600] = "\xef\xbb\xbf[sampling]\r\n  interval = 3 ; note = 4\r\n\tmax_age=2\n\n"
                         " [server] ; here\nlisten = unix:/a;b\n#";
        struct settings settings = { .n_listen = 0 };
        error_text error = NULL;

        /* A comment may be longer than any other line. */
        memset(text + strlen(text), 'x', 300);
        assert_int_equal(settings_parse_file_text(&settings, "f", text, strlen(text), &error), 0);
        assert_null(error);
        assert_int_equal(settings.interval_ns, 3 * NS);
        assert_int_equal(settings.max_age_ns, 2 * NS);
        assert_int_equal(settings.n_listen, 1);
        assert_string_equal(settings.listen[0], "unix:/a;b");
        settings_release(&settings);
}

static void the_first_error_is_the_one_reported(void **state)
{
        (void)state;
        assert_file_error("nonsense\n[log]\nlevel = loud\n",
                          "f.conf:1: found 'nonsense', expected '[section]' or 'key = value'");
        assert_file_error("[log]\nlevel = loud\nnonsense\n",
                          "f.conf:2: [log] level: found 'loud', expected emerg, alert, crit, err, "
                          "warning, notice, info or debug");
}

static void a_line_that_the_library_would_cut_is_an_error(void **state)
{
        (void)state;
        char text[300];

        memset(text, 'x', sizeof(text));
        memcpy(text, "[server]\nlisten = ", 18);
        text[sizeof(text) - 2] = '\n';
        text[sizeof(text) - 1] = '\0';
        assert_file_error(text,
                          "f.conf:2: found 'a longer line', expected lines of less than 200 bytes");
}

static void a_named_file_must_be_readable(void **state)
{
        (void)state;
        char *argv[] = { ARG("numad-telemetry"), ARG("-c"), ARG("/nonexistent"), NULL };
        struct command_line cmd = parsed(argv);
        struct settings settings;
        error_text error = NULL;

        assert_int_equal(settings_load(&settings, &cmd, no_file, &error), -ENOENT);
        assert_string_equal(
                error, "configuration file '/nonexistent': No such file or directory, expected "
                       "a readable file");
        free(error);
        cmd.config_file = "/";
        assert_int_equal(settings_load(&settings, &cmd, no_file, &error), -EISDIR);
        free(error);
        cmd.config_file = "/proc/self/mem"; /* whose first byte nobody can read */
        assert_int_equal(settings_load(&settings, &cmd, no_file, &error), -EIO);
        assert_string_equal(error, "configuration file '/proc/self/mem': Input/output error, "
                                   "expected a readable file");
        free(error);
        cmd.config_file = NULL;
        assert_int_equal(settings_load(&settings, &cmd, "/", &error), -EISDIR);
        free(error);
}

static void seconds_take_nine_decimals_and_a_year(void **state)
{
        (void)state;
        static const char *const wrong[] = { "",     ".",   "1.",           ".5",
                                             "-1",   "+1",  "1e3",          "0x1",
                                             "1 ",   " 1",  "1.0000000001", "99999999999999999999",
                                             "inf",  "nan", "1:",           "1/",
                                             "0.5:", "0./", "1,5" };
        uint64_t ns;

        assert_true(parse_seconds("1.000000001", &ns));
        assert_int_equal(ns, NS + 1);
        assert_true(parse_seconds("0", &ns));
        assert_int_equal(ns, 0);
        assert_true(parse_seconds("19", &ns));
        assert_int_equal(ns, 19 * NS);
        assert_true(parse_seconds("12.9", &ns));
        assert_int_equal(ns, 12 * NS + 900000000);
        assert_true(parse_seconds("0.090", &ns));
        assert_int_equal(ns, 90000000);
        assert_true(parse_seconds("31536000", &ns));
        assert_int_equal(ns, 31536000 * NS);
        assert_false(parse_seconds("31536001", &ns));
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
                assert_false(parse_seconds(wrong[i], &ns));
}

static void interval_is_off_or_long_enough_to_do_something_else(void **state)
{
        (void)state;
        uint64_t ns;

        assert_true(parse_interval("0", &ns));
        assert_true(parse_interval("0.01", &ns));
        assert_int_equal(ns, NS / 100);
        assert_false(parse_interval("0.009999999", &ns));
        assert_false(parse_interval("0.000000001", &ns));
        assert_true(parse_interval("31536000", &ns));
        assert_false(parse_interval("31536001", &ns));
}

static void usage_errors_name_option_value_and_expectation(void **state)
{
        (void)state;
        assert_usage_error(
                ARGV(ARG("--interval"), ARG("abc")),
                "option '--interval': found 'abc', expected 0 or a number of seconds from 0.01 up, "
                "such as 10 or 0.5");
        assert_usage_error(
                ARGV(ARG("--max-age"), ARG("abc")),
                "option '--max-age': found 'abc', expected a number of seconds such as 10 or 0.5");
        assert_usage_error(ARGV(ARG("--once"), ARG("--format=xml")),
                           "option '--format': found 'xml', expected prometheus, openmetrics, "
                           "node_exporter, json, hardware, memblock, node_states or checks");
        assert_usage_error(ARGV(ARG("--format"), ARG("json")),
                           "option '--format': found without '--once', expected both");
        assert_usage_error(ARGV(ARG("--once"), ARG("--port-file"), ARG("/p")),
                           "option '--port-file': found without a server to listen, expected it "
                           "without --once, --record and --check-config");
        assert_usage_error(ARGV(ARG("--nope")), "found option '--nope', expected one of --help's");
        assert_usage_error(ARGV(ARG("-x")), "found option '-x', expected one of --help's");
        assert_usage_error(ARGV(ARG("--root")),
                           "option '--root': found no argument, expected one (see --help)");
        assert_usage_error(ARGV(ARG("--once=1")),
                           "option '--once=1': found an argument, expected none");
        assert_usage_error(ARGV(ARG("file")), "found argument 'file', expected only options");
        assert_usage_error(
                ARGV(ARG("--once"), ARG("--check-config")),
                "option '--check-config': found with '--once', expected only one of them");
        assert_usage_error(ARGV(ARG("--listen=unix:/a b")),
                           "option '--listen': found 'unix:/a b', expected a path without blanks");
        assert_usage_error(ARGV(ARG("--listen=")),
                           "option '--listen': found '', expected ADDR:PORT, [ADDR6]:PORT or "
                           "unix:/path, with a numeric address and a port of 0 to 65535");
}

static void help_wins_over_everything_else(void **state)
{
        (void)state;
        struct command_line cmd =
                parsed(ARGV(ARG("--once"), ARG("--help"), ARG("--check-config"), ARG("x")));

        assert_int_equal(cmd.action, ACTION_HELP);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(without_file_and_options_the_defaults_hold),
                cmocka_unit_test(every_key_of_the_file_is_applied),
                cmocka_unit_test(what_is_printed_reads_back_the_same),
                cmocka_unit_test(errors_of_the_file_name_line_value_and_expectation),
                cmocka_unit_test(printed_addresses_are_those_in_force_however_many),
                cmocka_unit_test(what_is_not_set_is_printed_as_a_comment),
                cmocka_unit_test(every_key_is_printed_as_it_was_set),
                cmocka_unit_test(a_list_of_one_is_printed),
                cmocka_unit_test(options_win_over_the_file),
                cmocka_unit_test(nothing_of_a_file_with_an_error_takes_effect),
                cmocka_unit_test(a_file_may_have_a_mebibyte),
                cmocka_unit_test(numbers_are_taken_within_their_bounds),
                cmocka_unit_test(words_of_choice_are_taken_and_no_others),
                cmocka_unit_test(lists_are_separated_by_any_blanks_and_not_empty),
                cmocka_unit_test(a_file_s_name_is_not_empty),
                cmocka_unit_test(nothing_in_the_file_is_passed_over),
                cmocka_unit_test(a_nul_byte_is_an_error),
                cmocka_unit_test(indentation_comments_and_foreign_line_ends_do_not_matter),
                cmocka_unit_test(the_first_error_is_the_one_reported),
                cmocka_unit_test(a_line_that_the_library_would_cut_is_an_error),
                cmocka_unit_test(a_named_file_must_be_readable),
                cmocka_unit_test(seconds_take_nine_decimals_and_a_year),
                cmocka_unit_test(interval_is_off_or_long_enough_to_do_something_else),
                cmocka_unit_test(usage_errors_name_option_value_and_expectation),
                cmocka_unit_test(help_wins_over_everything_else),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
