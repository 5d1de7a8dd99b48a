# SPDX-License-Identifier: MIT
"""What the kernel says that a process uses."""
import os
import re
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def _read(pid, name):
    with open(f"/proc/{pid}/{name}") as f:
        return f.read()


def cpu_seconds(pid):
    """Of all its threads, also those that have ended: its clock, in nanoseconds (clock_getcpuclockid(3))."""
    return time.clock_gettime(~pid << 3 | 2)


def user_and_system_seconds(pid):
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return int(fields[11]) / TICKS_PER_SECOND, int(fields[12]) / TICKS_PER_SECOND


def resident_bytes(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", _read(pid, "status"))[1]) * 1024


def private_bytes(pid):
    """What would be free without it."""
    return 1024 * sum(map(int, re.findall(r"(?m)^Private_(?:Clean|Dirty):\s+(\d+) kB", _read(pid, "smaps_rollup"))))


def wake_ups(pid):
    """How often it has waited and was woken."""
    return sum(int(re.search(r"(?m)^voluntary_ctxt_switches:\s+(\d+)", _read(pid, f"task/{task}/status"))[1])
               for task in os.listdir(f"/proc/{pid}/task"))
