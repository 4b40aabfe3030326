#!/usr/bin/env python3
"""hubferryctl spool on what a killed daemon left behind: verify counts it, export writes it, send brings it to the topic,
each event once. Beside the running daemon, under load, verify finds nothing wrong and repair refuses."""

import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import ledger  # noqa: E402
from support.process import wait_until  # noqa: E402
from support.scenario import PRODUCE, TOPIC, expect, roads, run  # noqa: E402

BEFORE = 5_000
ORPHANED = 40_000


class Tool:
    def __init__(self, scenario, daemon):
        self.program = os.path.join(os.path.dirname(scenario.program), "hubferryctl")
        self.config, self.environment = daemon.config, daemon.environment
        self.directory = os.path.join(daemon.settings["spool"]["directory"], PRODUCE.split(".")[1])

    def spool(self, command, *options, seconds=60):
        """(exit code, standard output, standard error)"""
        done = subprocess.run(
            [self.program, "spool", command, self.directory, *options],
            capture_output=True,
            text=True,
            timeout=seconds,
            env=self.environment,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def verify(self):
        """The counts; raises unless the spool is sound."""
        code, out, error = self.spool("verify")
        expect(code == 0 and out.endswith("\nsound\n") and not error, f"verify: {code}\n{out}{error}")
        rows = (line.split() for line in out.splitlines() if line.startswith("  "))
        return {row[0]: int(row[1]) for row in rows if row[1].isdigit()}


def watch(scenario, tool, poster):
    """verify, export and repair beside the daemon until the poster has finished."""
    rounds = 0
    while poster.running():
        tool.verify()
        code, out, error = tool.spool("export")
        expect(code == 0 and not error, f"export beside the daemon: {code} {error}")
        for line in out.splitlines():
            json.loads(line)
        code, _, error = tool.spool("repair")
        expect(code == 2 and "stop it first" in error, f"repair beside the daemon: {code} {error}")
        rounds += 1
    scenario.say(f"{rounds} times verified and exported beside the daemon, repair refused as often")
    expect(rounds >= 3, "the load was over too soon to say anything")


def exported(tool):
    """{(source, sequence): (id, key, number)} of what export writes."""
    code, out, error = tool.spool("export")
    expect(code == 0, f"export: {code} {error}")
    events = {}
    for line in out.splitlines():
        row = json.loads(line)
        value = row["value"]
        expect(row["key"] == value["key"], f"key and value differ: {line}")
        events[row["source"], row["sequence"]] = (value["id"], value["key"], value["n"])
    expect(len(events) == len(out.splitlines()), "export wrote an event twice")
    return events


def body(scenario):
    with scenario.cluster() as cluster:
        cluster.create_topic(TOPIC, 4)
        settings = roads(cluster.bootstrap)
        settings[PRODUCE]["spool.segment-bytes"] = "1MiB"
        settings["ingest"] = {"max-body": "512KiB"}
        daemon = scenario.daemon(settings).start()
        tool = Tool(scenario, daemon)
        scenario.poster(daemon, BEFORE, key_prefix="before").start().finish(60)
        wait_until("a spool that is empty, also on disk", lambda: tool.verify()["unacknowledged"] == 0, 30, 0.2)

        cluster.kill(1, signal.SIGTERM)
        poster = scenario.poster(daemon, ORPHANED, rate=8_000).start()
        watch(scenario, tool, poster)
        poster.finish(60)
        daemon.kill()
        scenario.say(f"daemon killed with {poster.accepted} accepted since the broker went")

        counts = tool.verify()
        expect(counts["unacknowledged"] == ORPHANED, f"{ORPHANED} were accepted, verify counts {counts}")
        code, out, error = tool.spool("dump", "--limit", "3")
        expect(code == 0 and len(out.splitlines()) == 3, f"dump: {code} {out}{error}")
        accepted = {e.origin: (e.id, e.key, e.number) for e in ledger.read_accepted(scenario.ledger)}
        orphaned = {origin: event for origin, event in accepted.items() if not event[1].startswith("before")}
        expect(exported(tool) == orphaned, "export differs from what was accepted")

        options = ("--config", tool.config)
        code, _, error = tool.spool("send", *options, "--deadline", "2s")
        expect(code == 1 and f"{ORPHANED} of {ORPHANED} events are left" in error, f"send without broker: {code} {error}")
        cluster.restart()
        code, _, error = tool.spool("send", *options)
        scenario.say(f"sent: {error.strip().splitlines()[-1]}")
        expect(code == 0, f"send: {code} {error}")
        expect(tool.verify()["unacknowledged"] == 0, "something is left after send")
        report = scenario.judge(cluster, further=("duplicates_stored", "reposted"))
        expect(report["records"] == BEFORE + ORPHANED, f"{report['records']} records in the topic")


run("spool_tool", 180, body)
