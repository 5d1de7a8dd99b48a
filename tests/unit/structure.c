/* SPDX-License-Identifier: MIT */
/* What the tests of diff() rely on: that an event which contradicts the facts is found. */
#include "structure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define BLOCK_SIZE (UINT64_C(128) << 20)

/* Node 0 is online, node 1 possible. States: 1 possible, 2 online. */
static json_t *facts_new(void)
{
        json_t *facts =
                json_pack("{s:i, s:i, s:s, s:i, s:s, s:s, s:i}", "states 0 0", 3, "states 1 0", 1,
                          "cpus 0 0", "0-3", "distance 0 0", 10, "block 0 4", "online", "block 0 5",
                          "online", "pool 0 2097152", 8);

        assert_non_null(facts);
        return facts;
}

/* Applies the event and releases it. */
static const char *apply(json_t *facts, struct event event)
{
        struct event_list list = { .n = 0 };
        const char *wrong;

        event_list_add(&list, event, "Something changed.");
        assert_int_equal(list.n, 1);
        wrong = structure_apply(facts, &list.events[0]);
        event_list_clear(&list);
        return wrong;
}

/* What of node 0, or of another, the event says of the facts at the beginning. */
static const char *judge(struct event event)
{
        json_t *facts = facts_new();
        const char *wrong = apply(facts, event);

        json_decref(facts);
        return wrong;
}

static struct event memory(enum event_type type, const char *before, const char *after, int first,
                           int last)
{
        return (struct event){
                .type = type,
                .before = before ? json_string(before) : json_null(),
                .after = after ? json_string(after) : json_null(),
                .more = json_pack("{s:i, s:i}", "first_block", first, "last_block", last),
                .has_range = true,
                .start = (uint64_t)first * BLOCK_SIZE,
                .end = (uint64_t)(last + 1) * BLOCK_SIZE,
        };
}

static void event_without_a_message_is_found(void **state)
{
        (void)state;
        json_t *facts = facts_new();
        const struct event event = { .type = EVENT_CHECK_RAISED };

        assert_string_equal(structure_apply(facts, &event), "no message");
        json_decref(facts);
}

static void memory_that_was_in_another_state_is_found(void **state)
{
        (void)state;
        const char wrong[] = "memory: another state before";

        assert_null(judge(memory(EVENT_MEMORY_OFFLINE, "online", "offline", 4, 5)));
        assert_null(judge(memory(EVENT_MEMORY_OFFLINE, "going-offline", "offline", 4, 5)));
        assert_null(judge(memory(EVENT_MEMORY_ONLINE, NULL, "online", 6, 7)));
        assert_string_equal(judge(memory(EVENT_MEMORY_ONLINE, "offline", "online", 4, 5)), wrong);
        assert_string_equal(judge(memory(EVENT_MEMORY_OFFLINE, "online", "offline", 4, 6)), wrong);
        assert_string_equal(judge(memory(EVENT_MEMORY_ADDED, NULL, "offline", 5, 5)), wrong);
        assert_string_equal(judge(memory(EVENT_MEMORY_REMOVED, "offline", NULL, 8, 8)), wrong);
}

static void range_that_is_not_that_of_the_blocks_is_found(void **state)
{
        (void)state;
        const char wrong[] = "memory: a range that is not that of the blocks";
        struct event event = memory(EVENT_MEMORY_OFFLINE, "online", "offline", 4, 5);

        event.end += BLOCK_SIZE;
        assert_string_equal(judge(event), wrong);
        event = memory(EVENT_MEMORY_OFFLINE, "online", "offline", 4, 5);
        event.start += BLOCK_SIZE;
        assert_string_equal(judge(event), wrong);
        event = memory(EVENT_MEMORY_OFFLINE, "online", "offline", 4, 5);
        event.end = event.start;
        assert_string_equal(judge(event), wrong);
        event = memory(EVENT_MEMORY_OFFLINE, "online", "offline", 4, 5);
        event.start = event.end = 0;
        event.has_range = false;
        assert_null(judge(event));
}

static struct event cpus(const char *before, const char *after)
{
        return (struct event){ .type = EVENT_CPU_OFFLINE,
                               .before = json_string(before),
                               .after = json_string(after) };
}

static void cpus_that_were_others_are_found(void **state)
{
        (void)state;
        assert_null(judge(cpus("0-3", "0-2")));
        assert_string_equal(judge(cpus("0-7", "0-2")), "CPUs: others before");
        assert_string_equal(judge(cpus("", "0-2")), "CPUs: others before");
}

static struct event node(enum event_type type, int nid, json_t *before, json_t *after)
{
        return (struct event){ .type = type, .nid = nid, .before = before, .after = after };
}

static json_t *names(const char *second)
{
        json_t *list = json_pack("[s]", "possible");

        if (second)
                json_array_append_new(list, json_string(second));
        return list;
}

static void node_that_was_in_other_states_is_found(void **state)
{
        (void)state;
        const char so_already[] = "node: it is so already";

        assert_string_equal(judge(node(EVENT_NODE_ONLINE, 0, names(NULL), names("online"))),
                            so_already);
        assert_string_equal(judge(node(EVENT_NODE_OFFLINE, 1, names("online"), names(NULL))),
                            so_already);
        assert_null(judge(node(EVENT_NODE_STATE_CHANGED, 1, names(NULL), names("cpu"))));
        assert_string_equal(judge(node(EVENT_NODE_STATE_CHANGED, 1, names("cpu"), names(NULL))),
                            "states: others before");
}

static void node_that_goes_before_its_cpus_and_memory_is_found(void **state)
{
        (void)state;
        const char wrong[] = "node offline: it still has CPUs or memory";
        json_t *facts = facts_new();

        json_object_del(facts, "cpus 0 0");
        assert_string_equal(apply(facts, node(EVENT_NODE_OFFLINE, 0, names("online"), names(NULL))),
                            wrong);
        json_decref(facts);
        facts = facts_new();
        json_object_del(facts, "block 0 4");
        json_object_del(facts, "block 0 5");
        assert_string_equal(apply(facts, node(EVENT_NODE_OFFLINE, 0, names("online"), names(NULL))),
                            wrong);
        json_decref(facts);
        facts = facts_new();
        json_object_del(facts, "cpus 0 0");
        json_object_del(facts, "block 0 4");
        json_object_del(facts, "block 0 5");
        assert_null(apply(facts, node(EVENT_NODE_OFFLINE, 0, names("online"), names(NULL))));
        assert_null(json_object_get(facts, "pool 0 2097152"));
        json_decref(facts);
}

static void facts_follow_the_events(void **state)
{
        (void)state;
        json_t *facts = facts_new(), *wanted;
        struct event comes = node(EVENT_NODE_ONLINE, 1, names(NULL), names("online"));

        comes.more = json_pack("{s:{s:i, s:i}}", "distances", "0", 21, "1", 10);
        assert_null(apply(facts, comes));
        assert_null(apply(facts, memory(EVENT_MEMORY_REMOVED, "online", NULL, 5, 5)));
        assert_null(apply(facts, memory(EVENT_MEMORY_OFFLINE, "online", "offline", 4, 4)));
        assert_null(apply(facts, cpus("0-3", "")));
        assert_null(apply(facts, (struct event){ .type = EVENT_DISTANCE_CHANGED,
                                                 .nid = 1,
                                                 .before = json_pack("{s:i}", "0", 21),
                                                 .after = json_pack("{s:i}", "0", 17) }));
        assert_null(
                apply(facts, (struct event){ .type = EVENT_HUGEPAGES_CHANGED,
                                             .before = json_integer(8),
                                             .after = json_integer(0),
                                             .more = json_pack("{s:i}", "size_bytes", 2097152) }));
        wanted = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:s}", "states 0 0", 3, "states 1 0", 3,
                           "distance 0 0", 10, "distance 0 1", 21, "distance 1 0", 17,
                           "distance 1 1", 10, "block 0 4", "offline");
        assert_true(json_equal(facts, wanted));
        json_decref(facts);
        json_decref(wanted);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(event_without_a_message_is_found),
                cmocka_unit_test(memory_that_was_in_another_state_is_found),
                cmocka_unit_test(range_that_is_not_that_of_the_blocks_is_found),
                cmocka_unit_test(cpus_that_were_others_are_found),
                cmocka_unit_test(node_that_was_in_other_states_is_found),
                cmocka_unit_test(node_that_goes_before_its_cpus_and_memory_is_found),
                cmocka_unit_test(facts_follow_the_events),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
