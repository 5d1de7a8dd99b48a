# SPDX-License-Identifier: MIT
"""Rounds of load: every server on the same machine, one after the other with the same body, and again."""
import contextlib
import time

import process
from load import Client, Unreliable, load
from servers import Collectd, NodeExporter, OurDaemon, Responder, Unavailable

#: What a node_exporter that is to be replaced is asked for, and what the daemon is asked for instead.
THEIR_PATH, OUR_PATH = "/metrics", "/metrics/node_exporter"

#: Bodies that are served from the current snapshot: path, gzip.
CACHED_BODIES = [(OUR_PATH, False), (OUR_PATH, True), ("/metrics", False), ("/metrics", True), ("/v1/snapshot", False),
                 ("/v1/snapshot", True), ("/v1/nodes", False)]

#: The daemon as it serves without ever sampling, as it samples at each request, and as it is by default.
MODES = {"cached": ("--max-age", "86400", "--interval", "0"), "fresh": ("--max-age", "0", "--interval", "0"), "default": ()}


def name(server, path, gzip=False, connections=4):
    return f"{server} {path}{' gzip' if gzip else ''} ×{connections}"


def compared(path, gzip, connections):
    """Side by side: who serves these bytes."""
    order = ["cached", "bare"]
    if path == OUR_PATH:
        order = ["node_exporter", "fresh", *order]
    return [(server, path, gzip, connections) for server in order]


def plan():
    for connections in (1, 4, 64):
        yield from compared(OUR_PATH, False, connections)
    for path, gzip in CACHED_BODIES[1:]:
        yield from compared(path, gzip, 4)
    yield "fresh", "/metrics", True, 4
    yield "fresh", "/v1/snapshot", False, 4
    yield "default", "/metrics", True, 4
    yield "collectd", THEIR_PATH, False, 4


class Servers(contextlib.ExitStack):
    """All that can run, on one machine."""

    def __init__(self, root, results):
        super().__init__()
        self.by_name = {}
        try:
            for mode, options in MODES.items():
                self._start(mode, lambda: OurDaemon(root, *options), results)
            self._start("bare", self._responder, results)
            self._start("node_exporter", lambda: NodeExporter(root), results)
            self._start("collectd", lambda: Collectd(root), results)
        except BaseException:
            self.close()
            raise

    def _start(self, server, start, results):
        try:
            self.by_name[server] = start()
            self.callback(self.by_name[server].stop)
        except Unavailable as e:
            results.leave_out(server, str(e))

    def _responder(self):
        client = Client(self.by_name["cached"].port)
        bodies = [client.get(path, gzip, keep=True) for path, gzip in CACHED_BODIES]
        client.close()
        return Responder(bodies)

    def path(self, server, path, gzip):
        """Under which path a server has the body."""
        if server == "bare":
            return f"/{CACHED_BODIES.index((path, gzip))}"
        return THEIR_PATH if server == "node_exporter" else path


def _add_load(servers, load_, nodes, seconds, results):
    server, path, gzip, connections = load_
    what = name(server, path, gzip, connections)
    try:
        done = load(servers.by_name[server], servers.path(server, path, gzip), gzip, connections, seconds)
    except Unreliable as e:
        results.leave_out(f"{what}, {nodes} nodes", str(e))
        return
    results.add(what, "requests/s", done.rate, nodes)
    results.add(what, "p50", done.p50, nodes)
    results.add(what, "p99", done.p99, nodes)
    results.add(what, "CPU/request", done.cpu, nodes)


def measure(machine, nodes, rounds, seconds, results, tell):
    with Servers(machine.root, results) as servers:
        for i in range(rounds):
            tell(f"{nodes} nodes: round {i + 1} of {rounds}")
            for load_ in plan():
                if load_[0] in servers.by_name:
                    _add_load(servers, load_, nodes, seconds, results)
        time.sleep(0.2)
        for server, running in servers.by_name.items():
            results.add(f"{server}, after the load: resident", "memory", process.resident_bytes(running.pid), nodes)
            results.add(f"{server}, after the load: private", "memory", process.private_bytes(running.pid), nodes)
