# SPDX-License-Identifier: MIT
"""What a PromQL expression names, and which metrics with which labels there are to be named."""
import os
import re

from daemon import SOURCE_ROOT

#: What Prometheus itself makes of a scrape and of the alerts.
PROMETHEUS = {"up": set(), "scrape_duration_seconds": set(), "scrape_samples_post_metric_relabeling": set(),
              "ALERTS": {"alertname", "alertstate", "node", "check", "severity"}}
TARGET = {"job", "instance"}

_WORDS = {"and", "or", "unless", "bool", "offset"}
_GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_TOKEN = re.compile(r"(?<![\w:.])([a-zA-Z_:][\w:]*)\s*(\{[^}]*\}|\()?")


def families():
    """Name as exported -> labels, from daemon/fields.def."""
    with open(os.path.join(SOURCE_ROOT, "daemon", "fields.def")) as f:
        text = f.read()
    out = {}
    for kind, metric, metric_type in re.findall(r'(?m)^FIELD\((\w+), "[^"]*", "(\w+)", (\w+),', text):
        name = "numa_node_" + ("vmstat_" if kind == "VMSTAT" else "") + metric + ("_bytes" if kind == "MEMINFO" else "")
        out[name + ("_total" if metric_type == "COUNTER" else "")] = {"node"}
    for name, metric_type, labels in re.findall(r'(?m)^FAMILY\(\w+, "(\w+)", (\w+), "([^"]*)",', text):
        out[name + ("_total" if metric_type == "COUNTER" else "")] = set(filter(None, labels.split(",")))
    return out


def named(expression):
    """([(metric, labels matched)], labels grouped by)."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    grouped = {label.strip() for _, labels in _GROUPING.findall(bare) for label in labels.split(",") if label.strip()}
    bare = re.sub(r"\[[^]]*\]", "", _GROUPING.sub(" ", bare))
    metrics = []
    for name, rest in _TOKEN.findall(bare):
        if rest != "(" and name not in _WORDS:
            metrics.append((name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", rest))))
    return metrics, grouped


class Names:
    """All that may be named: the daemon's metrics, Prometheus's, and the recording rules."""

    def __init__(self, rules):
        """rules: {record: expression}, each using metrics and earlier records only."""
        self.labels = {**families(), **PROMETHEUS}
        for record, expression in rules.items():
            self.labels[record] = set().union(*(self.labels.get(metric, set()) for metric, _ in named(expression)[0]))
        self.all_labels = set().union(*self.labels.values()) | TARGET

    def unknown(self, expression):
        """What the expression names and does not exist."""
        metrics, grouped = named(expression)
        if not metrics:
            yield f"no metric in {expression!r}"
        for metric, matched in metrics:
            if metric not in self.labels:
                yield f"metric {metric} in {expression!r}"
            else:
                yield from (f"label {label} of {metric} in {expression!r}" for label in matched - self.labels[metric] - TARGET)
        yield from (f"label {label} in {expression!r}" for label in grouped - self.all_labels)
