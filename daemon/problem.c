/* SPDX-License-Identifier: MIT */
#include "problem.h"
#include "cleanup.h"
#include "json_memory.h"

#include <jansson.h>
#include <string.h>

const char *problem_title(unsigned status)
{
        switch (status) {
        case MHD_HTTP_BAD_REQUEST:
                return "Bad Request";
        case MHD_HTTP_UNAUTHORIZED:
                return "Unauthorized";
        case MHD_HTTP_FORBIDDEN:
                return "Forbidden";
        case MHD_HTTP_MISDIRECTED_REQUEST:
                return "Misdirected Request";
        case MHD_HTTP_TOO_MANY_REQUESTS:
                return "Too Many Requests";
        case MHD_HTTP_NOT_FOUND:
                return "Not Found";
        case MHD_HTTP_METHOD_NOT_ALLOWED:
                return "Method Not Allowed";
        case MHD_HTTP_NOT_ACCEPTABLE:
                return "Not Acceptable";
        case MHD_HTTP_SERVICE_UNAVAILABLE:
                return "Service Unavailable";
        default:
                return "Error";
        }
}

/* JSON is UTF-8; what a client sent need not be. */
static json_t *json_any_bytes(const char *text)
{
        json_t *string = json_string(text);
        _cleanup_(free_p) char *copy = string ? NULL : strdup(text);

        if (!copy)
                return string;
        for (char *c = copy; *c; c++)
                if (*c & 0x80)
                        *c = '?';
        return json_string(copy);
}

/* NULL when memory is exhausted. */
static char *problem_text(unsigned status, const char *detail)
{
        json_t *object;
        char *text;

        json_memory_watch();
        object = json_pack("{s:s, s:s, s:i, s:o}", "type", "about:blank", "title",
                           problem_title(status), "status", (int)status, "detail",
                           json_any_bytes(detail));
        text = object ? json_dumps(object, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
        json_decref(object);
        if (!json_memory_failed())
                return text;
        free(text);
        return NULL;
}

struct MHD_Response *problem_new(unsigned status, const char *detail, size_t *ret_len)
{
        char *text = problem_text(status, detail);
        size_t len = text ? strlen(text) : 0;
        struct MHD_Response *response;

        if (!text)
                return NULL;
        *ret_len = len + 1;
        text[len] = '\n'; /* in place of the terminator */
        response = MHD_create_response_from_buffer(len + 1, text, MHD_RESPMEM_MUST_FREE);
        if (!response) {
                free(text);
                return NULL;
        }
        if (MHD_add_response_header(response, "Content-Type", "application/problem+json") ==
                    MHD_YES &&
            MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
            MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES)
                return response;
        MHD_destroy_response(response);
        return NULL;
}
