#!/usr/bin/env python3
"""A topic grows from 4 to 8 to 12 partitions while events flow and two daemons consume it in one group: new partitions
are noticed in time, read from their first event, and no other partition is taken away from anybody. At the second
growth both daemons stand still until the new partitions hold events: those are older than the discovery for certain."""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import ledger, sink as handler  # noqa: E402
from support.scenario import TOPIC, expect, roads, run  # noqa: E402

REFRESH, HEARTBEAT = 3, 1  # seconds
BOUND = REFRESH + HEARTBEAT + 2
TIMING = {
    "metadata_max_age_ms": REFRESH * 1000,
    "topic_metadata_refresh_interval_ms": REFRESH * 1000,
    "heartbeat_interval_ms": HEARTBEAT * 1000,
    "session_timeout_ms": 12_000,
}
RATE = 1_500
EARLY = 20  # events written to each new partition right after it was added


class Growth:
    """Adds partitions and writes the first events into them with kcat."""

    def __init__(self, scenario, cluster, daemons):
        self.scenario, self.cluster, self.daemons = scenario, cluster, daemons
        self.begun = []  # when each growth began
        self.events = []  # (id, key, number) of what kcat wrote
        self.written = {}  # partition: since when its first events could be noticed

    def grow(self, before, total, frozen=False):
        self.begun.append(time.monotonic())
        if frozen:
            self.send(signal.SIGSTOP)
        self.cluster.add_partitions(TOPIC, total)
        for partition in range(before, total):
            self.write(partition)
        if frozen:
            self.send(signal.SIGCONT)
            self.written.update((partition, time.monotonic()) for partition in range(before, total))
        self.scenario.wait_assigned(self.daemons, total, 3 * BOUND)
        owned = [sorted(daemon.assigned()) for daemon in self.daemons]
        self.scenario.say(f"{total} partitions: {owned}")

    def write(self, partition):
        rows = [(f"x{partition}-{n}", f"x{partition}", n) for n in range(1, EARLY + 1)]
        self.events += rows
        self.written[partition] = time.monotonic()
        records = [(key, f'{{"id":"{id}","key":"{key}","n":{n}}}') for id, key, n in rows]
        self.cluster.produce(TOPIC, partition, records)

    def send(self, number):
        for daemon in self.daemons:
            daemon.child.send(number)


def longest_gap(deliveries, partitions, begin):
    """Seconds without a delivery, of the partition that waited longest in the time after `begin`."""
    gaps = []
    for partition in partitions:
        times = [row.time for row in deliveries if row.partition == partition and begin <= row.time <= begin + BOUND]
        gaps += [later - earlier for earlier, later in zip(times, times[1:])]
    return max(gaps, default=float(BOUND))


def body(scenario):
    with scenario.cluster() as cluster:
        cluster.create_topic(TOPIC, 4)
        sink = scenario.sink()
        first = scenario.daemon(roads(cluster.bootstrap, sink.url, **TIMING), "first").start()
        scenario.wait_assigned([first], 4)
        poster = scenario.poster(first, 1_000_000, rate=RATE, batch=20).start()
        scenario.wait_delivered(sink, RATE, 30)
        second = scenario.daemon(roads(cluster.bootstrap, sink.url, produce=False, **TIMING), "second").start()
        daemons = (first, second)
        scenario.wait_assigned(daemons, 4)
        scenario.wait_delivered(sink, sink.delivered() + 2 * RATE, 30)
        known = [len(daemon.assignments()) for daemon in daemons]

        growth = Growth(scenario, cluster, daemons)
        growth.grow(4, 8)
        scenario.wait_accepted(poster, poster.accepted + RATE * (REFRESH + 2), 60)
        growth.grow(8, 12, frozen=True)
        scenario.wait_accepted(poster, poster.accepted + RATE * (REFRESH + 2), 60)
        poster.stop()
        scenario.wait_delivered(sink, poster.accepted + len(growth.events), 60)
        scenario.say("all delivered")
        scenario.judge(cluster, sink, external=growth.events, partitions_grew=True)

        deliveries = list(handler.deliveries(sink.log))
        waited = {p: min(row.time for row in deliveries if row.partition == p) - at for p, at in growth.written.items()}
        stored = ledger.read_stored(os.path.join(scenario.folder, "topic.jsonl"))
        posted = {p: sum(1 for record in stored if record.partition == p and record.origin) for p in range(4, 12)}
        gap = longest_gap(deliveries, range(4), growth.begun[0])
        scenario.say(f"first event of a new partition after {max(waited.values()):.1f} s at most (bound {BOUND})")
        scenario.say(f"the old partitions had no delivery for {gap:.2f} s at most during the first growth")
        scenario.say(f"posted into new partitions: {posted}")
        expect(max(waited.values()) <= BOUND, f"new partitions were delivered after {waited}")
        expect(all(posted.values()), f"the produce road did not use the new partitions: {posted}")
        for daemon, count in zip(daemons, known):
            lost = [line for line in daemon.assignments() if line[0] == "lost"]
            expect(not lost, f"{daemon.name} lost its assignment: {lost}")
            moved = [line for line in daemon.assignments()[count:] if line[0] != "assigned"]
            expect(not moved, f"{daemon.name} gave up partitions that did not have to move: {moved}")
            code, _ = daemon.terminate()
            expect(code == 0, f"SIGTERM ended {daemon.name} with {code}")


run("partition_growth", 180, body)
