#!/usr/bin/env python3
"""hubferryctl on a running cluster: it creates the topics, shows partitions, lag and checkpoints, adds partitions, refuses to
move the checkpoints of a group in use and moves those of one that is not, pauses and resumes a route, and lists and
replays dead letters, each of them once and in the order of its key."""

import json
import os
import subprocess
import sys
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import topic  # noqa: E402
from support.process import wait_until  # noqa: E402
from support.scenario import DEAD, GROUP, GROUP_TIMING, TOPIC, expect, roads, run  # noqa: E402

BEFORE, AFTER = 8, 12  # partitions
POISON = ("p0", "p1", "p2")  # keys whose events are answered with 422
EACH, GOOD = 40, 1_000  # events of a poison key, events of the others
DEAD_LETTERS = EACH * len(POISON)


class Tool:
    def __init__(self, scenario, daemon):
        self.program = os.path.join(os.path.dirname(scenario.program), "hubferryctl")
        self.config, self.environment = daemon.config, daemon.environment

    def run(self, *words, seconds=60):
        """(exit code, standard output, standard error)"""
        done = subprocess.run(
            [self.program, *words, "--config", self.config],
            capture_output=True,
            text=True,
            timeout=seconds,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def sound(self, *words, **more):
        """Standard output; raises unless it ends with 0."""
        code, out, error = self.run(*words, **more)
        expect(code == 0, f"{' '.join(words)}: {code}\n{out}{error}")
        return out

    def refused(self, *words, code=2):
        """Standard error; raises unless it ends with the code."""
        got, out, error = self.run(*words)
        expect(got == code, f"{' '.join(words)}: {got} instead of {code}\n{out}{error}")
        return error

    def rows(self, *words, code=0):
        got, out, error = self.run(*words, "--json")
        expect(got == code, f"{' '.join(words)}: {got} instead of {code}\n{out}{error}")
        return [json.loads(line) for line in out.splitlines()]


def create_topics(cluster, tool):
    rows = tool.rows("topics", "create", code=1)
    expect({row["topic"]: row["state"] for row in rows} == {TOPIC: "missing", DEAD: "missing"}, f"topics: {rows}")
    tool.sound("topics", "create", "--topic", TOPIC, "--partitions", str(BEFORE), "--retention", "7d")
    tool.sound("topics", "create", "--dead-letter")
    rows = tool.rows("topics", "create", "--topic", TOPIC, "--dead-letter")
    expect(all(row["state"] == "exists" for row in rows), f"topics: {rows}")
    expect(cluster.partitions(TOPIC) == BEFORE == cluster.partitions(DEAD), "the topics have other partition counts")


def feed(scenario, daemon):
    """Posts so that each poison key has EACH events, between those of good keys."""
    rows = [(f"{key}-{n}", key, n) for n in range(1, EACH + 1) for key in POISON]
    for begin in range(0, len(rows), 30):
        scenario.post(daemon, rows[begin : begin + 30])
    scenario.poster(daemon, GOOD, keys=30, key_prefix="g").start().finish(60)


def watch_running(scenario, cluster, tool, daemon, sink):
    """What the tools say and refuse while the daemon is in the group."""
    committed = cluster.describe_group(GROUP)
    for row in tool.rows("lag"):
        expect(row["lag"] == 0 and row["member"], f"lag of a group that has read all: {row}")
        known = committed[TOPIC, row["partition"]]
        expect((row["committed"], row["end"]) == known[:2], f"{row}, but Kafka's own tool says {known}")
    listed = tool.rows("partitions", "list", TOPIC)
    expect(len(listed) == BEFORE and all(row["leader"] == 1 for row in listed), f"partitions: {listed}")
    error = tool.refused("checkpoint", "set", "--earliest", "--yes")
    expect("is in use" in error and "systemctl stop" in error, f"checkpoint set beside the daemon: {error}")
    offset = str(tool.rows("checkpoint", "show")[0]["committed"])
    error = tool.refused("checkpoint", "skip", "--partition", "0", "--offset", offset, "--yes")
    expect("is in use" in error, f"checkpoint skip beside the daemon: {error}")
    expect(cluster.describe_group(GROUP) == committed, "a refused command changed checkpoints")
    scenario.say("lag and checkpoints agree with Kafka's own tool; set and skip are refused while the daemon reads")

    expect("paused" in tool.sound("pause"), "pause")
    before = sink.delivered()
    scenario.post(daemon, [(f"g-paused-{n}", "g-paused", n) for n in range(1, 21)])
    wait_until("lag of a paused route", lambda: sum(row["lag"] for row in tool.rows("lag")) == 20, 20, 0.2)
    expect(sink.delivered() == before, "a paused route delivered")
    age = max(row["oldest_unread_age_ms"] or 0 for row in tool.rows("lag"))
    expect(0 < age < 60_000, f"the oldest unread event is {age} ms old")
    tool.sound("resume")
    scenario.wait_delivered(sink, before + 20, 20)
    scenario.say("paused, 20 events waited, resumed")


def add_partitions(scenario, cluster, tool, daemon):
    error = tool.refused("partitions", "add", TOPIC, "--total", str(AFTER))
    expect("--yes" in error, f"partitions add without a terminal: {error}")
    error = tool.refused("partitions", "add", TOPIC, "--total", str(BEFORE - 1), "--yes")
    expect("cannot be taken back" in error, f"fewer partitions: {error}")
    out = tool.sound("partitions", "add", TOPIC, "--total", str(AFTER), "--yes")
    expect("66." in out and "of the keys move" in out, f"two of three keys move from 8 to 12: {out}")
    expect(cluster.partitions(TOPIC) == AFTER, "the partitions are not there")
    scenario.wait_assigned([daemon], AFTER)
    scenario.say(f"{BEFORE} -> {AFTER} partitions, all assigned")


def move_checkpoints(scenario, cluster, tool):
    """Of the group that nobody is in; leaves them at the end."""
    committed = lambda: {p: known[0] for (_, p), known in cluster.describe_group(GROUP).items()}  # noqa: E731
    wait_until("a group without members", lambda: tool.run("checkpoint", "set", "--latest", "--yes")[0] == 0, 30, 0.5)
    ends = cluster.end_offsets(TOPIC)
    expect(committed() == ends, f"--latest: {committed()}, the ends are {ends}")
    full = next(p for p, end in ends.items() if end > 10)
    tool.sound("checkpoint", "set", "--earliest", "--partition", str(full), "--yes")
    expect(committed() == {**ends, full: 0}, f"--earliest: {committed()}")
    lag = {row["partition"]: row["lag"] for row in tool.rows("lag")}
    expect(lag[full] == ends[full], f"lag after --earliest: {lag}")
    error = tool.refused("checkpoint", "skip", "--partition", str(full), "--offset", "1", "--yes")
    expect("it is 0, not 1" in error, f"skip of an event that is not next: {error}")
    tool.sound("checkpoint", "skip", "--partition", str(full), "--offset", "0", "--yes")
    expect(committed()[full] == 1, f"skip: {committed()}")
    tool.refused("checkpoint", "set", "--partition", str(full), "--offset", str(ends[full] + 1), "--yes")
    tool.sound("checkpoint", "set", "--time", "1h", "--yes")
    expect(set(committed().values()) == {0}, f"--time: {committed()}")
    tool.sound("checkpoint", "set", "--latest", "--yes")
    expect(committed() == ends, f"--latest: {committed()}")
    scenario.say("checkpoints set to the end, the beginning, a time and an offset, and one event skipped")


def replayed(scenario, cluster):
    """{key: numbers} of the replayed events in the order of the topic."""
    path = os.path.join(scenario.folder, "replayed.jsonl")
    topic.dump(cluster.bootstrap, TOPIC, path)
    numbers = {}
    for record in sorted(topic.records(path), key=lambda record: (record.partition, record.offset)):
        names = [name for name, _ in record.headers]
        if "hf-replays" not in names:
            continue
        headers = dict(record.headers)
        expect(headers["hf-replays"] == b"1" and headers["hf-replayed-for"] == b"billing", f"headers {headers}")
        expect(not any(name == "hf" or name.startswith("hf-dead-") for name in names), f"headers {names}")
        value = json.loads(record.value)
        expect(record.key.decode() == value["key"], f"key {record.key}, value {value}")
        numbers.setdefault(value["key"], []).append(value["n"])
    return numbers


def replay(scenario, cluster, tool):
    listed = tool.rows("dead-letter", "list")
    expect(Counter(row["key"] for row in listed) == {key: EACH for key in POISON}, f"{len(listed)} dead letters")
    expect(all(row["attempts"] == 1 and "422" in row["reason"] for row in listed), f"dead letters such as {listed[0]}")
    first = listed[0]
    place = ["--partition", str(first["dead_letter_partition"]), "--offset", str(first["dead_letter_offset"])]
    shown = tool.rows("dead-letter", "show", *place)[0]
    expect(json.loads(shown["value"])["key"] == first["key"], f"shown {shown}")

    out = tool.sound("dead-letter", "replay", "--all", "--dry-run")
    expect(f"{DEAD_LETTERS} events to be replayed" in out, f"dry run: {out}")
    expect("--yes" in tool.refused("dead-letter", "replay", "--all"), "replay without a terminal")
    expect(not replayed(scenario, cluster), "a dry run wrote")
    out = tool.sound("dead-letter", "replay", "--key", "p1", "--yes")
    expect(f"{EACH} events replayed" in out and f"{DEAD_LETTERS - EACH} dead letters do not match" in out, out)
    out = tool.sound("dead-letter", "replay", "--reason", "422", "--yes")
    expect(f"{DEAD_LETTERS - EACH} events replayed" in out, f"the rest: {out}")
    out = tool.sound("dead-letter", "replay", "--all", "--yes")
    expect("0 events replayed" in out, f"a third replay: {out}")
    numbers = replayed(scenario, cluster)
    expect(numbers == {key: list(range(1, EACH + 1)) for key in POISON}, f"replayed {numbers}")
    expect(all(row["replayed"] for row in tool.rows("dead-letter", "list")), "the list does not say what was replayed")
    scenario.say(f"{DEAD_LETTERS} dead letters replayed, each once, in order")


def body(scenario):
    sink = scenario.sink()
    sink.behave(fail={"keys": list(POISON), "times": 0, "status": 422})
    with scenario.cluster() as cluster:
        timing = {**GROUP_TIMING, "topic.metadata.refresh.interval.ms": "1000"}
        route = {"dead-letter": DEAD, "breaker.threshold": 10 * DEAD_LETTERS}  # more die here than is usual
        settings = roads(cluster.bootstrap, sink.url, consume=route, **timing)
        daemon = scenario.daemon(settings)
        tool = Tool(scenario, daemon)
        create_topics(cluster, tool)
        daemon.start()
        scenario.wait_assigned([daemon], BEFORE)
        feed(scenario, daemon)
        scenario.wait_delivered(sink, GOOD, 60)
        scenario.wait_dead(cluster, DEAD_LETTERS, 60)
        wait_until("a lag of 0", lambda: all(row["lag"] == 0 for row in tool.rows("lag")), 30, 0.5)
        watch_running(scenario, cluster, tool, daemon, sink)
        add_partitions(scenario, cluster, tool, daemon)
        code, _ = daemon.terminate()
        expect(code == 0, f"the daemon ended with {code}")
        move_checkpoints(scenario, cluster, tool)
        replay(scenario, cluster, tool)

        sink.behave()
        delivered = sink.delivered()
        daemon.start()
        scenario.wait_delivered(sink, delivered + DEAD_LETTERS, 60)
        wait_until("a lag of 0", lambda: all(row["lag"] == 0 for row in tool.rows("lag")), 30, 0.5)
        expect(sum(cluster.end_offsets(DEAD).values()) == DEAD_LETTERS, "a replayed event is dead again")
        scenario.say("the daemon delivered what was replayed")


run("ctl_tools", 180, body)
