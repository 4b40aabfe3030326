#!/usr/bin/env python3
"""SIGTERM in the middle of traffic and a new start, twice: each ends with 0 in time, nothing is lost, nothing is sent
twice."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.scenario import GROUP_TIMING, TOPIC, expect, roads, run  # noqa: E402

EVENTS = 40_000
RESTARTS = 2


def body(scenario):
    with scenario.cluster() as cluster:
        cluster.create_topic(TOPIC, 4)
        sink = scenario.sink()
        daemon = scenario.daemon(roads(cluster.bootstrap, sink.url, **GROUP_TIMING)).start()
        scenario.wait_assigned([daemon], 4)
        poster = scenario.poster(daemon, EVENTS, rate=8_000).start()
        for turn in range(RESTARTS):
            scenario.wait_accepted(poster, (turn + scenario.random.uniform(0.2, 0.9)) / RESTARTS * EVENTS, 60)
            accepted = poster.accepted
            code, seconds = daemon.terminate()
            scenario.say(
                f"SIGTERM with {accepted} accepted, {sink.delivered()} delivered: ended with {code} in {seconds:.1f} s"
            )
            expect(code == 0, f"SIGTERM ended it with {code}")
            expect(seconds < 25, f"it took {seconds:.1f} s to stop")
            daemon.start()
        poster.finish(60)
        scenario.wait_delivered(sink, EVENTS, 90)
        scenario.say(f"all delivered; {poster.lost_answers} answers lost, {poster.refused} attempts refused")
        report = scenario.judge(
            cluster, sink, further=("duplicates_stored", "reposted")
        )  # reposted: an answer was lost
        scenario.say(f"{report['duplicates_delivered']} delivered twice")
        daemon.terminate()


run("graceful_restart", 180, body)
