/* SPDX-License-Identifier: MIT */
#include "topology_hwloc.h"

#include <errno.h>
#include <hwloc.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The environment is the caller's no longer: nobody but the daemon's own options decides what is
 * shown. Linux's files alone are looked at: other components ask the processors that run this, or
 * load the libraries of GPU makers.
 */
static int set_environment(const char *root)
{
        if (clearenv() != 0 || setenv("HWLOC_COMPONENTS", "linux,stop", 1) < 0 ||
            setenv("HWLOC_PLUGINS_PATH", "", 1) < 0 || setenv("HWLOC_HIDE_ERRORS", "2", 1) < 0 ||
            setenv("HWLOC_KEEP_NVIDIA_GPU_NUMA_NODES", "1", 1) < 0 ||
            (root && setenv("HWLOC_FSROOT", root, 1) < 0))
                return -ENOMEM;
        return 0;
}

static int load(hwloc_topology_t *topology)
{
        errno = 0;
        if (hwloc_topology_init(topology) < 0 ||
            hwloc_topology_set_cache_types_filter(*topology, HWLOC_TYPE_FILTER_KEEP_ALL) < 0 ||
            hwloc_topology_set_icache_types_filter(*topology, HWLOC_TYPE_FILTER_KEEP_ALL) < 0 ||
            hwloc_topology_set_io_types_filter(*topology, HWLOC_TYPE_FILTER_KEEP_IMPORTANT) < 0 ||
            hwloc_topology_set_flags(*topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) < 0 ||
            hwloc_topology_load(*topology) < 0)
                return errno ? -errno : -EIO;
        return 0;
}

/* Serial numbers and hardware addresses, by whatever names. */
static int is_private(const char *name)
{
        static const char *const words[] = {
                "Serial", "UUID", "GUID", "GID", "AssetTag", "Address"
        };

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (strstr(name, words[i]))
                        return 1;
        return 0;
}

/* As deep as hwloc's tree, which has some twenty types. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void drop_private_infos(hwloc_topology_t topology, hwloc_obj_t object)
{
        hwloc_obj_t child = NULL;
        unsigned kept = 0;

        for (unsigned i = 0; i < object->infos_count; i++) {
                if (is_private(object->infos[i].name)) {
                        free(object->infos[i].name);
                        free(object->infos[i].value);
                } else {
                        object->infos[kept++] = object->infos[i];
                }
        }
        object->infos_count = kept;
        while ((child = hwloc_get_next_child(topology, object, child)))
                drop_private_infos(topology, child);
}

static json_t *json_list(hwloc_const_bitmap_t set)
{
        char *text = NULL;
        json_t *json = hwloc_bitmap_list_asprintf(&text, set) < 0 ? NULL : json_string(text);

        free(text);
        return json;
}

static json_t *json_nodes(hwloc_const_bitmap_t set)
{
        json_t *json = json_array();
        int nid;

        for (nid = hwloc_bitmap_first(set); nid >= 0; nid = hwloc_bitmap_next(set, nid))
                json_array_append_new(json, json_integer(nid));
        return json;
}

/* Where the object is. */
static json_t *json_place(hwloc_obj_t object)
{
        return json_pack("{s:o, s:o}", "cpulist", json_list(object->cpuset), "nodes",
                         json_nodes(object->nodeset));
}

static json_t *json_packages(hwloc_topology_t topology)
{
        json_t *json = json_array();
        hwloc_obj_t package = NULL;

        while ((package = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PACKAGE, package))) {
                const char *model = hwloc_obj_get_info_by_name(package, "CPUModel");
                json_t *one = json_object();

                json_object_set_new(one, "package",
                                    package->os_index == HWLOC_UNKNOWN_INDEX
                                            ? json_null()
                                            : json_integer(package->os_index));
                json_object_set_new(one, "model", model ? json_string(model) : json_null());
                json_object_update_new(one, json_place(package));
                json_array_append_new(json, one);
        }
        return json;
}

static const char *cache_type(hwloc_obj_t cache)
{
        switch (cache->attr->cache.type) {
        case HWLOC_OBJ_CACHE_DATA:
                return "data";
        case HWLOC_OBJ_CACHE_INSTRUCTION:
                return "instruction";
        default:
                return "unified";
        }
}

static json_t *json_positive(uint64_t value)
{
        return value > 0 ? json_integer((json_int_t)value) : json_null();
}

static void add_caches(json_t *json, hwloc_topology_t topology, hwloc_obj_type_t type)
{
        hwloc_obj_t cache = NULL;

        while ((cache = hwloc_get_next_obj_by_type(topology, type, cache))) {
                json_t *one = json_object();

                json_object_set_new(one, "level", json_integer(cache->attr->cache.depth));
                json_object_set_new(one, "type", json_string(cache_type(cache)));
                json_object_set_new(one, "size_bytes", json_positive(cache->attr->cache.size));
                json_object_set_new(one, "line_size_bytes",
                                    json_positive(cache->attr->cache.linesize));
                json_object_update_new(one, json_place(cache));
                json_array_append_new(json, one);
        }
}

/* The outermost first. */
static json_t *json_caches(hwloc_topology_t topology)
{
        static const hwloc_obj_type_t types[] = {
                HWLOC_OBJ_L5CACHE, HWLOC_OBJ_L4CACHE,  HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L3ICACHE,
                HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L2ICACHE, HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L1ICACHE,
        };
        json_t *json = json_array();

        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
                add_caches(json, topology, types[i]);
        return json;
}

static int write_all(int fd, const void *data, size_t len)
{
        const char *at = data;

        while (len > 0) {
                ssize_t n = write(fd, at, len);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0) {
                        at += n;
                        len -= (size_t)n;
                }
        }
        return 0;
}

static int write_documents(const char *json, const char *xml, int fd)
{
        const struct topology_header header = { strlen(json), strlen(xml) };
        int r = write_all(fd, &header, sizeof(header));

        if (r == 0)
                r = write_all(fd, json, header.json_len);
        return r == 0 ? write_all(fd, xml, header.xml_len) : r;
}

static int export(hwloc_topology_t topology, int fd)
{
        json_t *json = json_pack("{s:o, s:o}", "packages", json_packages(topology), "caches",
                                 json_caches(topology));
        char *text = json ? json_dumps(json, JSON_COMPACT) : NULL, *xml = NULL;
        int xml_len, r = -ENOMEM;

        if (text && hwloc_topology_export_xmlbuffer(topology, &xml, &xml_len, 0) == 0)
                r = write_documents(text, xml, fd);
        if (xml)
                hwloc_free_xmlbuffer(topology, xml);
        free(text);
        json_decref(json);
        return r;
}

int topology_hwloc_write(const char *root, int fd)
{
        hwloc_topology_t topology = NULL;
        int r = set_environment(root);

        if (r == 0)
                r = load(&topology);
        if (r == 0) {
                drop_private_infos(topology, hwloc_get_root_obj(topology));
                r = export(topology, fd);
        }
        if (topology)
                hwloc_topology_destroy(topology);
        return r;
}
