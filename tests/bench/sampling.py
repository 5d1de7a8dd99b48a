# SPDX-License-Identifier: MIT
"""What a sample costs, what it keeps waiting, and how soon a change is told."""
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

from daemon import binary
from harness import free_port
from load import Client, load, open_loop, percentile
from loads import MODES
from servers import OurDaemon, Unavailable, in_place_of_sysfs, programs_directory, wait_until_listening

#: A sample is taken for it, and it is small itself.
SMALL_PATH = "/v1/memory_tiers"

#: Uevents of a burst; a DIMM of 16 GiB has as many.
BURST = 128


def _whole(trace):
    """strace writes its last line after the process has ended."""
    text = ""
    deadline = time.monotonic() + 20
    while "+++ exited" not in text and time.monotonic() < deadline:
        time.sleep(0.05)
        text += trace.read()
    return text


def _trace(root, mode, path, gzip, calls):
    """What the daemon does for one of several such requests, as strace writes it."""
    if not shutil.which("strace"):
        raise Unavailable("strace is not installed")
    port = free_port()
    with tempfile.NamedTemporaryFile("r", prefix="numad-strace.") as trace:
        # -D: the daemon is the child, and strace its.
        process = subprocess.Popen(["strace", "-D", "-y", "-o", trace.name, "-e", f"trace={calls}", binary(), "--listen",
                                    f"127.0.0.1:{port}", *(["--root", root] if root else []), *MODES[mode]],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until_listening(port, lambda: process.poll() is None, seconds=60)
            client = Client(port)
            for _ in range(4):
                client.get(path, gzip)
            client.close()
        finally:
            process.terminate()
            process.wait(timeout=60)
        # From one request to the next; the last is followed by the end of all.
        return _whole(trace).split(f'"GET {path}')[-2]


def files_of_a_sample(root):
    """What the daemon reads for a request that takes a sample."""
    trace = _trace(root, "fresh", SMALL_PATH, False, "pread64,read,recvfrom")
    paths = re.findall(r"(?m)^(?:pread64|read)\(\d+<(/[^>]*/(?:sys|proc)/[^>]*|/sys/[^>]*|/proc/[^>]*)>", trace)
    return list(dict.fromkeys(paths))


def calls_of_a_request(root, mode, path, gzip):
    """The names of its system calls."""
    return re.findall(r"(?m)^(\w+)\(", _trace(root, mode, path, gzip, "all"))


def preads_seconds(files, seconds):
    """The processor time of reading them all."""
    def run(rounds):
        result = subprocess.run([os.path.join(programs_directory(), "preads"), str(rounds)], input="\n".join(files) + "\n",
                                capture_output=True, text=True, timeout=120)
        if result.returncode:
            raise Unavailable(result.stderr.strip())
        return int(result.stdout) / 1e9
    return run(max(3, round(seconds / run(3))))


def against_preads(root, nodes, rounds, seconds, results):
    """The processor time of a sample: of a request that takes one less that of one that does not."""
    try:
        files = files_of_a_sample(root)
    except Unavailable as e:
        results.leave_out("a sample against bare preads", str(e))
        return
    results.add("one sample: files", "files", len(files), nodes)
    fresh, cached = OurDaemon(root, *MODES["fresh"]), OurDaemon(root, *MODES["cached"])
    try:
        for _ in range(rounds):
            bare = preads_seconds(files, seconds / 2)
            cost = load(fresh, SMALL_PATH, False, 1, seconds).cpu - load(cached, SMALL_PATH, False, 1, seconds).cpu
            results.add("one sample", "CPU", cost, nodes)
            results.add("bare preads of its files", "CPU", bare, nodes)
    finally:
        fresh.stop()
        cached.stop()


def health_while_sampling(root, nodes, seconds, results):
    daemon = OurDaemon(root, "--interval", "1", "--max-age", "86400")
    try:
        times = open_loop(daemon.port, "/healthz", 500, seconds)
    finally:
        daemon.stop()
    for percent in (50, 99, 100):
        results.add(f"/healthz while sampling every second: {percent} % within", "time", percentile(times, percent), nodes)


def _wait_for_event(stream, event):
    received = ""
    while f"event: {event}" not in received:
        received += stream.recv(65536).decode()
    return time.monotonic()


def _told_after(machine, port, uevent_file):
    """Sets a block offline, or online again, as a burst of uevents says; the time from the last of them to the event."""
    nid = machine.online[-1]
    block, before = max(machine.nodes[nid].blocks.items())
    state = "offline" if before == "online" else "online"
    stream = socket.create_connection(("127.0.0.1", port), timeout=20)
    stream.sendall(b"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
    while b"\r\n\r\n" not in stream.recv(65536):
        pass
    machine.set_block(nid, block, state)
    for _ in range(BURST):
        with open(uevent_file, "w") as f:
            f.write("change")
    last = time.monotonic()
    told = _wait_for_event(stream, f"memory_{state}")
    stream.close()
    return told - last


def uevent_to_subscriber(machine, nodes, rounds, results):
    """The kernel's own uevents, about a machine that lies over this one's sysfs for the daemon alone."""
    what, uevent_file = "last uevent of a burst to the subscriber", "/sys/devices/system/cpu/cpu0/uevent"
    port = free_port()
    try:
        if not os.access(uevent_file, os.W_OK):
            raise Unavailable(f"{uevent_file} may not be written")
        command = in_place_of_sysfs(machine.root, ["node", "memory"], binary(), "--listen", f"127.0.0.1:{port}", "--interval", "0",
                                    "--max-age", "86400")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except Unavailable as e:
        results.leave_out(what, str(e))
        return
    try:
        wait_until_listening(port, lambda: process.poll() is None)
        for _ in range(rounds):
            results.add(what, "time", _told_after(machine, port, uevent_file), nodes)
    except (TimeoutError, socket.timeout):
        results.leave_out(what, "no uevent reaches the daemon here")
    finally:
        process.terminate()
        process.wait(timeout=10)
