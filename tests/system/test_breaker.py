#!/usr/bin/env python3
"""A handler breaks while three instances deliver: one circuit breaker stops all of them at the same record of the
control log. Few events are dead-lettered before, none after; people get one mail and one webhook; instances that are
killed come back stopped; forged, used and other wrong links are refused, a GET never resumes; the link resumes all
through whichever instance serves it. Nothing is lost, keys are in order.

--serial: a strictly serial route, one request at a time, too slow for the threshold: failures in a row open it."""

import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import people, sink as handler  # noqa: E402
from support.process import wait_until  # noqa: E402
from support.scenario import CONSUME, DEAD, GROUP_TIMING, TOPIC, expect, roads, run  # noqa: E402

CONTROL = "hubferry-control"
PARTITIONS, KEYS, RATE = 8, 200, 800
THRESHOLD, ATTEMPTS = 50, 2
ROUTE = {
    "dead-letter": DEAD,
    "retry.attempts": ATTEMPTS,
    "retry.initial": "100ms",
    "retry.max": "500ms",
    "breaker.threshold": THRESHOLD,
    "breaker.probe-events": 5,
}
SERIAL = {"order": "partition", "concurrency": 1, "breaker.consecutive": 20, "breaker.threshold": 1000}
OPENS_WITHIN, SERIAL_OPENS_WITHIN = 10, 45  # seconds from the first failing delivery
STOPS_WITHIN = 1.5  # seconds from the opening record's time to the last delivery
OPENING = re.compile(r"the breaker of all instances is OPEN \(generation (\d+), offset (\d+)\)")


def arguments(parser):
    parser.add_argument("--serial", action="store_true", help="a serial route with one request at a time")


def state(daemon):
    return daemon.metric("hubferry_breaker_state", "billing")


def openings(daemon, all_runs=False):
    return [(int(found[1]), int(found[2])) for found in OPENING.finditer(daemon.log_text(all_runs))]


def wait_state(daemons, wanted, seconds=30):
    what = lambda: f"breaker state {wanted}: {[state(daemon) for daemon in daemons]}"  # noqa: E731
    wait_until(what, lambda: all(state(daemon) == wanted for daemon in daemons), seconds)


def opening_time(scenario, cluster, offset):
    """Of the record that opened it, Unix epoch."""
    from support import topic

    path = os.path.join(scenario.folder, "control.jsonl")
    topic.dump(cluster.bootstrap, CONTROL, path)
    return next(record.timestamp for record in topic.records(path) if record.offset == offset) / 1000


def dead_count(cluster):
    return sum(cluster.end_offsets(DEAD).values())


def breaks(scenario, cluster, sink, consumers):
    sink.behave(phase={"seconds": 3600, "status": 500})
    begin = time.time()
    limit = SERIAL_OPENS_WITHIN if scenario.options.serial else OPENS_WITHIN
    wait_state(consumers, 2, limit + 10)
    seen = [openings(daemon)[-1] for daemon in consumers]
    scenario.say(f"it opened after {time.time() - begin:.1f} s, everywhere at {seen[0]}: {seen}")
    expect(len(set(seen)) == 1, f"the instances opened at different records: {seen}")
    opened = opening_time(scenario, cluster, seen[0][1])
    expect(opened - begin <= limit, f"it took {opened - begin:.1f} s to open")
    dead = dead_count(cluster)
    time.sleep(3)  # that nothing happens can only be seen by waiting
    late = [row.clock - opened for row in handler.deliveries(sink.log) if row.clock > opened]
    scenario.say(f"{dead} dead letters before, {len(late)} deliveries after the opening")
    last = max(late, default=0)
    expect(last <= STOPS_WITHIN, f"delivered {last:.2f} s after it had opened")
    expect(dead_count(cluster) == dead, "dead-lettered after it had opened")
    expect(dead <= 2 * THRESHOLD, f"{dead} events died before it opened at {THRESHOLD}")


def kills(scenario, sink, consumers):
    requests = sink.stats()["requests"]
    for daemon in consumers[:2]:
        daemon.kill()
        daemon.start()
    scenario.wait_assigned(consumers, PARTITIONS)
    wait_state(consumers, 2)
    time.sleep(2)  # as above
    more = sink.stats()["requests"] - requests
    scenario.say(f"two instances were killed and came back stopped, {more} deliveries meanwhile")
    expect(more == 0, f"{more} deliveries by instances that came back")


def told(scenario, mailbox, webhook):
    wait_until("a mail and a webhook", lambda: mailbox.mails() and webhook.events, 30)
    (to, subject, text), (kind, event) = mailbox.mails()[0], webhook.events[0]
    scenario.say(f"mail to {to}: {subject}")
    expect(to == ["ops@example.com", "night@example.com"], f"mail to {to}")
    expect("billing" in subject and "answered 500" in text and "Events that wait" in text, f"{subject}\n{text}")
    expect(kind.startswith("application/cloudevents+json"), kind)
    expect(event["type"] == "io.hubferry.breaker.opened" and event["subject"] == "billing", str(event))
    expect(event["data"]["resume_link"] == people.link_in(text), "mail and webhook have different links")
    return people.link_in(text)


def resumes(scenario, sink, consumers, link):
    forged = re.sub(r"token=\w+", "token=" + "0" * 32, link)
    for daemon in consumers:
        status, page = people.follow(people.through(link, daemon))
        expect(status == 200 and "Try again" in page, f"the link's page: {status}\n{page}")
        status, page = people.press(people.through(forged, daemon))
        expect(status == 403, f"a forged link: {status}\n{page}")
    time.sleep(1)
    expect([state(daemon) for daemon in consumers] == [2, 2, 2], "following a link, or a forged one, changed the state")
    sink.behave()
    before = sink.delivered()
    status, page = people.press(people.through(link, consumers[0]))
    expect(status == 200, f"the link: {status}\n{page}")
    wait_state(consumers, 0)
    scenario.wait_delivered(sink, before + RATE, 30)
    scenario.say("the link has resumed all")
    for daemon in consumers:
        status, page = people.press(people.through(link, daemon))
        expect(status == 403 and "used" in page, f"a used link: {status}\n{page}")


def by_hand(scenario, sink, daemon, consumers):
    """The console's endpoints, on whichever instance."""
    status, _, body = daemon.request("POST", "/v1/breakers/billing/open")
    expect(status == 200, f"open: {status} {body}")
    wait_state(consumers, 2)
    sink.behave(phase={"seconds": 3600, "status": 500})
    status, _, body = daemon.request("POST", "/v1/breakers/billing/probe")
    expect(status == 200, f"probe: {status} {body}")
    wait_until("a failed try", lambda: "a try failed" in str(daemon.request("GET", "/v1/breakers")[2]), 30)
    wait_state(consumers, 2)
    sink.behave()
    status, _, body = daemon.request("POST", "/v1/breakers/billing/close")
    expect(status == 200, f"close: {status} {body}")
    wait_state(consumers, 0)
    scenario.say("opened, tried in vain and closed by hand")


def body(scenario):
    mailbox, webhook = people.Mailbox(scenario.folder), people.Webhook()
    with scenario.cluster() as cluster:
        cluster.create_topic(TOPIC, PARTITIONS)
        cluster.create_topic(DEAD, 2, message_timestamp_type="LogAppendTime")
        cluster.create_topic(CONTROL, 1, message_timestamp_type="LogAppendTime")
        sink = scenario.sink()
        front = scenario.daemon(roads(cluster.bootstrap), "front").start()
        route = {**ROUTE, **(SERIAL if scenario.options.serial else {})}
        settings = roads(cluster.bootstrap, sink.url, produce=False, consume=route, **GROUP_TIMING)
        settings["notify"] = {
            "mail.server": mailbox.url,
            "mail.from": "hubferry@example.com",
            "mail.to": "ops@example.com, night@example.com",
            "mail.require-tls": "false",
        }
        environment = {"HUBFERRY_NOTIFY_WEBHOOK_URL": webhook.url}
        consumers = []
        for name in ("a", "b", "c"):
            settings["control"] = {"topic": CONTROL, "instance": name}
            consumers.append(scenario.daemon(settings, name, environment=environment).start())
        scenario.wait_assigned(consumers, PARTITIONS)
        poster = scenario.poster(front, 100_000_000, keys=KEYS, rate=RATE, batch=20).start()
        scenario.wait_delivered(sink, 3 * RATE, 60)

        breaks(scenario, cluster, sink, consumers)
        link = told(scenario, mailbox, webhook)
        kills(scenario, sink, consumers)
        expect(len(mailbox.mails()) == 1 and len(webhook.events) == 1, "people were told more than once")
        resumes(scenario, sink, consumers, link)
        by_hand(scenario, sink, consumers[1], consumers)

        poster.stop()
        dead = len(scenario.dead_letters(cluster))
        scenario.wait_delivered(sink, poster.accepted - dead, 90)
        report = scenario.judge(cluster, sink, dead=scenario.dead_letters(cluster))
        scenario.say(f"{report['duplicates_delivered']} delivered twice")
        for daemon in (front, *consumers):
            code, _ = daemon.terminate()
            expect(code == 0, f"SIGTERM ended {daemon.name} with {code}")
            expect("secret" not in daemon.log_text(all_runs=True), "the webhook's key is in the log")


if __name__ == "__main__":
    run("breaker", 230, body, arguments)
