#!/usr/bin/env python3
"""A topic grows from 8 to 16 partitions while three instances work on a backlog of it: the partitions that were there
before go on as if nothing had happened, the new ones are noticed within the refresh and read from their first event,
and nothing is taken from anybody but what moves.

--slow: a handler that needs 2 s an event, and a fourth instance that joins after the growth: what moves is drained
within the deadline (nothing is delivered twice), and the pause of the other partitions is told."""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import gaps, sink as handler  # noqa: E402
from support.process import wait_until  # noqa: E402
from support.scenario import TOPIC, expect, roads, run  # noqa: E402

BEFORE, AFTER = 8, 16
REFRESH, HEARTBEAT = 3, 1  # seconds
NOTICED = REFRESH + HEARTBEAT + 2
TIMING = {
    "metadata_max_age_ms": REFRESH * 1000,
    "topic_metadata_refresh_interval_ms": REFRESH * 1000,
    "heartbeat_interval_ms": HEARTBEAT * 1000,
    "session_timeout_ms": 12_000,
}
LONGER = 0.1  # seconds that an untouched partition may pause beyond the steady state
SETTLED = 3  # seconds watched after everything is assigned


class Load:
    def __init__(self, slow):
        self.slow = slow
        self.delay = [1.6, 2.4] if slow else [0, 0.02]
        self.concurrency = 64 if slow else 6
        self.backlog = 4_000 if slow else 80_000
        self.rate = 100 if slow else 500  # of what is posted after the backlog
        self.left = 500 if slow else 20_000  # of the backlog after all changes, so that no partition ran dry


def arguments(parser):
    parser.add_argument("--slow", action="store_true", help="a handler of 2 s, and a fourth instance")


def touched(consumers, marks):
    """Partitions that somebody gave up or got since the marks."""
    lines = [line for daemon, mark in zip(consumers, marks) for line in daemon.assignments()[mark:]]
    return {partition for _, partitions, _ in lines for partition in partitions}


def marks_of(consumers):
    return [len(daemon.assignments()) for daemon in consumers]


def watch(scenario, consumers, what, change, partitions):
    """Makes a change and waits until `partitions` are shared out again: (begin, end) of the time watched, the
    partitions that were not touched, and the seconds until all were assigned."""
    marks = marks_of(consumers)
    begin = time.monotonic()
    change()
    changed = time.monotonic()
    scenario.wait_assigned(consumers, partitions, 60)
    seconds = time.monotonic() - changed
    scenario.say(f"{what}: {[sorted(daemon.assigned()) for daemon in consumers]} after {seconds:.1f} s")
    time.sleep(SETTLED)
    for daemon in consumers:
        lost = [line for line in daemon.assignments() if line[0] == "lost"]
        expect(not lost, f"{daemon.name} lost its assignment: {lost}")
    return (begin, time.monotonic()), set(range(BEFORE)) - touched(consumers, marks), seconds


def nothing_moves_without_need(consumers, marks):
    """Each partition that was given up went to somebody else."""
    for daemon, mark in zip(consumers, marks):
        given_up = {p for kind, partitions, _ in daemon.assignments()[mark:] if kind != "assigned" for p in partitions}
        back = given_up & daemon.assigned()
        expect(not back, f"{daemon.name} gave up {back} and got it back")


def steady(scenario, cluster):
    """A time in which nothing changes, but Kafka's own tool runs as it does for the growth."""
    begin = time.monotonic()
    cluster._topics("--describe", "--topic", TOPIC)
    time.sleep(NOTICED)
    return begin, time.monotonic()


def body(scenario):
    load = Load(scenario.options.slow)
    with scenario.cluster() as cluster:
        cluster.create_topic(TOPIC, BEFORE)
        sink = scenario.sink()
        sink.behave(delay=load.delay)
        front = scenario.daemon(roads(cluster.bootstrap, **TIMING), "front").start()
        scenario.poster(front, load.backlog, keys=400, key_prefix="old").start().finish(60)
        route = {"order": "key", "concurrency": load.concurrency}
        settings = roads(cluster.bootstrap, sink.url, produce=False, consume=route, **TIMING)
        consumers = [scenario.daemon(settings, name).start() for name in ("a", "b", "c")]
        scenario.wait_assigned(consumers, BEFORE)
        poster = scenario.poster(front, 100_000_000, keys=400, rate=load.rate, batch=20).start()
        time.sleep(SETTLED)

        calm = steady(scenario, cluster)
        known = marks_of(consumers)
        growth = lambda: cluster.add_partitions(TOPIC, AFTER)  # noqa: E731
        grown, untouched, seconds = watch(scenario, consumers, "growth", growth, AFTER)
        nothing_moves_without_need(consumers, known)
        expect(len(untouched) == BEFORE, f"growth touched {set(range(BEFORE)) - untouched}, that did not have to move")
        expect(seconds <= NOTICED, f"growth was noticed after {seconds:.1f} s, the bound is {NOTICED}")
        joined = None
        if load.slow:
            consumers.append(scenario.daemon(settings, "d"))
            joined = watch(scenario, consumers, "a fourth instance", consumers[-1].start, AFTER)
        left = load.backlog + poster.accepted - sink.delivered()
        expect(left >= load.left, f"only {left} events were waiting at the end of it: make the backlog larger")
        wait_new_partitions(sink)
        poster.stop()
        sink.behave()  # the rest may go quickly
        scenario.wait_delivered(sink, load.backlog + poster.accepted, 90)

        rows = list(handler.deliveries(sink.log))
        compare(scenario, rows, "growth", calm, grown, untouched, strict=not load.slow)
        if joined:
            compare(scenario, rows, "a fourth instance", calm, *joined[:2], strict=False)
        report = scenario.judge(cluster, sink, partitions_grew=True)
        twice = report["duplicates_delivered"]
        scenario.say(f"{twice} delivered twice")
        expect(twice == 0, f"{twice} events were delivered twice: what moved was not drained")
        for daemon in (front, *consumers):
            code, _ = daemon.terminate()
            expect(code == 0, f"SIGTERM ended {daemon.name} with {code}")


def wait_new_partitions(sink):
    def all_seen():
        return {row.partition for row in handler.deliveries(sink.log)} >= set(range(BEFORE, AFTER))

    wait_until("deliveries of every new partition", all_seen, 60, 0.5)


def compare(scenario, rows, what, calm, watched, partitions, strict):
    before = gaps.by_partition(rows, partitions, *calm)
    during = gaps.by_partition(rows, partitions, *watched)
    scenario.say(f"longest pauses in the steady state: {gaps.milliseconds(before)}")
    scenario.say(f"longest pauses, {what}: {gaps.milliseconds(during)}")
    longer = max(during.values(), default=0) - max(before.values(), default=0)
    scenario.say(f"{what}: the longest pause of {len(partitions)} untouched partitions grew by {longer * 1000:.0f} ms")
    if strict:
        expect(longer <= LONGER, f"{what}: an untouched partition paused {longer * 1000:.0f} ms longer than before")


run("growth_under_load", 200, body, arguments)
