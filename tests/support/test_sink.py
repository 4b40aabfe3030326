#!/usr/bin/env python3
"""The handler of the system tests does what its tests ask of it, and writes it down."""

import http.client
import json
import os
import socket
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import sink  # noqa: E402


class SinkTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.sink = sink.Sink(folder.name).start()
        self.addCleanup(self.sink.stop)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.sink.port, timeout=10)
        self.addCleanup(self.connection.close)

    def event(self, number, key="a"):
        return {"id": f"{key}-{number}", "key": key, "n": number}

    def post(self, number=1, key="a", **headers):
        """The status and Retry-After."""
        named = {f"X-HubFerry-{name.replace('_', '-')}": str(value) for name, value in headers.items()}
        body = json.dumps(self.event(number, key))
        self.connection.request("POST", "/events", body, {"Content-Type": "application/json", **named})
        answer = self.connection.getresponse()
        answer.read()
        return answer.status, answer.headers["Retry-After"]

    def rows(self):
        return list(sink.deliveries(self.sink.log))

    def test_writes_down_what_a_delivery_says(self):
        said = {"Partition": 3, "Offset": 7, "Attempt": 2, "Last_Attempt": "true", "Source": "aa", "Sequence": 5}
        self.assertEqual(self.post(4, Key="a%2Fb", **said), (200, None))
        (row,) = self.rows()
        self.assertEqual((row.status, row.id, row.key, row.number, row.partition, row.offset), (200, "a-4", "a", 4, 3, 7))
        self.assertEqual((row.attempt, row.last, row.source, row.sequence, row.key_header), (2, True, "aa", 5, "a/b"))
        self.assertLess(abs(row.clock - time.time()), 5)
        self.assertEqual(self.sink.delivered(), 1)

    def test_fails_an_event_so_often_and_then_no_more(self):
        self.sink.behave(fail={"ids": ["a-1"], "times": 2, "status": 422, "retry_after": 3})
        self.assertEqual([self.post() for _ in range(3)], [(422, "3"), (422, "3"), (200, None)])
        self.assertEqual(self.post(2), (200, None))
        self.assertEqual(self.sink.ruled("a-1")[0], 2)
        self.assertEqual(self.sink.ruled("a-2"), (0, None))

    def test_fails_a_key_for_ever_by_the_first_rule_that_fits(self):
        self.sink.behave(fail=[{"ids": ["a-2"], "status": 503}, {"keys": ["a"], "times": 0}])
        self.assertEqual([self.post(n)[0] for n in (1, 2, 2, 1, 1)], [500, 503, 200, 500, 500])
        self.assertEqual(self.post(1, "b")[0], 200)

    def test_hangs_and_answers_late(self):
        self.sink.behave(fail=[{"ids": ["a-1"], "hang": True}, {"ids": ["a-2"], "delay": 0.4, "status": 200}])
        self.connection.timeout = 0.2
        with self.assertRaises(TimeoutError):
            self.post(1)
        self.connection.close()
        self.connection.timeout = 10
        begin = time.monotonic()
        self.assertEqual(self.post(2)[0], 200)
        self.assertGreaterEqual(time.monotonic() - begin, 0.4)
        self.assertEqual([row.status for row in self.rows()], [sink.NO_ANSWER, 200])

    def test_closes_the_connection(self):
        self.sink.behave(fail={"ids": ["a-1"], "close": True})
        with self.assertRaises(http.client.RemoteDisconnected):
            self.post()
        self.connection.close()
        self.assertEqual(self.post()[0], 200)
        self.assertEqual([row.status for row in self.rows()], [sink.NO_ANSWER, 200])

    def test_waits_before_every_answer(self):
        self.sink.behave(delay=[0.1, 0.2])
        begin = time.monotonic()
        self.post()
        self.assertGreaterEqual(time.monotonic() - begin, 0.1)

    def test_is_unavailable_for_a_time(self):
        self.sink.behave(phase={"seconds": 0.5, "status": 429, "retry_after": 2})
        self.assertEqual(self.post(), (429, "2"))
        time.sleep(0.5)
        self.assertEqual(self.post(), (200, None))

    def test_refuses_connections_for_a_time(self):
        self.post()
        self.sink.refuse(0.5)
        with self.assertRaises((http.client.RemoteDisconnected, ConnectionError)):
            self.post()
        self.connection.close()
        with socket.socket() as probe:
            self.assertNotEqual(probe.connect_ex(("127.0.0.1", self.sink.port)), 0)
        self.assertEqual(self.sink.delivered(), 1)
        time.sleep(0.6)
        self.assertEqual(self.post(2)[0], 200)

    def test_goes_on_counting_after_a_kill(self):
        self.post(1)
        self.post(2)
        self.sink.kill()
        with open(self.sink.log, "a", encoding="utf-8") as log:
            log.write('[3, 3, "torn')
        self.sink.start()
        self.connection.close()
        self.post(2)
        self.assertEqual([row.arrival for row in self.rows()], [1, 2, 3])
        self.assertEqual((self.sink.delivered(), self.sink.stats()["events"]), (2, 3))

    def test_answers_each_event_of_a_batch_and_keeps_the_order_of_a_key(self):
        self.sink.behave(fail={"ids": ["a-1"], "status": 422})
        events = [self.event(1), self.event(1, "b"), self.event(2)]
        lines = [
            {"attempt": 3, "last_attempt": True, "partition": 1, "offset": 7 + n, "key": event["key"], "value": event}
            for n, event in enumerate(events)
        ]
        body = "".join(json.dumps(line) + "\n" for line in lines)
        for expected in ([422, 200, 503], [200, 200, 200]):
            self.connection.request("POST", "/events", body, {"Content-Type": "application/x-ndjson"})
            answer = self.connection.getresponse()
            results = json.loads(answer.read() or '{"results":[{"status":200},{"status":200},{"status":200}]}')
            self.assertEqual((answer.status, [each["status"] for each in results["results"]]), (200, expected))
        rows = self.rows()
        self.assertEqual([(row.id, row.status, row.request) for row in rows[:3]],
                         [("a-1", 422, 1), ("b-1", 200, 1), ("a-2", 503, 1)])
        self.assertEqual((rows[2].offset, rows[2].attempt, rows[2].last, rows[2].key_header), (9, 3, True, "a"))

    def test_says_what_it_does_not_know(self):
        with self.assertRaises(AssertionError):
            self.sink._request("GET", "/nothing")


if __name__ == "__main__":
    unittest.main()
