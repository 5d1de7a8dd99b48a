# SPDX-License-Identifier: MIT
"""The tables on the terminal, in Markdown and as JSON."""
import json
import os
import platform
import subprocess
import time

from loads import OUR_PATH, name
from results import number, spread, summary

LOAD_QUANTITIES = ["requests/s", "p50", "p99", "CPU/request"]


def _aligned(rows):
    """Rows of texts in columns, as lines; the first column flushed left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        yield "  ".join([row[0].ljust(widths[0])] + [cell.rjust(w) for cell, w in zip(row[1:], widths[1:])]).rstrip()


def as_markdown(rows):
    yield "| " + " | ".join(rows[0]) + " |"
    yield "|" + "---|" * len(rows[0])
    for row in rows[1:]:
        yield "| " + " | ".join(row) + " |"


def _load_rows(results, nodes):
    whats = list(dict.fromkeys(k.what for k in results.values if k.nodes == nodes and k.quantity == "requests/s"))
    return [[what] + [spread(results.get(what, q, nodes), q) for q in LOAD_QUANTITIES] for what in whats]


def _other_rows(results):
    for key, values in results.values.items():
        if key.quantity not in LOAD_QUANTITIES or "×" not in key.what:
            yield [key.what, "" if key.nodes is None else str(key.nodes), spread(values, key.quantity)]


def goal_rows(judgements):
    yield ["goal", "nodes", "expected", "measured", ""]
    for j in judgements:
        measured = spread(j.values, j.unit) if j.values else j.reason
        verdict = "" if j.met is None else "met" if j.met else "not met"
        yield [j.text + (f" ({j.detail})" if j.detail else ""), j.nodes, j.expected, measured, verdict]


def terminal(results, judgements):
    sizes = sorted({k.nodes for k in results.values if isinstance(k.nodes, int) and k.quantity == "requests/s"})
    for nodes in sizes:
        yield ""
        yield from _aligned([[f"{nodes} nodes, ×connections", *LOAD_QUANTITIES], *_load_rows(results, nodes)])
    yield ""
    yield from _aligned([["further figures", "nodes", "measured"], *_other_rows(results)])
    yield ""
    yield from _aligned(list(goal_rows(judgements)))
    yield ""
    for what, reason in results.left_out.items():
        yield f"left out: {what}: {reason}"
    missed = sum(j.met is False for j in judgements)
    open_ = sum(j.met is None for j in judgements)
    yield f"{sum(j.met is True for j in judgements)} goals met, {missed} not met, {open_} not measured"


def _comparison_rows(results):
    """The table at the head of README's: the two servers at four connections."""
    sizes = sorted({k.nodes for k in results.values if k.what == name("cached", OUR_PATH)})
    yield ["nodes", *(f"{n:,}" for n in sizes)]

    def row(text, what, quantity):
        cells = [results.get(what, quantity, n) for n in sizes]
        return [text, *(number(summary(c)[0], quantity) if c else "" for c in cells)]
    for server, title in (("node_exporter", "node_exporter"), ("cached", "from the current snapshot"),
                          ("fresh", "sampling at each request")):
        yield row(f"{title}: requests/s", name(server, OUR_PATH), "requests/s")
        yield row("median answer", name(server, OUR_PATH), "p50")
        yield row("processor time a request, gzip", name(server, OUR_PATH, True), "CPU/request")
        yield row("resident memory after it", f"{server}, after the load: resident", "memory")


def markdown(results, judgements):
    yield where_measured()
    yield ""
    yield from as_markdown(list(_comparison_rows(results)))
    yield ""
    yield from as_markdown(list(goal_rows(judgements)))


def machine():
    with open("/proc/cpuinfo") as f:
        models = [line.partition(":")[2].strip() for line in f if line.startswith("model name")]
    return {"processor": models[0] if models else platform.machine(), "processors": os.cpu_count(), "kernel": platform.release()}


def where_measured():
    m = machine()
    return f"Measured on {m['processors']} processors of {m['processor']}, Linux {m['kernel'].partition('-')[0]}."


#: Between them stands, in a page, what a program has written.
MARKS = "<!-- begin of figures -->", "<!-- end of figures -->"


def put_into(page, lines):
    with open(page) as f:
        head, begin, rest = f.read().partition(MARKS[0])
    _, end, tail = rest.partition(MARKS[1])
    if not begin or not end:
        raise SystemExit(f"{page}: expected the marks {MARKS[0]} and {MARKS[1]}")
    with open(page, "w") as f:
        f.write("\n".join([head + begin, *lines, end + tail]))


def versions(*packages):
    """Of Debian's packages, where there is a dpkg."""
    try:
        result = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages], capture_output=True, text=True)
        return dict(line.split() for line in result.stdout.splitlines() if len(line.split()) == 2)
    except FileNotFoundError:
        return {}


def as_json(results, judgements, options):
    document = {
        "machine": machine(), "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "options": options,
        "versions": versions("prometheus-node-exporter", "libmicrohttpd12", "zlib1g", "libc6", "collectd-core", "wrk"),
        "results": [{**k._asdict(), "values": v, "median": summary(v)[0], "min": min(v), "max": max(v)}
                    for k, v in results.values.items()],
        "goals": [j._asdict() for j in judgements],
        "left_out": [{"what": what, "reason": reason} for what, reason in results.left_out.items()],
    }
    return json.dumps(document, indent=1, ensure_ascii=False)
