/* SPDX-License-Identifier: MIT */
#include "render_json.h"

#include <string.h>

/* Sets pxm and the node that it became. */
static void set_pxm(json_t *json, const struct pxm_map *map, uint32_t pxm)
{
        int nid = map ? pxm_to_node(map, pxm) : NUMA_NO_NODE;

        json_object_set_new(json, "pxm", json_u64(pxm));
        json_object_set_new(json, "nid", nid == NUMA_NO_NODE ? json_null() : json_integer(nid));
}

static const char *srat_type_name(enum srat_type type)
{
        static const char *const names[] = {
                [SRAT_PROCESSOR] = "apic",
                [SRAT_MEMORY] = "memory",
                [SRAT_X2APIC] = "x2apic",
                [SRAT_GICC] = "gicc",
                [SRAT_GIC_ITS] = "gic_its",
                [SRAT_GENERIC_INITIATOR] = "generic_initiator",
                [SRAT_GENERIC_PORT] = "generic_port",
                [SRAT_RINTC] = "rintc",
        };

        return names[type];
}

static void add_cpu(struct json_stream *stream, const struct srat_cpu *cpu,
                    const struct pxm_map *map)
{
        json_t *json = json_object();

        json_object_set_new(json, "type", json_string(srat_type_name(cpu->type)));
        set_pxm(json, map, cpu->pxm);
        json_object_set_new(json, "id", json_u64(cpu->id));
        json_object_set_new(json, "enabled", json_boolean(cpu->enabled));
        json_object_set_new(json, "clock_domain", json_u64(cpu->clock_domain));
        json_stream_add(stream, NULL, json);
}

static void add_memory(struct json_stream *stream, const struct srat_memory *memory,
                       const struct pxm_map *map)
{
        json_t *json = json_object();

        set_pxm(json, map, memory->pxm);
        json_object_set_new(json, "start", json_u64(memory->base));
        json_object_set_new(json, "bytes", json_u64(memory->length));
        json_object_set_new(json, "enabled", json_boolean(memory->enabled));
        json_object_set_new(json, "hotpluggable", json_boolean(memory->hotpluggable));
        json_object_set_new(json, "nonvolatile", json_boolean(memory->nonvolatile));
        json_stream_add(stream, NULL, json);
}

static void add_generic(struct json_stream *stream, const struct srat_generic *generic,
                        const struct pxm_map *map)
{
        json_t *json = json_object();

        json_object_set_new(json, "type", json_string(srat_type_name(generic->type)));
        set_pxm(json, map, generic->pxm);
        json_object_set_new(json, "handle",
                            json_string(generic->handle_type == 1 ? "pci" : "acpi"));
        json_object_set_new(json, "enabled", json_boolean(generic->enabled));
        json_object_set_new(json, "architectural", json_boolean(generic->architectural));
        json_stream_add(stream, NULL, json);
}

static void add_srat(struct json_stream *stream, const struct srat *srat, const struct pxm_map *map)
{
        json_stream_open(stream, "cpus", '[');
        for (size_t i = 0; i < srat->n_cpus; i++)
                add_cpu(stream, &srat->cpus[i], map);
        json_stream_close(stream, ']');
        json_stream_open(stream, "memory", '[');
        for (size_t i = 0; i < srat->n_memory; i++)
                add_memory(stream, &srat->memory[i], map);
        json_stream_close(stream, ']');
        json_stream_open(stream, "its", '[');
        for (size_t i = 0; i < srat->n_its; i++) {
                json_t *json = json_object();

                set_pxm(json, map, srat->its[i].pxm);
                json_object_set_new(json, "id", json_u64(srat->its[i].its_id));
                json_stream_add(stream, NULL, json);
        }
        json_stream_close(stream, ']');
        json_stream_open(stream, "generic", '[');
        for (size_t i = 0; i < srat->n_generic; i++)
                add_generic(stream, &srat->generic[i], map);
        json_stream_close(stream, ']');
}

static void add_slit(struct json_stream *stream, const struct slit *slit)
{
        json_stream_add(stream, "localities", json_u64(slit->localities));
        json_stream_add(stream, "valid", json_boolean(slit->valid));
        json_stream_open(stream, "matrix", '[');
        for (size_t i = 0; i < slit->localities; i++) {
                json_t *row = json_array();

                for (size_t k = 0; k < slit->localities; k++)
                        json_array_append_new(
                                row, json_integer(slit->distance[i * slit->localities + k]));
                json_stream_add(stream, NULL, row);
        }
        json_stream_close(stream, ']');
}

static json_t *json_domains(const uint32_t *pxms, size_t n)
{
        json_t *json = json_array();

        for (size_t i = 0; i < n; i++)
                json_array_append_new(json, json_u64(pxms[i]));
        return json;
}

/* Latencies in nanoseconds, bandwidths in bytes per second; null where the table gives none. */
static void add_locality(struct json_stream *stream, const struct hmat *hmat,
                         const struct hmat_locality *loc)
{
        static const char *const types[] = {
                [HMAT_ACCESS_LATENCY] = "access_latency_ns",
                [HMAT_READ_LATENCY] = "read_latency_ns",
                [HMAT_WRITE_LATENCY] = "write_latency_ns",
                [HMAT_ACCESS_BANDWIDTH] = "access_bandwidth_bytes_per_second",
                [HMAT_READ_BANDWIDTH] = "read_bandwidth_bytes_per_second",
                [HMAT_WRITE_BANDWIDTH] = "write_bandwidth_bytes_per_second",
        };
        const uint64_t unit = hmat_is_latency(loc) ? 1 : UINT64_C(1) << 20;
        bool known = loc->data_type <= HMAT_WRITE_BANDWIDTH;

        json_stream_open(stream, NULL, '{');
        json_stream_add(stream, "type", json_text(known ? types[loc->data_type] : NULL));
        json_stream_add(stream, "hierarchy", json_integer(loc->hierarchy));
        json_stream_add(stream, "initiators", json_domains(loc->initiators, loc->n_initiators));
        json_stream_add(stream, "targets", json_domains(loc->targets, loc->n_targets));
        json_stream_open(stream, "matrix", '[');
        for (size_t i = 0; i < loc->n_initiators; i++) {
                json_t *row = json_array();

                for (size_t k = 0; k < loc->n_targets; k++) {
                        uint32_t value = hmat_value(hmat, loc, i, k);

                        json_array_append_new(row, json_u64_if(value != 0, value * unit));
                }
                json_stream_add(stream, NULL, row);
        }
        json_stream_close(stream, ']');
        json_stream_close(stream, '}');
}

static void add_hmat(struct json_stream *stream, const struct hmat *hmat, const struct pxm_map *map)
{
        json_stream_open(stream, "proximities", '[');
        for (size_t i = 0; i < hmat->n_proximities; i++) {
                const struct hmat_proximity *p = &hmat->proximities[i];
                json_t *json = json_object();

                json_object_set_new(json, "initiator_pxm",
                                    json_u64_if(p->initiator_valid, p->initiator_pxm));
                json_object_set_new(json, "memory_pxm",
                                    json_u64_if(p->memory_valid, p->memory_pxm));
                json_stream_add(stream, NULL, json);
        }
        json_stream_close(stream, ']');
        json_stream_open(stream, "localities", '[');
        for (size_t i = 0; i < hmat->n_localities; i++)
                add_locality(stream, hmat, &hmat->localities[i]);
        json_stream_close(stream, ']');
        json_stream_open(stream, "caches", '[');
        for (size_t i = 0; i < hmat->n_caches; i++) {
                const struct hmat_cache *c = &hmat->caches[i];
                json_t *json = json_object();

                set_pxm(json, map, c->memory_pxm);
                json_object_set_new(json, "bytes", json_u64(c->size));
                json_object_set_new(json, "level", json_integer(c->level));
                json_object_set_new(json, "line_size_bytes", json_integer(c->line_size));
                json_stream_add(stream, NULL, json);
        }
        json_stream_close(stream, ']');
}

static void add_cedt(struct json_stream *stream, const struct cedt *cedt)
{
        json_stream_open(stream, "host_bridges", '[');
        for (size_t i = 0; i < cedt->n_chbs; i++) {
                json_t *json = json_object();

                json_object_set_new(json, "uid", json_u64(cedt->chbs[i].uid));
                json_object_set_new(json, "start", json_u64(cedt->chbs[i].base));
                json_object_set_new(json, "bytes", json_u64(cedt->chbs[i].length));
                json_stream_add(stream, NULL, json);
        }
        json_stream_close(stream, ']');
        json_stream_open(stream, "windows", '[');
        for (size_t i = 0; i < cedt->n_cfmws; i++) {
                const struct cedt_cfmws *w = &cedt->cfmws[i];
                json_t *json = json_object();

                json_object_set_new(json, "start", json_u64(w->base));
                json_object_set_new(json, "bytes", json_u64(w->size));
                json_object_set_new(json, "ways", json_u64_if(w->ways > 0, w->ways));
                json_object_set_new(json, "granularity_bytes",
                                    json_u64_if(w->granularity > 0, w->granularity));
                json_object_set_new(json, "host_bridges", json_domains(w->targets, w->n_targets));
                json_stream_add(stream, NULL, json);
        }
        json_stream_close(stream, ']');
}

static json_t *json_status(const struct firmware_tables *fw, enum firmware_table table)
{
        static const char *const origins[] = {
                [ORIGIN_ACPI] = "acpi",
                [ORIGIN_CREDENTIAL] = "credential",
        };
        const struct firmware_table_status *status = &fw->status[table];
        const struct firmware_header *header = firmware_table_header(fw, table);
        json_t *json = json_object();
        char fault[256];

        json_object_set_new(json, "origin",
                            header ? json_string(origins[status->origin]) : json_null());
        json_object_set_new(json, "error",
                            status->error ? json_string(strerror(-status->error)) : json_null());
        if (!header)
                return json;
        firmware_fault_print(&status->fault, fault, sizeof(fault));
        json_object_set_new(json, "fault",
                            status->fault.code == FIRMWARE_NO_FAULT ? json_null()
                                                                    : json_text(fault));
        json_object_set_new(json, "faults", json_u64(header->errors));
        json_object_set_new(json, "revision", json_integer(header->revision));
        json_object_set_new(json, "oem_id", json_text(header->oem_id));
        json_object_set_new(json, "oem_table_id", json_text(header->oem_table_id));
        json_object_set_new(json, "structures", json_u64(header->structures));
        json_object_set_new(json, "unknown_structures", json_u64(header->unknown));
        return json;
}

void add_firmware_tables(struct json_stream *stream, const struct firmware_tables *fw,
                         const struct pxm_map *map)
{
        static const char *const keys[NR_FIRMWARE_TABLES] = {
                [TABLE_SRAT] = "srat",
                [TABLE_SLIT] = "slit",
                [TABLE_HMAT] = "hmat",
                [TABLE_CEDT] = "cedt",
        };

        for (unsigned i = 0; i < NR_FIRMWARE_TABLES; i++) {
                json_stream_open(stream, keys[i], '{');
                json_stream_add_all(stream, json_status(fw, i));
                if (i == TABLE_SRAT && firmware_table_header(fw, i))
                        add_srat(stream, &fw->srat, map);
                else if (i == TABLE_SLIT && firmware_table_header(fw, i))
                        add_slit(stream, &fw->slit);
                else if (i == TABLE_HMAT && firmware_table_header(fw, i))
                        add_hmat(stream, &fw->hmat, map);
                else if (i == TABLE_CEDT && firmware_table_header(fw, i))
                        add_cedt(stream, &fw->cedt);
                json_stream_close(stream, '}');
        }
}
