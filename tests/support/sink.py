"""An HTTP handler in a process of its own (sink_server.py) that writes down every delivery before it answers.

The delivery log has one JSON list an event, in order of arrival; COLUMNS names the fields. Several events that came in
one request (a batch) share `request`. Status 0: it got no answer. behave() sets how it answers, replacing what was set
before:
  delay   seconds before every answer, or [least, most], random
  fail    a rule, or a list of them, of which the first that fits an event is used:
            ids, keys     whose events; each event is counted by itself
            times         so many times (default 1), 0: for ever; then the event is answered with 200
            status        the answer (default 500); with retry_after, that header (seconds)
            delay         answers after so many seconds, whether the client still waits or not
            hang, close   instead of an answer: nothing, ever; the connection is closed
  phase   {"seconds": s, "status": n, "retry_after": m}: every request of the next s seconds gets this answer
In a batch each event has its own answer; behind one that failed, the others of its key get 503, as from any handler that
keeps order. refuse(s) closes the port and all idle connections for so long; kill() and start() end and start the process.
"""

import http.client
import json
import os
import socket
import sys
from collections import namedtuple

# time is monotonic, clock is Unix time; last: whether the delivery said that it is the last attempt.
COLUMNS = (
    "arrival request time clock status id key number partition offset attempt last source sequence"
    " key_header idempotency connection"
)
Delivery = namedtuple("Delivery", COLUMNS)

NO_ANSWER = 0
NOT_TRIED = (401, 403, 404, 405, 407, 411, 414, 421, 426, 429, 503)  # answers that spend no attempt


class Sink:
    """Starts the handler's process. Start from the main thread."""

    def __init__(self, folder, name="sink"):
        from support import ports

        self.port, self.control = ports.reserve(), ports.reserve()
        self.url = f"http://127.0.0.1:{self.port}/events"
        self.log = os.path.join(folder, f"{name}.deliveries")
        self.output = os.path.join(folder, f"{name}.output")
        self.child = None

    def start(self):
        from support.process import Child, wait_until

        server = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sink_server.py")
        ports = ["--port", str(self.port), "--control", str(self.control)]
        self.child = Child("sink", [sys.executable, server, *ports, "--log", self.log], self.output)

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.control)) == 0

        wait_until(lambda: f"the sink to listen:\n{self._printed()}", listens, 20, 0.02)
        return self

    def _printed(self):
        with open(self.output, encoding="utf-8") as file:
            return file.read()[-3000:]

    def _request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.control, timeout=30)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise AssertionError(f"{path} of the sink: {answer.status} {text.decode()}")
        return text

    def behave(self, **behaviour):
        self._request("POST", "/behaviour", json.dumps(behaviour))

    def refuse(self, seconds):
        self._request("POST", "/refuse", json.dumps({"seconds": seconds}))

    def stats(self):
        """{"requests", "events", "succeeded", "distinct", "ruled": {id of an event that met a rule: [times, partition]}}"""
        return json.loads(self._request("GET", "/stats"))

    def delivered(self):
        """How many different events were answered with 200."""
        return self.stats()["distinct"]

    def ruled(self, id):
        """(deliveries, partition) of an event that a rule is for; (0, None) before the first."""
        return tuple(self.stats()["ruled"].get(id, (0, None)))

    def kill(self):
        self.child.kill()

    def stop(self):
        if self.child:
            self.child.kill()


def deliveries(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield Delivery(*json.loads(line))
