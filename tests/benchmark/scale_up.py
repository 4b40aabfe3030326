#!/usr/bin/env python3
"""The scaling experiment: what becomes of events while a cluster scales faster than its throughput units.

  cmake --build BUILD --target benchmarks
  tests/benchmark/scale_up.py --daemon BUILD/hubferryd [--output FOLDER]

A real Kafka broker limits each client id to a byte rate, which stands for the throughput units of an Event Hubs
namespace. Each application pod offers events at a constant rate:
  start   one pod, within the limit
  1       a second pod starts: together they exceed the limit
  2       a second hubferryd joins and takes the second pod's events
  3       the limit is raised (auto-inflate)
  4       the pods stop; what waits is sent
Two contestants at the same time, with topics and limits of their own: pods with a plain librdkafka producer inside
(retries 3, delivery timeout 30 s, all else librdkafka's defaults), and pods that post to hubferryd. Judged by what the
topics hold in the end. Prints a table, writes scale_up.svg and scale_up.json; ends with 1 when HubFerry lost an event
or the plain producer lost none (then the experiment shows nothing).
"""

import argparse
import collections
import concurrent.futures
import json
import os
import shutil
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import contestants  # noqa: E402
import svg  # noqa: E402
from kafka.cluster import Cluster  # noqa: E402
from support import ledger, topic  # noqa: E402
from support.daemon import Daemon  # noqa: E402
from support.poster import Poster  # noqa: E402
from support.process import Child, end_on_signals, stop_all, temporary_folder, wait_until  # noqa: E402

PARTITIONS = 4
GREY, RED, GREEN = "#777777", "#c62828", "#2e7d32"
POSTER_FRAMING = 45  # bytes of an event of Poster besides its padding
MARKS = ("second pod", "second hubferryd", "limit raised", "pods stop")

# Of one contestant: `offered`, `stored` and `failed` are sorted seconds since the start, one an event; `failed` is what
# the application was told, and some of it is stored nevertheless.
Outcome = collections.namedtuple("Outcome", "name offered stored failed lost duplicates notes")


class Experiment:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.cluster = Cluster(folder=os.path.join(folder, "kafka"))
        self.begin = self.wall_begin = 0.0
        self.marks = []

    def say(self, text):
        print(f"{time.monotonic() - self.begin:6.1f} s  {text}", flush=True)

    def prepare(self):
        self.cluster.start()
        for name in ("plain", "hubferry"):
            self.cluster.create_topic(name, PARTITIONS, message_timestamp_type="LogAppendTime")
        self.limit(self.options.limit)

    def limit(self, rate):
        """For both at the same time."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda name: self.cluster.limit_client(name, producer_byte_rate=rate), ("plain", "hubferry")))

    # ---- contestants
    def daemon(self, number):
        settings = {
            "kafka": {"bootstrap.servers": self.cluster.bootstrap, "client.id": "hubferry"},
            "produce.orders": {"topic": "hubferry", "key-pointer": "/key"},
        }
        return Daemon(self.options.daemon, self.folder, settings, f"hubferryd{number}").start()

    def poster(self, daemon, prefix):
        padding = max(0, self.options.bytes - POSTER_FRAMING)
        pace = {"threads": 1, "batch": 20, "rate": self.options.rate}
        events = 10**9  # until it is stopped
        poster = Poster(
            daemon.port, "hubferry", self.path("accepted"), events, key_prefix=prefix, padding=padding, **pace
        )
        return poster.start()

    def plain(self, name):
        command = [self.options.producer, "--topic", "plain", "--pod", name, "--rate", str(self.options.rate)]
        command += ["--bytes", str(self.options.bytes), f"bootstrap.servers={self.cluster.bootstrap}"]
        command += ["client.id=plain", "message.send.max.retries=3"]
        command += [f"message.timeout.ms={self.options.delivery_timeout * 1000}"]
        return Child(f"plain-{name}", command, self.path(name), error_output=self.path(name + ".log"))

    def path(self, name):
        return os.path.join(self.folder, name)

    # ---- the course of events
    def wait(self, after):
        time.sleep(max(0.0, self.begin + after - time.monotonic()))

    def mark(self, text):
        self.marks.append((time.monotonic() - self.begin, text))
        self.say(text)

    def run(self):
        phases = self.options.phases
        at = [sum(phases[: i + 1]) for i in range(4)]
        daemons = [self.daemon(1)]
        self.begin, self.wall_begin = time.monotonic(), time.time()
        self.say(f"one pod, {self.options.rate} events/s; limit {self.options.limit:,} bytes/s")
        pods, posters = [self.plain("a")], [self.poster(daemons[0], "a")]
        self.wait(at[0])
        self.mark(MARKS[0])
        pods.append(self.plain("b"))
        posters.append(self.poster(daemons[0], "b"))
        self.wait(at[1])
        daemons.append(self.daemon(2))
        posters[1].stop()
        posters.append(self.poster(daemons[1], "c"))
        self.mark(MARKS[1])
        self.wait(at[2])
        self.limit(self.options.raised)
        self.mark(MARKS[2])
        self.wait(at[3])
        self.mark(MARKS[3])
        for pod in pods:
            pod.send(signal.SIGTERM)
        for poster in posters:
            poster.stop()
        for pod in pods:
            pod.wait(self.options.delivery_timeout + 30)
        wait_until("the spools to be empty", lambda: all(contestants.settled(d.port) for d in daemons), 300, 0.5)
        self.say("everything is sent or given up")
        for daemon in daemons:
            daemon.terminate()

    # ---- the verdict
    def dump(self, name):
        """[(seconds since the start, id)] of the topic's records."""
        topic.dump(self.cluster.bootstrap, name, self.path(name + ".jsonl"), seconds=300)
        records = []
        with open(self.path(name + ".jsonl"), encoding="latin-1") as file:
            for line in file:
                row = json.loads(line, strict=False)
                records.append((row["ts"] / 1000 - self.wall_begin, json.loads(row["payload"])["id"]))
        return records

    def plain_outcome(self):
        offered, failed, ids, notes = [], [], set(), collections.Counter()
        for pod in ("a", "b"):
            with open(self.path(pod), encoding="utf-8") as file:
                rows = [json.loads(line) for line in file]
            for before, row in zip([None, *rows], rows):
                at = row["time"] - self.wall_begin
                offered += [at] * (row["offered"] - (before["offered"] if before else 0))
                failed += [at] * (unsent(row) - (unsent(before) if before else 0))
            ids.update(f"{pod}-{number}" for number in range(1, rows[-1]["offered"] + 1))
            notes.update(rows[-1]["reasons"])
            notes["dropped at the full queue"] += rows[-1]["queue_full"]
        return self.outcome("plain librdkafka", offered, failed, ids, self.dump("plain"), notes)

    def hubferry_outcome(self):
        offered, ids = [], set()
        with open(self.path("accepted"), encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                offered += [row["time"] - self.begin] * len(row["events"])
                ids.update(event[0] for event in row["events"])
        outcome = self.outcome("HubFerry", offered, [], ids, self.dump("hubferry"), collections.Counter())
        stored = ledger.read_stored(self.path("hubferry.jsonl"))
        report = ledger.check(ledger.read_accepted(self.path("accepted")), stored)
        print(report.text())
        report.require_clean()
        return outcome

    @staticmethod
    def outcome(name, offered, failed, ids, records, notes):
        first = {}
        for at, id in sorted(records):
            first.setdefault(id, at)
        lost, duplicates = len(ids - first.keys()), len(records) - len(first)
        return Outcome(name, sorted(offered), sorted(first.values()), sorted(failed), lost, duplicates, +notes)


def unsent(row):
    return row["failed"] + row["queue_full"]


def cumulative(times, end):
    """[(seconds, events until then)], twice a second."""
    points, index = [], 0
    for tick in range(int(end * 2) + 1):
        while index < len(times) and times[index] <= tick / 2:
            index += 1
        points.append((tick / 2, index))
    return points


def behind(outcome, end):
    pairs = zip(cumulative(outcome.offered, end), cumulative(outcome.stored, end))
    return [(at, max(0, offered - stored)) for (at, offered), (_, stored) in pairs]


def draw(experiment, outcomes):
    end = max(outcome.stored[-1] for outcome in outcomes if outcome.stored) + 3
    plain, ours = outcomes
    sums = svg.Panel("events stored in the topic", 300).line(cumulative(ours.offered, end), GREY, dashed=True)
    gaps = svg.Panel("events offered and not in the topic", 180)
    gaps.line(cumulative(plain.failed, end), RED, dashed=True)
    legend = [(GREY, True, "offered by the pods")]
    for outcome, colour in ((plain, RED), (ours, GREEN)):
        sums.line(cumulative(outcome.stored, end), colour)
        gaps.line(behind(outcome, end), colour)
        legend.append((colour, False, f"{outcome.name}: {outcome.lost:,} of {len(outcome.offered):,} lost"))
    legend.append((RED, True, f"{plain.name}: {len(plain.failed):,} reported as failed"))
    title = "Load doubles beyond the throughput limit; a second instance; the limit is raised"
    return svg.plot(title, [sums, gaps], experiment.marks, legend)


def print_table(outcomes):
    print(f"\n{'':18}{'offered':>10}{'stored':>10}{'lost':>10}{'duplicates':>12}{'last stored':>14}  reasons")
    for outcome in outcomes:
        reasons = ", ".join(f"{name} {count:,}" for name, count in sorted(outcome.notes.items()))
        last = f"{outcome.stored[-1]:.1f} s" if outcome.stored else "never"
        figures = f"{len(outcome.offered):>10,}{len(outcome.stored):>10,}{outcome.lost:>10,}{outcome.duplicates:>12,}"
        print(f"{outcome.name:18}{figures}{last:>14}  {reasons}")


def write(experiment, outcomes, folder):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "scale_up.svg"), "w", encoding="utf-8") as file:
        file.write(draw(experiment, outcomes))
    rows = [
        {
            "contestant": outcome.name,
            "offered": len(outcome.offered),
            "stored": len(outcome.stored),
            "lost": outcome.lost,
            "duplicates": outcome.duplicates,
            "reasons": outcome.notes,
        }
        for outcome in outcomes
    ]
    options = {name: value for name, value in vars(experiment.options).items() if isinstance(value, (int, list))}
    with open(os.path.join(folder, "scale_up.json"), "w", encoding="utf-8") as file:
        json.dump({"options": options, "marks": experiment.marks, "outcomes": rows}, file, indent=1)
    print(f"\n{os.path.join(folder, 'scale_up.svg')}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", required=True)
    parser.add_argument("--producer", help="bare_producer (default: where the build of the daemon puts it)")
    parser.add_argument("--rate", type=int, default=1500, help="events/s of a pod")
    parser.add_argument("--bytes", type=int, default=400, help="of an event")
    parser.add_argument("--limit", type=int, default=750_000, help="bytes/s of a client id")
    parser.add_argument("--raised", type=int, default=2_500_000, help="the limit after auto-inflate")
    parser.add_argument("--phases", type=int, nargs=4, default=[15, 30, 45, 20], metavar="S", help="seconds of each")
    parser.add_argument("--delivery-timeout", type=int, default=30, help="of the plain producer, in seconds")
    default = os.path.join(HERE, "..", "..", ".build")
    parser.add_argument("--output", default=default, help="folder for plot and figures")
    parser.add_argument("--smoke", action="store_true", help="short: only checks that everything works")
    options = parser.parse_args()
    options.daemon = os.path.abspath(options.daemon)
    producer = options.producer or os.path.join(os.path.dirname(options.daemon), "tests", "benchmark", "bare_producer")
    options.producer = os.path.abspath(producer)
    for program in (options.daemon, options.producer):
        if not os.access(program, os.X_OK):
            parser.error(f"{program} is not there: cmake --build BUILD --target hubferryd benchmarks")
    if options.smoke:
        options.rate, options.limit, options.phases, options.delivery_timeout = 200, 100_000, [2, 3, 3, 2], 2
    return options


def main():
    options = arguments()
    end_on_signals()
    experiment = Experiment(options, temporary_folder("hubferry-benchmark"))
    try:
        experiment.prepare()
        experiment.run()
        outcomes = experiment.plain_outcome(), experiment.hubferry_outcome()
        print_table(outcomes)
        write(experiment, outcomes, os.path.abspath(options.output))
    finally:
        experiment.cluster.stop()
        stop_all()
        shutil.rmtree(experiment.folder, ignore_errors=True)
    plain, ours = outcomes
    return 0 if ours.lost == 0 and (plain.lost > 0 or options.smoke) else 1


if __name__ == "__main__":
    sys.exit(main())
