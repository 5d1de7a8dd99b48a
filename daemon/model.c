/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <stdlib.h>
#include <string.h>

/* Memory of one snapshot: taken piece by piece, given back at once. */
struct chunk {
        struct chunk *next;
        size_t used, size;
        max_align_t data[];
};

struct snapshot {
        unsigned refs;
        uint64_t generation;
        struct chunk *chunks;
        bool out_of_memory; /* while it is built */
        struct sample sample;
        int16_t index[MAX_NUMNODES]; /* nid → nodes[], -1: none */
        struct memory_map *memory_map;
        struct node_memory_blocks *node_blocks; /* of nodes[] */
        struct node_memory_blocks all_blocks;
        struct finding findings[NR_CHECKS];
        /* As they were known last. */
        enum check_state told[NR_CHECKS];
        bool mask_told[NR_NODE_STATES];
        nodemask_t masks[NR_NODE_STATES];
        struct memory_block_list memory_blocks;
};

#define CHUNK_SIZE (64UL << 10)

static void *take(struct snapshot *snap, size_t size)
{
        struct chunk *chunk = snap->chunks;
        void *piece;

        size = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
        if (!chunk || chunk->size - chunk->used < size) {
                size_t data = size > CHUNK_SIZE ? size : CHUNK_SIZE;

                chunk = malloc(sizeof(*chunk) + data);
                if (!chunk) {
                        snap->out_of_memory = true;
                        return NULL;
                }
                *chunk = (struct chunk){ .next = snap->chunks, .size = data };
                snap->chunks = chunk;
        }
        piece = (char *)chunk->data + chunk->used;
        chunk->used += size;
        return piece;
}

static void *copy(struct snapshot *snap, const void *from, size_t size)
{
        void *to;

        if (size == 0 || !from)
                return NULL;
        to = take(snap, size);
        if (to)
                memcpy(to, from, size);
        return to;
}

static char *copy_string(struct snapshot *snap, const char *s)
{
        return s ? copy(snap, s, strlen(s) + 1) : NULL;
}

static void copy_counters(struct snapshot *snap, struct counters *c)
{
        if (!c->known)
                c->n = 0;
        c->values = copy(snap, c->values, c->n * sizeof(*c->values));
        c->present = copy(snap, c->present, (c->n + 63) / 64 * sizeof(*c->present));
}

static void copy_node(struct snapshot *snap, struct node *node)
{
        for (unsigned set = 0; set < NR_FIELD_SETS; set++)
                copy_counters(snap, &node->fields[set]);
        node->cpus.ranges =
                copy(snap, node->cpus.ranges, node->cpus.n * sizeof(*node->cpus.ranges));
        node->distances = copy(snap, node->distances, node->n_distances);
        node->hugepages = copy(snap, node->hugepages, node->n_hugepages * sizeof(*node->hugepages));
        node->accesses = copy(snap, node->accesses, node->n_accesses * sizeof(*node->accesses));
        node->side_caches =
                copy(snap, node->side_caches, node->n_side_caches * sizeof(*node->side_caches));
        node->zones = copy(snap, node->zones, node->n_zones * sizeof(*node->zones));
        for (size_t i = 0; node->zones && i < node->n_zones; i++)
                node->zones[i].name = copy_string(snap, node->zones[i].name);
}

static void copy_sample(struct snapshot *snap)
{
        struct sample *s = &snap->sample;

        s->boot_id = copy_string(snap, s->boot_id);
        s->hostname = copy_string(snap, s->hostname);
        s->kernel = copy_string(snap, s->kernel);
        s->auto_online_blocks = copy_string(snap, s->auto_online_blocks);
        s->memory_blocks =
                copy(snap, s->memory_blocks, s->n_memory_blocks * sizeof(*s->memory_blocks));
        s->memory_tiers = copy(snap, s->memory_tiers, s->n_memory_tiers * sizeof(*s->memory_tiers));
        if (s->firmware)
                firmware_tables_ref(s->firmware);
        if (s->devices)
                devices_ref(s->devices);
        s->sysctls = copy(snap, s->sysctls, s->n_sysctls * sizeof(*s->sysctls));
        copy_counters(snap, &s->proc_meminfo);
        s->nodes = copy(snap, s->nodes, s->n_nodes * sizeof(*s->nodes));
        for (size_t i = 0; s->nodes && i < s->n_nodes; i++)
                copy_node(snap, &s->nodes[i]);
        for (unsigned set = 0; set < NR_FIELD_SETS; set++)
                if (s->tables[set])
                        field_table_ref(s->tables[set]);
        if (s->proc_meminfo_table)
                field_table_ref(s->proc_meminfo_table);
}

static void count_block(struct node_memory_blocks *n, const struct memory_block *block)
{
        n->total++;
        if (block->state == BLOCK_UNKNOWN)
                n->states_known = false;
        else if (block->state == BLOCK_ONLINE)
                n->online++;
        else
                n->offline++;
}

static void count_for_node(struct snapshot *snap, int nid, const struct memory_block *block)
{
        if (nid >= 0 && nid < MAX_NUMNODES && snap->index[nid] >= 0)
                count_block(&snap->node_blocks[snap->index[nid]], block);
}

static void finish_count(struct node_memory_blocks *n, uint64_t block_size)
{
        n->bytes_known = block_size > 0 && !__builtin_mul_overflow(n->total, block_size, &n->bytes);
}

/* Once over the blocks, of which there are up to hundreds of thousands. */
static void count_all_blocks(struct snapshot *snap)
{
        const struct sample *s = &snap->sample;

        snap->all_blocks.states_known = true;
        snap->node_blocks = take(snap, s->n_nodes * sizeof(*snap->node_blocks));
        if (!snap->node_blocks)
                return;
        for (size_t i = 0; i < s->n_nodes; i++)
                snap->node_blocks[i] = (struct node_memory_blocks){ .states_known = true };
        for (size_t i = 0; i < s->n_memory_blocks; i++) {
                const struct memory_block *block = &s->memory_blocks[i];

                count_block(&snap->all_blocks, block);
                count_for_node(snap, block->nid, block);
                count_for_node(snap, block->nid2, block);
        }
        for (size_t i = 0; i < s->n_nodes; i++)
                finish_count(&snap->node_blocks[i], s->memory_block_size);
        finish_count(&snap->all_blocks, s->memory_block_size);
}

/* same: the structure is that of previous, which may be NULL. */
static void run_checks(struct snapshot *snap, const struct snapshot *previous, bool same)
{
        for (unsigned i = 0; i < NR_CHECKS; i++) {
                struct finding *f = &snap->findings[i];
                char *evidence = NULL;

                if (same && check_is_structural(i)) {
                        *f = previous->findings[i];
                } else {
                        *f = check_run(i, snap, previous && previous->told[i] == CHECK_RAISED);
                        evidence = f->evidence;
                }
                snap->out_of_memory = snap->out_of_memory || f->out_of_memory;
                snap->told[i] = f->state;
                if (previous && f->state == CHECK_UNKNOWN)
                        snap->told[i] = previous->told[i];
                f->evidence = copy_string(snap, f->evidence);
                free(evidence);
        }
}

#define PAGE_SIZE_DEFAULT UINT64_C(4096)
#define PAGE_SIZE_MAX     UINT64_C(65536)

/*
 * Of a recorded machine the page size follows from what its nodes have in all, once in bytes
 * (MemTotal) and once in pages (present, of which the kernel keeps a few percent for itself).
 */
static uint64_t derive_page_size(const struct snapshot *snap)
{
        const struct sample *s = &snap->sample;
        uint64_t bytes = 0, pages = 0, size, total;

        for (size_t i = 0; i < s->n_nodes; i++) {
                if (node_meminfo(snap, &s->nodes[i], "MemTotal", &total))
                        bytes += total;
                for (size_t z = 0; z < s->nodes[i].n_zones; z++)
                        if (s->nodes[i].zones[z].known >> ZONE_PRESENT & 1)
                                pages += s->nodes[i].zones[z].pages[ZONE_PRESENT];
        }
        for (size = PAGE_SIZE_DEFAULT; pages > 0 && size < PAGE_SIZE_MAX; size *= 2)
                if (bytes / pages <= size + size / 16)
                        break;
        return size;
}

/* What follows from the sample. previous, same: as above. */
static void derive(struct snapshot *snap, const struct snapshot *previous, bool same)
{
        if (snap->sample.page_size == 0)
                snap->sample.page_size = derive_page_size(snap);
        count_all_blocks(snap);
        if (snap->out_of_memory)
                return;
        same = same && memory_map_current(previous->memory_map, &snap->sample);
        snap->memory_map =
                same ? memory_map_ref(previous->memory_map) : memory_map_new(&snap->sample);
        if (snap->memory_map)
                run_checks(snap, previous, same);
        else
                snap->out_of_memory = true;
}

/* What the sample does not know stays as it was known last. */
static void remember(struct snapshot *snap, const struct snapshot *previous)
{
        const struct sample *s = &snap->sample;

        for (unsigned state = 0; state < NR_NODE_STATES; state++) {
                if (s->state_known[state])
                        snap->masks[state] = s->node_states[state];
                else if (previous)
                        snap->masks[state] = previous->masks[state];
                snap->mask_told[state] =
                        s->state_known[state] || (previous && previous->mask_told[state]);
        }
        if (s->memory_blocks_known) {
                snap->memory_blocks =
                        (struct memory_block_list){ true, s->n_memory_blocks, s->memory_blocks };
        } else if (previous) {
                snap->memory_blocks = previous->memory_blocks;
                snap->memory_blocks.blocks =
                        copy(snap, previous->memory_blocks.blocks,
                             previous->memory_blocks.n * sizeof(*s->memory_blocks));
        }
}

struct snapshot *snapshot_new(const struct sample *sample, const struct snapshot *previous)
{
        struct snapshot *snap = calloc(1, sizeof(*snap));
        bool same = previous && structure_equal(&previous->sample, sample);

        if (!snap)
                return NULL;
        snap->refs = 1;
        snap->sample = *sample;
        copy_sample(snap);
        memset(snap->index, -1, sizeof(snap->index));
        for (size_t i = 0; !snap->out_of_memory && i < snap->sample.n_nodes; i++)
                snap->index[snap->sample.nodes[i].nid] = (int16_t)i;
        snap->generation = previous ? previous->generation + !same : 1;
        remember(snap, previous);
        if (!snap->out_of_memory)
                derive(snap, previous, same);
        if (!snap->out_of_memory)
                return snap;
        snapshot_unref(snap);
        return NULL;
}

struct snapshot *snapshot_ref(struct snapshot *snap)
{
        snap->refs++;
        return snap;
}

void snapshot_unref(struct snapshot *snap)
{
        if (!snap || --snap->refs > 0)
                return;
        for (unsigned set = 0; set < NR_FIELD_SETS; set++)
                field_table_unref(snap->sample.tables[set]);
        field_table_unref(snap->sample.proc_meminfo_table);
        firmware_tables_unref(snap->sample.firmware);
        devices_unref(snap->sample.devices);
        memory_map_unref(snap->memory_map);
        while (snap->chunks) {
                struct chunk *next = snap->chunks->next;

                free(snap->chunks);
                snap->chunks = next;
        }
        free(snap);
}

const struct sample *snapshot_sample(const struct snapshot *snap)
{
        return &snap->sample;
}

uint64_t snapshot_generation(const struct snapshot *snap)
{
        return snap->generation;
}

const struct memory_map *snapshot_memory_map(const struct snapshot *snap)
{
        return snap->memory_map;
}

const nodemask_t *snapshot_last_mask(const struct snapshot *snap, enum node_states state)
{
        return snap->mask_told[state] ? &snap->masks[state] : NULL;
}

const struct memory_block_list *snapshot_last_memory_blocks(const struct snapshot *snap)
{
        return snap->memory_blocks.known ? &snap->memory_blocks : NULL;
}

enum check_state snapshot_told(const struct snapshot *snap, enum check check)
{
        return snap->told[check];
}

const struct finding *snapshot_finding(const struct snapshot *snap, enum check check)
{
        return &snap->findings[check];
}

const struct node *snapshot_node(const struct snapshot *snap, int nid)
{
        if (nid < 0 || nid >= MAX_NUMNODES || snap->index[nid] < 0)
                return NULL;
        return &snap->sample.nodes[snap->index[nid]];
}

/* memcmp() of arrays that may be empty, and then NULL. */
static bool arrays_equal(const void *a, const void *b, size_t size)
{
        return size == 0 || memcmp(a, b, size) == 0;
}

static bool masks_equal(const struct sample *a, const struct sample *b)
{
        for (size_t i = 0; i < NR_NODE_STATES; i++)
                if (a->state_known[i] != b->state_known[i] ||
                    !nodes_equal(&a->node_states[i], &b->node_states[i]))
                        return false;
        return true;
}

/* What a reading that failed left in an unknown list says nothing. */
static bool cpus_equal(const struct id_list *a, const struct id_list *b)
{
        if (!a->known || !b->known)
                return a->known == b->known;
        return a->n == b->n && arrays_equal(a->ranges, b->ranges, a->n * sizeof(*a->ranges));
}

static bool distances_equal(const struct node *a, const struct node *b)
{
        if (!a->distances_known || !b->distances_known)
                return a->distances_known == b->distances_known;
        return a->n_distances == b->n_distances &&
               arrays_equal(a->distances, b->distances, a->n_distances);
}

static bool node_structure_equal(const struct node *a, const struct node *b)
{
        return a->nid == b->nid && cpus_equal(&a->cpus, &b->cpus) && distances_equal(a, b);
}

static bool blocks_equal(const struct sample *a, const struct sample *b)
{
        if (a->memory_blocks_known != b->memory_blocks_known ||
            a->memory_block_size != b->memory_block_size ||
            a->n_memory_blocks != b->n_memory_blocks)
                return false;
        for (size_t i = 0; i < a->n_memory_blocks; i++) {
                const struct memory_block *x = &a->memory_blocks[i], *y = &b->memory_blocks[i];

                if (x->id != y->id || x->state != y->state || x->nid != y->nid ||
                    x->nid2 != y->nid2)
                        return false;
        }
        return true;
}

bool structure_equal(const struct sample *a, const struct sample *b)
{
        if (!masks_equal(a, b) || !blocks_equal(a, b) || a->n_nodes != b->n_nodes)
                return false;
        for (size_t i = 0; i < a->n_nodes; i++)
                if (!node_structure_equal(&a->nodes[i], &b->nodes[i]))
                        return false;
        return true;
}

const char *collector_name(enum collector collector)
{
        static const char *const names[NR_COLLECTORS] = {
                [COLLECTOR_NODE_STATES] = "node_states",
                [COLLECTOR_DISTANCES] = "distances",
                [COLLECTOR_MEMINFO] = "meminfo",
                [COLLECTOR_NUMASTAT] = "numastat",
                [COLLECTOR_VMSTAT] = "vmstat",
                [COLLECTOR_HUGEPAGES] = "hugepages",
                [COLLECTOR_CPUS] = "cpus",
                [COLLECTOR_CPU_SECONDS] = "cpu_seconds",
                [COLLECTOR_MEMORY_BLOCKS] = "memory_blocks",
                [COLLECTOR_ZONEINFO] = "zoneinfo",
                [COLLECTOR_BUDDYINFO] = "buddyinfo",
                [COLLECTOR_PROC_MEMINFO] = "proc_meminfo",
                [COLLECTOR_SYSCTL] = "sysctl",
                [COLLECTOR_ACCESS] = "access",
                [COLLECTOR_MEMORY_TIERS] = "memory_tiers",
                [COLLECTOR_FIRMWARE] = "firmware",
                [COLLECTOR_DEVICES] = "devices",
        };

        return names[collector];
}

const char *node_state_name(enum node_states state)
{
        static const char *const names[NR_NODE_STATES] = {
                [N_POSSIBLE] = "possible",
                [N_ONLINE] = "online",
                [N_NORMAL_MEMORY] = "normal_memory",
                [N_HIGH_MEMORY] = "high_memory",
                [N_MEMORY] = "memory",
                [N_CPU] = "cpu",
                [N_GENERIC_INITIATOR] = "generic_initiator",
        };

        return names[state];
}

const char *memory_block_state_name(enum memory_block_state state)
{
        static const char *const names[] = {
                [BLOCK_ONLINE] = "online",
                [BLOCK_OFFLINE] = "offline",
                [BLOCK_GOING_OFFLINE] = "going-offline",
        };

        return state == BLOCK_UNKNOWN ? NULL : names[state];
}

const nodemask_t *node_states_mask(const struct snapshot *snap, enum node_states state)
{
        return &snap->sample.node_states[state];
}

bool node_state(const struct snapshot *snap, int nid, enum node_states state)
{
        return node_isset(nid, node_states_mask(snap, state));
}

bool node_online(const struct snapshot *snap, int nid)
{
        return node_state(snap, nid, N_ONLINE);
}

bool node_possible(const struct snapshot *snap, int nid)
{
        return node_state(snap, nid, N_POSSIBLE);
}

int num_node_state(const struct snapshot *snap, enum node_states state)
{
        return nodes_weight(node_states_mask(snap, state));
}

int num_online_nodes(const struct snapshot *snap)
{
        return num_node_state(snap, N_ONLINE);
}

int num_possible_nodes(const struct snapshot *snap)
{
        return num_node_state(snap, N_POSSIBLE);
}

int first_online_node(const struct snapshot *snap)
{
        return first_node(node_states_mask(snap, N_ONLINE));
}

int first_memory_node(const struct snapshot *snap)
{
        return first_node(node_states_mask(snap, N_MEMORY));
}

static bool field_value(const struct field_table *table, const struct counters *c,
                        const char *kernel, uint64_t *value)
{
        for (size_t i = 0; table && i < field_table_count(table); i++) {
                if (strcmp(field_table_get(table, i)->kernel, kernel) != 0)
                        continue;
                if (!counters_has(c, i))
                        return false;
                *value = c->values[i];
                return true;
        }
        return false;
}

bool node_meminfo(const struct snapshot *snap, const struct node *node, const char *kernel,
                  uint64_t *value)
{
        return field_value(snap->sample.tables[MEMINFO], &node->fields[MEMINFO], kernel, value);
}

bool system_meminfo(const struct snapshot *snap, const char *kernel, uint64_t *value)
{
        return field_value(snap->sample.proc_meminfo_table, &snap->sample.proc_meminfo, kernel,
                           value);
}

bool node_memory_blocks(const struct snapshot *snap, int nid, struct node_memory_blocks *out)
{
        *out = (struct node_memory_blocks){ .states_known = true };
        if (!snap->sample.memory_blocks_known)
                return false;
        if (nid >= 0 && nid < MAX_NUMNODES && snap->index[nid] >= 0)
                *out = snap->node_blocks[snap->index[nid]];
        return true;
}

bool all_memory_blocks(const struct snapshot *snap, struct node_memory_blocks *out)
{
        *out = snap->all_blocks;
        return snap->sample.memory_blocks_known;
}

bool next_block_range(const struct snapshot *snap, size_t *pos, struct block_range *out)
{
        const struct sample *s = &snap->sample;
        const struct memory_block *first, *last;

        if (*pos >= s->n_memory_blocks)
                return false;
        first = last = &s->memory_blocks[(*pos)++];
        while (*pos < s->n_memory_blocks) {
                const struct memory_block *next = &s->memory_blocks[*pos];

                if (next->id != last->id + 1 || next->state != first->state ||
                    next->nid != first->nid || next->nid2 != first->nid2)
                        break;
                last = next;
                (*pos)++;
        }
        *out = (struct block_range){ .first_block = first->id,
                                     .last_block = last->id,
                                     .block = first };
        if (last->id == UINT64_MAX ||
            __builtin_mul_overflow(first->id, s->memory_block_size, &out->start) ||
            __builtin_mul_overflow(last->id + 1, s->memory_block_size, &out->end))
                out->start = out->end = 0;
        return true;
}

bool node_distance(const struct snapshot *snap, int from, int to, uint8_t *distance)
{
        const struct node *node = snapshot_node(snap, from);
        size_t column = 0;
        int nid;

        if (!node || !node->distances_known || !node_state(snap, to, node->distance_columns))
                return false;
        for_each_node_state (nid, snap, node->distance_columns) {
                if (nid == to)
                        break;
                column++;
        }
        if (column >= node->n_distances)
                return false;
        *distance = node->distances[column];
        return true;
}

void node_distance_row(const struct snapshot *snap, const struct node *node,
                       int16_t row[static MAX_NUMNODES])
{
        const struct sample *s = &snap->sample;
        size_t i = 0, column = 0;
        int nid;

        memset(row, -1, MAX_NUMNODES * sizeof(*row));
        if (!node->distances_known)
                return;
        for_each_node_state (nid, snap, node->distance_columns) {
                while (i < s->n_nodes && s->nodes[i].nid < nid)
                        i++;
                if (column >= node->n_distances)
                        return;
                if (i < s->n_nodes && s->nodes[i].nid == nid)
                        row[i] = node->distances[column];
                column++;
        }
}
