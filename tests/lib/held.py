# SPDX-License-Identifier: MIT
"""What a process holds, read from /proc."""
import collections
import os
import resource


class Held(collections.namedtuple("Held", "resident_kib descriptors")):
    def __str__(self):
        return f"{self.resident_kib} KiB resident, {self.descriptors} descriptors"


def held(pid):
    with open(f"/proc/{pid}/status") as f:
        resident = next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))
    return Held(resident, len(os.listdir(f"/proc/{pid}/fd")))


def cpu_ns(pid):
    """Processor time of its main thread."""
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0])


def raise_descriptor_limit(needed):
    """For this process and its children; false where the system does not let it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= needed:
        return True
    if hard < needed:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    return True


def quantile(values, q):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]
