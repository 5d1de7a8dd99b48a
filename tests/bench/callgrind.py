# SPDX-License-Identifier: MIT
"""The daemon under callgrind: what requests cost in instructions of user space, and where they are spent."""
import collections
import glob
import os
import re
import shutil
import subprocess
import tempfile
import time

from daemon import binary
from harness import free_port
from load import Client
from servers import wait_until_listening

class Cost(collections.namedtuple("Cost", "parts")):
    """parts: (object, source file, function) -> the instructions spent in it itself."""

    @property
    def total(self):
        return sum(self.parts.values())

    @property
    def own(self):
        """Without the libraries."""
        return sum(n for (object_, _, _), n in self.parts.items() if object_ == binary())


class Callgrind:
    """A daemon that counts what happens between two calls of phase()."""

    def __init__(self, root, *args):
        self._directory = tempfile.mkdtemp(prefix="numad-callgrind.")
        self._out = os.path.join(self._directory, "out")
        port = free_port()
        # The counting begins with the first phase: to start at a twentieth of the speed would take most of the time.
        self._process = subprocess.Popen(
            ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={self._out}", binary(),
             "--listen", f"127.0.0.1:{port}", *(["--root", root] if root else []), *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until_listening(port, lambda: self._process.poll() is None, seconds=120)
            self._client = Client(port)
            self._command("instrumentation on")
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def _command(self, *words):
        """By way of valgrind's own debugger interface, which works while the daemon waits."""
        subprocess.run(["vgdb", f"--pid={self._process.pid}", *words], check=True, capture_output=True, timeout=120)

    def phase(self, path, gzip, count):
        """The cost of one of count requests, made after one that is not counted."""
        self._client.get(path, gzip)
        self._settle()
        self._command("zero")
        for _ in range(count):
            if self._client.get(path, gzip)[0] != 200:
                raise RuntimeError(f"GET {path} failed")
        self._settle()
        self._command("dump")
        newest = max(glob.glob(self._out + ".*"), key=lambda name: int(name.rpartition(".")[2]))
        return Cost({part: n / count for part, n in read_dump(newest).items()})

    def _settle(self):
        """After an answer has been received the daemon still goes back to wait for the next."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with open(f"/proc/{self._process.pid}/stat") as f:
                before = f.read().rpartition(")")[2].split()[11:13]
            time.sleep(0.05)
            with open(f"/proc/{self._process.pid}/stat") as f:
                fields = f.read().rpartition(")")[2].split()
            if fields[0] == "S" and fields[11:13] == before:
                return

    def stop(self):
        self._client.close()
        self._process.terminate()
        self._process.wait(timeout=60)
        shutil.rmtree(self._directory, ignore_errors=True)


_NAME = re.compile(r"^(ob|fl|fi|fe|fn|cob|cfi|cfl|cfn)=\((\d+)\)(?: (.*))?$")
#: Names are numbered by kind: objects, files, functions. fi and fe say that a function has lines of another file
#: within, which is inlined; its own is what counts here.
_KINDS = {"ob": "ob", "cob": "ob", "fl": "fl", "fi": "fl", "fe": "fl", "cfi": "fl", "cfl": "fl", "fn": "fn", "cfn": "fn"}


def read_dump(path):
    """A file in callgrind's format: (object, source file, function) -> instructions, without those of what it calls."""
    names, current, parts = {}, {"ob": "", "fl": "", "fn": ""}, collections.Counter()
    skip = False
    with open(path) as f:
        for line in f:
            match = _NAME.match(line)
            if match:
                key, number, text = match.groups()
                if text is not None:
                    names[_KINDS[key], number] = text
                if key in current:
                    current[_KINDS[key]] = names[_KINDS[key], number]
            elif line.startswith("calls="):
                skip = True
            elif line[0] in "+-*0123456789":
                if not skip:
                    parts[current["ob"], current["fl"], current["fn"]] += int(line.split()[1])
                skip = False
    return parts
