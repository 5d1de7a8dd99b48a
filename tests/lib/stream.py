# SPDX-License-Identifier: MIT
"""A client of the daemon's server-sent events."""
import http.client
import json
import socket
import threading

from harness import wait_for


class Stream:
    """A client of text/event-stream that reads in a thread."""

    def __init__(self, daemon, path="/v1/events", **headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=60)
        self.connection.request("GET", path, headers={"Accept": "text/event-stream", **headers})
        self.response = self.connection.getresponse()
        self.lines = []
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            for line in iter(self.response.readline, b""):
                self.lines.append(line.decode().rstrip("\n"))
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass

    def messages(self):
        """[(id, event, data)] of what has come so far, comments left out."""
        out = []
        for block in "\n".join(self.lines).split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
            if "data" in fields:
                out.append((int(fields["id"]) if "id" in fields else None, fields["event"], json.loads(fields["data"])))
        return out

    def events(self, n, seconds=10):
        """Waits for n of them."""
        wait_for(lambda: len(self.messages()) >= n, seconds)
        return self.messages()

    def close(self):
        self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.connection.close()
        self.thread.join(10)
