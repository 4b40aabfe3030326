#!/usr/bin/env python3
"""Measures hubferryd's produce road against its targets, and beside it, in turns, a bare pipeline without its features.

  cmake --build BUILD --target benchmarks
  tests/benchmark/run.py --daemon BUILD/hubferryd [--only CASE,...] [--seconds N] [--rounds N]

Cases (all unless --only names some):
  ingest-single   one 200 B event a request, 64 connections, 8 partitions of a real Kafka, fdatasync before each answer
  ingest-batch    the same with 500 events a request
  memory          1 GB in the spool while the broker is down
  ready           from exec to the first 202 after SIGKILL with that backlog
  spool           spool append against bare pwrite + fdatasync (spool_benchmark)
  pump            pump and producer against a bare librdkafka loop (pump_benchmark)

CPU seconds are the process's user and system time from the first request until the broker acknowledged the last event,
per million events. Generator, broker and daemon share the machine's processors. Prints a table and writes one JSON
object a line (--json); ends with 1 when a target is missed. --smoke: seconds instead of minutes, and no verdict.
"""

import argparse
import collections
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import backlog  # noqa: E402
import contestants  # noqa: E402
import measure  # noqa: E402
from results import AT_LEAST, AT_MOST, Results, conclude  # noqa: E402
from kafka.cluster import Cluster  # noqa: E402
from support.process import end_on_signals, stop_all, temporary_folder, wait_until  # noqa: E402

CASES = ("ingest-single", "ingest-batch", "memory", "ready", "spool", "pump")
TARGETS = {
    ("ingest-single", "cpu_s_per_million"): (AT_MOST, 16),
    ("ingest-single", "events_per_s"): (AT_LEAST, 50_000),
    ("ingest-single", "p99_ms"): (AT_MOST, 5),
    ("ingest-single", "peak_rss_mib"): (AT_MOST, 256),
    ("ingest-batch", "cpu_s_per_million"): (AT_MOST, 2.5),
    ("ingest-batch", "events_per_s"): (AT_LEAST, 450_000),
    ("ingest-batch", "peak_rss_mib"): (AT_MOST, 256),
    ("memory", "rss_mib"): (AT_MOST, 64),
    ("ready", "seconds_to_202"): (AT_MOST, 1),
}
# Against bare in the same run.
RATIO_TARGETS = {
    ("spool", "mb_per_s_64x1"): (AT_LEAST, 0.8),
    ("spool", "mb_per_s_8x100"): (AT_LEAST, 0.8),
    ("pump", "million_events_per_s"): (AT_LEAST, 0.9),
}


class Bench:
    def __init__(self, options, folder, results):
        self.options, self.folder, self.results = options, folder, results

    # ---- ingest
    def ingest(self, cluster):
        cases = [case for case in ("ingest-single", "ingest-batch") if case in self.options.only]
        for case in cases:
            for name in ("hubferry", "bare"):
                cluster.create_topic(f"{case}-{name}", contestants.PARTITIONS)
        for round in range(1, self.options.rounds + 1):
            for case in cases:
                order = [(contestants.HubFerry, self.options.daemon), (contestants.Bare, self.options.bare)]
                for kind, program in order if round % 2 else reversed(order):
                    self.ingest_once(cluster, case, kind, program, round)

    def ingest_once(self, cluster, case, kind, program, round):
        topic, lines = f"{case}-{kind.name}", 1 if case == "ingest-single" else 500

        def records():
            return sum(cluster.end_offsets(topic).values())

        at_start = records()
        contestant = kind(program, self.folder, cluster.bootstrap, topic).start()
        try:
            measure.wrk(contestant.port, topic, 1, lines)  # connects, and warms the broker
            before = self.wait_settled(contestant, records, at_start)
            cpu, threads = measure.cpu_seconds(contestant.pid), measure.thread_seconds(contestant.pid)
            begin = time.monotonic()
            load = measure.wrk(contestant.port, topic, self.options.seconds, lines)
            self.wait_acknowledged(contestant)
            elapsed = time.monotonic() - begin
            cpu = measure.cpu_seconds(contestant.pid) - cpu
            later = measure.thread_seconds(contestant.pid)
            events = self.wait_settled(contestant, records, at_start) - before
            peak = measure.memory_mib(contestant.pid, "VmHWM")
        finally:
            contestant.stop()
        if events < load["requests"] * lines or load["refused"] or load["broken"]:
            raise AssertionError(f"{case} {kind.name}: {events} acknowledged and stored; wrk: {load}")
        values = {
            "cpu_s_per_million": cpu / events * 1e6,
            "events_per_s": load["requests"] * lines / load["seconds"],
            "acknowledged_per_s": events / elapsed,
            "p50_ms": load["p50_ms"],
            "p99_ms": load["p99_ms"],
            "peak_rss_mib": peak,
            "threads": {name: (value - threads.get(name, 0)) / events * 1e6 for name, value in later.items()},
        }
        self.results.add(case, kind.name, round, **values)

    def wait_acknowledged(self, contestant):
        wait_until("everything to be acknowledged", lambda: contestants.settled(contestant.port), 300)

    def wait_settled(self, contestant, records, at_start):
        """The events acknowledged so far, once the topic has as many. wrk ends with requests on their way: those are
        accepted a little later, so one look at each is not enough."""

        def counts():
            self.wait_acknowledged(contestant)
            return contestants.counters(contestant.port).get(contestants.ACKNOWLEDGED, 0), records() - at_start

        seen = []

        def agree():
            seen[:] = counts()
            return seen[0] == seen[1]

        wait_until(lambda: f"the topic to have what was acknowledged: {seen}", agree, 60)
        return int(seen[0])

    # ---- backlog
    def backlog(self):
        case = backlog.Backlog(self.options.daemon, self.folder, self.options.backlog_mb * 1_000_000)
        try:
            values = case.fill()
            if "memory" in self.options.only:
                self.results.add("memory", "hubferry", 1, **values)
            if "ready" in self.options.only:
                for round in range(1, self.options.rounds + 1):
                    self.results.add("ready", "hubferry", round, **case.restart())
        finally:
            case.stop()

    # ---- Google Benchmark
    def google(self, case, *arguments):
        """Runs its cases in random turns, so that the machine's moods meet all of them."""
        program = os.path.join(os.path.dirname(self.options.bare), f"{case}_benchmark")
        seconds = 0.1 if self.options.smoke else self.options.seconds / 4
        command = ["setpriv", "--pdeathsig", "KILL", "--", program, "--benchmark_format=json"]
        command += ["--benchmark_enable_random_interleaving=true", f"--benchmark_repetitions={self.options.rounds}"]
        command += [f"--benchmark_min_time={seconds}", *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=900, check=False)
        if done.returncode:
            raise AssertionError(f"{program} ended with {done.returncode}")
        figures = collections.defaultdict(list)
        for entry in json.loads(done.stdout)["benchmarks"]:
            if "error_message" in entry:
                raise AssertionError(f"{entry['name']}: {entry['error_message']}")
            if entry["run_type"] == "iteration":
                rate = entry.get("bytes_per_second") or entry["items_per_second"]
                cpu = entry["cpu_time"] / entry["real_time"] / rate  # seconds of one byte or item
                figures[entry["name"].split("/")[0]].append((rate, cpu))
        unit, cpu_unit, scale = {
            "spool": ("mb_per_s", "cpu_s_per_gb", 1e9),
            "pump": ("million_events_per_s", "cpu_s_per_million", 1e6),
        }[case]
        for contestant, kind in (("hubferry", case), ("bare", "bare")):
            values = {}
            for name in [name for name in figures if name.split("_")[0] == kind]:
                rate, cpu = (statistics.median(column) for column in zip(*figures[name]))
                variant = name[len(kind) :]
                values |= {f"{unit}{variant}": rate / 1e6, f"{cpu_unit}{variant}": cpu * scale}
            self.results.add(case, contestant, 1, **values)


def run(options, folder, results):
    bench = Bench(options, folder, results)
    needs_kafka = {"ingest-single", "ingest-batch", "pump"} & set(options.only)
    if needs_kafka:
        with Cluster(folder=os.path.join(folder, "kafka")) as cluster:
            bench.ingest(cluster)
            if "pump" in options.only:
                cluster.create_topic("pump", contestants.PARTITIONS)
                bench.google("pump", cluster.bootstrap, "pump")
    if "spool" in options.only:
        bench.google("spool", os.path.join(folder, "spool-benchmark"))
    if {"memory", "ready"} & set(options.only):
        bench.backlog()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", required=True)
    parser.add_argument("--bare", help="bare_pipeline (default: where the build of the daemon puts it)")
    parser.add_argument("--only", default=",".join(CASES), help="cases, separated by commas")
    parser.add_argument("--seconds", type=int, default=8, help="of load in each run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backlog-mb", type=int, default=1000)
    parser.add_argument("--json", default=os.path.join(HERE, "..", "..", ".build", "benchmark.jsonl"), metavar="FILE")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    options.daemon = os.path.abspath(options.daemon)
    bare = options.bare or os.path.join(os.path.dirname(options.daemon), "tests", "benchmark", "bare_pipeline")
    options.bare = os.path.abspath(bare)
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(CASES):
        parser.error(f"unknown case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    for program in (options.daemon, options.bare):
        if not os.access(program, os.X_OK):
            parser.error(f"{program} is not there: cmake --build BUILD --target hubferryd benchmarks")
    if options.smoke:
        options.seconds, options.rounds, options.backlog_mb = 1, 1, 20
    return options


def main():
    options = arguments()
    end_on_signals()
    folder = temporary_folder("hubferry-benchmark")
    kind = measure.file_system(folder)
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, data on {kind}", flush=True)
    if kind == "tmpfs" and not options.smoke:
        sys.exit(f"{folder} is in memory; name a folder on a disk with TMPDIR")
    results = Results(options.json, TARGETS, RATIO_TARGETS)
    try:
        run(options, folder, results)
    finally:
        stop_all()
        shutil.rmtree(folder, ignore_errors=True)
    return conclude(results, judged=not options.smoke)


if __name__ == "__main__":
    sys.exit(main())
