#!/usr/bin/env python3
"""The only broker is away for 20 seconds while events are posted: the daemon goes on accepting them, and afterwards all
are stored and delivered, in order."""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.scenario import GROUP_TIMING, PRODUCE, TOPIC, expect, roads, run  # noqa: E402

OUTAGE = 20
RATE = 2_000
EVENTS = RATE * (OUTAGE + 8)
LONGEST_GAP = 3.0


def body(scenario):
    with scenario.cluster() as cluster:
        cluster.create_topic(TOPIC, 4)
        sink = scenario.sink()
        daemon = scenario.daemon(roads(cluster.bootstrap, sink.url, **GROUP_TIMING)).start()
        scenario.wait_assigned([daemon], 4)
        poster = scenario.poster(daemon, EVENTS, rate=RATE, batch=50).start()
        scenario.wait_delivered(sink, scenario.random.uniform(1, 3) * RATE, 30)

        number = scenario.random.choice((signal.SIGTERM, signal.SIGKILL))
        cluster.kill(1, number)
        begin, before = time.monotonic(), poster.accepted
        scenario.say(f"broker ended by {number.name} with {before} accepted, {sink.delivered()} delivered")
        time.sleep(OUTAGE / 2)
        status, parts = daemon.ready()
        expect(status == 200 and parts[PRODUCE]["state"] == "degraded", f"/readyz during the outage: {status} {parts}")
        time.sleep(max(0.0, begin + OUTAGE - time.monotonic()))
        during = poster.accepted - before
        cluster.restart()
        scenario.say(f"broker back; {during} events accepted while it was away: {parts[PRODUCE]['reason']}")

        poster.finish(60)
        scenario.say(f"all accepted; longest time between two answers {poster.longest_gap:.2f} s")
        scenario.wait_delivered(sink, EVENTS, 90)
        scenario.say("all delivered")
        scenario.judge(cluster, sink)
        expect(during > 0.8 * RATE * OUTAGE, f"only {during} events were accepted during the outage")
        expect(poster.longest_gap < LONGEST_GAP, f"no answer for {poster.longest_gap:.1f} s")
        expect(poster.refused + poster.lost_answers == 0, "posts were refused or broken off during the outage")
        status, parts = daemon.ready()
        expect(all(part["state"] == "ready" for part in parts.values()), f"/readyz after the outage: {parts}")
        daemon.terminate()


run("broker_outage", 180, body)
