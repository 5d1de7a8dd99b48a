/* SPDX-License-Identifier: MIT */
/* What the interface is: from the tables of routes, fields, checks and events that the code uses.
 */
#include "config.h"

#include "routes.h"

#include "checks.h"
#include "event.h"
#include "json_memory.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* doc/schema.json, as a C string. */
static const char schema_text[] =
#include "schema.inc"
        ;

static void dump(struct buffer *out, json_t *json, bool pretty)
{
        char *text = json ? json_dumps(json, pretty ? JSON_INDENT(2) : JSON_COMPACT) : NULL;

        if (!text || json_memory_failed())
                out->failed = true;
        else
                buffer_printf(out, "%s\n", text);
        free(text);
        json_decref(json);
}

/* The known fields of a file, and that there may be others. */
static json_t *json_field_set(enum field_set set)
{
        struct field_table *table = field_table_new(set);
        json_t *properties = json_object();

        if (!table)
                json_memory_note_failure();
        for (size_t i = 0; table && i < field_table_count(table); i++) {
                const struct field *field = field_table_get(table, i);

                json_object_set_new(properties, field->kernel,
                                    json_pack("{s:s, s:i, s:s}", "type", "integer", "minimum", 0,
                                              "description", field->help));
        }
        field_table_unref(table);
        return json_pack("{s:[s,s], s:o, s:{s:s}}", "type", "object", "null", "properties",
                         properties, "additionalProperties", "$ref", "#/$defs/count");
}

static json_t *json_check_ids(void)
{
        json_t *ids = json_array();

        for (unsigned i = 0; i < NR_CHECKS; i++)
                json_array_append_new(ids, json_string(check_name(i)));
        return json_pack("{s:o}", "enum", ids);
}

static json_t *json_event_types(void)
{
        json_t *types = json_array();

        for (unsigned i = 0; i < NR_EVENT_TYPES; i++)
                json_array_append_new(types, json_string(event_type_name(i)));
        return json_pack("{s:o}", "enum", types);
}

static void set_property(json_t *defs, const char *def, const char *property, json_t *schema)
{
        json_object_set_new(json_object_get(json_object_get(defs, def), "properties"), property,
                            schema);
}

static json_t *json_schema(void)
{
        json_t *schema = json_loads(schema_text, 0, NULL);
        json_t *defs = json_object_get(schema, "$defs");

        for (unsigned set = 0; set < NR_FIELD_SETS; set++)
                json_object_set_new(defs, field_set_name(set), json_field_set(set));
        set_property(defs, "check", "id", json_check_ids());
        set_property(defs, "event", "type", json_event_types());
        return schema;
}

void render_schema(struct buffer *out, bool pretty)
{
        json_memory_watch();
        dump(out, json_schema(), pretty);
}

/* In OpenAPI the definitions stand elsewhere. */
static void move_reference(json_t *reference)
{
        static const char from[] = "#/$defs/";
        const char *text = json_string_value(reference);
        struct buffer moved = BUFFER_INIT;

        if (!text || strncmp(text, from, strlen(from)) != 0)
                return;
        buffer_printf(&moved, "#/components/schemas/%s", text + strlen(from));
        if (buffer_failed(&moved))
                json_memory_note_failure();
        else
                json_string_setn(reference, moved.data, moved.len);
        buffer_release(&moved);
}

/* As deep as our own schema. */
static void move_references(json_t *json) /* NOLINT(misc-no-recursion) */
{
        const char *key;
        json_t *value;
        size_t i;

        json_object_foreach (json, key, value) {
                if (strcmp(key, "$ref") == 0)
                        move_reference(value);
                else
                        move_references(value);
        }
        json_array_foreach (json, i, value)
                move_references(value);
}

static void add_parameter(json_t *list, const char *name, const char *in, const char *description,
                          json_t *schema)
{
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", name, "in", in,
                                              "required", strcmp(in, "path") == 0, "description",
                                              description, "schema", schema));
}

static json_t *json_collectors(void)
{
        json_t *names = json_array();
        const char *name;

        for (unsigned i = 0; (name = collect_name(i)); i++)
                json_array_append_new(names, json_string(name));
        return json_pack("{s:s, s:{s:o}}", "type", "array", "items", "enum", names);
}

static bool is_of_a_node(const struct route *route)
{
        return strstr(route->path, "/N") != NULL;
}

static bool has_etag(const struct route *route)
{
        return route->kind != ROUTE_HEALTH && route->kind != ROUTE_STREAM;
}

static json_t *json_parameters(const struct route *route)
{
        json_t *list = json_array();

        if (is_of_a_node(route))
                add_parameter(list, "nid", "path", "id of an online node",
                              json_pack("{s:s}", "$ref", "#/components/schemas/nid"));
        if (route->takes_collect) {
                add_parameter(list, "collect[]", "query", "only these collectors",
                              json_collectors());
                add_parameter(list, "exclude[]", "query", "all but these collectors",
                              json_collectors());
        }
        if (route->takes_since)
                add_parameter(list, "since", "query", "events with a higher number",
                              json_pack("{s:s, s:i}", "type", "integer", "minimum", 0));
        if (route->kind == ROUTE_EVENTS)
                add_parameter(list, "wait", "query", "seconds to wait for an event",
                              json_pack("{s:s, s:i, s:i}", "type", "number", "minimum", 0,
                                        "maximum", WAIT_SECONDS_MAX));
        if (route->takes_pretty)
                add_parameter(list, "pretty", "query", "indented JSON",
                              json_pack("{s:s}", "type", "boolean"));
        if (has_etag(route))
                add_parameter(list, "If-None-Match", "header", "ETag of what the client has",
                              json_pack("{s:s}", "type", "string"));
        if (route->kind == ROUTE_EVENTS || route->kind == ROUTE_STREAM)
                add_parameter(list, "Last-Event-ID", "header",
                              "of a stream: the number of the last event that the client has",
                              json_pack("{s:s, s:i}", "type", "integer", "minimum", 0));
        return list;
}

/* Which definition describes the JSON of a route; NULL: none does. */
static const char *schema_of(const struct route *route)
{
        if (route->kind == ROUTE_EVENTS)
                return "events_document";
        if (route->kind == ROUTE_TOPOLOGY)
                return "topology_document";
        if (route->kind == ROUTE_STATIC)
                return NULL;
        return is_of_a_node(route) ? "node_document" : "document";
}

static json_t *json_media(const struct route *route, const char *media)
{
        const char *schema = schema_of(route);

        if (strcmp(media, "text/event-stream") == 0)
                return json_pack("{s:{s:s, s:s}}", "schema", "type", "string", "description",
                                 "the data of a message is JSON: with event: figures the schema "
                                 "figures, with event: gap the schema gap, else event");
        if (strcmp(media, "application/json") != 0 || !schema)
                return json_object();
        return json_pack("{s:{s:s+}}", "schema", "$ref", "#/components/schemas/", schema);
}

static const struct refusal {
        const char *status, *description, *header;
} refusals[] = {
        { "400", "the request is malformed, or has a parameter that means nothing here", NULL },
        { "401", "credentials are missing or wrong", "WWW-Authenticate" },
        { "403", "a client certificate is missing", NULL },
        { "404", "there is no such node", NULL },
        { "406", "Accept allows none of what is offered", NULL },
        { "421", "the request names another machine", NULL },
        { "429", "too many attempts with wrong credentials", "Retry-After" },
        { "503", "it cannot be answered now, and why", NULL },
        { "default", "what went wrong", NULL },
};

#define N_REFUSALS (sizeof(refusals) / sizeof(refusals[0]))

static json_t *json_header(const char *name, const char *description)
{
        return json_pack("{s:{s:s, s:{s:s}}}", name, "description", description, "schema", "type",
                         "string");
}

/* The components that the operations refer to. */
static json_t *json_refusals(void)
{
        json_t *responses = json_object();

        for (size_t i = 0; i < N_REFUSALS; i++) {
                const struct refusal *r = &refusals[i];
                json_t *response = json_pack("{s:s, s:{s:{s:{s:s}}}}", "description",
                                             r->description, "content", "application/problem+json",
                                             "schema", "$ref", "#/components/schemas/problem");

                if (r->header)
                        json_object_set_new(response, "headers",
                                            json_header(r->header, "what would help"));
                json_object_set_new(responses, r->status, response);
        }
        return responses;
}

static bool may_refuse(const struct route *route, const struct refusal *refusal)
{
        if (strcmp(refusal->status, "404") == 0)
                return is_of_a_node(route);
        return strcmp(refusal->status, "406") != 0 || route->kind != ROUTE_HEALTH;
}

static json_t *json_responses(const struct route *route)
{
        json_t *content = json_object(), *responses = json_object(), *ok;

        for (size_t i = 0; i < route->n_media; i++)
                json_object_set_new(content, route->media[i], json_media(route, route->media[i]));
        ok = json_pack("{s:s, s:o}", "description", route->help, "content", content);
        if (has_etag(route))
                json_object_set_new(ok, "headers", json_header("ETag", "for If-None-Match"));
        json_object_set_new(responses, "200", ok);
        if (has_etag(route))
                json_object_set_new(responses, "304",
                                    json_pack("{s:s}", "description",
                                              "what the client has is what would be sent"));
        for (size_t i = 0; i < N_REFUSALS; i++)
                if (may_refuse(route, &refusals[i]))
                        json_object_set_new(responses, refusals[i].status,
                                            json_pack("{s:s+}", "$ref", "#/components/responses/",
                                                      refusals[i].status));
        return responses;
}

static json_t *json_operation(const struct route *route)
{
        return json_pack("{s:s, s:o, s:o}", "summary", route->help, "parameters",
                         json_parameters(route), "responses", json_responses(route));
}

/* None is needed where the configuration asks for none: "{}". */
static json_t *json_security(void)
{
        return json_pack("[{}, {s:[]}, {s:[]}, {s:[]}]", "password", "token", "certificate");
}

static json_t *json_security_schemes(void)
{
        return json_pack("{s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s}}", "password", "type", "http",
                         "scheme", "basic", "token", "type", "http", "scheme", "bearer",
                         "certificate", "type", "mutualTLS");
}

static json_t *json_paths(void)
{
        json_t *paths = json_object();
        const struct route *route;

        for (size_t i = 0; (route = route_at(i)); i++) {
                const char *pattern = strstr(route->path, "/N");
                struct buffer path = BUFFER_INIT;

                buffer_printf(
                        &path, "%.*s%s%c",
                        (int)(pattern ? pattern - route->path : (ptrdiff_t)strlen(route->path)),
                        route->path, pattern ? "/{nid}" : "", '\0');
                if (buffer_failed(&path))
                        json_memory_note_failure();
                else
                        json_object_set_new(paths, path.data,
                                            json_pack("{s:o}", "get", json_operation(route)));
                buffer_release(&path);
        }
        return paths;
}

void render_openapi(struct buffer *out, bool pretty)
{
        json_t *schema, *defs;

        json_memory_watch();
        schema = json_schema();
        defs = json_incref(json_object_get(schema, "$defs"));
        json_decref(schema);
        move_references(defs);
        dump(out,
             json_pack("{s:s, s:{s:s, s:s, s:{s:s, s:s}}, s:o, s:o, s:{s:o, s:o, s:o}}", "openapi",
                       "3.1.0", "info", "title", "numad-telemetry", "version", PACKAGE_VERSION,
                       "license", "name", "MIT", "identifier", "MIT", "security", json_security(),
                       "paths", json_paths(), "components", "schemas", defs, "responses",
                       json_refusals(), "securitySchemes", json_security_schemes()),
             pretty);
}
