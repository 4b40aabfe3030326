"""What every system test shares: arguments, seed, folder, time limit, clean-up, the usual settings and the verdict."""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback

from kafka.cluster import Cluster
from support import ledger, topic
from support.daemon import Daemon
from support.poster import Poster, ledger_line
from support.process import end_on_signals, keep_folder, stop_all, temporary_folder, wait_until
from support.sink import Sink

TOPIC, GROUP, DEAD = "orders", "billing", "orders-dead"
PRODUCE, CONSUME = "produce.orders", "consume.billing"
# Quick enough for a test: a killed member is missed after 6 s.
GROUP_TIMING = {"session.timeout.ms": "6000", "heartbeat.interval.ms": "1000"}


def roads(bootstrap, handler=None, produce=True, consume=None, **kafka):
    """Settings of a daemon with the produce road "orders" and, with a handler's URL, the consume road "billing", to which
    `consume` adds keys."""
    properties = {name.replace("_", "."): value for name, value in kafka.items()}
    settings = {"kafka": {"bootstrap.servers": bootstrap, **properties}}
    if produce:
        route = {"topic": TOPIC, "key-pointer": "/key", "retry.initial": "200ms", "retry.max": "2s"}
        settings[PRODUCE] = route
    if handler:
        retry = {"retry.initial": "100ms", "retry.max": "1s"}
        settings[CONSUME] = {"topic": TOPIC, "group": GROUP, "handler": handler, **retry, **(consume or {})}
    return settings


class Scenario:
    def __init__(self, name, program, seed):
        self.program, self.seed = program, seed
        self.random = random.Random(seed)
        self.folder = temporary_folder("hubferry-test")
        self.begin = time.monotonic()
        self.ledger = os.path.join(self.folder, "accepted.jsonl")
        self.name = name
        self.options = None

    def say(self, text):
        print(f"{time.monotonic() - self.begin:6.1f} s  {text}", flush=True)

    def cluster(self, **more):
        """Brokers whose logs and data stay with those of a failed test."""
        return Cluster(folder=os.path.join(self.folder, "kafka"), **more)

    def daemon(self, settings, name="hubferryd", **more):
        return Daemon(self.program, self.folder, settings, name, **more)

    def sink(self, name="sink"):
        return Sink(self.folder, name).start()

    def poster(self, daemon, events, **more):
        return Poster(daemon.port, TOPIC, self.ledger, events, seed=self.seed, **more)

    def post(self, daemon, rows, padding=""):
        """Posts (id, key, number) rows as one batch, and writes the ledger's line."""
        events = [{"id": id, "key": key, "n": number, "pad": padding} for id, key, number in rows]
        body = "\n".join(json.dumps(event) for event in events) + "\n"
        status, _, answer = daemon.post(TOPIC, body, "application/x-ndjson")
        expect(status == 202, f"a batch was answered with {status}: {answer}")
        with open(self.ledger, "a", encoding="utf-8") as file:
            file.write(ledger_line(json.loads(answer), rows))

    def wait_assigned(self, daemons, partitions, seconds=60):
        """Waits until each partition belongs to exactly one of the daemons and each daemon has its part."""

        def shared_out():
            owned = [daemon.assigned() for daemon in daemons]
            return all(owned) and sorted(p for part in owned for p in part) == list(range(partitions))

        what = lambda: f"{partitions} assigned partitions: {[d.assigned() for d in daemons]}"  # noqa: E731
        wait_until(what, shared_out, seconds)

    def wait_owner(self, daemons, partition, seconds=60):
        """The one daemon that owns the partition."""

        def owner():
            owners = [daemon for daemon in daemons if daemon.alive() and partition in daemon.assigned()]
            return owners[0] if len(owners) == 1 else None

        return wait_until(lambda: f"one owner of {partition}: {[d.assigned() for d in daemons]}", owner, seconds)

    def wait_accepted(self, poster, count, seconds):
        def reached():
            poster.check()
            return poster.accepted >= count or not poster.running()

        wait_until(lambda: f"{count} accepted events, {poster.accepted} now", reached, seconds, 0.005)

    def wait_delivered(self, sink, count, seconds):
        """Waits until so many different events were delivered."""
        wait_until(
            lambda: f"{count} delivered events, {sink.delivered()} now", lambda: sink.delivered() >= count, seconds
        )

    def wait_dead(self, cluster, count, seconds):
        """Waits until the dead-letter topic holds so many records."""
        dead = lambda: sum(cluster.end_offsets(DEAD).values())  # noqa: E731
        wait_until(lambda: f"{count} dead letters, {dead()} now", lambda: dead() >= count, seconds)

    def dead_letters(self, cluster):
        dump = os.path.join(self.folder, "dead.jsonl")
        topic.dump(cluster.bootstrap, DEAD, dump)
        return ledger.read_dead(dump)

    def judge(self, cluster, sink=None, further=(), external=(), partitions_grew=False, dead=(), attempts=0, kills=0):
        """Compares ledger, topic, deliveries and dead letters; prints the counts; raises when something is wrong.
        `external` are the (id, key, number) of events that were written to the topic without the daemon. `attempts`,
        `kills`: see ledger.check."""
        dump, others = os.path.join(self.folder, "topic.jsonl"), os.path.join(self.folder, "external.jsonl")
        topic.dump(cluster.bootstrap, TOPIC, dump)
        with open(others, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(event) + "\n" for event in external)
        accepted = ledger.read_accepted(self.ledger) + ledger.read_external(others)
        delivered = ledger.read_delivered(sink.log) if sink else None
        stored = ledger.read_stored(dump)
        report = ledger.check(accepted, stored, delivered, partitions_grew, dead, attempts, kills)
        print(report.text(), flush=True)
        report.require_clean(further)
        return report


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def _out_of_time(_number, _frame):
    raise TimeoutError("the test's time is up")


def run(name, seconds, body, arguments=None):
    """Runs body(scenario) within so many seconds and ends the process with 0 or 1. `arguments` adds to the parser;
    their values are scenario.options."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--daemon", default=os.environ.get("HUBFERRYD"), help="the hubferryd to test (or $HUBFERRYD)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--keep", action="store_true", help="keep logs and data also when it passes")
    if arguments:
        arguments(parser)
    options = parser.parse_args()
    if not options.daemon or not os.access(options.daemon, os.X_OK):
        parser.error("--daemon must name the built hubferryd")
    end_on_signals()
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(seconds)
    scenario = Scenario(name, os.path.abspath(options.daemon), options.seed)
    scenario.options = options
    print(f"{name}: seed {options.seed}", flush=True)
    code = 1
    try:
        body(scenario)
        code = 0
    except Exception:  # KeyboardInterrupt and SystemExit pass, after the clean-up
        traceback.print_exc(file=sys.stdout)
    finally:
        signal.alarm(0)
        stop_all()
        if code or options.keep:
            keep_folder(scenario.folder)
            print(f"logs and data: {scenario.folder}")
        else:
            shutil.rmtree(scenario.folder, ignore_errors=True)
    print(f"{name}: {'FAILED' if code else 'passed'} after {time.monotonic() - scenario.begin:.1f} s", flush=True)
    sys.exit(code)
