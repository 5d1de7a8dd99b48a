# SPDX-License-Identifier: MIT
"""A synthetic machine whose structure goes on changing, each time as one step, as the kernel's does under its hotplug lock."""
import contextlib
import os
import signal
import time



@contextlib.contextmanager
def frozen(pid):
    """
    The process stands still, wherever it is: between two reads of a sample, say. A synthetic tree takes dozens of writes for
    what is one moment in the kernel.
    """
    os.kill(pid, signal.SIGSTOP)
    try:
        while _state(pid) not in "Tt":
            time.sleep(0.0002)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _state(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rpartition(")")[2].split()[0]


class Rotation:
    """A CPU, a memory block, a distance, a huge page pool and a node that come and go, one after the other."""

    def __init__(self, machine):
        self.machine = machine
        self.at = 0
        last = machine.online[-1]
        cpu = machine.nodes[0].cpus[-1]
        block = max(machine.nodes[1].blocks)
        pool = machine.node_path(1, "hugepages/hugepages-2048kB/nr_hugepages")
        row = machine.node_path(0, "distance")
        was, pages = machine.read(row), machine.read(pool)
        self.steps = [
            ("cpu_offline", lambda: machine.set_cpu(cpu, False)),
            ("memory_offline", lambda: machine.set_block(1, block, "offline")),
            ("cpu_online", lambda: machine.set_cpu(cpu, True)),
            ("memory_online", lambda: machine.set_block(1, block, "online")),
            ("distance_changed", lambda: machine.write(row, was.replace(b"21", b"25"))),
            ("hugepages_changed", lambda: machine.write(pool, b"64\n")),
            ("distance_changed", lambda: machine.write(row, was)),
            ("hugepages_changed", lambda: machine.write(pool, pages)),
            ("node_offline", lambda: machine.remove_node(last)),
            ("node_online", lambda: machine.add_node(last)),
        ]

    def step(self, pid):
        """Makes the next change; returns its number in the rotation and the kind of event that it must cause."""
        at, (kind, change) = self.at, self.steps[self.at]
        with frozen(pid):
            change()
        self.at = (at + 1) % len(self.steps)
        return at, kind


class Storm:
    """
    Nodes that come and go in the order of a Gray code, so that no two neighbouring steps have the same ones, and a stamp, the
    number of the step, in the MemFree of every node: what a body must show together is a function of the stamp.
    """
    STAMP_KIB = 100000

    def __init__(self, machine, guests):
        self.machine = machine
        self.guests = guests
        self.fixed = [n for n in machine.online if n not in guests]
        self.stamp = 0
        self._change()

    def online(self, stamp):
        gray = stamp ^ stamp >> 1
        return sorted(self.fixed + [g for i, g in enumerate(self.guests) if gray >> i & 1])

    def step(self, pid):
        with frozen(pid):
            self.stamp += 1
            self._change()

    def _change(self):
        machine, wanted = self.machine, self.online(self.stamp)
        for nid in [n for n in machine.online if n not in wanted]:
            machine.remove_node(nid)
        for nid in [n for n in wanted if n not in machine.nodes]:
            machine.add_node(nid)
        for nid in wanted:
            meminfo = machine.nodes[nid].meminfo
            free = self.STAMP_KIB + self.stamp
            meminfo["MemFree"], meminfo["MemUsed"] = (free, "kB"), (meminfo["MemTotal"][0] - free, "kB")
            machine.write(machine.node_path(nid, "meminfo"), machine.meminfo_text(nid))

    def stamp_of(self, free_bytes):
        """The one stamp of the nodes' MemFree, and the nodes that must be online with it."""
        stamps = {b // 1024 - self.STAMP_KIB for b in free_bytes}
        if len(stamps) != 1:
            raise AssertionError(f"a mix of several moments: {sorted(stamps)}")
        stamp = stamps.pop()
        return stamp, self.online(stamp)
