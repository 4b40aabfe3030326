"""The consumers under measurement and the handler they deliver to, alike to consume.py."""

import http.client
import json
import os
import shutil
import time

from contestants import PARTITIONS, ROUTE, counters
from support import ports
from support.daemon import Daemon
from support.process import Child, wait_until

DELIVERED = "hubferry_events_delivered_total"
EVENT_BYTES = 200


def fill(tools, folder, bootstrap, topic, events, keys):
    """Writes the events that the contestants read."""
    command = [os.path.join(tools, "fill_topic"), "--topic", topic, "--partitions", str(PARTITIONS)]
    command += ["--events", str(events), "--keys", str(keys), "--bytes", str(EVENT_BYTES)]
    output = os.path.join(folder, f"fill-{topic}")
    if code := Child(f"fill_topic {topic}", [*command, f"bootstrap.servers={bootstrap}"], output).wait(600):
        raise AssertionError(f"filling {topic} ended with {code}, see {output}")


class Handler:
    """handler_sink, one for each run."""

    def __init__(self, tools, folder, delay_ms):
        self.port = ports.reserve()
        command = [os.path.join(tools, "handler_sink"), "--port", str(self.port), "--delay-ms", str(delay_ms)]
        self.child = Child("handler_sink", command, os.path.join(folder, "handler_sink"))
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        wait_until("the handler to listen", self._listens, 20, 0.02)

    def _listens(self):
        try:
            return self.stats()["events"] == 0
        except OSError:
            self.connection.close()
            return False

    def stats(self):
        self.connection.request("GET", "/")
        return json.loads(self.connection.getresponse().read())

    def stop(self):
        self.connection.close()
        self.child.kill()


class HubFerry:
    name = "hubferry"

    def __init__(self, options, folder, bootstrap, case, group, handler):
        route = {"topic": case.topic, "group": group, "order": "key", "concurrency": case.concurrency}
        route["handler"] = f"http://127.0.0.1:{handler.port}/events" if handler else "discard:"
        if case.batch > 1:
            route |= {"handler.format": "ndjson", "handler.batch.max-events": case.batch}
        self.folder = os.path.join(folder, self.name)
        settings = {"kafka": {"bootstrap.servers": bootstrap}, f"consume.{ROUTE}": route}
        self.daemon = Daemon(options.daemon, folder, settings, self.name)

    def start(self):
        self.daemon.start()

    @property
    def pid(self):
        return self.daemon.child.pid

    def delivered(self):
        return counters(self.daemon.port).get(DELIVERED, 0)

    def stop(self):
        if self.daemon.alive():
            self.daemon.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Bare:
    name = "bare"

    def __init__(self, options, folder, bootstrap, case, group, handler):
        self.command = [os.path.join(options.tools, "bare_consumer"), "--topic", case.topic, "--group", group]
        self.command += ["--events", str(case.events)]
        if handler:
            self.command += ["--port", str(handler.port), "--concurrency", str(case.concurrency)]
            self.command += ["--batch", str(case.batch)]
        self.command.append(f"bootstrap.servers={bootstrap}")
        self.output = os.path.join(folder, f"bare-{group}")
        self.child = None

    def start(self):
        self.child = Child(self.name, self.command, self.output, error_output=self.output + "-errors")

    @property
    def pid(self):
        return self.child.pid

    def figures(self, seconds):
        """What it says of itself at its end: {"events", "seconds", "cpu_s"}."""

        def ended():
            if not self.child.alive():
                raise AssertionError(f"bare_consumer ended, see {self.output}-errors")
            with open(self.output, encoding="utf-8") as file:
                return json.loads(file.read() or "null")

        return wait_until("the bare consumer to end", ended, seconds, 0.02)

    def stop(self):
        if self.child:
            self.child.kill()


def sampled(count, cpu, events, seconds, interval):
    """[(time, events, CPU seconds)] from the first event to the last."""
    samples, deadline = [], time.monotonic() + seconds
    while not samples or samples[-1][1] < events:
        now = count()
        if now:
            samples.append((time.monotonic(), now, cpu()))
        if time.monotonic() > deadline:
            raise TimeoutError(f"{now:.0f} of {events} events after {seconds} s")
        time.sleep(interval)
    return samples
