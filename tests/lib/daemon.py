# SPDX-License-Identifier: MIT
"""The real daemon as a child: started on a free port, asked over HTTP, stopped by its pid."""
import collections
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import tap

#: A slow build (sanitizers, valgrind) may take so many times as long.
PATIENCE = float(os.environ.get("NUMAD_TEST_PATIENCE", "1"))

SOURCE_ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def binary():
    """NUMAD_TELEMETRY, else the build directory that the test is run in, else the source tree's."""
    candidates = [os.environ.get("NUMAD_TELEMETRY"), "./numad-telemetry", os.path.join(SOURCE_ROOT, "build", "numad-telemetry"),
                  os.path.join(SOURCE_ROOT, "numad-telemetry")]
    for path in candidates:
        if path and os.path.isfile(path):
            return os.path.abspath(path)
    raise FileNotFoundError("numad-telemetry is not built; say where it is with NUMAD_TELEMETRY=")


def run(*args, timeout=10, **kwargs):
    """Runs the daemon to its end; the result has returncode, stdout and stderr."""
    return subprocess.run([binary(), *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout * PATIENCE, **kwargs)


class Response(collections.namedtuple("Response", "status headers raw")):
    """headers is an http.client.HTTPMessage; raw is the body as it was sent."""

    @property
    def body(self):
        return gzip.decompress(self.raw) if self.headers.get("Content-Encoding") == "gzip" else self.raw

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def type(self):
        return (self.headers.get("Content-Type") or "").split(";")[0].strip()


class Daemon:
    running = []

    def __init__(self, root=None, *args, env=None, listen="127.0.0.1:0", wait=True, through=(), journal=False):
        """
        root: the tree to read (None: this machine's own). through: the command that becomes the daemon. journal: it is told that
        its log is the journal's.
        """
        self.directory = tempfile.mkdtemp(prefix="numad-daemon.")
        self.port_file = os.path.join(self.directory, "port")
        self.log_file = os.path.join(self.directory, "log")
        self.args = [*through, binary(), *(["--listen", listen] if listen else []), "--port-file", self.port_file]
        if root is not None:
            self.args += ["--root", str(getattr(root, "root", root))]
        self.args += [str(a) for a in args]
        self.address = None
        self._connection = None
        environment = {k: v for k, v in os.environ.items() if k not in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")}
        environment.update(env or {})
        self.started = time.monotonic()
        with open(self.log_file, "wb") as log:
            if journal:
                info = os.fstat(log.fileno())
                environment["JOURNAL_STREAM"] = f"{info.st_dev}:{info.st_ino}"
            self.process = subprocess.Popen(self.args, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        Daemon.running.append(self)
        if wait:
            try:
                self.wait_until_ready()
            except BaseException:
                self.abandon()
                raise

    @property
    def pid(self):
        return self.process.pid

    @property
    def port(self):
        return self.address[1]

    def log(self):
        with open(self.log_file, "rb") as f:
            return f.read().decode("utf-8", "replace")

    def alive(self):
        return self.process.poll() is None

    def wait_until_listening(self, seconds=10):
        """Waits for the port file, and asks nothing; address is the first of TCP, if there is one."""
        deadline = time.monotonic() + seconds * PATIENCE
        while not os.path.exists(self.port_file):
            if not self.alive():
                raise AssertionError(f"the daemon ended with {self.process.returncode} instead of starting:\n{self.log()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"the daemon did not listen within {seconds} s:\n{self.log()}")
            time.sleep(0.01)
        with open(self.port_file) as f:
            match = re.search(r"(\d+\.\d+\.\d+\.\d+):(\d+)\s", f.read())
        if match:
            self.address = (match.group(1), int(match.group(2)))

    def wait_until_ready(self, seconds=10):
        deadline = time.monotonic() + seconds * PATIENCE
        while time.monotonic() < deadline:
            if not self.alive():
                raise AssertionError(f"the daemon ended with {self.process.returncode} instead of starting:\n{self.log()}")
            try:
                with open(self.port_file) as f:
                    match = re.search(r"(\d+\.\d+\.\d+\.\d+):(\d+)\s", f.read())
            except FileNotFoundError:
                match = None
            if match:
                self.address = (match.group(1), int(match.group(2)))
                if self.get("/readyz").status == 200:
                    return
            time.sleep(0.01)
        raise AssertionError(f"the daemon was not ready within {seconds} s:\n{self.log()}")

    def request(self, method, path, headers=None, body=None, timeout=15):
        for attempt in (1, 2):
            fresh = self._connection is None
            if fresh:
                self._connection = http.client.HTTPConnection(*self.address, timeout=timeout * PATIENCE)
            try:
                self._connection.request(method, path, body=body, headers=headers or {})
                answer = self._connection.getresponse()
                response = Response(answer.status, answer.headers, answer.read())
                if answer.will_close:
                    self.disconnect()
                return response
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # An idle connection may be closed by the daemon between two requests; a fresh one may not.
                self.disconnect()
                if fresh or attempt == 2:
                    raise

    def get(self, path, headers=None):
        return self.request("GET", path, headers)

    def json(self, path):
        response = self.get(path)
        if response.status != 200:
            raise AssertionError(f"GET {path}: {response.status} {response.text[:300]}")
        return response.json

    def disconnect(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def connect(self):
        return socket.create_connection(self.address, timeout=10)

    def raw(self, data):
        """Sends bytes as they are; returns what came until the daemon closed or fell silent."""
        with self.connect() as s:
            s.settimeout(2)
            s.sendall(data)
            received = b""
            try:
                while chunk := s.recv(65536):
                    received += chunk
            except (socket.timeout, ConnectionResetError):
                pass
            return received

    def stop(self, sig=signal.SIGTERM, seconds=1.0):
        """Ends it and asserts that this took no longer than a second and was clean."""
        self.disconnect()
        if self in Daemon.running:
            Daemon.running.remove(self)
        log = ""
        try:
            ended_itself = not self.alive()
            if not ended_itself:
                self.process.send_signal(sig)
            try:
                status = self.process.wait(timeout=seconds * PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"the daemon had not ended {seconds} s after signal {sig}:\n{self.log()}")
            log = self.log()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)
        if ended_itself:
            raise AssertionError(f"the daemon ended by itself with {status}:\n{log}")
        if status != 0:
            raise AssertionError(f"the daemon ended with {status} after signal {sig}:\n{log}")
        for word in ("AddressSanitizer", "LeakSanitizer", "runtime error:"):
            if word in log:
                raise AssertionError(f"a sanitizer complains:\n{log}")
        return log

    def abandon(self):
        """For cleaning up behind a test that has failed or has stopped the daemon in its own way."""
        self.disconnect()
        if self in Daemon.running:
            Daemon.running.remove(self)
        if self.alive():
            self.process.kill()
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def _logs():
    for daemon in Daemon.running:
        state = "running" if daemon.alive() else f"ended with {daemon.process.returncode}"
        yield f"the daemon ({state}): {' '.join(daemon.args)}"
        yield from ("| " + line for line in daemon.log().splitlines()[-30:])


tap.diagnostics.append(_logs)
