#!/usr/bin/env python3
"""Three instances of which one has a bad handler, and a quorum of two: that one stops itself and says so, the others go
on. When a second one breaks, all stop; the one that had stopped itself is then part of that."""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.process import wait_until  # noqa: E402
from support.scenario import DEAD, GROUP_TIMING, TOPIC, expect, roads, run  # noqa: E402
from system.test_breaker import CONTROL, KEYS, PARTITIONS, RATE, ROUTE, state, wait_state  # noqa: E402


def own_open(daemon):
    return daemon.metric("hubferry_breaker_own_open", "billing")


def body(scenario):
    with scenario.cluster() as cluster:
        cluster.create_topic(TOPIC, PARTITIONS)
        cluster.create_topic(DEAD, 2, message_timestamp_type="LogAppendTime")
        cluster.create_topic(CONTROL, 1, message_timestamp_type="LogAppendTime")
        sink, bad = scenario.sink(), scenario.sink("bad")
        front = scenario.daemon(roads(cluster.bootstrap), "front").start()
        consumers = []
        for name in ("a", "b", "c"):
            url = bad.url if name == "c" else sink.url
            settings = roads(
                cluster.bootstrap, url, produce=False, consume={**ROUTE, "breaker.quorum": 2}, **GROUP_TIMING
            )
            settings["control"] = {"topic": CONTROL, "instance": name}
            consumers.append(scenario.daemon(settings, name).start())
        scenario.wait_assigned(consumers, PARTITIONS)
        poster = scenario.poster(front, 100_000_000, keys=KEYS, rate=RATE, batch=20).start()
        scenario.wait_delivered(sink, 2 * RATE, 60)
        good, broken = consumers[:2], consumers[2]

        bad.behave(phase={"seconds": 3600, "status": 500})
        wait_until("the bad instance to stop itself", lambda: own_open(broken) == 1, 30)
        expect("the breaker of this instance only is OPEN" in broken.log_text(), "it does not say so")
        requests, delivered = bad.stats()["requests"], sink.delivered()
        time.sleep(5)  # that it stays so can only be seen by waiting
        expect(bad.stats()["requests"] == requests, "the bad instance goes on delivering")
        expect([state(daemon) for daemon in good] == [0, 0], "the others stopped too")
        scenario.wait_delivered(sink, delivered + RATE, 30)
        scenario.say("the bad instance has stopped itself, the others deliver")
        _, parts = broken.ready()
        expect("this instance only" in parts["breaker.billing"]["reason"], str(parts))

        sink.behave(phase={"seconds": 3600, "status": 500})
        wait_state(good, 2)
        wait_until("one breaker for all", lambda: own_open(broken) == 0 and state(broken) == 2, 30)
        scenario.say("with a second witness all have stopped")
        sink.behave()
        bad.behave()
        status, _, answer = broken.request("POST", "/v1/breakers/billing/probe")
        expect(status == 200, f"probe: {status} {answer}")
        wait_state(consumers, 0)

        poster.stop()
        dead = len(scenario.dead_letters(cluster))
        wait_until(
            lambda: f"all delivered: {sink.delivered()} + {bad.delivered()} + {dead} of {poster.accepted}",
            lambda: sink.delivered() + bad.delivered() + dead >= poster.accepted,
            90,
        )
        expect(dead <= 200, f"{dead} dead letters")
        for daemon in (front, *consumers):
            code, _ = daemon.terminate()
            expect(code == 0, f"SIGTERM ended {daemon.name} with {code}")


run("breaker_quorum", 160, body)
