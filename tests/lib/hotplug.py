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
