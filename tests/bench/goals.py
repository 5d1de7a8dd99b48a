# SPDX-License-Identifier: MIT
"""The figures that the daemon is held to, and whether they are reached."""
import collections
import statistics

from loads import CACHED_BODIES, MODES, OUR_PATH, name

#: expected: as text. values: those that are compared, of all rounds. met: None where it was not measured; reason then.
Judgement = collections.namedtuple("Judgement", "text nodes expected values unit met detail reason")

#: nodes -> at least that many times node_exporter's requests a second, and at most that part of its processor time.
RATE = {1: 4, 8: 15, 64: 75, 256: 130, 1024: 220}
CACHED_CPU = {1: 8, 8: 25, 64: 120, 1024: 600}
FRESH_CPU = {1: 2, 8: 5, 64: 5, 256: 5, 1024: 5}
RESIDENT_MIB = {1: 8, 8: 8, 1024: 32}
READY_SECONDS = {1: 0.05, 8: 0.05}

#: Goal -> under which name its measurement says why it is left out.
_LEFT_OUT_AS = {
    "last uevent of a burst to the subscriber": "last uevent of a burst to the subscriber",
    "processor time of one sample against the bare preads of its files": "a sample against bare preads",
    "systemd-analyze security of the unit": "systemd-analyze security",
    **dict.fromkeys(["requests/s, from the current snapshot, against node_exporter",
                     "processor time a request, gzip, from the current snapshot, against node_exporter",
                     "processor time a request, gzip, sampling at each, against node_exporter"], "node_exporter"),
}

MIB = 1 << 20
HEARTBEAT_SECONDS = 15


def _judge(text, nodes, expected, values, unit, limit, at_least=False, detail="", reason="not measured"):
    met = None
    if values:
        middle = statistics.median(values)
        met = middle >= limit if at_least else middle <= limit
    return Judgement(text, nodes if isinstance(nodes, str) else f"{nodes:,}", expected, values, unit, met, detail, reason)


def _against_node_exporter(results, sizes):
    for n in sizes:
        if n in RATE:
            yield _judge("requests/s, from the current snapshot, against node_exporter", n, f"≥ {RATE[n]}×",
                         results.ratios(name("cached", OUR_PATH), name("node_exporter", OUR_PATH), "requests/s", n), "ratio",
                         RATE[n], at_least=True)
    for server, text, limits in (("cached", "processor time a request, gzip, from the current snapshot, against node_exporter",
                                  CACHED_CPU),
                                 ("fresh", "processor time a request, gzip, sampling at each, against node_exporter", FRESH_CPU)):
        for n in sizes:
            if n in limits:
                yield _judge(text, n, f"≤ 1/{limits[n]}",
                             results.ratios(name(server, OUR_PATH, True), name("node_exporter", OUR_PATH, True), "CPU/request", n),
                             "ratio", 1 / limits[n])


def _worst_against_bare(results, n, quantity, ratio):
    """Of all bodies the one that fares worst: its name and ratios, or nothing."""
    ratios = {name("", path, gzip).strip(): ratio(name("cached", path, gzip), name("bare", path, gzip), quantity, n)
              for path, gzip in CACHED_BODIES}
    measured = {what: values for what, values in ratios.items() if values}
    worst = min(measured, key=lambda what: statistics.median(measured[what]), default=None)
    return worst, measured.get(worst, [])


def _against_bare(results, sizes):
    """By requests, which whatever else runs takes from both, and by processor time, which it does not."""
    for text, quantity, ratio in (("requests/s", "requests/s", results.ratios),
                                  ("requests a second of processor time", "CPU/request", lambda a, b, *rest: results.ratios(b, a, *rest))):
        for n in sizes:
            worst, values = _worst_against_bare(results, n, quantity, ratio)
            yield _judge(f"{text}, any body from the current snapshot, against bare libmicrohttpd", n, "≥ 0.9×", values, "ratio", 0.9,
                         at_least=True, detail=f"worst: {worst}")


def _sampling(results, sizes, live, usual):
    yield _judge("processor time of one sample against the bare preads of its files", "this machine", "≤ 1.3×",
                 results.ratios("one sample", "bare preads of its files", "CPU", live), "ratio", 1.3)
    yield _judge("last uevent of a burst to the subscriber", usual, "≤ 100 ms",
                 results.get("last uevent of a burst to the subscriber", "time", usual), "time", 0.1)
    biggest = sizes[-1]
    yield _judge("/healthz while sampling every second: p99", biggest, "≤ 20 ms",
                 results.get("/healthz while sampling every second: 99 % within", "time", biggest), "time", 0.02)


def _memory(results, sizes, usual, few, many):
    for n in sizes:
        after = {mode: results.get(f"{mode}, after the load: resident", "memory", n) for mode in MODES}
        if n in RESIDENT_MIB and all(after.values()):
            worst = max(after, key=lambda mode: statistics.median(after[mode]))
            yield _judge("resident memory after all that load", n, f"≤ {RESIDENT_MIB[n]} MiB", after[worst], "memory",
                         RESIDENT_MIB[n] * MIB, detail=f"most: {worst}")
    yield _judge(f"resident memory after {many:,} requests against after {few:,}", usual, "≤ 1.05×",
                 results.ratios(f"resident after {many:,} requests", f"resident after {few:,} requests", "memory", usual),
                 "ratio", 1.05)


def _idle(results, nodes, subscribers):
    def wake_ups(what):
        return results.get(what, "wake-ups/s", nodes)
    yield _judge("idle, defaults: wake-ups a second", nodes, "≤ 0.3", wake_ups("idle, defaults"), "wake-ups/s", 0.3)
    yield _judge("idle, --interval 0: wake-ups a second", nodes, "0", wake_ups("idle, --interval 0"), "wake-ups/s", 0)
    streams = f"{subscribers:,} event streams"
    yield _judge(f"{streams}: memory", nodes, "≤ 16 MiB", results.get(f"{streams}: memory", "memory", nodes), "memory", 16 * MIB)
    # A heartbeat is a timer and the writes after it: at most two turns of the loop for all of them.
    own = [with_ - without for with_, without in zip(wake_ups(f"idle, {streams}"), wake_ups("idle, defaults"))]
    yield _judge(f"{streams}: wake-ups a second beyond the defaults'", nodes, f"≤ {2 / HEARTBEAT_SECONDS:.2f}, the heartbeat's", own,
                 "wake-ups/s", 2 / HEARTBEAT_SECONDS)


def judge(results, sizes, live, usual, few, many, subscribers):
    """All of them, in order. sizes: ascending; live, usual: the nodes of what was measured on this machine and on one."""
    out = [*_against_node_exporter(results, sizes), *_against_bare(results, sizes), *_sampling(results, sizes, live, usual),
           *_memory(results, sizes, usual, few, many)]
    out += [_judge("exec to READY=1", n, "≤ 50 ms", results.get("exec to READY=1", "time", n), "time", READY_SECONDS[n])
            for n in sizes if n in READY_SECONDS]
    out += _idle(results, usual, subscribers)
    out.append(_judge("stripped binary", "", "≤ 512 KiB", results.get("stripped binary", "size"), "size", 512 * 1024))
    out.append(_judge("systemd-analyze security of the unit", "", "≤ 1.2", results.get("systemd-analyze security", "exposure"),
                      "exposure", 1.2))
    return [j._replace(reason=results.left_out.get(_LEFT_OUT_AS.get(j.text, ""), j.reason)) for j in out]
