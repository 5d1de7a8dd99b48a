# SPDX-License-Identifier: MIT
"""What was measured: for each thing, quantity and number of nodes the values of all rounds."""
import collections
import statistics

#: what: "cached /metrics gzip ×4", say; quantity: "requests/s"; nodes: None where it does not depend on them.
Key = collections.namedtuple("Key", "what quantity nodes")

#: How values are shown: a factor, a number of decimals and what stands behind.
UNITS = {"requests/s": (1, 0, ""), "p50": (1e3, 3, " ms"), "p99": (1e3, 3, " ms"), "time": (1e3, 1, " ms"),
         "CPU/request": (1e6, 1, " µs"), "CPU": (1e6, 1, " µs"), "CPU/s": (1e6, 0, " µs"), "memory": (1 / (1 << 20), 1, " MiB"),
         "size": (1 / 1024, 0, " KiB"), "wake-ups/s": (1, 2, ""), "files": (1, 0, ""), "ratio": (1, 2, "×"), "exposure": (1, 1, "")}


class Results:
    def __init__(self):
        self.values = collections.defaultdict(list)
        self.left_out = {}

    def add(self, what, quantity, value, nodes=None):
        self.values[Key(what, quantity, nodes)].append(value)

    def get(self, what, quantity, nodes=None):
        return self.values.get(Key(what, quantity, nodes), [])

    def leave_out(self, what, reason):
        """Says what is not measured; the first reason stands for all."""
        self.left_out.setdefault(what, reason)

    def ratios(self, a, b, quantity, nodes=None):
        """a / b, round by round: they ran side by side."""
        return [x / y for x, y in zip(self.get(a, quantity, nodes), self.get(b, quantity, nodes)) if y > 0]


def summary(values):
    """(median, least, greatest)"""
    return statistics.median(values), min(values), max(values)


def number(value, unit):
    """In a unit of the table above, with three digits that count where the unit's own would all be behind the point."""
    factor, decimals, suffix = UNITS[unit]
    value *= factor
    if unit == "ratio" and 0 < value < 0.1:
        return f"1/{1 / value:,.0f}"
    if unit == "ratio" and value >= 10:
        decimals = 0
    if unit in ("p50", "p99", "time", "CPU/request", "CPU") and value >= 100:
        decimals = 0
    return f"{value:,.{decimals}f}{suffix}"


def spread(values, unit):
    """median (least … greatest)"""
    middle, low, high = (number(v, unit) for v in summary(values))
    return middle if low == high else f"{middle} ({low} … {high})"
