#!/usr/bin/env python3
"""Measures hubferryd's consume road against its targets, and beside it, in turns, a bare consumer without its features.

  cmake --build BUILD --target benchmarks
  tests/benchmark/consume.py --daemon BUILD/hubferryd [--only CASE,...] [--rounds N]

200,000 events of 200 B with 1000 keys on 8 partitions of a real Kafka, order = key, to a handler by HTTP on this machine
(handler_sink). Cases (all unless --only names some):
  http-0ms        the handler answers at once, 64 requests at once
  http-10ms-64    it needs 10 ms, 64 requests at once (bound: 6,400 a second)
  http-10ms-512   it needs 10 ms, 512 requests at once
  ndjson          batches of up to 500 (2,000,000 events)
  discard         a handler that does nothing against a bare librdkafka loop (4,000,000 events)
  keys-10         as http-0ms, with 10 keys
  keys-1000000    as http-0ms, with 1,000,000 keys and events

CPU seconds are the consumer's, user and system, from the first delivery to the last, per million events; the rate is the
handler's. Handler, broker and consumer share the machine's processors. Wrong order of a key, or a number of events that
is not the topic's, fails the run. Prints a table and writes one JSON object a line (--json); ends with 1 when a target is
missed. --smoke: seconds instead of minutes, and no verdict.
"""

import argparse
import dataclasses
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import consumers  # noqa: E402
import contestants  # noqa: E402
import measure  # noqa: E402
from results import AT_LEAST, AT_MOST, Results, conclude  # noqa: E402
from kafka.cluster import Cluster  # noqa: E402
from support.process import end_on_signals, stop_all, temporary_folder  # noqa: E402


@dataclasses.dataclass(frozen=True)
class Case:
    events: int = 200_000
    keys: int = 1_000
    delay_ms: int = 0
    concurrency: int = 64
    batch: int = 1
    handler: bool = True

    @property
    def topic(self):
        return f"events-{self.events}-keys-{self.keys}"


CASES = {
    "http-0ms": Case(),
    "http-10ms-64": Case(delay_ms=10),
    "http-10ms-512": Case(delay_ms=10, concurrency=512),
    "ndjson": Case(events=2_000_000, batch=500),
    "discard": Case(events=4_000_000, handler=False),
    "keys-10": Case(keys=10),
    "keys-1000000": Case(events=1_000_000, keys=1_000_000),
}
TARGETS = {
    ("http-0ms", "events_per_s"): (AT_LEAST, 80_000),
    ("http-0ms", "cpu_s_per_million"): (AT_MOST, 14),
    ("http-10ms-64", "events_per_s"): (AT_LEAST, 6_000),
    ("http-10ms-512", "events_per_s"): (AT_LEAST, 35_000),
    ("ndjson", "events_per_s"): (AT_LEAST, 500_000),
    ("cost", "keys_1000000_to_1000"): (AT_MOST, 1.2),
    ("cost", "concurrency_512_to_64"): (AT_MOST, 1.2),
    **{(case, "peak_rss_mib"): (AT_MOST, 160) for case in CASES},
}
# Against bare in the same run.
RATIO_TARGETS = {("discard", "events_per_s"): (AT_LEAST, 0.8)}
# CPU per event: (what grew, what it is compared with).
GROWTH = {
    "keys_1000000_to_1000": ("keys-1000000", "http-0ms"),
    "concurrency_512_to_64": ("http-10ms-512", "http-10ms-64"),
}
SECONDS = 300  # at most, for one run


class Bench:
    def __init__(self, options, folder, results, cluster):
        self.options, self.folder, self.results, self.cluster = options, folder, results, cluster

    def run(self):
        topics = {case.topic: case for case in self.options.cases.values()}
        for topic, case in topics.items():
            self.cluster.create_topic(topic, contestants.PARTITIONS)
            bootstrap = self.cluster.bootstrap
            consumers.fill(self.options.tools, self.folder, bootstrap, topic, case.events, case.keys)
        for round in range(1, self.options.rounds + 1):
            for name, case in self.options.cases.items():
                order = [consumers.HubFerry, consumers.Bare]
                for kind in order if round % 2 else reversed(order):
                    self.once(name, case, kind, round)
        self.compare()

    def once(self, name, case, kind, round):
        group = f"{name}-{kind.name}-{round}"
        handler = consumers.Handler(self.options.tools, self.folder, case.delay_ms) if case.handler else None
        contestant = kind(self.options, self.folder, self.cluster.bootstrap, case, group, handler)
        try:
            contestant.start()
            values = self.measured(case, contestant, handler)
            values["peak_rss_mib"] = measure.memory_mib(contestant.pid, "VmHWM")
        finally:
            contestant.stop()
            if handler:
                handler.stop()
        self.results.add(name, kind.name, round, **values)

    def measured(self, case, contestant, handler):
        if not handler and contestant.name == "bare":
            figures = contestant.figures(SECONDS)
            return rates(figures["events"], figures["seconds"], figures["cpu_s"])
        count = (lambda: handler.stats()["events"]) if handler else contestant.delivered
        cpu = lambda: measure.cpu_seconds(contestant.pid)  # noqa: E731
        interval = 0.02 if handler else 0.1  # the consumer's own metrics cost it something
        samples = consumers.sampled(count, cpu, case.events, SECONDS, interval)
        (begin, first, cpu_first), (_, last, cpu_last) = samples[0], samples[-1]
        if not handler:
            before = samples[-2] if len(samples) > 2 else samples[-1]  # the last event came at any time behind it
            cost = (cpu_last - cpu_first) / max(1, last - first) * 1e6
            return rates(before[1] - first, before[0] - begin, 0) | {"cpu_s_per_million": cost}
        stats = handler.stats()
        if stats["events"] != case.events or stats["order_violations"] or stats["overlaps"]:
            raise AssertionError(f"{contestant.name}: the handler saw {stats} of {case.events} events")
        cpu_seconds = (cpu_last - cpu_first) * case.events / max(1, last - first)
        return rates(case.events, stats["seconds"], cpu_seconds) | {
            "events_per_request": stats["events"] / stats["requests"],
            "most_at_once": stats["most_at_once"],
        }

    def compare(self):
        for name, (grown, base) in GROWTH.items():
            for contestant in ("hubferry", "bare"):
                cost = [self.results.median(case, contestant, "cpu_s_per_million") for case in (grown, base)]
                if all(cost):
                    self.results.add("cost", contestant, 1, **{name: cost[0] / cost[1]})


def rates(events, seconds, cpu_seconds):
    return {"events_per_s": events / (seconds or 1), "cpu_s_per_million": cpu_seconds / (events or 1) * 1e6}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", required=True)
    parser.add_argument("--tools", help="folder of bare_consumer (default: where the build of the daemon puts it)")
    parser.add_argument("--only", default=",".join(CASES), help="cases, separated by commas")
    parser.add_argument("--rounds", type=int, default=3)
    default = os.path.join(HERE, "..", "..", ".build", "benchmark-consume.jsonl")
    parser.add_argument("--json", default=default, metavar="FILE")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    options.daemon = os.path.abspath(options.daemon)
    tools = options.tools or os.path.join(os.path.dirname(options.daemon), "tests", "benchmark")
    options.tools = os.path.abspath(tools)
    if unknown := set(options.only.split(",")) - set(CASES):
        parser.error(f"unknown case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    options.cases = {name: CASES[name] for name in options.only.split(",")}
    for name in ("bare_consumer", "fill_topic", "handler_sink"):
        if not os.access(os.path.join(options.tools, name), os.X_OK):
            parser.error(f"{options.tools}/{name} is not there: cmake --build BUILD --target hubferryd benchmarks")
    if options.smoke:
        options.rounds = 1
        options.cases = {name: dataclasses.replace(case, events=5_000) for name, case in options.cases.items()}
    return options


def main():
    options = arguments()
    end_on_signals()
    folder = temporary_folder("hubferry-benchmark")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}", flush=True)
    results = Results(options.json, TARGETS, RATIO_TARGETS)
    try:
        with Cluster(folder=os.path.join(folder, "kafka")) as cluster:
            Bench(options, folder, results, cluster).run()
    finally:
        stop_all()
        shutil.rmtree(folder, ignore_errors=True)
    return conclude(results, judged=not options.smoke)


if __name__ == "__main__":
    sys.exit(main())
