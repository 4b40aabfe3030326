"""A daemon with a large backlog: its memory, and how soon it accepts again after SIGKILL."""

import socket
import time

import contestants
import measure
from support import ports
from support.process import wait_until

TOPIC, LINES = "backlog", 500
BODY = b'{"id":"first","key":"k","n":1}'
REQUEST = (
    f"POST /v1/topics/{TOPIC}/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY


class Backlog:
    def __init__(self, program, folder, size):
        nobody = f"127.0.0.1:{ports.reserve()}"
        self.size = size
        self.contestant = contestants.HubFerry(program, folder, nobody, TOPIC)

    def stored(self):
        return contestants.counters(self.contestant.port).get("hubferry_spool_bytes", 0)

    def fill(self):
        """Posts until the spool holds so many bytes; the memory then, once it rests."""
        self.contestant.start()
        begin = time.monotonic()
        while self.stored() < self.size:
            load = measure.wrk(self.contestant.port, TOPIC, 1, LINES, connections=8)
            if load["refused"] or load["broken"] or time.monotonic() - begin > 300:
                raise AssertionError(f"the spool holds {self.stored()} bytes; wrk: {load}")
            time.sleep(0.3)  # the gauge is renewed four times a second
        time.sleep(2)
        pid = self.contestant.pid
        names = {"rss_mib": "VmRSS", "anonymous_mib": "RssAnon", "peak_rss_mib": "VmHWM"}
        memory = {name: measure.memory_mib(pid, what) for name, what in names.items()}
        return {"spooled_mb": self.stored() / 1e6, **memory}

    def restart(self):
        """SIGKILL, then the seconds from exec to the first 202, and the memory a little later."""
        self.contestant.daemon.kill()
        begin = time.monotonic()
        self.contestant.daemon.launch()
        seconds = self.first_answer() - begin
        wait_until("the backlog to be found", lambda: self.stored() >= self.size, 30)
        time.sleep(1)
        return {"seconds_to_202": seconds, "rss_mib": measure.memory_mib(self.contestant.pid)}

    def first_answer(self):
        while self.contestant.daemon.alive():
            try:
                with socket.create_connection(("127.0.0.1", self.contestant.port), timeout=30) as connection:
                    connection.sendall(REQUEST)
                    if connection.recv(4096).startswith(b"HTTP/1.1 202 "):
                        return time.monotonic()
            except ConnectionError:
                pass
            time.sleep(0.001)
        raise AssertionError("the daemon ended:\n" + self.contestant.daemon.log_text()[-3000:])

    def stop(self):
        self.contestant.stop()
