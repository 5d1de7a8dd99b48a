# SPDX-License-Identifier: MIT
"""A headless Chromium for tests, through tests/browser/browser.js; a proxy that puts a daemon below a prefix; what is missing here."""
import http.client
import http.server
import json
import os
import select
import shutil
import subprocess
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))


def missing():
    """Why there is no browser here; None: there is one."""
    for program in ("node", os.environ.get("CHROMIUM", "chromium")):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    for module in ("playwright-core", "axe-core"):
        if not any(os.path.isdir(os.path.join(d, module)) for d in os.environ.get("NODE_PATH", "").split(":") if d):
            return f"{module} is not in NODE_PATH; ./check installs it"
    return None


class Browser:
    def __init__(self):
        self.errors = tempfile.TemporaryFile()
        environment = {**os.environ, "CHROMIUM": shutil.which(os.environ.get("CHROMIUM", "chromium"))}
        self.process = subprocess.Popen(["node", os.path.join(HERE, "browser.js")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, env=environment)
        self.number = 0

    def do(self, what, patience=90, **rest):
        self.number += 1
        self.process.stdin.write(json.dumps({"id": self.number, "do": what, **rest}).encode() + b"\n")
        self.process.stdin.flush()
        answer = {"id": 0}
        while answer["id"] != self.number:
            if not select.select([self.process.stdout], [], [], patience)[0]:
                raise AssertionError(f"the browser does not answer '{what}' within {patience} s")
            line = self.process.stdout.readline()
            if not line:
                self.errors.seek(0)
                raise AssertionError(f"the browser ended: {self.errors.read().decode()}")
            answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(f"the browser, {what} {str(rest)[:300]}: {answer['error']}")
        return answer["result"]

    def open(self, url, width=1280, height=900, dark=False, **rest):
        return self.do("open", url=url, width=width, height=height, dark=dark, **rest)

    def evaluate(self, code):
        return self.do("evaluate", code=code)

    def wait(self, code, seconds=15):
        return self.do("wait", seconds=seconds, code=code)

    def text(self, selector):
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()


class Proxy:
    """Serves what a daemon serves below /prefix/, and nothing else."""

    down = False  # answers 502, and cuts off what it was about

    def __init__(self, port, prefix):
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if not self.path.startswith(prefix):
                    self.send_error(404)
                    return
                if proxy.down:
                    self.send_error(502)
                    return
                upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                try:
                    upstream.request("GET", "/" + self.path[len(prefix):], headers={
                        k: v for k, v in self.headers.items() if k.lower() in ("accept", "if-none-match", "last-event-id")})
                    answer = upstream.getresponse()
                    self.send_response_only(answer.status)
                    for name, value in answer.getheaders():
                        if name.lower() not in ("transfer-encoding", "connection"):
                            self.send_header(name, value)
                    self.send_header("Connection", "close")
                    self.end_headers()
                    while not proxy.down and (chunk := answer.read1(65536)):
                        self.wfile.write(chunk)
                        self.wfile.flush()
                except (OSError, http.client.HTTPException):
                    pass
                finally:
                    upstream.close()
                self.close_connection = True

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}{prefix}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
