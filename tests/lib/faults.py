# SPDX-License-Identifier: MIT
"""Makes allocations and system calls of the daemon fail, by the library of tests/faults in it."""
import functools
import mmap
import os
import shutil
import struct
import subprocess
import tempfile
import unittest

from daemon import binary

# The layout of tests/faults/control.h.
MODE, AT, DEPTH, COUNT, FAILED, ALIVE = (8 * i for i in range(6))
SPARED, SPARED_NAMES, SPARED_NAME = 48, 3, 32
SPARED_SIZE = SPARED_NAMES * SPARED_NAME
TRACE, REALTIME, MONOTONIC, BOOTTIME = (SPARED + SPARED_SIZE + 8 * i for i in range(4))
WHERE, WHERE_SIZE = BOOTTIME + 8, 8192
RULES, RULE_SIZE, RULES_MAX, PATH_SIZE = WHERE + WHERE_SIZE, 256, 16, 208
STACKS = RULES + RULES_MAX * RULE_SIZE
STACKS_SIZE = 65536 * 8
SUCCEED, FAIL_NTH, FAIL_FROM_NTH, FAIL_NEW_STACK = range(4)
CALLS = {name: i + 1 for i, name in enumerate("read open accept write send recv readdir epoll_ctl socket setsockopt bind listen "
                                              "getsockname pipe fork close_range".split())}

#: Every allocation by its number, not only one of each call stack: NUMAD_FAULTS_FULL=1. Takes long.
FULL = os.environ.get("NUMAD_FAULTS_FULL", "") not in ("", "0")


def library():
    return os.path.join(os.path.dirname(binary()), "tests", "faults", "faults.so")


@functools.lru_cache(maxsize=None)
def sanitized():
    with open(binary(), "rb") as f:
        return b"__asan_init" in f.read()


#: How many of the innermost frames tell one call stack from another. With sanitizers an allocation takes long, and fewer fail.
FRAMES = 4 if sanitized() else 8

need_library = unittest.skipUnless(os.path.exists(library()), "make check builds tests/faults/faults.so")


class Faults:
    """What is to fail in the processes that run with environment()."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="numad-faults.")
        self.path = os.path.join(self.directory, "control")
        with open(self.path, "wb") as f:
            f.truncate(STACKS + STACKS_SIZE)
        with open(self.path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), STACKS + STACKS_SIZE)
        self._set(DEPTH, FRAMES)

    def delete(self):
        self.map.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def environment(self, **more):
        return {"LD_PRELOAD": library(), "NUMAD_FAULTS": self.path, **more}

    def _set(self, offset, value, form="q"):
        struct.pack_into("=" + form, self.map, offset, value)

    def _get(self, offset, form="q"):
        return struct.unpack_from("=" + form, self.map, offset)[0]

    # Allocations

    def _arm(self, mode, at):
        self._set(MODE, SUCCEED)
        self._set(AT, at)
        self._set(COUNT, 0)
        self._set(FAILED, 0)
        self._set(MODE, mode)

    def fail_nth(self, n):
        self._arm(FAIL_NTH, n)

    def fail_from_nth(self, n):
        self._arm(FAIL_FROM_NTH, n)

    def fail_new_stack(self):
        self._arm(FAIL_NEW_STACK, 0)

    def fail_next(self, turn):
        """The turn-th fault of a scenario that is repeated until nothing fails any more."""
        if FULL:
            self.fail_nth(turn)
        else:
            self.fail_new_stack()

    def forget_stacks(self):
        self.map[STACKS:STACKS + STACKS_SIZE] = bytes(STACKS_SIZE)

    def spare(self, *names):
        """No allocation fails that is asked for through a library or function with one of these, three at most, in its name."""
        self.map[SPARED:SPARED + SPARED_SIZE] = b"".join(n.encode().ljust(SPARED_NAME, b"\0") for n in names).ljust(SPARED_SIZE, b"\0")

    def stop(self):
        self._set(MODE, SUCCEED)

    @property
    def failed(self):
        return self._get(FAILED)

    @property
    def count(self):
        return self._get(COUNT)

    @property
    def alive(self):
        """Blocks that were allocated and not freed, by the process that ran last."""
        return self._get(ALIVE)

    def start_count(self, trace=False):
        self._set(ALIVE, 0)
        self._set(TRACE, int(trace))

    def frames(self):
        """[(object, offset)] of the allocation that failed last, innermost first."""
        text = self.map[WHERE:WHERE + WHERE_SIZE].split(b"\0")[0].decode()
        return [(name, int(offset, 16)) for name, offset in (line.rsplit("+", 1) for line in text.splitlines())]

    def where(self):
        return describe(self.frames())

    def passed_through(self, name):
        """Whether the allocation that failed last was asked for by this object, the shared library before all others."""
        objects = [os.path.basename(o) for o, _ in self.frames()]
        return any(o.startswith(name) for o in objects)

    def leaks(self):
        """{stack: blocks} of what the traced process that ran last had not freed."""
        out = {}
        with open(self.path + ".alive") as f:
            for text in f.read().split("\n\n"):
                if text.strip():
                    out[text.strip()] = out.get(text.strip(), 0) + 1
        return out

    # Calls

    def fail_call(self, call, error=0, path="", skip=0, times=0, length=0):
        """
        A rule; returns its number, for failures(). error 0: short reads and writes, of length bytes. path: a part of the
        file's name or of the socket's family (inet, inet6, unix, netlink), its end if "$" follows.
        """
        for i in range(RULES_MAX):
            if self._get(RULES + i * RULE_SIZE, "I") == 0:
                break
        else:
            raise AssertionError("too many rules")
        name = path.encode()
        assert len(name) < PATH_SIZE, path
        base = RULES + i * RULE_SIZE
        struct.pack_into(f"=IiQQQQQ{PATH_SIZE}s", self.map, base, 0, error, skip, times, length, 0, 0, name)
        self._set(base, CALLS[call], "I")
        return i

    def failures(self, rule):
        return self._get(RULES + rule * RULE_SIZE + 40, "Q")

    def calls(self, rule):
        return self._get(RULES + rule * RULE_SIZE + 32, "Q")

    def clear_calls(self):
        for i in range(RULES_MAX):
            self._set(RULES + i * RULE_SIZE, 0, "I")

    # Clocks

    def shift_clocks(self, realtime_ns=0, monotonic_ns=0, boottime_ns=0):
        self._set(REALTIME, realtime_ns)
        self._set(MONOTONIC, monotonic_ns)
        self._set(BOOTTIME, boottime_ns)


def describe(frames):
    """Function names and lines of [(object, offset)], where addr2line knows them."""
    out = []
    for name, offset in frames:
        try:
            result = subprocess.run(["addr2line", "-f", "-s", "-e", name, hex(offset - 1)], capture_output=True, text=True, timeout=10)
            text = " ".join(result.stdout.split())
        except (OSError, subprocess.TimeoutExpired):
            text = ""
        out.append(f"{os.path.basename(name)}+{offset:#x} {text}")
    return "\n".join(out)
