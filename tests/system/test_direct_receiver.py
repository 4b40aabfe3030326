#!/usr/bin/env python3
"""Direct receivers: a route with `partitions = 0,2` reads just those and goes on at its checkpoint, one with
`partitions = all` also those that are added while it runs, from their first event; one whose group has members reads
nothing until they are gone; two daemons on the same one are noticed."""

import os
import sys
import time
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import ledger, sink as handler  # noqa: E402
from support.process import wait_until  # noqa: E402
from support.scenario import CONSUME, GROUP, TOPIC, expect, roads, run  # noqa: E402

REFRESH = 3  # seconds
TIMING = {
    "metadata_max_age_ms": REFRESH * 1000,
    "topic_metadata_refresh_interval_ms": REFRESH * 1000,
    "heartbeat_interval_ms": 1_000,
    "session_timeout_ms": 6_000,
}
BEFORE, AFTER, RATE = 4, 6, 600
EARLY = 20  # events written to each new partition right after it was added
LOOK_UP = 30  # seconds between two looks at what the broker knows of a group


class Receiver:
    def __init__(self, scenario, cluster, name, group, **route):
        self.sink = scenario.sink(f"{name}-sink")
        settings = roads(
            cluster.bootstrap, self.sink.url, produce=False, consume={"group": group, "order": "key", **route}, **TIMING
        )
        self.daemon = scenario.daemon(settings, name)

    def start(self):
        self.daemon.start()
        return self

    def rows(self):
        return list(handler.deliveries(self.sink.log)) if os.path.exists(self.sink.log) else []

    def trouble(self):
        part = self.daemon.ready()[1][CONSUME]
        return part["reason"] if part["state"] != "ready" else ""


def stop(daemon):
    code, _ = daemon.terminate()
    expect(code == 0, f"SIGTERM ended {daemon.name} with {code}")


def grow(scenario, cluster, receiver):
    """Adds partitions and writes their first events with kcat; what was written."""
    cluster.add_partitions(TOPIC, AFTER)
    rows = []
    for partition in range(BEFORE, AFTER):
        first = [(f"x{partition}-{n}", f"x{partition}", n) for n in range(1, EARLY + 1)]
        records = [(key, f'{{"id":"{id}","key":"{key}","n":{n}}}') for id, key, n in first]
        cluster.produce(TOPIC, partition, records)
        rows += first
    scenario.wait_assigned([receiver.daemon], AFTER, 4 * REFRESH)
    scenario.say(f"`all` follows the growth: {sorted(receiver.daemon.assigned())}")
    return rows


def just_these(scenario, receiver, partitions):
    """It got each record of its partitions once, and nothing else."""
    stored = ledger.read_stored(os.path.join(scenario.folder, "topic.jsonl"))
    wanted = {(record.partition, record.offset) for record in stored if record.partition in partitions}
    got = Counter((row.partition, row.offset) for row in receiver.rows())
    missing, others = len(wanted - set(got)), len(set(got) - wanted)
    expect(set(got) == wanted, f"{missing} records were not delivered, {others} are not of its partitions")
    twice = sum(got.values()) - len(got)
    expect(twice == 0, f"{twice} records were delivered twice")
    scenario.say(f"partitions {sorted(partitions)}: each of {len(wanted)} records once")


def refused_while_members(scenario, member, intruder):
    """The intruder waits for the group's members to go; then it goes on at their checkpoint."""
    wait_until(lambda: f"the refusal: {intruder.trouble()}", lambda: "member" in intruder.trouble(), 30)
    scenario.say(f"refused: {intruder.trouble()}")
    time.sleep(2)
    expect(not intruder.rows(), "a direct receiver read although its group has members")
    expect("member" in intruder.daemon.log_text(), "the log does not say why it does not read")
    stop(member.daemon)
    had = {(row.partition, row.offset) for row in member.rows()}
    wait_until("events after the members left", intruder.rows, 90)
    again = [row for row in intruder.rows() if (row.partition, row.offset) in had]
    expect(not again, f"{len(again)} events were delivered twice")
    expect({row.partition for row in intruder.rows()} == {1}, "it reads other partitions than its own")


def body(scenario):
    with scenario.cluster() as cluster:
        cluster.create_topic(TOPIC, BEFORE)
        front = scenario.daemon(roads(cluster.bootstrap, **TIMING), "front").start()
        member = Receiver(scenario, cluster, "member", GROUP).start()
        some = Receiver(scenario, cluster, "some", "direct-some", partitions="0,2").start()
        every = Receiver(scenario, cluster, "every", "direct-every", partitions="all").start()
        scenario.wait_assigned([every.daemon], BEFORE)
        scenario.wait_assigned([member.daemon], BEFORE)
        poster = scenario.poster(front, 100_000_000, keys=60, rate=RATE, batch=20).start()
        scenario.wait_delivered(some.sink, RATE, 30)
        scenario.wait_delivered(member.sink, RATE, 30)

        intruder = Receiver(scenario, cluster, "intruder", GROUP, partitions="1").start()
        stop(some.daemon)
        some.start()
        external = grow(scenario, cluster, every)
        refused_while_members(scenario, member, intruder)
        poster.stop()
        scenario.wait_delivered(every.sink, poster.accepted + len(external), 60)
        scenario.judge(cluster, every.sink, external=external, partitions_grew=True, further=("duplicates_delivered",))
        stored = ledger.read_stored(os.path.join(scenario.folder, "topic.jsonl"))
        scenario.wait_delivered(some.sink, sum(1 for record in stored if record.partition in (0, 2)), 60)
        just_these(scenario, some, {0, 2})

        twin = Receiver(scenario, cluster, "twin", "direct-some", partitions="0,2").start()
        poster = scenario.poster(front, 100_000_000, keys=60, rate=RATE // 4, batch=20, key_prefix="t").start()
        pair = (some, twin)
        what = lambda: f"two daemons on one route to be noticed: {[each.trouble() for each in pair]}"  # noqa: E731
        wait_until(what, lambda: any("another daemon" in each.trouble() for each in pair), 3 * LOOK_UP)
        scenario.say(f"two daemons on one route: {[each.trouble() for each in pair]}")
        expect(any("another daemon" in each.daemon.log_text() for each in pair), "the log does not tell it")
        poster.stop()
        for daemon in (front, every.daemon, intruder.daemon, some.daemon, twin.daemon):
            stop(daemon)


run("direct_receiver", 260, body)
