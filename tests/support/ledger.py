#!/usr/bin/env python3
"""Judges loss, order and duplicates from files that the daemon had no hand in: what the poster saw accepted, what the
topic holds, what the handler got, what the dead-letter topic holds.

  ledger.py --accepted FILE [--external FILE] --topic DUMP [--deliveries FILE] [--partitions-grew]
            [--dead-letters DUMP [--attempts N] [--kills N]]

`--external`: events written to the topic by others than the daemon, one JSON list [id, key, number] a line.
`--attempts`: the route's retry.attempts; `--kills`: SIGKILLs of daemons, each of which may cost an event one attempt more.
An event in the dead-letter topic is finished like one that was answered with 2xx.
Prints the counts and exits with 1 when something is wrong. What counts as wrong:
  lost               accepted, but not in the topic, or neither answered with 2xx by the handler nor dead-lettered
  order_violations   the first appearances of a key's events do not rise, in a partition or at the handler (first
                     arrivals, and first arrivals that were answered with 2xx); or those of a source's sequences do not
                     rise in a partition; or a key's later event was delivered before an earlier one was dead-lettered,
                     or is before it in the dead-letter topic
  split_keys         a key in more than one partition (fine when partitions were added)
  unrecognisable     the same event under another source and sequence, beyond what the poster itself sent again
  unknown            records or deliveries that nobody posted, or deliveries that differ from the record at their offset
  origin_mismatches  an accepted event is not in the topic under the source and sequence that its 202 named, or has no
                     valid `hf`
  dead_mismatches    a dead letter is not the record at the place that its headers name, or lacks one of them
  wrong_attempts     dead-lettered after another number of attempts than configured (fewer are fine after a 4xx), or than
                     the handler saw; failed so often and not dead-lettered; an attempt beyond the last, or a wrong flag
                     for the last; parked without an earlier dead letter of the key
Duplicates that carry the same source and sequence are recognisable: counted, and wrong only for callers that say so.
"""

import argparse
import os
import sys
from collections import Counter, defaultdict

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.ledger_dead import check_dead  # noqa: E402
from support.ledger_files import (  # noqa: E402, F401
    Accepted,
    Dead,
    Delivered,
    Stored,
    read_accepted,
    read_dead,
    read_delivered,
    read_external,
    read_stored,
)

VIOLATIONS = (
    "lost",
    "order_violations",
    "split_keys",
    "unrecognisable",
    "unknown",
    "origin_mismatches",
    "dead_mismatches",
    "wrong_attempts",
)


class Violation(AssertionError):
    pass


class Report:
    def __init__(self):
        self.counts = Counter()
        self.examples = defaultdict(list)

    def add(self, what, example):
        self.counts[what] += 1
        if len(self.examples[what]) < 5:
            self.examples[what].append(example)

    def rise(self, highest, scope, number, what):
        """Counts an order violation unless the number is higher than all of its scope before."""
        if number is None:
            return
        if number <= highest.get(scope, -1):
            self.add("order_violations", f"{what} came after {highest[scope]}")
        else:
            highest[scope] = number

    def __getitem__(self, what):
        return self.counts[what]

    def text(self):
        first = (
            "accepted",
            "stored",
            "delivered",
            "lost",
            "order_violations",
            "duplicates_stored",
            "duplicates_delivered",
        )
        second = ("reposted", "unrecognisable", "unknown", "origin_mismatches", "split_keys", "records", "deliveries")
        third = ("dead", "duplicates_dead", "dead_and_delivered", "dead_mismatches", "wrong_attempts")
        return "\n".join(
            "ledger: " + " ".join(f"{name}={self.counts[name]}" for name in row) for row in (first, second, third)
        )

    def violations(self, further=()):
        return [
            f"{name}: {self.counts[name]}, e.g. {'; '.join(self.examples[name])}"
            for name in (*VIOLATIONS, *further)
            if self.counts[name]
        ]

    def require_clean(self, further=()):
        """Raises Violation when something is wrong; `further` names counts that must be 0 as well."""
        found = self.violations(further)
        if found:
            raise Violation("\n".join(found))


def check(accepted, stored, delivered=None, partitions_grew=False, dead=(), attempts=0, kills=0):
    """`stored` and `dead` in any order; `delivered` in order of arrival, or None when there was no handler. `attempts`
    is the route's retry.attempts, 0: not judged."""
    report = Report()
    known = {event.id: event for event in accepted}
    by_id = defaultdict(list)
    for record in stored:
        by_id[record.id].append(record)
    report.counts.update(accepted=len(known), records=len(stored), stored=len(known.keys() & by_id.keys()))
    _check_stored(report, known, by_id)
    _check_topic_order(report, stored, partitions_grew)
    lost = {id: "not in the topic" for id in known if id not in by_id}
    if delivered is not None:
        got = _check_delivered(report, stored, delivered)
        report.counts.update(delivered=len(known.keys() & got), deliveries=len(delivered))
        dead_ids = check_dead(report, stored, delivered, dead, (attempts, kills), partitions_grew)
        report.counts["dead_and_delivered"] = len(got & dead_ids)
        finished = got | dead_ids
        lost.update({id: "not finished" for id in known if id not in finished and id not in lost})
        _check_handler_order(report, delivered, partitions_grew)
    for id, why in lost.items():
        report.add("lost", f"{id} {known[id].origin} {why}")
    return report


def _check_stored(report, known, by_id):
    for id, records in by_id.items():
        event = known.get(id)
        if event is None:
            report.add("unknown", f"record {records[0]}")
            continue
        for record in records:
            if (record.key, record.number) != (event.key, event.number):
                report.add("unknown", f"record {record} is not {event}")
            if record.origin is None and event.origin is not None:
                report.add("origin_mismatches", f"no valid hf: {record}")
        origins = {record.origin for record in records}
        if event.origin not in origins:
            report.add(
                "origin_mismatches", f"{id} was accepted as {event.origin}, stored as {sorted(origins, key=str)}"
            )
        again = len(origins) - 1  # under other sources and sequences
        report.counts["duplicates_stored"] += len(records) - len(origins)
        report.counts["reposted"] += min(again, event.reposted)
        if again > event.reposted:
            report.add("unrecognisable", f"{id} stored as {sorted(origins, key=str)}, reposted {event.reposted} times")


def _check_topic_order(report, stored, partitions_grew):
    partition_of = {}
    seen_ids, seen_origins, numbers, sequences = set(), set(), {}, {}
    for record in sorted(stored, key=lambda record: (record.partition, record.offset)):
        if not partitions_grew and partition_of.setdefault(record.key, record.partition) != record.partition:
            report.add("split_keys", f"{record.key} in partitions {partition_of[record.key]} and {record.partition}")
        if (record.partition, record.id) not in seen_ids:
            seen_ids.add((record.partition, record.id))
            report.rise(numbers, (record.partition, record.key), record.number, f"topic: {record}")
        if record.origin and (record.partition, record.origin) not in seen_origins:
            seen_origins.add((record.partition, record.origin))
            source, sequence = record.origin
            report.rise(sequences, (record.partition, source), sequence, f"topic, sequence of the source: {record}")


def _check_delivered(report, stored, delivered):
    """The ids that were answered with 2xx."""
    at = {(record.partition, record.offset): record for record in stored}
    successes = defaultdict(Counter)
    for delivery in delivered:
        record = at.get((delivery.partition, delivery.offset))
        if record is None or (record.id, record.key, record.origin) != (delivery.id, delivery.key, delivery.origin):
            report.add("unknown", f"{delivery} but the topic holds {record}")
        if 200 <= delivery.status < 300:
            successes[delivery.id][delivery.origin] += 1
    for origins in successes.values():
        report.counts["duplicates_delivered"] += sum(origins.values()) - len(origins)
    return set(successes)


def _check_handler_order(report, delivered, partitions_grew):
    arrived, succeeded, arrivals, successes = set(), set(), {}, {}
    for delivery in delivered:
        scope = (delivery.key, delivery.partition if partitions_grew else None)
        if (scope, delivery.id) not in arrived:
            arrived.add((scope, delivery.id))
            report.rise(arrivals, scope, delivery.number, f"handler: {delivery}")
        if 200 <= delivery.status < 300 and (scope, delivery.id) not in succeeded:
            succeeded.add((scope, delivery.id))
            report.rise(successes, scope, delivery.number, f"handler, success: {delivery}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accepted", required=True)
    parser.add_argument("--external")
    parser.add_argument("--topic", required=True)
    parser.add_argument("--deliveries")
    parser.add_argument("--partitions-grew", action="store_true")
    parser.add_argument("--dead-letters")
    parser.add_argument("--attempts", type=int, default=0)
    parser.add_argument("--kills", type=int, default=0)
    options = parser.parse_args()
    accepted = read_accepted(options.accepted) + (read_external(options.external) if options.external else [])
    delivered = read_delivered(options.deliveries) if options.deliveries else None
    dead = read_dead(options.dead_letters) if options.dead_letters else ()
    limits = {"attempts": options.attempts, "kills": options.kills}
    report = check(accepted, read_stored(options.topic), delivered, options.partitions_grew, dead, **limits)
    print(report.text())
    for line in report.violations():
        print(line)
    return 1 if report.violations() else 0


if __name__ == "__main__":
    sys.exit(main())
