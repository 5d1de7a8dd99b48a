# SPDX-License-Identifier: MIT
"""The servers that are compared; each has port, pid and stop()."""
import os
import shutil
import socket
import subprocess
import tempfile
import time

import harness
from daemon import Daemon, binary

#: As many connections as a run has, from one address.
_CONFIG = "[server]\nconnection_limit = 4096\nconnection_limit_per_address = 4096\nidle_timeout = 600\n"


class Unavailable(Exception):
    """A server that cannot run here, and why."""


def programs_directory():
    """Where make has put responder and preads: NUMAD_BENCH, else beside the daemon."""
    return os.environ.get("NUMAD_BENCH") or os.path.join(os.path.dirname(binary()), "tests", "bench")


def wait_until_listening(port, alive, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and alive():
        try:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise Unavailable(f"nothing listens on port {port}")


class OurDaemon:
    def __init__(self, root, *args, env=None):
        self._directory = tempfile.mkdtemp(prefix="numad-bench.")
        config = os.path.join(self._directory, "bench.conf")
        with open(config, "w") as f:
            f.write(_CONFIG)
        self._daemon = Daemon(root, "--config", config, *args, env=env, wait=False)
        self._daemon.wait_until_ready(seconds=60)
        self._daemon.disconnect()
        self.port, self.pid = self._daemon.port, self._daemon.pid

    def stop(self):
        self._daemon.stop(seconds=10)
        shutil.rmtree(self._directory, ignore_errors=True)


class NodeExporter(harness.NodeExporter):
    def __init__(self, root):
        if not shutil.which("prometheus-node-exporter"):
            raise Unavailable("prometheus-node-exporter is not installed")
        # 0: as many requests at a time as there are connections; 40 by default.
        super().__init__(root, "--web.max-requests=0")
        self.pid = self.process.pid
        wait_until_listening(self.port, lambda: self.process.poll() is None)


class Responder:
    """libmicrohttpd with bodies that it is given: /0, /1, …"""

    def __init__(self, bodies):
        self._directory = tempfile.mkdtemp(prefix="numad-bench.")
        files = [os.path.join(self._directory, str(i)) for i in range(len(bodies))]
        for path, body in zip(files, bodies):
            with open(path, "wb") as f:
                f.write(body)
        self._process = subprocess.Popen([os.path.join(programs_directory(), "responder"), *files], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        self.pid = self._process.pid
        self.port = int(self._process.stdout.readline())

    def stop(self):
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()
        shutil.rmtree(self._directory, ignore_errors=True)


def in_place_of_sysfs(root, subdirectories, *command):
    """The command with parts of sysfs covered by those of a synthetic machine, which it alone sees."""
    binds = " && ".join(f"mount --bind {root}/sys/devices/system/{d} /sys/devices/system/{d}" for d in subdirectories)
    if subprocess.run(["unshare", "-m", "sh", "-c", binds], capture_output=True).returncode != 0:
        raise Unavailable("it reads /sys alone, and only root may cover that")
    return ["unshare", "-m", "sh", "-c", binds + ' && exec "$@"', "sh", *command]


class Collectd:
    """Its numa plugin, which exports numastat, and write_prometheus; it samples once a second, whoever asks."""

    def __init__(self, root):
        program = shutil.which("collectd", path="/usr/sbin:/sbin:/usr/bin")
        if not program:
            raise Unavailable("collectd-core is not installed")
        self._directory = tempfile.mkdtemp(prefix="numad-bench.")
        self.port = harness.free_port()
        config = os.path.join(self._directory, "collectd.conf")
        with open(config, "w") as f:
            f.write(f'Hostname "bench"\nInterval 1\nBaseDir "{self._directory}"\nTypesDB "/usr/share/collectd/types.db"\n'
                    f'LoadPlugin numa\nLoadPlugin write_prometheus\n<Plugin write_prometheus>\nHost "127.0.0.1"\n'
                    f'Port "{self.port}"\n</Plugin>\n')
        command = in_place_of_sysfs(root, ["node"], program, "-f", "-C", config)
        self._log = open(os.path.join(self._directory, "log"), "w+")
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        self.pid = self._process.pid
        try:
            wait_until_listening(self.port, lambda: self._process.poll() is None)
        except Unavailable:
            self._log.seek(0)
            reason = self._log.read()[-300:].replace("\n", " ")
            self.stop()
            raise Unavailable("it does not start: " + reason)
        # Until it has sampled and taken over what it has sampled.
        time.sleep(3)

    def stop(self):
        self._process.terminate()
        self._process.wait(timeout=20)
        self._log.close()
        shutil.rmtree(self._directory, ignore_errors=True)
