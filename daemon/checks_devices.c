/* SPDX-License-Identifier: MIT */
#include "checks_devices.h"

#include "checks_memory.h"
#include "model.h"

#include <string.h>

/* How many interrupts of an interface are handled somewhere known, and how many on its own node. */
struct handled {
        size_t all, local;
};

static struct handled count_handled(const struct device *device)
{
        struct handled h = { .all = 0 };

        for (size_t i = 0; i < device->n_interrupts; i++) {
                const nodemask_t *nodes = &device->interrupts[i].nodes;

                h.all += !nodes_empty(nodes);
                h.local += node_isset(device->nid, nodes);
        }
        return h;
}

static size_t count_cpus(const struct sample *s)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_nodes; i++)
                n += id_list_count(&s->nodes[i].cpus);
        return n;
}

/*
 * Drivers of fast cards spread interrupts over all CPUs of the machine, so many are remote with
 * nothing wrong. Fewer than half of what such a spread gives the card's own node are by mistake;
 * and once they were that, three quarters are enough not to be.
 */
static bool is_remote(struct handled h, size_t node_cpus, size_t all_cpus, bool was_raised)
{
        return h.local * all_cpus * 4 < h.all * node_cpus * (was_raised ? 3 : 2);
}

struct finding network_interrupts_remote(const struct snapshot *snap, bool was_raised)
{
        const struct sample *s = snapshot_sample(snap);
        struct finding f = { .state = CHECK_UNKNOWN };
        size_t all_cpus = count_cpus(s);

        for (size_t i = 0; s->devices && i < s->devices->n; i++) {
                const struct device *device = &s->devices->devices[i];
                const struct node *node = snapshot_node(snap, device->nid);
                size_t node_cpus = node ? id_list_count(&node->cpus) : 0;
                struct handled h;

                if (node_cpus == 0 || (device->operstate && strcmp(device->operstate, "down") == 0))
                        continue;
                h = count_handled(device);
                if (h.all == 0)
                        continue;
                if (f.state == CHECK_UNKNOWN)
                        f.state = CHECK_CLEAR;
                if (!is_remote(h, node_cpus, all_cpus, was_raised))
                        continue;
                finding_explain(&f,
                                "Interface %s is on node %d, but %zu of its %zu interrupts are "
                                "handled on other nodes.",
                                device->name, device->nid, h.all - h.local, h.all);
                finding_add_node(&f, device->nid);
        }
        return f;
}
