# SPDX-License-Identifier: MIT
"""A real Prometheus and a real Alertmanager as children, on loopback; and the rules that are shipped."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.parse
import urllib.request

import tap
from daemon import SOURCE_ROOT

SHIPPED = os.path.join(SOURCE_ROOT, "etc", "prometheus")
RULES = os.path.join(SHIPPED, "numad-telemetry.rules.yml")
ALERTS = os.path.join(SHIPPED, "numad-telemetry.alerts.yml")


def shipped(name):
    with open(os.path.join(SHIPPED, name)) as f:
        return f.read()


def rules_of(path):
    """[(kind, name, expression)]: as much of YAML as these files use."""
    with open(path) as f:
        text = f.read()
    out = []
    for kind, name, body in re.findall(r"(?ms)^      - (record|alert): (\S+)\n(.*?)(?=^      - |^  - |\Z)", text):
        expression = re.search(r"(?m)^        expr: (?:\|2?\n((?:          .*\n)+)|(.*)\n)", body)
        out.append((kind, name, (expression[1] or expression[2]).strip()))
    return out


def hurried(name, interval="1s", alerts=ALERTS, alertmanager=9093):
    """A shipped configuration that scrapes and evaluates often, with its rules where they are."""
    config = re.sub(r"(?m)^(  (?:scrape|evaluation)_interval): .*", rf"\1: {interval}", shipped(name))
    config = config.replace("refresh_interval: 1m", "refresh_interval: 1s").replace(":9093", f":{alertmanager}")
    return config.replace("- numad-telemetry.rules.yml", f"- {RULES}").replace("- numad-telemetry.alerts.yml", f"- {alerts}")


def fetch(port, path, timeout=10):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=timeout) as answer:
        return json.load(answer)


class Child:
    """A server of Debian's that keeps its data in a directory of its own."""
    running = []

    def __init__(self, port, config, *command):
        self.port = port
        self.directory = tempfile.mkdtemp(prefix="numad-prometheus.")
        self.config_file = os.path.join(self.directory, "config.yml")
        self.log_file = os.path.join(self.directory, "log")
        with open(self.config_file, "w") as f:
            f.write(config)
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen([*command, f"--config.file={self.config_file}", f"--web.listen-address=127.0.0.1:{port}"],
                                            cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        Child.running.append(self)

    def log(self):
        with open(self.log_file, "rb") as f:
            return f.read().decode("utf-8", "replace")

    def stop(self):
        Child.running.remove(self)
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


class Prometheus(Child):
    def __init__(self, port, config, *arguments):
        super().__init__(port, config, "prometheus", "--storage.tsdb.path=data", *arguments)

    def api(self, path, **parameters):
        return fetch(self.port, f"/api/v1/{path}?" + urllib.parse.urlencode(parameters))["data"]

    def query(self, expression):
        """[(labels, value)]; nothing as long as it does not answer."""
        try:
            return [(r["metric"], float(r["value"][1])) for r in self.api("query", query=expression)["result"]]
        except (OSError, ValueError):
            return []

    def value(self, expression):
        """The one value, or None."""
        result = self.query(expression)
        return result[0][1] if len(result) == 1 else None


class Alertmanager(Child):
    def __init__(self, port, config):
        super().__init__(port, config, "prometheus-alertmanager", "--storage.path=data", "--cluster.listen-address=")

    def alerts(self):
        """The labels of what is firing."""
        try:
            return [a["labels"] for a in fetch(self.port, "/api/v2/alerts")]
        except (OSError, ValueError):
            return []


def _logs():
    for child in Child.running:
        yield f"{child.process.args[0]}:"
        yield from ("| " + line for line in child.log().splitlines()[-15:])


tap.diagnostics.append(_logs)
