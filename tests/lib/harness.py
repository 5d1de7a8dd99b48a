# SPDX-License-Identifier: MIT
"""What the end-to-end tests import: Machine, Daemon, E2ETest, the readers of the two metrics formats, and main()."""
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from daemon import Daemon, Response, SOURCE_ROOT, binary, run  # noqa: F401
from machine import (CPU_MODES, KIB, MASK_FILES, MEMINFO_FIELDS, MIB, Machine, NODE_FILES, NUMASTAT_FIELDS,  # noqa: F401
                     VMSTAT_FIELDS, id_list, id_map, scratch_directory)
from tap import QUICK, main, slow  # noqa: F401

# Key in JSON, name of the file in sysfs, name in the kernel's enum node_states.
STATES = [("possible", "possible", "N_POSSIBLE"), ("online", "online", "N_ONLINE"),
          ("normal_memory", "has_normal_memory", "N_NORMAL_MEMORY"), ("high_memory", "has_high_memory", "N_HIGH_MEMORY"),
          ("memory", "has_memory", "N_MEMORY"), ("cpu", "has_cpu", "N_CPU"),
          ("generic_initiator", "has_generic_initiator", "N_GENERIC_INITIATOR")]

MASK_WORDS = 16


class E2ETest(unittest.TestCase):
    maxDiff = 4000

    def machine(self, *args, **kwargs):
        machine = Machine(*args, **kwargs)
        self.addCleanup(machine.delete)
        return machine

    def start(self, root=None, *args, **kwargs):
        """A daemon that is stopped, and must stop cleanly, at the end of the test."""
        daemon = Daemon(root, *args, **kwargs)
        self.addCleanup(self._stop, daemon)
        return daemon

    @staticmethod
    def _stop(daemon):
        if daemon in Daemon.running:
            daemon.stop()

    def directory(self):
        path = tempfile.mkdtemp(prefix="numad-test.")
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        return path

    def file(self, text, name="file.conf"):
        path = os.path.join(self.directory(), name)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return path

    def assert_problem(self, response, status):
        """An error is an RFC 9457 document whose status is that of the answer."""
        self.assertEqual(response.status, status, response.raw[:300])
        self.assertEqual(response.type, "application/problem+json")
        problem = response.json
        self.assertEqual(problem["status"], status)
        self.assertTrue(problem["title"])
        return problem

    def assert_one_line(self, text, *words):
        lines = text.splitlines()
        self.assertEqual(len(lines), 1, f"one line expected: {text!r}")
        for word in words:
            self.assertIn(word, lines[0])


class SharedDaemonTest(E2ETest):
    """One machine and one daemon for all tests of the class, for tests that only ask."""
    daemon_args = ()

    @classmethod
    def build(cls):
        return Machine()

    @classmethod
    def setUpClass(cls):
        cls.m = cls.build()
        cls.addClassCleanup(lambda: cls.m.delete() if cls.m is not None else None)
        cls.d = Daemon(cls.m, *cls.daemon_args)
        cls.addClassCleanup(lambda: cls.d.stop())

    def get(self, path, headers=None):
        return self.d.get(path, headers)


def wait_for(condition, seconds=5, step=0.02):
    """Returns the first true value of condition(), or the last false one when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(step)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def mask_json(ids):
    """A nodemask as DESIGN says the JSON shows it."""
    if ids is None:
        return None
    value = sum(1 << i for i in ids)
    words = [hex((value >> (64 * w)) & (2 ** 64 - 1)) for w in range(MASK_WORDS)]
    return {"ids": list(ids), "list": id_list(ids), "words": words, "count": len(ids), "first": ids[0] if ids else None}


def metric_name(field):
    """meminfo field -> its part of the metric's name: MemTotal -> mem_total, Active(anon) -> active_anon."""
    name = re.sub(r"\((.*)\)", r"_\1", field)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def samples(text):
    """Prometheus text -> {(name, ((label, value), …)): value}; a series that is there twice is an error."""
    from prometheus_client.parser import text_string_to_metric_families
    return _collect(text_string_to_metric_families(text))


def openmetrics_samples(text):
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
    return _collect(text_string_to_metric_families(text))


def _collect(families):
    out = {}
    for family in families:
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            if key in out:
                raise AssertionError(f"twice: {key}")
            out[key] = sample.value
    return out


def series(name, **labels):
    return name, tuple(sorted((k.rstrip("_"), str(v)) for k, v in labels.items()))


def promtool_complaints(text):
    """What `promtool check metrics` says: an empty string when it is content."""
    result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    return result.stdout + result.stderr + (f"exit status {result.returncode}" if result.returncode else "")


def need(*programs):
    """Skips the test where a program is not installed."""
    missing = [p for p in programs if shutil.which(p) is None]
    return unittest.skipIf(missing, f"{', '.join(missing)} not installed")


def dumps_directory():
    """NUMAD_DUMPS, else ../shared/dumps beside the source tree; None where there is no such folder."""
    path = os.environ.get("NUMAD_DUMPS") or os.path.join(SOURCE_ROOT, "..", "shared", "dumps")
    return os.path.abspath(path) if os.path.isdir(path) else None


def dumps():
    directory = dumps_directory()
    if directory is None:
        return []
    return sorted(f[:-len(".tar.gz")] for f in os.listdir(directory) if f.endswith(".tar.gz"))


class Dump:
    """A recorded machine, unpacked; without cpus its thousands of files about single CPUs, which only hwloc reads, are left out."""

    def __init__(self, name, cpus=False):
        self.root = scratch_directory("numad-dump.")
        archive = os.path.join(dumps_directory(), name + ".tar.gz")
        left_out = [] if cpus else ["--exclude=*/devices/system/cpu/cpu[0-9]*"]
        subprocess.run(["tar", *left_out, "-xzf", archive, "-C", self.root], check=True, stderr=subprocess.DEVNULL)
        self.expected_file = os.path.join(dumps_directory(), name + ".expected.json")

    def delete(self):
        subprocess.run(["chmod", "-R", "u+rwX", self.root], check=False)
        shutil.rmtree(self.root, ignore_errors=True)


class NodeExporter:
    """Debian's prometheus-node-exporter with the one collector that the daemon replaces."""

    def __init__(self, root, *arguments):
        self.port = free_port()
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            ["prometheus-node-exporter", "--collector.disable-defaults", "--collector.meminfo_numa",
             "--web.disable-exporter-metrics", f"--path.sysfs={os.path.join(root, 'sys')}",
             f"--path.procfs={os.path.join(root, 'proc')}", f"--web.listen-address=127.0.0.1:{self.port}", *arguments],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def metrics(self):
        import urllib.request
        import urllib.error
        deadline = time.monotonic() + 10
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
                    return answer.read().decode()
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.log.seek(0)
                    raise AssertionError("node_exporter does not answer: " + self.log.read().decode("utf-8", "replace")[-2000:])
                time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
