#!/usr/bin/env python3
"""Events that the handler cannot take, and a handler that is not there, while three instances deliver by key: one event
is rejected (422), one fails for ever, one hangs the handler, and each is dead-lettered after exactly the configured
attempts, through graceful stops and rebalances; the handler is killed, refuses connections and answers 429, and nothing
is dead-lettered for that. The other keys go on, in order, and nothing is lost.

--kill: the instances die by SIGKILL instead while they retry; each kill may cost an event one attempt more."""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import gaps, sink as handler  # noqa: E402
from support.process import wait_until  # noqa: E402
from support.scenario import DEAD, GROUP_TIMING, TOPIC, expect, roads, run  # noqa: E402

PARTITIONS, KEYS, RATE = 8, 200, 800
ATTEMPTS = 4
ROUTE = {
    "order": "key",
    "dead-letter": DEAD,
    "retry.attempts": ATTEMPTS,
    "retry.initial": "1500ms",
    "retry.max": "4s",
    "handler.timeout": "1s",
}
POISON_SECONDS = 40  # at most, from a poison event's first delivery to its dead letter
SLACK = 0.5  # seconds that the others may pause longer while one key waits


def arguments(parser):
    parser.add_argument("--kill", action="store_true", help="SIGKILL instead of SIGTERM")
    parser.add_argument("--refused", type=float, default=10, help="seconds of refused connections")


class Poison:
    """Posts one event that fails, behind and before good ones of its key, and follows it to the dead-letter topic."""

    def __init__(self, scenario, cluster, sink, front):
        self.scenario, self.cluster, self.sink, self.front = scenario, cluster, sink, front
        self.ids = []
        self.expected = {}  # id: attempts

    def post(self, key, attempts=ATTEMPTS, **rule):
        """Waits for the first delivery; the event's partition."""
        self.id = f"{key}-2"
        self.sink.behave(fail={"ids": [self.id], "times": 0, **rule})
        self.scenario.post(self.front, [(f"{key}-{n}", key, n) for n in range(1, 8)])
        self.expected[self.id] = attempts
        self.wait_delivered(1)
        self.begin = time.monotonic()
        return self.sink.ruled(self.id)[1]

    def wait_delivered(self, times):
        reached = lambda: self.sink.ruled(self.id)[0] >= times  # noqa: E731
        wait_until(f"delivery {times} of {self.id}", reached, POISON_SECONDS)

    def wait_dead(self):
        self.scenario.wait_dead(self.cluster, len(self.expected), POISON_SECONDS)
        self.end = time.monotonic()
        times = self.sink.ruled(self.id)[0]
        self.scenario.say(f"{self.id} is dead after {times} deliveries in {self.end - self.begin:.1f} s")


def others_go_on(scenario, sink, poison, partition):
    """Longest pause of the other keys of a partition while one key waits for its retries."""
    rows = [row for row in handler.deliveries(sink.log) if row.partition == partition and row.key != poison.id[:-2]]
    times = [row.time for row in rows]
    length = poison.end - poison.begin
    before = gaps.longest(times, poison.begin - length, poison.begin)
    while_waiting = gaps.longest(times, poison.begin, poison.end)
    scenario.say(
        f"partition {partition}: the other keys' longest pause was {while_waiting * 1000:.0f} ms"
        f" while {poison.id} waited, {before * 1000:.0f} ms before"
    )
    expect(while_waiting <= before + SLACK, "a key that waits for its retries held up the others")


def stop_and_start(scenario, consumers, daemon, kill):
    if kill:
        daemon.kill()
        scenario.say(f"killed {daemon.name}")
    else:
        code, seconds = daemon.terminate()
        scenario.say(f"SIGTERM ended {daemon.name} with {code} in {seconds:.1f} s")
        expect(code == 0, f"SIGTERM ended {daemon.name} with {code}")
    daemon.start()
    scenario.wait_assigned(consumers, PARTITIONS)


def delivered_twice(sink):
    """Events that were answered with 200 more than once so far."""
    done = [row.id for row in handler.deliveries(sink.log) if row.status == 200]
    return len(done) - len(set(done))


def unavailable(scenario, poster, sink, refused):
    """The handler dies, refuses connections, and has too much to do: nobody's attempts."""
    sink.kill()
    time.sleep(0.5)
    sink.start()
    scenario.wait_delivered(sink, sink.delivered() + RATE, 30)
    scenario.say("the handler was killed and started again")
    sink.refuse(refused)
    time.sleep(refused)
    scenario.wait_delivered(sink, sink.delivered() + RATE, 30)
    scenario.say(f"the handler had refused connections for {refused:.0f} s")
    already = len(list(handler.deliveries(sink.log)))
    sink.behave(phase={"seconds": 5, "status": 429, "retry_after": 2})
    time.sleep(5)
    scenario.wait_delivered(sink, sink.delivered() + RATE, 30)
    put_off = sum(1 for row in list(handler.deliveries(sink.log))[already:] if row.status == 429)
    scenario.say(f"429 with Retry-After 2 for 5 s: {put_off} deliveries were put off")
    expect(put_off > 0, "nothing was delivered while the handler answered 429")
    poster.check()


def body(scenario):
    options = scenario.options
    with scenario.cluster() as cluster:
        cluster.create_topic(TOPIC, PARTITIONS)
        cluster.create_topic(DEAD, 2, message_timestamp_type="LogAppendTime")
        sink = scenario.sink()
        front = scenario.daemon(roads(cluster.bootstrap), "front").start()
        settings = roads(cluster.bootstrap, sink.url, produce=False, consume=ROUTE, **GROUP_TIMING)
        consumers = [scenario.daemon(settings, name).start() for name in ("a", "b", "c")]
        scenario.wait_assigned(consumers, PARTITIONS)
        poster = scenario.poster(front, 100_000_000, keys=KEYS, rate=RATE, batch=20).start()
        scenario.wait_delivered(sink, 6 * RATE, 60)
        poison = Poison(scenario, cluster, sink, front)

        poison.post("corrupt", attempts=1, status=422)
        poison.wait_dead()
        partition = poison.post("fails", status=500)
        poison.wait_dead()
        others_go_on(scenario, sink, poison, partition)

        partition = poison.post("stopped", status=500)
        stop_and_start(scenario, consumers, scenario.wait_owner(consumers, partition), options.kill)
        poison.wait_dead()
        partition = poison.post("hangs", hang=True)
        if options.kill:
            poison.wait_delivered(2)
            stop_and_start(scenario, consumers, scenario.wait_owner(consumers, partition), kill=True)
        else:
            consumers.append(scenario.daemon(settings, "d").start())
            scenario.wait_assigned(consumers, PARTITIONS)
        poison.wait_dead()
        sink.behave()

        if not options.kill:
            twice = delivered_twice(sink)
            scenario.say(f"{twice} delivered twice by graceful stops and rebalances")
            expect(twice == 0, f"{twice} events were delivered twice though nobody was killed")
            unavailable(scenario, poster, sink, options.refused)
        poster.stop()
        total = poster.accepted + 7 * len(poison.expected)
        scenario.wait_delivered(sink, total - len(poison.expected), 90)
        judge(scenario, cluster, sink, poison, 2 if options.kill else 0)
        for daemon in (front, *consumers):
            code, _ = daemon.terminate()
            expect(code == 0, f"SIGTERM ended {daemon.name} with {code}")


def judge(scenario, cluster, sink, poison, kills):
    dead = scenario.dead_letters(cluster)
    report = scenario.judge(cluster, sink, dead=dead, attempts=ATTEMPTS, kills=kills, further=("dead_and_delivered",))
    scenario.say(f"{report['duplicates_delivered']} delivered twice, {report['duplicates_dead']} dead-lettered twice")
    found = {letter.id: letter.attempts for letter in dead}
    scenario.say(f"dead letters: {[(letter.id, letter.attempts, letter.reason) for letter in dead]}")
    expect(found == poison.expected, f"dead-lettered were {found}, expected {poison.expected}")
    expect(kills or report["duplicates_dead"] == 0, "a dead letter was written twice though nobody was killed")


run("poison", 220, body, arguments)
