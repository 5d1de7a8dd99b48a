#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the two dashboards beside itself: numad-telemetry-fleet.json and numad-telemetry-machine.json.

They are for Grafana 9 and later, ask for a Prometheus data source and for the recording rules in ../prometheus, and
use no plugin. Change them here, not in the JSON.
"""
import json
import os
import sys

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
FLEET, MACHINE = "numad-telemetry-fleet", "numad-telemetry-machine"
JOB = 'job=~"$job"'
ONE = 'job=~"$job",instance="$instance"'
NODE = ONE + ',node=~"$node"'
STRUCTURE = 'type=~"node_.+|memory_.+|cpu_.+|distance_changed"'


def query(expr, legend="", instant=False, table=False):
    target = {"datasource": SOURCE, "expr": expr, "legendFormat": legend or "__auto", "instant": instant, "range": not instant}
    if table:
        target["format"] = "table"
    return target


def now(expr, legend=""):
    return query(expr, legend, instant=True)


def panel(kind, title, targets, width, height, unit, description, **options):
    targets = [dict(t, refId=chr(ord("A") + i)) for i, t in enumerate(targets)]
    defaults = {"unit": unit, **options.pop("defaults", {})}
    return {"type": kind, "title": title, "description": description, "datasource": SOURCE, "targets": targets,
            "gridPos": {"w": width, "h": height}, "fieldConfig": {"defaults": defaults, "overrides": options.pop("overrides", [])},
            **options}


def steps(*limits):
    """Green, and from each limit on the next colour."""
    colours = ["green", "orange", "red"]
    return {"thresholds": {"mode": "absolute", "steps": [{"color": c, "value": v} for c, v in zip(colours, (None, *limits))]}}


def stat(title, expr, unit="short", description="", limits=(), width=4):
    return panel("stat", title, [now(expr)], width, 4, unit, description, defaults=steps(*limits),
                 options={"colorMode": "value", "graphMode": "none", "reduceOptions": {"calcs": ["lastNotNull"]}})


def lines(title, *targets, unit="short", description="", width=12, height=8, stacked=False, share=False, **more):
    custom = {"fillOpacity": 40 if stacked else 5, "showPoints": "never",
              "stacking": {"mode": "normal" if stacked else "none", "group": "A"}}
    limits = {"min": 0, **({"max": 1} if share else {})}
    return panel("timeseries", title, targets, width, height, "percentunit" if share else unit, description,
                 defaults={"custom": custom, **limits},
                 options={"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}, **more)


def bars(title, *targets, unit="percentunit", description="", width=8, height=9):
    limits = {"min": 0, **({"max": 1} if unit == "percentunit" else {})}
    return panel("bargauge", title, targets, width, height, unit, description, defaults={**limits, **steps()},
                 options={"displayMode": "basic", "orientation": "horizontal", "reduceOptions": {"calcs": ["lastNotNull"]}})


def table(title, targets, transformations, unit="short", description="", width=12, height=8, overrides=()):
    return panel("table", title, [dict(t, format="table") for t in targets], width, height, unit, description,
                 transformations=transformations, overrides=list(overrides))


def columns(names, hidden=("Time", "__name__")):
    """Which columns a table has, in this order, and what they are called."""
    return {"id": "organize", "options": {"excludeByName": {h: True for h in hidden}, "renameByName": names,
                                          "indexByName": {name: i for i, name in enumerate(names)}}}


def matrix(row, column):
    return {"id": "groupingToMatrix", "options": {"rowField": row, "columnField": column, "valueField": "Value"}}


def override(name, **properties):
    return {"matcher": {"id": "byName", "options": name},
            "properties": [{"id": k, "value": v} for k, v in properties.items()]}


def to_machine(name):
    """A link from a machine's name to its dashboard."""
    return override(name, links=[{"title": "This machine",
                                  "url": f"/d/{MACHINE}?var-datasource=${{datasource}}&var-instance=${{__value.text}}"}])


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": 24, "h": 1}}


def lay_out(panels):
    """Side by side as long as there is room, then below."""
    x = y = height = 0
    for number, p in enumerate(panels, 1):
        grid = p["gridPos"]
        if x + grid["w"] > 24:
            x, y, height = 0, y + height, 0
        p["id"], p["gridPos"] = number, {"x": x, "y": y, **grid}
        x, height = x + grid["w"], max(height, grid["h"])
    return panels


def variable(name, label, metric, many):
    """Where many can be chosen, All stands for the values listed, not for whatever else Prometheus scrapes."""
    values = f"label_values({metric}, {name})"
    choice = {"includeAll": True, "multi": True, "current": {"text": "All", "value": "$__all"}} if many else {}
    return {"name": name, "label": label, "type": "query", "datasource": SOURCE, "query": {"query": values, "refId": name},
            "definition": values, "refresh": 2, "sort": 3, **choice}


def dashboard(uid, title, description, variables, panels, annotation):
    source = {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "refresh": 1}
    return {"uid": uid, "title": title, "description": description, "tags": ["numa"], "schemaVersion": 36, "editable": True,
            "refresh": "1m", "time": {"from": "now-6h", "to": "now"}, "timezone": "browser", "graphTooltip": 1,
            "links": [{"type": "dashboards", "tags": ["numa"], "title": "NUMA", "asDropdown": True, "keepTime": True}],
            "annotations": {"list": [{"name": "Structure changed", "datasource": SOURCE, "enable": True, "iconColor": "orange",
                                      "expr": annotation, "titleFormat": "{{type}}", "textFormat": "{{instance}}",
                                      "step": "60s"}]},
            "templating": {"list": [source, *variables]}, "panels": lay_out(panels)}


def fleet():
    worst = {"width": 8}
    checks = [now(f'max by (instance, check, severity) (numa_check{{{JOB},severity!="info"}} == 1)')]
    alerts = [now(f'ALERTS{{{JOB},alertname=~"Numa.+",alertstate="firing"}}')]
    panels = [
        stat("Machines that report", f"sum(job:numa_instances:count{{{JOB}}})"),
        stat("Machines that do not", f"sum(up{{{JOB}}} == bool 0)", limits=(1,)),
        stat("Nodes online", f"sum(job:numa_nodes:sum{{{JOB}}})"),
        stat("Memory", f"sum(job:numa_mem_total_bytes:sum{{{JOB}}})", "bytes"),
        stat("Memory in use", f"1 - sum(job:numa_mem_free_bytes:sum{{{JOB}}}) / sum(job:numa_mem_total_bytes:sum{{{JOB}}})",
             "percentunit", "What is not free; page cache is in use."),
        stat("Alerts firing", f'count(ALERTS{{{JOB},alertname=~"Numa.+",alertstate="firing"}}) or vector(0)', limits=(1,)),

        row("The fleet"),
        lines("Memory in use", query(f"job:numa_mem_used:ratio{{{JOB}}}", "{{job}}"), share=True),
        lines("Remote allocations", query(f"job:numa_remote_allocations:ratio_rate5m{{{JOB}}}", "{{job}}"), share=True,
              description="Share of the pages allocated that went to a process running on another node."),
        lines("Imbalance between the nodes of a machine", query(f"job:numa_mem_used:spread_avg{{{JOB}}}", "{{job}}, average"),
              query(f"job:numa_mem_used:spread_max{{{JOB}}}", "{{job}}, worst"), share=True,
              description="Used share of the fullest node less that of the emptiest one."),
        lines("Fragmentation and huge pages",
              query(f"job:numa_mem_fragmentation:avg{{{JOB}}}", "{{job}}, free memory of no use for huge pages"),
              query(f"job_size:numa_hugepages_used:ratio{{{JOB}}}", "{{job}}, huge pages of {{size}} bytes in use"), share=True),

        row("Machines that stand out"),
        bars("Most uneven", now(f"topk(10, instance:numa_mem_used:spread{{{JOB}}})", "{{instance}}"), **worst),
        bars("Most remote allocations", now(f"topk(10, instance:numa_remote_allocations:ratio_rate5m{{{JOB}}})", "{{instance}}"),
             **worst),
        bars("Most fragmented", now(f"topk(10, instance:numa_mem_fragmentation:max{{{JOB}}})", "{{instance}}"), **worst),
        table("Checks raised", checks, [columns({"instance": "Machine", "check": "Check", "severity": "Severity"},
                                                ("Time", "Value"))],
              description="man numad-telemetry-checks says what to do about each.", overrides=[to_machine("Machine")]),
        table("Alerts firing", alerts, [columns({"instance": "Machine", "alertname": "Alert", "node": "Node", "check": "Check"},
                                                ("Time", "Value", "__name__", "alertstate", "job"))],
              description="man numad-telemetry-alerts says what to do about each.", overrides=[to_machine("Machine")]),
        lines("Machines on which a check is raised",
              query(f'sum by (check) (job_check:numa_check:sum{{{JOB},severity!="info"}}) > 0', "{{check}}")),
        lines("Events", query(f"sum by (type) (increase(numa_events_total{{{JOB}}}[$__rate_interval]))", "{{type}}")),

        row("What it costs"),
        lines("Scrapes", query(f"quantile(0.5, scrape_duration_seconds{{{JOB}}})", "median"),
              query(f"quantile(0.99, scrape_duration_seconds{{{JOB}}})", "99 %"), unit="s", width=6),
        lines("Series", query(f"sum by (job) (scrape_samples_post_metric_relabeling{{{JOB}}})", "{{job}}"), width=6),
        lines("Daemons: memory", query(f"max(process_resident_memory_bytes{{{JOB}}})", "most"),
              query(f"avg(process_resident_memory_bytes{{{JOB}}})", "average"), unit="bytes", width=6),
        lines("Versions", query(f"count by (version) (numad_telemetry_build_info{{{JOB}}})", "{{version}}"), width=6),
    ]
    return dashboard(FLEET, "NUMA: fleet", "Machines that numad-telemetry watches, and the ones that stand out.",
                     [variable("job", "Job", "job:numa_instances:count", many=True)], panels,
                     f"sum by (instance, type) (increase(numa_events_total{{{JOB},{STRUCTURE}}}[$__rate_interval])) > 0")


def pages(size, state="total"):
    return f'{size} * numa_node_hugepages{{{NODE},size="{size}",state="{state}"}}'


def by_node(name):
    return query(f"{name}{{{NODE}}}", "node {{node}}")


def rate(metric, legend, by="node"):
    return query(f"sum by ({by}) (rate({metric}[$__rate_interval]))", legend)


def machine():
    nodes = [now(f"sum by (node) ({name}{{{NODE}}})") for name in (
        "numa_node_cpus", "numa_node_mem_total_bytes", "numa_node_mem_free_bytes", "instance_node:numa_mem_used:ratio",
        "instance_node:numa_remote_allocations:ratio_rate5m", "instance_node:numa_mem_fragmentation:ratio")]
    names = {"node": "Node", "Value #A": "CPUs", "Value #B": "Memory", "Value #C": "Free", "Value #D": "In use",
             "Value #E": "Remote allocations", "Value #F": "Fragmentation"}
    units = [override(n, unit=u) for n, u in (("Memory", "bytes"), ("Free", "bytes"), ("In use", "percentunit"),
                                              ("Remote allocations", "percentunit"), ("Fragmentation", "percentunit"))]
    memory = [query(f"numa_node_{name}_bytes{{{NODE}}}", legend) for name, legend in (
        ("mem_free", "free"), ("anon_pages", "anonymous"), ("shmem", "shared"), ("slab", "slab"), ("page_tables", "page tables"))]
    memory.insert(2, query(f"numa_node_file_pages_bytes{{{NODE}}} - numa_node_shmem_bytes{{{NODE}}}", "page cache"))
    memory += [query(pages(2097152), "huge pages of 2 MiB"), query(pages(1073741824), "huge pages of 1 GiB")]
    panels = [
        stat("Nodes online", f'numa_nodes{{{ONE},state="online"}}'),
        stat("Memory", f"instance:numa_mem_total_bytes:sum{{{ONE}}}", "bytes"),
        stat("Memory in use", f"instance:numa_mem_used:ratio{{{ONE}}}", "percentunit"),
        stat("Imbalance", f"instance:numa_mem_used:spread{{{ONE}}}", "percentunit", limits=(0.3, 0.6),
             description="Used share of the fullest node less that of the emptiest one."),
        stat("Remote allocations", f"instance:numa_remote_allocations:ratio_rate5m{{{ONE}}}", "percentunit"),
        stat("Checks raised", f'count(numa_check{{{ONE},severity!="info"}} == 1) or vector(0)', limits=(1,)),

        table("Nodes", nodes, [{"id": "merge", "options": {}}, columns(names)], width=24, height=7, overrides=units),
        table("Distances", [now(f"sum by (node, to) (numa_node_distance{{{ONE}}})")], [matrix("node", "to")],
              description="From the node of the row to that of the column; 10 is local."),
        table("States", [now(f"sum by (node, state) (numa_node_state{{{ONE}}})")], [matrix("node", "state")],
              description="The kernel's node masks; 1: the node is in it."),

        row("Memory"),
        lines("Memory of node $node", *memory, unit="bytes", stacked=True, repeat="node", repeatDirection="h", maxPerRow=3,
              width=24, description="What is neither here nor free is the kernel's own."),
        lines("In use", by_node("instance_node:numa_mem_used:ratio"), share=True, description="What is not free."),
        lines("Free or reclaimable", by_node("instance_node:numa_mem_available:ratio"), share=True),
        lines("Free pages and low watermarks",
              query(f'sum by (node, zone, kind) (numa_node_zone_pages{{{NODE},kind=~"free|low"}}) > 0',
                    "node {{node}} {{zone}} {{kind}}"),
              description="Below its low watermark the kernel reclaims in a zone."),
        lines("Memory blocks", query(f"sum by (node, state) (numa_node_memory_blocks{{{NODE}}})", "node {{node}} {{state}}")),

        row("Near and far"),
        lines("Remote allocations", by_node("instance_node:numa_remote_allocations:ratio_rate5m"), share=True),
        lines("Pages allocated, by where the process runs", rate(f"numa_node_local_node_total{{{NODE}}}", "node {{node}}, its own"),
              rate(f"numa_node_other_node_total{{{NODE}}}", "node {{node}}, another's"), unit="ops"),
        lines("Pages allocated against the preference",
              rate(f"numa_node_numa_miss_total{{{NODE}}}", "node {{node}}, another was preferred"),
              rate(f"numa_node_numa_foreign_total{{{NODE}}}", "node {{node}} was preferred"), unit="ops"),
        lines("Promoted and demoted", rate(f"numa_node_vmstat_pgpromote_success_total{{{NODE}}}", "node {{node}}, promoted"),
              rate(f"numa_node_vmstat_pgdemote_kswapd_total{{{NODE}}}", "node {{node}}, demoted"),
              rate(f"numa_node_vmstat_pgdemote_direct_total{{{NODE}}}", "node {{node}}, demoted directly"), unit="ops",
              description="Pages that moved between memory tiers."),
        lines("Refaults", rate(f"numa_node_vmstat_workingset_refault_file_total{{{NODE}}}", "node {{node}}, page cache"),
              rate(f"numa_node_vmstat_workingset_refault_anon_total{{{NODE}}}", "node {{node}}, anonymous"), unit="ops",
              description="Pages that were needed again after they had been evicted: the node is short of memory."),
        lines("CPUs busy", query(f'1 - sum by (node) (rate(numa_node_cpu_seconds_total{{{NODE},mode="idle"}}[$__rate_interval]))'
                                 f" / sum by (node) (rate(numa_node_cpu_seconds_total{{{NODE}}}[$__rate_interval]))", "node {{node}}"),
              share=True),

        row("Huge pages"),
        lines("Fragmentation", by_node("instance_node:numa_mem_fragmentation:ratio"), share=True,
              description="Share of the free memory in blocks smaller than order 9."),
        bars("Free blocks by order", now(f"sum by (order) (numa_node_buddy_free_blocks{{{NODE}}})", "{{order}}"), unit="short",
             width=12, height=8),
        lines("Pools",
              query(f"sum by (node, size, state) (numa_node_hugepages{{{NODE}}})", "node {{node}}, {{size}} bytes, {{state}}")),
        lines("Pools in use", query(f"instance_node_size:numa_hugepages_used:ratio{{{NODE}}}", "node {{node}}, {{size}} bytes"),
              share=True),

        row("What is found, and the daemon itself"),
        table("Checks raised", [now(f"max by (check, severity) (numa_check{{{ONE}}} == 1)")],
              [columns({"check": "Check", "severity": "Severity"}, ("Time", "Value"))],
              description="man numad-telemetry-checks says what to do about each."),
        lines("Events", query(f"sum by (type) (increase(numa_events_total{{{ONE}}}[$__rate_interval]))", "{{type}}")),
        lines("Collectors that fail", query(f"1 - numa_collector_success{{{ONE}}}", "{{collector}}"), width=6),
        lines("Time that collectors take", query(f"numa_collector_duration_seconds{{{ONE}}}", "{{collector}}"), unit="s", width=6),
        lines("Age of the sample",
              query(f"timestamp(numa_sample_timestamp_seconds{{{ONE}}}) - numa_sample_timestamp_seconds{{{ONE}}}", "age"),
              unit="s", width=6),
        lines("Memory of the daemon", query(f"process_resident_memory_bytes{{{ONE}}}", "resident"), unit="bytes", width=6),
    ]
    variables = [variable("job", "Job", "numa_generation", many=True),
                 variable("instance", "Machine", f"numa_generation{{{JOB}}}", many=False),
                 variable("node", "Node", f"numa_node_mem_total_bytes{{{ONE}}}", many=True)]
    return dashboard(MACHINE, "NUMA: machine", "One machine that numad-telemetry watches, node by node.", variables, panels,
                     f"sum by (type, instance) (increase(numa_events_total{{{ONE},{STRUCTURE}}}[$__rate_interval])) > 0")


def main(directory):
    for uid, content in ((FLEET, fleet()), (MACHINE, machine())):
        with open(os.path.join(directory, uid + ".json"), "w") as f:
            json.dump(content, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
