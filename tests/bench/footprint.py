# SPDX-License-Identifier: MIT
"""What the daemon is to the machine while nobody looks: time to start, memory, wake-ups, size, privileges."""
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import process
from daemon import SOURCE_ROOT, binary
from harness import free_port
from load import Client, load
from loads import OUR_PATH, THEIR_PATH
from servers import NodeExporter, OurDaemon, Unavailable

#: What many requests ask for in turn.
PATHS = [(OUR_PATH, True), ("/metrics", False), ("/v1/nodes", True), ("/healthz", False)]

#: Beyond this, wrk asks.
MANY = 20000


def _end(child):
    child.send_signal(signal.SIGTERM)
    child.wait(timeout=20)


def _ready_seconds(root, directory):
    path = os.path.join(directory, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(60)
        start = time.monotonic()
        child = subprocess.Popen([binary(), "--listen", "127.0.0.1:0", "--root", root], env={**os.environ, "NOTIFY_SOCKET": path},
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while b"READY=1" not in notify.recv(4096):
            pass
        seconds = time.monotonic() - start
        _end(child)
    os.unlink(path)
    return seconds


def _first_answer_seconds(command, port, path):
    start = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            client = Client(port)
            status, _ = client.get(path)
            client.close()
            if status == 200:
                break
        except ConnectionError:
            if child.poll() is not None or time.monotonic() > start + 60:
                raise
        time.sleep(0.0005)
    seconds = time.monotonic() - start
    _end(child)
    return seconds


def start(root, nodes, rounds, results):
    directory = tempfile.mkdtemp(prefix="numad-bench.")
    for _ in range(rounds):
        results.add("exec to READY=1", "time", _ready_seconds(root, directory), nodes)
        port = free_port()
        ours = [binary(), "--listen", f"127.0.0.1:{port}", "--root", root]
        results.add("start to the first answer", "time", _first_answer_seconds(ours, port, OUR_PATH), nodes)
        if shutil.which("prometheus-node-exporter"):
            port = free_port()
            theirs = ["prometheus-node-exporter", "--collector.disable-defaults", "--collector.meminfo_numa",
                      "--web.disable-exporter-metrics", f"--path.sysfs={root}/sys", f"--web.listen-address=127.0.0.1:{port}"]
            results.add("node_exporter: start to the first answer", "time", _first_answer_seconds(theirs, port, THEIR_PATH), nodes)
    shutil.rmtree(directory)


def _request(daemon, count):
    """That many requests over four connections, or more where wrk makes them."""
    if count > MANY:
        turns = itertools.cycle(PATHS)
        done = 0
        while done < count:
            path, gzip = next(turns)
            done += round(load(daemon, path, gzip, 4, 1).rate)
        return
    clients = [Client(daemon.port) for _ in range(4)]
    for i in range(count):
        path, gzip = PATHS[i % len(PATHS)]
        clients[i // len(PATHS) % 4].get(path, gzip)
    for client in clients:
        client.close()


def memory(root, nodes, few, many, results):
    """After few requests and after many."""
    daemon = OurDaemon(root)
    try:
        results.add("resident before the first request", "memory", process.resident_bytes(daemon.pid), nodes)
        for count in (few, many):
            _request(daemon, count)
            time.sleep(0.3)
            results.add(f"resident after {count:,} requests", "memory", process.resident_bytes(daemon.pid), nodes)
    finally:
        daemon.stop()


class Streams:
    """Clients of /v1/events that wait."""

    def __init__(self, port, count):
        self._sockets = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(count)]
        for s in self._sockets:
            s.sendall(b"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
        for s in self._sockets:
            if not s.recv(4096).startswith(b"HTTP/1.1 200 "):
                raise RuntimeError("a stream was refused")

    def close(self):
        for s in self._sockets:
            s.close()


def idle(root, nodes, seconds, subscribers, results):
    """All at the same time, for they do nothing: by default, without the interval, with subscribers, and node_exporter."""
    running = {"idle, defaults": OurDaemon(root), "idle, --interval 0": OurDaemon(root, "--interval", "0"),
               f"idle, {subscribers:,} event streams": OurDaemon(root)}
    try:
        try:
            running["node_exporter, idle"] = NodeExporter(root)
        except Unavailable as e:
            results.leave_out("node_exporter, idle", str(e))
        subscribed = running[f"idle, {subscribers:,} event streams"]
        before = process.resident_bytes(subscribed.pid)
        streams = Streams(subscribed.port, subscribers)
        time.sleep(2)
        results.add(f"{subscribers:,} event streams: memory", "memory", process.resident_bytes(subscribed.pid) - before, nodes)
        start = {what: (process.wake_ups(s.pid), process.cpu_seconds(s.pid)) for what, s in running.items()}
        time.sleep(seconds)
        for what, server in running.items():
            wake_ups, cpu = start[what]
            results.add(what, "wake-ups/s", (process.wake_ups(server.pid) - wake_ups) / seconds, nodes)
            results.add(what, "CPU/s", (process.cpu_seconds(server.pid) - cpu) / seconds, nodes)
        streams.close()
    finally:
        for server in running.values():
            server.stop()


def binary_size(results):
    with tempfile.NamedTemporaryFile(prefix="numad-stripped.") as stripped:
        subprocess.run(["strip", "-o", stripped.name, binary()], check=True)
        results.add("stripped binary", "size", os.path.getsize(stripped.name))


def exposure(results):
    """What systemd says of the unit that is shipped, and of node_exporter's."""
    if not shutil.which("systemd-analyze"):
        results.leave_out("systemd-analyze security", "systemd-analyze is not installed")
        return
    with tempfile.TemporaryDirectory(prefix="numad-bench.") as directory:
        ours = os.path.join(directory, "numad-telemetry.service")
        with open(os.path.join(SOURCE_ROOT, "systemd", "numad-telemetry.service")) as f, open(ours, "w") as copy:
            copy.write(f.read().replace("/usr/sbin/numad-telemetry", binary()))
        units = {"systemd-analyze security": ours, "node_exporter: systemd-analyze security":
                 "/lib/systemd/system/prometheus-node-exporter.service"}
        for what, unit in units.items():
            result = subprocess.run(["systemd-analyze", "--no-pager", "security", "--offline=true", unit], capture_output=True,
                                    text=True, timeout=60, env={**os.environ, "SYSTEMD_COLORS": "0"})
            match = re.search(r"Overall exposure level for .*: ([\d.]+)", result.stdout)
            if match:
                results.add(what, "exposure", float(match[1]))
