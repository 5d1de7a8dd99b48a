/* SPDX-License-Identifier: MIT */
#include "zone_reader.h"

#include <stdlib.h>
#include <string.h>

/* Zone names come from a fixed list in the kernel; more than this is no kernel's file. */
#define ZONE_NAMES_MAX 32

struct zone_reader {
        struct source_file *zoneinfo, *buddyinfo;
        char *names[ZONE_NAMES_MAX];
        size_t n_names;
};

struct zone_reader *zone_reader_new(struct source *source)
{
        struct zone_reader *z = calloc(1, sizeof(*z));

        if (!z)
                return NULL;
        z->zoneinfo = source_file_new(source, "/proc/zoneinfo", SOURCE_MAX_PROC);
        z->buddyinfo = source_file_new(source, "/proc/buddyinfo", SOURCE_MAX_PROC);
        if (z->zoneinfo && z->buddyinfo)
                return z;
        zone_reader_free(z);
        return NULL;
}

void zone_reader_free(struct zone_reader *z)
{
        if (!z)
                return;
        source_file_free(z->zoneinfo);
        source_file_free(z->buddyinfo);
        for (size_t i = 0; i < z->n_names; i++)
                free(z->names[i]);
        free(z);
}

/* One copy of each zone's name, so that names compare as pointers and outlive the text. */
static const char *intern(struct zone_reader *z, struct reader *r, const char *name, size_t len)
{
        for (size_t i = 0; i < z->n_names; i++)
                if (strlen(z->names[i]) == len && memcmp(z->names[i], name, len) == 0)
                        return z->names[i];
        if (z->n_names == ZONE_NAMES_MAX)
                return NULL;
        z->names[z->n_names] = strndup(name, len);
        if (z->names[z->n_names])
                return z->names[z->n_names++];
        reader_out_of_memory(r);
        return NULL;
}

static struct zone *find_zone(struct zone_reader *z, struct reader *r,
                              struct node_reader *const nodes[static MAX_NUMNODES], uint32_t nid,
                              const char *name, size_t len)
{
        const char *interned;
        struct zone *zone;

        if (nid >= MAX_NUMNODES || !nodes[nid])
                return NULL;
        interned = intern(z, r, name, len);
        if (!interned)
                return NULL;
        zone = node_zone(nodes[nid], interned);
        if (!zone)
                reader_out_of_memory(r);
        return zone;
}

void zones_read(struct zone_reader *z, struct reader *r,
                struct node_reader *const nodes[static MAX_NUMNODES])
{
        struct parse_zone parsed;
        struct parser p;

        if (reader_read(r, COLLECTOR_ZONEINFO, z->zoneinfo, &p) < 0)
                return;
        while (parse_zoneinfo(&p, &parsed)) {
                struct zone *zone =
                        find_zone(z, r, nodes, parsed.nid, parsed.name, parsed.name_len);

                if (!zone)
                        continue;
                zone->known = parsed.known;
                memcpy(zone->pages, parsed.pages, sizeof(zone->pages));
        }
        if (p.start == p.end)
                reader_malformed(r, COLLECTOR_ZONEINFO, z->zoneinfo, "at least one zone");
        else
                reader_parsed(r, COLLECTOR_ZONEINFO, z->zoneinfo, &p);
}

void buddies_read(struct zone_reader *z, struct reader *r,
                  struct node_reader *const nodes[static MAX_NUMNODES])
{
        struct parse_buddy parsed;
        struct parser p;

        if (reader_read(r, COLLECTOR_BUDDYINFO, z->buddyinfo, &p) < 0)
                return;
        while (parse_buddyinfo(&p, &parsed)) {
                struct zone *zone =
                        find_zone(z, r, nodes, parsed.nid, parsed.name, parsed.name_len);

                if (!zone)
                        continue;
                zone->n_orders = parsed.n_orders;
                memcpy(zone->free_blocks, parsed.free_blocks, sizeof(zone->free_blocks));
        }
        if (p.start == p.end)
                reader_malformed(r, COLLECTOR_BUDDYINFO, z->buddyinfo, "at least one zone");
        else
                reader_parsed(r, COLLECTOR_BUDDYINFO, z->buddyinfo, &p);
}
