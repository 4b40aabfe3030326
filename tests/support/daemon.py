"""Starts and watches one hubferryd."""

import http.client
import json
import os
import re
import signal
import subprocess
import time

from support import ports
from support.process import Child, wait_until

ASSIGNMENT = re.compile(r"route (\S+): (assigned|revoked|lost) partitions \[([\d, ]*)\](?:, now \d+: \[([\d, ]*)\])?")


def ini(sections):
    """{"produce.orders": {"topic": "orders"}} as text."""
    lines = []
    for section, values in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {value}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def _numbers(text):
    return {int(word) for word in text.replace(",", " ").split()}


class Daemon:
    """`settings` are the sections of the configuration file; ingest.listen (a free port that stays the same across
    restarts) and spool.directory are filled in. The log of all runs is one file."""

    def __init__(self, program, folder, settings, name="hubferryd", environment=None):
        self.program, self.name = program, name
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder)
        self.port = ports.reserve()
        self.settings = {section: dict(values) for section, values in settings.items()}
        self.settings.setdefault("ingest", {}).setdefault("listen", f"127.0.0.1:{self.port}")
        self.settings.setdefault("spool", {}).setdefault("directory", os.path.join(self.folder, "spool"))
        self.settings.setdefault("shutdown", {}).setdefault("grace", "200ms")
        self.config = os.path.join(self.folder, "hubferry.conf")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(ini(self.settings))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HUBFERRY_")}
        self.environment = {**kept, **(environment or {})}
        self.log = os.path.join(self.folder, "log")
        self.child = None
        self.log_start = 0

    def command(self, *options):
        return [self.program, "--config", self.config, *options]

    def run(self, *options, seconds=20):
        """Runs it to its end: (exit code, standard output, standard error). Exit code None: it still ran then."""
        try:
            done = subprocess.run(
                self.command(*options),
                capture_output=True,
                text=True,
                timeout=seconds,
                env=self.environment,
                check=False,
            )
            return done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as expired:
            return None, (expired.stdout or b"").decode(), (expired.stderr or b"").decode()

    def launch(self, *options):
        self.log_start = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        self.child = Child(self.name, self.command(*options), self.log, self.environment)
        return self

    def start(self, seconds=30):
        """Launches it and waits until it serves."""
        self.launch()

        def serving():
            text = self.log_text()
            if not self.child.alive():
                raise AssertionError(f"{self.name} ended with {self.child.wait(1)} while starting:\n{text[-3000:]}")
            return "serving http://" in text

        wait_until(lambda: f"'serving' in the log of {self.name}:\n{self.log_text()[-3000:]}", serving, seconds)
        return self

    def alive(self):
        return self.child is not None and self.child.alive()

    def kill(self):
        """SIGKILL, and waits for the end."""
        if not self.alive():
            raise AssertionError(f"{self.name} had ended with {self.child.wait(1)} before it was to be killed")
        self.child.kill()

    def terminate(self, seconds=40):
        """SIGTERM: (exit code, seconds it took)."""
        begin = time.monotonic()
        self.child.send(signal.SIGTERM)
        return self.child.wait(seconds), time.monotonic() - begin

    def log_text(self, all_runs=False):
        """The log since the last launch."""
        if not os.path.exists(self.log):
            return ""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            file.seek(0 if all_runs else self.log_start)
            return file.read()

    def assignments(self, route="billing"):
        """[("assigned" | "revoked" | "lost", partitions, all partitions it owned then or None)] of the last run."""
        found = (match for match in ASSIGNMENT.finditer(self.log_text()) if match[1] == route)
        return [(match[2], _numbers(match[3]), None if match[4] is None else _numbers(match[4])) for match in found]

    def assigned(self, route="billing"):
        """The partitions it owns now, by the totals in its log."""
        totals = [total for _, _, total in self.assignments(route) if total is not None]
        return totals[-1] if totals else set()

    def request(self, method, path, body=None, headers=None, seconds=30):
        """(status, headers, body) of one exchange on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def post(self, topic, body, content_type="application/json", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", f"/v1/topics/{topic}/events", body, {"Content-Type": content_type, **named})

    def metrics(self):
        """{(name, route): value}; a metric without the label has the route ""."""
        status, _, body = self.request("GET", "/metrics")
        if status != 200:
            raise AssertionError(f"/metrics answered {status}")
        values = {}
        for line in body.decode().splitlines():
            match = re.match(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if match:
                route = re.search(r'route="([^"]*)"', match[2] or "")
                values[match[1], route[1] if route else ""] = float(match[3])
        return values

    def metric(self, name, route):
        return self.metrics().get((name, route), 0)

    def ready(self):
        """(status, parts) of /readyz."""
        status, _, body = self.request("GET", "/readyz")
        return status, json.loads(body)["parts"]
