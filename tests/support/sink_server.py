#!/usr/bin/env python3
"""The process of support.sink: sink_server.py --port N --control N --log FILE. sink.py says how it behaves."""

import argparse
import heapq
import itertools
import json
import os
import random
import select
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import sink_events  # noqa: E402
from support.sink import NO_ANSWER, Delivery  # noqa: E402


class Rule:
    def __init__(self, settings):
        self.ids, self.keys = set(settings.get("ids", ())), set(settings.get("keys", ()))
        self.times = settings.get("times", 1)
        self.hang, self.close = settings.get("hang", False), settings.get("close", False)
        self.status, self.retry_after = settings.get("status", 500), settings.get("retry_after")
        self.delay = settings.get("delay")
        self.met = {}

    def fits(self, event):
        return event.id in self.ids or event.key in self.keys

    def applies(self, event):
        """Counts a delivery of an event that fits; whether the rule is still for it."""
        self.met[event.id] = self.met.get(event.id, 0) + 1
        return self.times == 0 or self.met[event.id] <= self.times


class Behaviour:
    def __init__(self, settings, now):
        delay = settings.get("delay", 0)
        self.least, self.most = delay if isinstance(delay, list) else (delay, delay)
        fail = settings.get("fail", [])
        self.rules = [Rule(rule) for rule in ([fail] if isinstance(fail, dict) else fail)]
        self.phase = settings.get("phase", {})
        self.phase_end = now + self.phase.get("seconds", 0)

    def delay(self):
        return random.uniform(self.least, self.most) if self.most else 0

    def rule(self, event):
        found = next((rule for rule in self.rules if rule.fits(event)), None)
        return found if found and found.applies(event) else None


def keep_order(events, statuses):
    """Puts off what is behind a failed event of its key in the same batch."""
    stopped = set()
    for index, event in enumerate(events):
        if event.key in stopped:
            statuses[index] = 503
        elif statuses[index] != 200:
            stopped.add(event.key)


class Connection:
    def __init__(self, sock, number, control):
        self.sock, self.number, self.control = sock, number, control
        self.received, self.unsent = b"", b""
        self.open_requests = 0  # not yet answered
        self.leaving = False  # is closed once nothing is open

    def closed(self):
        return self.sock.fileno() < 0


def listen(port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(4096)
    listener.setblocking(False)
    return listener


class Server:
    def __init__(self, port, control, log):
        self.port = port
        self.requests = self.events = self.succeeded = 0
        self.distinct, self.ruled = set(), {}
        self.restore(log)
        self.log = open(log, "a", encoding="utf-8", buffering=1 << 20)
        self.poll = select.epoll()
        self.listener, self.control = listen(port), listen(control)
        self.control_number = self.control.fileno()
        for listener in (self.listener, self.control):
            self.poll.register(listener.fileno(), select.EPOLLIN)
        self.connections = {}
        self.opened = 0
        self.order = itertools.count()
        self.waiting = []  # heap of (due, tie breaker, what to do)
        self.ready = []  # (connection, answer): sent once the log is written
        self.behaviour = Behaviour({}, time.monotonic())

    def restore(self, path):
        """Goes on with the log of a killed process; a torn last line was never answered."""
        if not os.path.exists(path):
            return
        with open(path, "rb+") as file:
            data = file.read()
            file.truncate(data.rfind(b"\n") + 1)
        for line in data[: data.rfind(b"\n") + 1].splitlines():
            row = Delivery(*json.loads(line))
            self.requests, self.events = row.request, row.arrival
            if row.status == 200:
                self.succeeded += 1
                self.distinct.add(row.id)

    # ---- connections
    def serve(self):
        while True:
            timeout = max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else None
            for descriptor, events in self.poll.poll(timeout):
                self.serve_descriptor(descriptor, events)
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                heapq.heappop(self.waiting)[2]()
            self.log.flush()
            for connection, answer in self.ready:
                connection.unsent += answer
                self.flush(connection)
            self.ready.clear()

    def serve_descriptor(self, descriptor, events):
        if descriptor == self.control_number:
            self.accept(self.control, True)
        elif descriptor not in self.connections:
            self.accept(self.listener, False)
        else:
            connection = self.connections[descriptor]
            if events & select.EPOLLOUT:
                self.flush(connection)
            if events & ~select.EPOLLOUT and not connection.closed():
                self.receive(connection)

    def after(self, seconds, action):
        heapq.heappush(self.waiting, (time.monotonic() + seconds, next(self.order), action))

    def accept(self, listener, control):
        try:
            sock, _ = listener.accept()
        except OSError:  # it went away, or the listener did
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.opened += 1
        self.connections[sock.fileno()] = Connection(sock, self.opened, control)
        self.poll.register(sock.fileno(), select.EPOLLIN)

    def close(self, connection):
        if not connection.closed():
            self.poll.unregister(connection.sock.fileno())
            del self.connections[connection.sock.fileno()]
            connection.sock.close()

    def refuse(self, seconds):
        self.poll.unregister(self.listener.fileno())
        self.listener.close()
        for connection in list(self.connections.values()):
            connection.leaving = not connection.control
            if connection.leaving and connection.open_requests == 0 and not connection.received:
                self.close(connection)
        self.after(seconds, self.listen_again)

    def listen_again(self):
        self.listener = listen(self.port)
        self.poll.register(self.listener.fileno(), select.EPOLLIN)

    def flush(self, connection):
        if connection.closed():
            return
        try:
            while connection.unsent:
                connection.unsent = connection.unsent[connection.sock.send(connection.unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            self.close(connection)
            return
        if connection.leaving and not connection.unsent and connection.open_requests == 0:
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
        while not connection.closed():
            head, found, rest = connection.received.partition(b"\r\n\r\n")
            if not found:
                return
            request, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            size = int(headers.get("content-length", 0))
            if len(rest) < size:
                return
            connection.received = rest[size:]
            connection.open_requests += 1
            if connection.control:
                self.command(connection, request.split(" ")[1], rest[:size])
            else:
                self.deliver(connection, headers, rest[:size])

    # ---- requests
    def command(self, connection, path, body):
        if path == "/behaviour":
            self.behaviour = Behaviour(json.loads(body), time.monotonic())
            self.ruled = {}
            self.answer(connection, 200)
        elif path == "/refuse":
            self.refuse(json.loads(body)["seconds"])
            self.answer(connection, 200)
        elif path == "/stats":
            names = ("requests", "events", "succeeded", "ruled")
            stats = {name: getattr(self, name) for name in names} | {"distinct": len(self.distinct)}
            self.answer(connection, 200, json.dumps(stats).encode())
        else:
            self.answer(connection, 404)

    def deliver(self, connection, headers, body):
        now = time.monotonic()
        self.requests += 1
        if "transfer-encoding" in headers:
            self.answer(connection, 411)
            return
        events = sink_events.events_of(headers, body)
        if now < self.behaviour.phase_end:
            phase = self.behaviour.phase
            self.write(connection, now, [(event, phase["status"]) for event in events])
            self.answer(connection, phase["status"], retry_after=phase.get("retry_after"))
            return
        rules = [self.behaviour.rule(event) for event in events]
        met = [rule for rule in rules if rule]
        for event, rule in zip(events, rules):
            if rule:
                self.ruled[event.id] = (rule.met[event.id], event.partition)
        silent = next((rule for rule in met if rule.hang or rule.close), None)
        statuses = [NO_ANSWER if silent else rule.status if rule else 200 for rule in rules]
        if not silent:
            keep_order(events, statuses)
        self.write(connection, now, list(zip(events, statuses)))
        if silent:
            if silent.close:
                self.close(connection)
            return
        status, text = sink_events.answer_to(headers, events, statuses)
        wishes = [rule.retry_after for rule in met if rule.retry_after is not None]
        delays = [rule.delay for rule in met if rule.delay is not None]
        delay = max(delays) if delays else self.behaviour.delay()
        self.answer(connection, status, text, delay, max(wishes) if wishes else None)

    def write(self, connection, now, answered):
        clock = time.time()
        for event, status in answered:
            self.events += 1
            if status == 200:
                self.succeeded += 1
                self.distinct.add(event.id)
            row = (self.events, self.requests, now, clock, status, *event, connection.number)
            self.log.write(json.dumps(row) + "\n")

    def answer(self, connection, status, body=b"", delay=0, retry_after=None):
        head = f"HTTP/1.1 {status} Answer\r\nContent-Length: {len(body)}\r\n"
        if body:
            head += "Content-Type: application/json\r\n"
        if retry_after is not None:
            head += f"Retry-After: {retry_after}\r\n"

        def send():
            connection.open_requests -= 1
            closing = "Connection: close\r\n" if connection.leaving else ""
            self.ready.append((connection, f"{head}{closing}\r\n".encode() + body))

        if delay:
            self.after(delay, send)
        else:
            send()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--log", required=True)
    options = parser.parse_args()
    Server(options.port, options.control, options.log).serve()
