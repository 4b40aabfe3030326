#!/usr/bin/env python3
"""100,000 keyed events through both roads while the daemon is killed three times with SIGKILL, at random moments of
posting and of delivering: none is lost, order is kept, nothing is stored twice, and what is delivered twice can be
recognised."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.scenario import GROUP_TIMING, TOPIC, expect, roads, run  # noqa: E402

EVENTS = 100_000
KEYS = 50


def kill_and_start(scenario, daemon, poster, sink):
    daemon.kill()
    scenario.say(f"killed with {poster.accepted} accepted, {sink.delivered()} delivered")
    daemon.start()


def body(scenario):
    with scenario.cluster() as cluster:
        cluster.create_topic(TOPIC, 4)
        sink = scenario.sink()
        failing = [f"k{scenario.random.randrange(KEYS):03}-{scenario.random.randrange(1, 1500)}" for _ in range(30)]
        sink.behave(fail={"ids": failing, "times": 2, "status": 500})
        daemon = scenario.daemon(roads(cluster.bootstrap, sink.url, **GROUP_TIMING)).start()
        scenario.wait_assigned([daemon], 4)
        poster = scenario.poster(daemon, EVENTS, keys=KEYS, rate=15_000).start()
        scenario.wait_delivered(sink, scenario.random.uniform(0, 0.05) * EVENTS, 60)
        kill_and_start(scenario, daemon, poster, sink)
        already = poster.accepted
        scenario.wait_accepted(poster, already + scenario.random.uniform(0.05, 0.95) * (EVENTS - already), 60)
        kill_and_start(scenario, daemon, poster, sink)
        poster.finish(60)
        already = sink.delivered()
        expect(already < EVENTS, "everything was delivered before the third kill; post faster")
        scenario.wait_delivered(sink, already + scenario.random.uniform(0.1, 0.8) * (EVENTS - already), 60)
        kill_and_start(scenario, daemon, poster, sink)
        scenario.say(f"all accepted; {poster.lost_answers} answers lost, {poster.refused} attempts refused")
        scenario.wait_delivered(sink, EVENTS, 120)
        scenario.say("all delivered")
        scenario.judge(cluster, sink, further=("duplicates_stored",))
        daemon.terminate()


run("both_roads_sigkill", 240, body)
