"""The programs under measurement, alike to the scripts: a port, a pid, and counters at GET /metrics."""

import http.client
import os
import re
import shutil

from support import ports
from support.daemon import Daemon
from support.process import Child, wait_until

ACCEPTED, ACKNOWLEDGED = "hubferry_events_accepted_total", "hubferry_events_acknowledged_total"
PARTITIONS = 8
ROUTE = "orders"


def counters(port):
    """{metric name: value}; labels are left away, there is one route."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    return {match[1]: float(match[2]) for match in re.finditer(r"^(\w+)(?:\{.*\})? (\S+)$", text, re.MULTILINE)}


def settled(port):
    """Whether everything accepted is acknowledged."""
    now = counters(port)
    return now.get(ACKNOWLEDGED, 0) >= now.get(ACCEPTED, 0)


class HubFerry:
    name = "hubferry"

    def __init__(self, program, folder, bootstrap, topic, **more):
        settings = {
            "kafka": {"bootstrap.servers": bootstrap},
            f"produce.{ROUTE}": {"topic": topic, "key-pointer": "/key", **more},
        }
        self.folder = os.path.join(folder, self.name)
        self.daemon = Daemon(program, folder, settings, self.name)
        self.port = self.daemon.port

    def start(self):
        self.daemon.start()
        return self

    @property
    def pid(self):
        return self.daemon.child.pid

    def stop(self):
        if self.daemon.alive():
            self.daemon.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Bare:
    name = "bare"

    def __init__(self, program, folder, bootstrap, topic):
        self.folder, self.port = os.path.join(folder, self.name), ports.reserve()
        self.command = [program, "--port", str(self.port), "--directory", os.path.join(self.folder, "log")]
        self.command += ["--topic", topic, "--partitions", str(PARTITIONS), f"bootstrap.servers={bootstrap}"]
        self.child = None

    def start(self):
        os.makedirs(self.folder)
        output = os.path.join(self.folder, "output")
        self.child = Child(self.name, self.command, output)

        def serving():
            with open(output, encoding="utf-8") as file:
                text = file.read()
            if not self.child.alive():
                raise AssertionError(f"{self.name} ended while starting:\n{text}")
            return "serving" in text

        wait_until("the bare pipeline to serve", serving, 30)
        return self

    @property
    def pid(self):
        return self.child.pid

    def stop(self):
        if self.child:
            self.child.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
