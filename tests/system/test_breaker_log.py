#!/usr/bin/env python3
"""A control topic that is missing, has two partitions, holds garbage, is deleted while the breaker is open, and is created
anew: each is said and survived. What is open stays open, what is closed stays closed and is watched by each instance for
itself, and when the topic is there again all agree again."""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from kafka.cluster import kcat  # noqa: E402
from support.process import wait_until  # noqa: E402
from support.scenario import DEAD, GROUP_TIMING, TOPIC, expect, roads, run  # noqa: E402
from system.test_breaker import CONTROL, KEYS, PARTITIONS, RATE, ROUTE, openings, state, wait_state  # noqa: E402


# Of the topic; the breaker is open for longer.
RETENTION_S = 30


def trouble(daemon):
    _, parts = daemon.ready()
    part = parts["control"]
    return part["reason"] if part["state"] != "ready" else ""


def wait_trouble(daemons, word, seconds=60):
    what = lambda: f"'{word}' as the control log's trouble: {[trouble(daemon) for daemon in daemons]}"  # noqa: E731
    wait_until(what, lambda: all(word in trouble(daemon) for daemon in daemons), seconds, 0.2)


def wait_well(daemons, seconds=90):
    what = lambda: f"the control log to be well: {[trouble(daemon) for daemon in daemons]}"  # noqa: E731
    wait_until(what, lambda: all(not trouble(daemon) for daemon in daemons), seconds, 0.2)


def delete(cluster):
    cluster._topics("--delete", "--topic", CONTROL)
    wait_until("the topic to be gone", lambda: cluster.partitions(CONTROL) == 0, 30)


def create_by_ctl(scenario, daemon):
    """As an operator mends it."""
    program = os.path.join(os.path.dirname(scenario.program), "hubferryctl")
    command = [program, "topics", "create", "--control", "--config", daemon.config]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=daemon.environment, check=False
    )
    expect(done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def own_breaker(scenario, sink, consumers):
    """Without the log each instance stops itself."""
    sink.behave(phase={"seconds": 3600, "status": 500})
    own = lambda: all(daemon.metric("hubferry_breaker_own_open", "billing") == 1 for daemon in consumers)  # noqa: E731
    wait_until("each instance to stop itself", own, 40)
    scenario.say("without a control topic each instance has stopped itself")
    sink.behave()
    for daemon in consumers:
        status, _, answer = daemon.request("POST", "/v1/breakers/billing/probe")
        expect(status == 200, f"probe of {daemon.name}: {status} {answer}")
    wait_state(consumers, 0)


def body(scenario):
    with scenario.cluster() as cluster:
        cluster.create_topic(TOPIC, PARTITIONS, retention_ms=RETENTION_S * 1000)
        cluster.create_topic(DEAD, 2, message_timestamp_type="LogAppendTime")
        sink = scenario.sink()
        front = scenario.daemon(roads(cluster.bootstrap), "front").start()
        settings = roads(cluster.bootstrap, sink.url, produce=False, consume=ROUTE, **GROUP_TIMING)
        consumers = []
        for name in ("a", "b"):
            settings["control"] = {"topic": CONTROL, "instance": name}
            consumers.append(scenario.daemon(settings, name).start())
        poster = scenario.poster(front, 100_000_000, keys=KEYS, rate=RATE, batch=20).start()

        scenario.wait_delivered(sink, RATE, 90)
        wait_trouble(consumers, "hubferryctl topics create --control")
        scenario.say(f"missing at the start: {trouble(consumers[0])}")
        own_breaker(scenario, sink, consumers)

        cluster.create_topic(CONTROL, 2, message_timestamp_type="LogAppendTime")
        wait_trouble(consumers, "must have one")
        scenario.say(f"two partitions: {trouble(consumers[0])}")
        delete(cluster)
        create_by_ctl(scenario, consumers[0])
        wait_well(consumers)
        scenario.say("mended by hubferryctl topics create --control")

        garbage = b'not JSON\n{"v":1}\n\xff\xfe\n{"v":1,"kind":"news","crit":false,"inst":"x","inc":"00000000000000ff","nonce":1}\n'
        kcat("-P", "-b", cluster.bootstrap, "-t", CONTROL, "-p", "0", input=garbage)
        wait_until(
            "garbage to be counted",
            lambda: all(daemon.metric("hubferry_control_garbage_total", "") == 3 for daemon in consumers),
            30,
        )
        sink.behave(phase={"seconds": 3600, "status": 500})
        wait_state(consumers, 2)
        seen = [openings(daemon)[-1] for daemon in consumers]
        expect(len(set(seen)) == 1, f"opened at different records: {seen}")
        scenario.say(f"garbage was skipped, it opened everywhere at {seen[0]}")

        delete(cluster)
        wait_trouble(consumers, CONTROL)
        expect([state(daemon) for daemon in consumers] == [2, 2], "it did not stay open without the log")
        status, _, answer = consumers[0].request("POST", "/v1/breakers/billing/close")
        expect(status == 409, f"a command without the log: {status} {answer}")
        create_by_ctl(scenario, consumers[0])
        wait_well(consumers)
        requests = sink.stats()["requests"]
        time.sleep(3)  # that it stays open can only be seen by waiting
        expect([state(daemon) for daemon in consumers] == [2, 2], "it did not stay open with a new log")
        expect(sink.stats()["requests"] == requests, "delivered while it was open")
        scenario.say("deleted and created anew while open: it stayed open")
        fresh = scenario.daemon({**settings, "control": {"topic": CONTROL, "instance": "c"}}, "c").start()
        wait_state([fresh], 2)
        scenario.say("an instance that comes now starts open")
        # Nothing was removed yet: the brokers look every five minutes, and the newest segment stays.
        near = lambda: [daemon.metric("hubferry_partitions_near_retention", "billing") for daemon in consumers]  # noqa: E731
        wait_until(lambda: f"events near the end of their retention to be told: {near()}", lambda: all(near()), 60)

        cluster.kill()
        wait_until("the outage to be noticed", lambda: trouble(consumers[0]), 60)
        cluster.restart()
        wait_well([*consumers, fresh])
        wait_state([*consumers, fresh], 2)
        sink.behave()
        status, _, answer = fresh.request("POST", "/v1/breakers/billing/probe")
        expect(status == 200, f"probe: {status} {answer}")
        wait_state([*consumers, fresh], 0)
        scenario.say("the brokers were away meanwhile; resumed by the newest instance")

        poster.stop()
        dead = len(scenario.dead_letters(cluster))
        scenario.wait_delivered(sink, poster.accepted - dead, 120)
        report = scenario.judge(cluster, sink, dead=scenario.dead_letters(cluster))
        scenario.say(f"{report['dead']} dead letters, {report['duplicates_delivered']} delivered twice")
        for daemon in (front, *consumers, fresh):
            code, _ = daemon.terminate()
            expect(code == 0, f"SIGTERM ended {daemon.name} with {code}")


run("breaker_log", 330, body)
