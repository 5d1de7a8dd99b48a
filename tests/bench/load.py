# SPDX-License-Identifier: MIT
"""Load on a server, and what it cost."""
import collections
import json
import math
import os
import socket
import subprocess
import threading
import time

import process

#: requests a second; the median and the 99th percentile of the answers' times and the server's processor time a
#: request, all in seconds.
Load = collections.namedtuple("Load", "rate p50 p99 cpu")

#: A server that takes longer than this is not driven by wrk, which stops with its answers under way: their processor
#: time would count and they would not.
SLOW_SECONDS = 0.01

class Unreliable(Exception):
    """Not all answers were what was asked for; says which."""


_SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wrk.lua")


class Client:
    """One connection that is kept."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=300)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(1 << 20)

    def close(self):
        self._socket.close()

    def get(self, path, gzip=False, keep=False):
        """Takes the whole answer and returns its status and the length of its body, or with keep the body as it came."""
        accept = "Accept-Encoding: gzip\r\n" if gzip else ""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{accept}\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        lengths = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
        chunks = [body] if lengths else [body, *self._chunked(body)]
        size = lengths[0] if lengths else sum(map(len, chunks))
        left = lengths[0] - len(body) if lengths else 0
        while left > 0:
            n = self._socket.recv_into(self._buffer)
            if n == 0:
                raise ConnectionError(f"the answer to {path} ends {left} bytes early")
            if keep:
                chunks.append(bytes(self._buffer[:n]))
            left -= n
        return b"".join(chunks) if keep else (int(lines[0].split()[1]), size)

    def _receive(self):
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the server has closed the connection")
        return data

    def _chunked(self, tail):
        """node_exporter's; the end of a body in chunks is enough to know, as nothing follows it."""
        while not tail.endswith(b"\r\n0\r\n\r\n"):
            data = self._receive()
            tail = tail[-16:] + data
            yield data


def _ask_until(deadline, port, path, gzip, answers):
    client = Client(port)
    while not answers or time.monotonic() < deadline:
        start = time.monotonic()
        status, size = client.get(path, gzip)
        answers.append((time.monotonic() - start, status, size))
    client.close()


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _ask(port, path, gzip, connections, seconds):
    """Each connection asks until the time is up and has its last answer awaited."""
    answers = [[] for _ in range(connections)]
    start = time.monotonic()
    threads = [threading.Thread(target=_ask_until, args=(start + seconds, port, path, gzip, a)) for a in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    end = time.monotonic()
    times, statuses, sizes = zip(*(a for each in answers for a in each))
    return {"requests": len(times), "seconds": end - start, "p50": percentile(times, 50), "p99": percentile(times, 99),
            "bytes": sum(sizes), "errors": sum(s != 200 for s in statuses)}


def _wrk(port, path, gzip, connections, seconds):
    header = ["-H", "Accept-Encoding: gzip"] if gzip else []
    result = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", _SCRIPT, *header,
                             f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, timeout=seconds + 60)
    try:
        return json.loads(result.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise RuntimeError(f"wrk: {result.stdout}{result.stderr}")


def _probe(port, path, gzip):
    """How long an answer takes and how large it is; the first may be one that is made, for all that follow."""
    client = Client(port)
    client.get(path, gzip)
    start = time.monotonic()
    _, size = client.get(path, gzip)
    seconds = time.monotonic() - start
    client.close()
    return seconds, size


def load(server, path, gzip, connections, seconds):
    """Drives a server (port, pid) over that many connections and returns a Load."""
    answer_seconds, size = _probe(server.port, path, gzip)
    use_own = answer_seconds > SLOW_SECONDS or seconds < 1 and connections < 64
    before = process.cpu_seconds(server.pid)
    drive = _ask if use_own else _wrk
    result = drive(server.port, path, gzip, connections, seconds if use_own else max(1, round(seconds)))
    cpu = process.cpu_seconds(server.pid) - before
    if result["errors"]:
        raise Unreliable(f"{path}: {result['errors']} of {result['requests']} requests failed")
    # A server that cannot read its files may answer so with less and 200.
    if result["bytes"] < 0.9 * size * result["requests"]:
        raise Unreliable(f"{path}: {result['bytes'] / result['requests']:.0f} bytes on average instead of {size}")
    return Load(result["requests"] / result["seconds"], result["p50"], result["p99"], cpu / result["requests"])


def open_loop(port, path, rate, seconds):
    """Asks at fixed times whether or not the answer before has come: the times of the answers, from when they were due."""
    client, times = Client(port), []
    start = time.monotonic()
    for i in range(round(rate * seconds)):
        due = start + i / rate
        time.sleep(max(0, due - time.monotonic()))
        client.get(path)
        times.append(time.monotonic() - due)
    client.close()
    return times
