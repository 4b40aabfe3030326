#!/usr/bin/env python3
"""Three instances of one group under load are restarted one after another with SIGTERM: nothing is lost, nothing is
delivered twice, order is kept. --static: with group.instance.id, and then the others keep their partitions and see no
rebalance."""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import gaps, sink as handler  # noqa: E402
from support.scenario import TOPIC, expect, roads, run  # noqa: E402

PARTITIONS, RATE = 8, 1_500
HANDLER_SECONDS = [0, 0.02]
# A restart is over well within the session of a static member.
TIMING = {"session_timeout_ms": 15_000, "heartbeat_interval_ms": 500}


def arguments(parser):
    parser.add_argument("--static", action="store_true", help="static membership")
    parser.add_argument("--rounds", type=int, default=1, help="of restarts of all three")


def restart(scenario, consumers, daemon, static):
    others = [other for other in consumers if other is not daemon]
    seen = [len(other.assignments()) for other in others]
    before = daemon.assigned()
    code, seconds = daemon.terminate()
    expect(code == 0, f"SIGTERM ended {daemon.name} with {code}")
    daemon.start()
    scenario.wait_assigned(consumers, PARTITIONS)
    scenario.say(f"{daemon.name} stopped in {seconds:.1f} s; now {[sorted(each.assigned()) for each in consumers]}")
    if static:
        changes = [other.assignments()[count:] for other, count in zip(others, seen)]
        expect(not any(changes), f"a static member's restart moved the others' partitions: {changes}")
        expect(daemon.assigned() == before, f"{daemon.name} had {before} and came back to {daemon.assigned()}")
    for other in others:
        lost = [line for line in other.assignments() if line[0] == "lost"]
        expect(not lost, f"{other.name} lost its assignment: {lost}")


def body(scenario):
    options = scenario.options
    with scenario.cluster() as cluster:
        cluster.create_topic(TOPIC, PARTITIONS)
        sink = scenario.sink()
        sink.behave(delay=HANDLER_SECONDS)
        front = scenario.daemon(roads(cluster.bootstrap), "front").start()
        consumers = []
        for name in ("a", "b", "c"):
            route = {"order": "key", "concurrency": 32} | ({"group-instance-id": name} if options.static else {})
            settings = roads(cluster.bootstrap, sink.url, produce=False, consume=route, **TIMING)
            consumers.append(scenario.daemon(settings, name).start())
        scenario.wait_assigned(consumers, PARTITIONS)
        poster = scenario.poster(front, 100_000_000, keys=200, rate=RATE, batch=20).start()
        scenario.wait_delivered(sink, 3 * RATE, 60)
        begin = time.monotonic()
        for _ in range(options.rounds):
            for daemon in consumers:
                restart(scenario, consumers, daemon, options.static)
                scenario.wait_delivered(sink, sink.delivered() + 2 * RATE, 60)
                poster.check()
        end = time.monotonic()
        poster.stop()
        scenario.wait_delivered(sink, poster.accepted, 60)
        scenario.say(f"all {poster.accepted} delivered")
        pauses = gaps.by_partition(handler.deliveries(sink.log), range(PARTITIONS), begin, end)
        scenario.say(f"longest pause of each partition: {gaps.milliseconds(pauses)}")
        report = scenario.judge(cluster, sink)
        twice = report["duplicates_delivered"]
        scenario.say(f"{twice} delivered twice")
        expect(twice == 0, f"{twice} events were delivered twice by graceful restarts")
        for daemon in (front, *consumers):
            code, _ = daemon.terminate()
            expect(code == 0, f"SIGTERM ended {daemon.name} with {code}")


run("rolling_restart", 180, body, arguments)
