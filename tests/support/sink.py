"""An HTTP handler in a process of its own that writes down every delivery before it answers.

The delivery log has one JSON list a line, in order of arrival; COLUMNS names the fields.
POST /behaviour sets how it answers (JSON, replacing what was set before):
  {"delay": seconds, "fail": {"keys": [...], "ids": [...], "times": n, "status": 500}}
each event named by `ids` or having one of `keys` is answered with `status` the first n times. GET /stats counts.
"""

import argparse
import heapq
import http.client
import json
import os
import select
import socket
import sys
import time
import urllib.parse
from collections import namedtuple

COLUMNS = "arrival time status id key number partition offset attempt source sequence key_header idempotency connection"
Delivery = namedtuple("Delivery", COLUMNS)


class _Connection:
    def __init__(self, sock, number):
        self.sock, self.number, self.received, self.unsent = sock, number, b"", b""


class _Server:
    def __init__(self, port, log):
        self.log = open(log, "a", encoding="utf-8", buffering=1 << 20)
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(1024)
        self.listener.setblocking(False)
        self.poll = select.epoll()
        self.poll.register(self.listener.fileno(), select.EPOLLIN)
        self.connections = {}
        self.opened = 0
        self.waiting = []  # heap of (due, tie breaker, connection, answer)
        self.ready = []  # (connection, answer): sent once the log is written
        self.requests = self.succeeded = 0
        self.distinct = set()
        self.behave({})

    def behave(self, behaviour):
        fail = behaviour.get("fail", {})
        self.delay = behaviour.get("delay", 0)
        self.fail_keys, self.fail_ids = set(fail.get("keys", ())), set(fail.get("ids", ()))
        self.fail_times, self.fail_status = fail.get("times", 1), fail.get("status", 500)
        self.failed = {}

    def serve(self):
        while True:
            timeout = max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else None
            for descriptor, events in self.poll.poll(timeout):
                if descriptor == self.listener.fileno():
                    self.accept()
                    continue
                connection = self.connections[descriptor]
                if events & select.EPOLLOUT:
                    self.flush(connection)
                if events & ~select.EPOLLOUT:
                    self.receive(connection)
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                _, _, connection, answer = heapq.heappop(self.waiting)
                self.ready.append((connection, answer))
            self.log.flush()
            for connection, answer in self.ready:
                connection.unsent += answer
                self.flush(connection)
            self.ready.clear()

    def accept(self):
        sock, _ = self.listener.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.opened += 1
        self.connections[sock.fileno()] = _Connection(sock, self.opened)
        self.poll.register(sock.fileno(), select.EPOLLIN)

    def close(self, connection):
        if connection.sock.fileno() >= 0:
            self.poll.unregister(connection.sock.fileno())
            del self.connections[connection.sock.fileno()]
            connection.sock.close()

    def flush(self, connection):
        if connection.sock.fileno() < 0 or not connection.unsent:
            return
        try:
            connection.unsent = connection.unsent[connection.sock.send(connection.unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            self.close(connection)
            return
        self.poll.modify(connection.sock.fileno(), select.EPOLLIN | (select.EPOLLOUT if connection.unsent else 0))

    def receive(self, connection):
        try:
            data = connection.sock.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close(connection)
            return
        connection.received += data
        while True:
            head, found, rest = connection.received.partition(b"\r\n\r\n")
            if not found:
                return
            request, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            size = int(headers.get("content-length", 0))
            if len(rest) < size:
                return
            connection.received = rest[size:]
            self.request(connection, request.split(" "), headers, rest[:size])

    def request(self, connection, line, headers, body):
        if "transfer-encoding" in headers:
            self.answer(connection, 411)
        elif line[1] == "/behaviour":
            self.behave(json.loads(body))
            self.answer(connection, 200)
        elif line[1] == "/stats":
            stats = {"requests": self.requests, "succeeded": self.succeeded, "distinct": len(self.distinct)}
            self.answer(connection, 200, json.dumps(stats).encode())
        else:
            self.deliver(connection, headers, body)

    def deliver(self, connection, headers, body):
        try:
            event = json.loads(body)
            id, key, number = event["id"], event["key"], event["n"]
        except (ValueError, KeyError, TypeError):
            id = key = number = None
        status = 200
        if id in self.fail_ids or key in self.fail_keys:
            self.failed[id] = self.failed.get(id, 0) + 1
            if self.failed[id] <= self.fail_times:
                status = self.fail_status
        self.requests += 1
        if status == 200:
            self.succeeded += 1
            self.distinct.add(id)
        get = headers.get
        number_of = lambda name: int(get(name, -1))  # noqa: E731
        key_header = get("x-hubferry-key")
        place = (number_of("x-hubferry-partition"), number_of("x-hubferry-offset"), number_of("x-hubferry-attempt"))
        sequence = get("x-hubferry-sequence")
        origin = (get("x-hubferry-source"), None if sequence is None else int(sequence))
        marks = (
            None if key_header is None else urllib.parse.unquote(key_header),
            get("idempotency-key"),
            connection.number,
        )
        row = (self.requests, time.monotonic(), status, id, key, number, *place, *origin, *marks)
        self.log.write(json.dumps(row) + "\n")
        self.answer(connection, status, delay=self.delay)

    def answer(self, connection, status, body=b"", delay=0):
        answer = b"HTTP/1.1 %d Answer\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)
        if delay:
            heapq.heappush(self.waiting, (time.monotonic() + delay, self.requests, connection, answer))
        else:
            self.ready.append((connection, answer))


class Sink:
    """Starts the handler's process. Start from the main thread."""

    def __init__(self, folder, name="sink"):
        from support import ports

        self.port = ports.reserve()
        self.url = f"http://127.0.0.1:{self.port}/events"
        self.log = os.path.join(folder, f"{name}.deliveries")
        self.output = os.path.join(folder, f"{name}.output")
        self.child = None

    def start(self):
        from support.process import Child, wait_until

        command = [sys.executable, os.path.abspath(__file__), "--port", str(self.port), "--log", self.log]
        self.child = Child("sink", command, self.output)

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        wait_until("the sink to listen", listens, 20, 0.02)
        return self

    def _request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body)
            return connection.getresponse().read()
        finally:
            connection.close()

    def behave(self, **behaviour):
        self._request("POST", "/behaviour", json.dumps(behaviour))

    def stats(self):
        return json.loads(self._request("GET", "/stats"))

    def delivered(self):
        """How many different events were answered with 200."""
        return self.stats()["distinct"]

    def stop(self):
        if self.child:
            self.child.kill()


def deliveries(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield Delivery(*json.loads(line))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", required=True)
    options = parser.parse_args()
    _Server(options.port, options.log).serve()
