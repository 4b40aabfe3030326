#!/usr/bin/env python3
"""Every kind of handler besides single HTTP requests gets all events of one topic, in order of each key, through a
restart of the daemon: processes of a command that fail, reject, die and hang; a file that rotates; another topic; an HTTP
handler that takes NDJSON batches and answers for each event."""

import glob
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import ledger, sink as handler, topic  # noqa: E402
from support.process import wait_until  # noqa: E402
from support.scenario import GROUP_TIMING, TOPIC, expect, roads, run  # noqa: E402

PARTITIONS, KEYS, EVENTS = 4, 40, 6_000
ATTEMPTS = 3
ROTATE = 150_000  # bytes
STOP_SECONDS = 10  # no handler needs longer than 2 s for an event
RETRY = {"retry.attempts": ATTEMPTS, "retry.initial": "100ms", "retry.max": "500ms"}
# What each handler does to which event; the numbers are low enough for every key to get that far.
FAILS, REJECTED, DIES, HANGS, POISON = "k001-5", "k002-5", "k003-5", "k004-5", "k005-5"
HERE = os.path.dirname(os.path.abspath(__file__))


class Command:
    name, dead = "command", {REJECTED: 1, POISON: ATTEMPTS}

    def __init__(self, scenario):
        self.log = os.path.join(scenario.folder, "command.deliveries")
        script = os.path.join(HERE, "..", "support", "command_handler.py")
        behaviour = f"--fail {FAILS} 2 --fail {POISON} 99 --reject {REJECTED} --die {DIES} --hang {HANGS}"
        self.target = f"command:{sys.executable} {os.path.abspath(script)} --log {self.log} {behaviour}"
        self.route = {"handler.processes": 2, "handler.timeout": "2s", "dead-letter": "command-dead", **RETRY}

    def delivered(self):
        return ledger.read_delivered(self.log) if os.path.exists(self.log) else []

    def count(self, _cluster):
        return len({delivery.id for delivery in self.delivered() if delivery.status == 200})


class File:
    name, dead = "file", {}

    def __init__(self, scenario):
        self.path = os.path.join(scenario.folder, "events.ndjson")
        self.target = f"file:{self.path}"
        self.route = {"handler.rotate.max-bytes": ROTATE}

    def rows(self):
        for path in [*sorted(glob.glob(self.path + ".*")), self.path]:
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    yield from (json.loads(line) for line in file if line.endswith("\n"))

    def delivered(self):
        result = []
        for row in self.rows():
            event = row["value"]
            key = event["key"] if row["key"] == event["key"] else f"{event['key']} under the key {row['key']}"
            origin = (row["source"], row["sequence"])
            result.append(ledger.Delivered(event["id"], key, event["n"], row["partition"], row["offset"], origin))
        return result

    def count(self, _cluster):
        return sum(1 for _ in self.rows())


class Batches:
    name, dead = "batches", {REJECTED: 1, POISON: ATTEMPTS}

    def __init__(self, scenario):
        self.sink = scenario.sink("batches")
        rejected = {"ids": [REJECTED], "status": 422, "times": 0}
        self.sink.behave(fail=[{"ids": [FAILS], "times": 2}, {"ids": [POISON], "times": 0}, rejected])
        self.target = self.sink.url
        batches = {"handler.format": "ndjson", "handler.batch.max-events": 100}
        self.route = {**batches, "dead-letter": "batches-dead", **RETRY}

    def delivered(self):
        return ledger.read_delivered(self.sink.log)

    def count(self, _cluster):
        return self.sink.delivered()


class Copy:
    name, dead = "copy", {}
    target, route = "topic:copies", {}

    def __init__(self, scenario):
        self.dump = os.path.join(scenario.folder, "copies.jsonl")

    def count(self, cluster):
        return sum(cluster.end_offsets("copies").values())


def judge(scenario, cluster, kind, accepted, stored):
    dead = []
    if kind.dead:
        dump = os.path.join(scenario.folder, f"{kind.name}-dead.jsonl")
        topic.dump(cluster.bootstrap, f"{kind.name}-dead", dump)
        dead = ledger.read_dead(dump)
    attempts = ATTEMPTS if kind.dead else 0
    report = ledger.check(accepted, stored, kind.delivered(), dead=dead, attempts=attempts)
    scenario.say(f"{kind.name}:\n{report.text()}")
    report.require_clean(("duplicates_delivered", "duplicates_dead", "dead_and_delivered"))
    found = {letter.id: letter.attempts for letter in dead}
    expect(found == kind.dead, f"{kind.name}: dead-lettered were {found}, expected {kind.dead}")


def judge_copies(scenario, cluster, copy):
    """The copies are the records: each once, with key, value and headers, `hf` renamed, in order of each key."""
    topic.dump(cluster.bootstrap, "copies", copy.dump)

    def by_key(path, renamed):
        result = {}
        for record in sorted(topic.records(path), key=lambda record: (record.partition, record.offset)):
            headers = sorted((renamed.get(name, name), value) for name, value in record.headers)
            result.setdefault(record.key, []).append((record.value, headers))
        return result

    source = by_key(os.path.join(scenario.folder, "topic.jsonl"), {"hf": "hf-origin"})
    copies = by_key(copy.dump, {})
    for key in source.keys() | copies.keys():
        expect(source.get(key) == copies.get(key), f"the copies of {key} are not its events, or not in order")
    scenario.say(f"copy: {sum(map(len, copies.values()))} records of {len(copies)} keys are as they were")


def judge_files(scenario, file):
    sizes = [os.path.getsize(path) for path in glob.glob(file.path + ".*")]
    longest = max(len(json.dumps(row)) for row in file.rows())
    scenario.say(f"file: {len(sizes)} files are complete, of {min(sizes)} to {max(sizes)} bytes")
    expect(len(sizes) >= 3, "the file did not rotate")
    expect(max(sizes) < ROTATE + longest, f"a file has {max(sizes)} bytes, {ROTATE} are allowed")


def body(scenario):
    with scenario.cluster() as cluster:
        cluster.create_topic(TOPIC, PARTITIONS)
        cluster.create_topic("copies", 2)
        kinds = [Command(scenario), File(scenario), Batches(scenario), Copy(scenario)]
        settings = roads(cluster.bootstrap, **GROUP_TIMING)
        for kind in kinds:
            base = {"topic": TOPIC, "group": kind.name, "order": "key", "handler": kind.target}
            settings[f"consume.{kind.name}"] = base | kind.route
            if kind.dead:
                cluster.create_topic(f"{kind.name}-dead", 1, message_timestamp_type="LogAppendTime")
        daemon = scenario.daemon(settings).start()
        poster = scenario.poster(daemon, EVENTS, keys=KEYS, rate=1_000, batch=20).start()
        scenario.wait_accepted(poster, EVENTS * scenario.random.uniform(0.4, 0.7), 60)
        code, seconds = daemon.terminate()
        scenario.say(f"SIGTERM ended it with {code} in {seconds:.1f} s")
        expect(code == 0, f"SIGTERM ended it with {code}")
        expect(seconds < STOP_SECONDS, f"it took {seconds:.1f} s to stop")
        daemon.start()
        poster.finish(60)
        for kind in kinds:
            wanted = EVENTS - len(kind.dead)
            now = lambda: kind.count(cluster)  # noqa: E731, B023
            what = lambda: f"{wanted} events at {kind.name}, {now()} now"  # noqa: E731, B023
            wait_until(what, lambda: now() >= wanted, 60, 0.3)  # noqa: B023
            scenario.say(f"{kind.name} has all")
        code, _ = daemon.terminate()
        expect(code == 0, f"SIGTERM ended it with {code}")

        topic.dump(cluster.bootstrap, TOPIC, os.path.join(scenario.folder, "topic.jsonl"))
        accepted = ledger.read_accepted(scenario.ledger)
        stored = ledger.read_stored(os.path.join(scenario.folder, "topic.jsonl"))
        for kind in kinds[:3]:
            judge(scenario, cluster, kind, accepted, stored)
        judge_files(scenario, kinds[1])
        judge_copies(scenario, cluster, kinds[3])
        requests = {row.request for row in handler.deliveries(kinds[2].sink.log)}
        scenario.say(f"batches: {len(requests)} requests")
        expect(len(requests) < EVENTS / 2, f"{len(requests)} requests for {EVENTS} events are no batches")


run("handlers", 160, body)
