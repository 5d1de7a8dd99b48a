/* SPDX-License-Identifier: MIT */
/*
 * A whole machine, sampled before and after a change: every rendering is well-formed, what it says
 * agrees with itself, and the events lead from the one to the other.
 */
#include "collect.h"
#include "diff.h"
#include "exposition.h"
#include "machine.h"
#include "render.h"
#include "structure.h"
#include "tree.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "not so: %s\n", what);
        abort();
}

static json_t *parse(struct buffer *body, const char *what)
{
        json_error_t error;
        json_t *json;

        expect(!buffer_failed(body), what);
        json = json_loadb(body->data, body->len, JSON_REJECT_DUPLICATES, &error);
        if (!json)
                fprintf(stderr, "%s: %s\n%.*s\n", what, error.text, (int)body->len, body->data);
        expect(json, what);
        return json;
}

/* Masks. */

static void check_mask(const json_t *mask)
{
        json_t *ids = json_object_get(mask, "ids"), *first = json_object_get(mask, "first");

        if (json_is_null(mask))
                return;
        expect((json_int_t)json_array_size(ids) ==
                       json_integer_value(json_object_get(mask, "count")),
               "a mask has as many ids as it says");
        expect(json_array_size(ids) == 0 || json_equal(json_array_get(ids, 0), first),
               "a mask's first id is the first");
}

static bool mask_has(const json_t *states, const char *name, const json_t *nid)
{
        json_t *ids = json_object_get(json_object_get(states, name), "ids");

        for (size_t i = 0; i < json_array_size(ids); i++)
                if (json_equal(json_array_get(ids, i), nid))
                        return true;
        return false;
}

static bool array_has(const json_t *array, const char *text)
{
        for (size_t i = 0; i < json_array_size(array); i++)
                if (strcmp(json_string_value(json_array_get(array, i)), text) == 0)
                        return true;
        return false;
}

/* The nodes say of themselves what the masks say of them. */
static void check_document(const json_t *document)
{
        json_t *states = json_object_get(document, "node_states");
        json_t *nodes = json_object_get(document, "nodes");
        json_int_t last = -1;

        for (unsigned state = 0; state < NR_NODE_STATES; state++)
                check_mask(json_object_get(states, node_state_name(state)));
        for (size_t i = 0; i < json_array_size(nodes); i++) {
                const json_t *node = json_array_get(nodes, i), *nid = json_object_get(node, "nid");

                expect(json_integer_value(nid) > last, "nodes are ordered by nid");
                last = json_integer_value(nid);
                for (unsigned state = 0; state < NR_NODE_STATES; state++) {
                        const char *name = node_state_name(state);

                        if (!json_is_null(json_object_get(states, name)))
                                expect(mask_has(states, name, nid) ==
                                               array_has(json_object_get(node, "states"), name),
                                       "a node is in the masks that it says");
                }
        }
}

/* Renderings. */

static json_t *parse_part(const struct snapshot *snap, unsigned part, bool pretty)
{
        struct buffer body = BUFFER_INIT;
        json_t *json;

        render_json(&body, snap, part, pretty);
        json = parse(&body, "a part of the JSON");
        buffer_release(&body);
        return json;
}

/* Of the parts of the whole, one is asked for by itself. */
static void check_json(const struct snapshot *snap, unsigned part)
{
        const struct sample *s = snapshot_sample(snap);
        json_t *document = parse_part(snap, JSON_SNAPSHOT, false);
        json_t *compact = parse_part(snap, part, false);
        json_t *pretty = parse_part(snap, part, true);

        check_document(document);
        expect(json_equal(compact, pretty), "indented or not, it is the same");
        json_decref(document);
        json_decref(compact);
        json_decref(pretty);
        for (size_t i = 0; i < s->n_nodes; i++) {
                struct buffer body = BUFFER_INIT;

                render_json_node(&body, snap, s->nodes[i].nid, false);
                json_decref(parse(&body, "a node"));
                buffer_release(&body);
        }
}

static void check_exposition(struct buffer *body, bool openmetrics)
{
        size_t at;
        const char *wrong = exposition_check(body->data, body->len, openmetrics, &at);

        if (wrong)
                fprintf(stderr, "%s:\n%.*s\n", wrong, (int)strcspn(body->data + at, "\n"),
                        body->data + at);
        expect(!wrong, "the exposition is well-formed");
        buffer_release(body);
}

static void check_metrics(const struct snapshot *snap, const struct events *events)
{
        const struct http_route_stat routes[] = { { "/metrics", 200, 1 }, { "/metrics", 404, 2 } };
        const struct refusal_stat refusals[] = { { "host", 3 }, { "credentials_missing", 0 } };
        const struct self_stats self = {
                .n_routes = 2,
                .routes = routes,
                .n_refusals = 2,
                .refusals = refusals,
                .events = events,
        };
        struct buffer body = BUFFER_INIT;

        for (unsigned format = PROMETHEUS_TEXT; format <= OPENMETRICS; format++) {
                const struct prometheus_options options = {
                        .format = format,
                        .collect = COLLECT_BIT(NR_COLLECTS) - 1,
                        .distance_metrics_limit = 3,
                };

                render_prometheus(&body, snap, &self, &options);
                expect(!buffer_failed(&body), "metrics");
                buffer_add_char(&body, '\0');
                body.len--;
                check_exposition(&body, format == OPENMETRICS);
        }
        render_node_exporter(&body, snap);
        buffer_add_char(&body, '\0');
        body.len--;
        check_exposition(&body, false);
}

static void check_texts(const struct snapshot *snap)
{
        void (*const renderers[])(struct buffer *, const struct snapshot *) = {
                render_hardware,
                render_memblock,
                render_findings,
                render_node_states,
        };

        for (size_t i = 0; i < sizeof(renderers) / sizeof(renderers[0]); i++) {
                struct buffer body = BUFFER_INIT;

                renderers[i](&body, snap);
                expect(!buffer_failed(&body), "a text is rendered");
                expect(body.len == 0 || !memchr(body.data, '\0', body.len), "a text has no NUL");
                expect(body.len == 0 || body.data[body.len - 1] == '\n', "a text ends in a line");
                buffer_release(&body);
        }
}

/* What the kernel would never hold. */
static void check_memory_map(const struct memory_map *map)
{
        const struct memblock *mb = &map->memblock;

        for (int i = 0; i < map->nr_blks; i++)
                expect(map->blks[i].start < map->blks[i].end, "a block of memory is not empty");
        for (size_t i = 0; i < mb->cnt; i++)
                expect(mb->regions[i].size > 0 &&
                               (i == 0 || mb->regions[i - 1].base + mb->regions[i - 1].size <=
                                                  mb->regions[i].base),
                       "memblock's regions are sorted and apart");
}

static void check_snapshot(const struct snapshot *snap, const struct events *events, unsigned part)
{
        struct buffer body = BUFFER_INIT;

        check_memory_map(snapshot_memory_map(snap));
        check_json(snap, part);
        check_metrics(snap, events);
        check_texts(snap);
        render_figures(&body, snap, 1);
        json_decref(parse(&body, "the figures"));
        buffer_release(&body);
        render_events(&body, snap, events, 0, false);
        json_decref(parse(&body, "the events"));
        buffer_release(&body);
}

/* Changes. */

static void print_facts(const char *title, const json_t *facts)
{
        char *text = json_dumps(facts, JSON_SORT_KEYS);

        fprintf(stderr, "%s: %s\n", title, text);
        free(text);
}

static void check_events(const struct snapshot *before, const struct snapshot *after,
                         struct events *events)
{
        json_t *facts = structure_of(before, after), *wanted = structure_of(after, before);
        uint64_t seq = events_last_seq(events);
        struct event_list list = { .n = 0 };

        diff(before, after, &list);
        expect(events_add(events, &list, after) == 0, "the events are kept");
        for (size_t i = 0; i < list.n; i++) {
                const struct event_record *record = events_after(events, seq + i);
                const char *wrong = structure_apply(facts, &list.events[i]);

                if (wrong && record)
                        fprintf(stderr, "%s\n", record->json);
                expect(!wrong, wrong);
        }
        structure_forget_unknown(facts, before, after);
        structure_forget_unknown(wanted, before, after);
        if (!json_equal(facts, wanted)) {
                print_facts("applied", facts);
                print_facts("wanted", wanted);
        }
        expect(json_equal(facts, wanted), "the events turn the old structure into the new");
        json_decref(facts);
        json_decref(wanted);
        event_list_clear(&list);
}

static void print_problems(const struct collect *collect)
{
        size_t n;
        const struct problem *problems = collect_problems(collect, &n);

        for (size_t i = 0; i < n; i++)
                fprintf(stderr, "%s: %s\n", problems[i].path, strerror(-problems[i].error));
}

static void check_nothing_changed(const struct snapshot *before, struct collect *collect)
{
        struct snapshot *again = snapshot_new(collect_sample(collect, true), before);
        struct event_list list = { .n = 0 };

        expect(again, "there is memory for a snapshot");
        diff(before, again, &list);
        if (list.n > 0) {
                fprintf(stderr, "%s\n", list.events[0].message);
                print_problems(collect);
        }
        expect(list.n == 0, "nothing that changed is nothing to tell");
        expect(snapshot_generation(before) == snapshot_generation(again),
               "the generation rises with a change alone");
        event_list_clear(&list);
        snapshot_unref(again);
}

static void check_machine(struct collect *collect, struct machine *m, struct input *in,
                          unsigned part)
{
        struct events *events = events_new(1);
        struct snapshot *before, *after;

        tree_begin();
        machine_put(m, in);
        tree_commit();
        before = snapshot_new(collect_sample(collect, true), NULL);
        machine_change(m, in);
        tree_begin();
        machine_put(m, in);
        tree_commit();
        after = before ? snapshot_new(collect_sample(collect, false), before) : NULL;
        expect(events && after, "there is memory for a snapshot");
        check_events(before, after, events);
        check_nothing_changed(after, collect);
        check_snapshot(after, events, part);
        snapshot_unref(before);
        snapshot_unref(after);
        events_free(events);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct input in = { data, size };
        struct source *source;
        struct collect *collect;
        struct machine m;

        machine_read(&m, &in);
        if (source_new(tree_root(), 64, &source) < 0)
                return 0;
        collect = collect_new(source);
        if (collect)
                check_machine(collect, &m, &in, size % NR_JSON_PARTS);
        collect_free(collect);
        source_free(source);
        return 0;
}
