"""Posts keyed events to a daemon until each was accepted, and writes down what was accepted.

The ledger file has one JSON line a batch, written only after its 202 was read:
  {"time": s, "source": "16 hex", "first": n, "reposted": times, "events": [[id, key, number], ...]}
`reposted`: how often the same batch had been sent before without an answer coming back, so that it may be stored more
than once. Each key belongs to one thread and its numbers rise, so number order is the order of acceptance.
"""

import http.client
import json
import random
import threading
import time


def ledger_line(answer, events, reposted=0):
    """One line of the ledger for an answer's JSON and its batch."""
    row = {
        "time": time.monotonic(),
        "source": answer["source"],
        "first": answer["first"],
        "reposted": reposted,
        "events": events,
    }
    return json.dumps(row) + "\n"


class Poster:
    def __init__(
        self, port, topic, ledger, events, keys=50, threads=2, batch=200, rate=0, seed=0, key_prefix="k", padding=60
    ):
        """`events` in total; `batch`: at most so many a request; `rate`: events a second of all threads, 0: as fast as
        answers come."""
        self.port, self.path, self.rate, self.batch = port, f"/v1/topics/{topic}/events", rate / threads, batch
        self.padding = "x" * padding
        self.accepted = 0  # events
        self.lost_answers = 0  # batches that had to be sent again without knowing
        self.refused = 0  # connections refused and 5xx answers
        self.longest_gap = 0.0  # seconds between two 202 of one thread, retries and pacing included
        self.longest_answer = 0.0  # seconds from a request to its 202
        self.failure = None
        self._numbers = {f"{key_prefix}{number:03}": 0 for number in range(keys)}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._file = open(ledger, "a", encoding="utf-8")
        names = list(self._numbers)
        shares = [(events * (i + 1)) // threads - (events * i) // threads for i in range(threads)]
        self._threads = [
            threading.Thread(
                target=self._guarded, args=(names[i::threads], shares[i], random.Random(f"{seed}/{i}")), daemon=True
            )
            for i in range(threads)
        ]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def running(self):
        return any(thread.is_alive() for thread in self._threads)

    def check(self):
        if self.failure:
            raise AssertionError(f"poster: {self.failure}")

    def finish(self, seconds):
        """Waits until everything is accepted."""
        deadline = time.monotonic() + seconds
        while self.running() and not self.failure:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the poster still has events to post after {seconds} s ({self.accepted} accepted)")
            time.sleep(0.02)
        self.check()
        self._file.close()

    def stop(self, seconds=60):
        """No further batches; the ones under way are posted until accepted."""
        self._stop.set()
        self.finish(seconds)

    def _guarded(self, *arguments):
        try:
            self._run(*arguments)
        except Exception as error:  # the main thread raises it again in check()
            self.failure = f"{type(error).__name__}: {error}"

    def _run(self, keys, events, choice):
        session = _Session(self.port, self.path)
        begin = last_answer = time.monotonic()
        done = 0
        while done < events and not self._stop.is_set():
            batch = []
            for _ in range(min(choice.randint(1, self.batch), events - done)):
                key = choice.choice(keys)
                self._numbers[key] += 1
                batch.append((f"{key}-{self._numbers[key]}", key, self._numbers[key]))
            sent = time.monotonic()
            reposted = self._post(session, batch)
            now = time.monotonic()
            self.longest_answer = max(self.longest_answer, now - sent)
            self.longest_gap = max(self.longest_gap, now - last_answer)
            last_answer = now
            done += len(batch)
            answer = session.answer
            if answer["accepted"] != len(batch) or answer["last"] - answer["first"] + 1 != len(batch):
                raise AssertionError(f"{len(batch)} events posted, answer {answer}")
            with self._lock:
                self._file.write(ledger_line(answer, batch, reposted))
                self._file.flush()
                self.accepted += len(batch)
            if self.rate:
                self._stop.wait(max(0.0, begin + done / self.rate - time.monotonic()))
        session.close()

    def _post(self, session, batch):
        """Sends one batch until it is accepted; how often an earlier sending may have been accepted unseen."""
        pad = self.padding
        lines = [f'{{"id":"{id}","key":"{key}","n":{number},"pad":"{pad}"}}' for id, key, number in batch]
        single = len(lines) == 1
        body = (lines[0] if single else "\n".join(lines) + "\n").encode()
        reposted = 0
        while True:
            outcome = session.post(body, "application/json" if single else "application/x-ndjson")
            if outcome == 202:
                return reposted
            with self._lock:
                if outcome == "lost":
                    self.lost_answers += 1
                else:
                    self.refused += 1
            if outcome == "lost":
                reposted += 1
            elif outcome != "refused" and outcome < 500:
                raise AssertionError(f"answer {outcome}: {session.answer}")
            time.sleep(0.02)


class _Session:
    """One keep-alive connection."""

    def __init__(self, port, path):
        self.port, self.path, self.connection, self.answer = port, path, None, None

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def post(self, body, content_type):
        """The status; "refused": it never reached the daemon; "lost": sent, and no answer came back."""
        try:
            if self.connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                connection.connect()
                self.connection = connection
        except OSError:
            return "refused"
        try:
            self.connection.request("POST", self.path, body, {"Content-Type": content_type})
            response = self.connection.getresponse()
            self.answer = json.loads(response.read())
            return response.status
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            return "lost"
