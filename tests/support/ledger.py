#!/usr/bin/env python3
"""Judges loss, order and duplicates from three files that the daemon had no hand in: what the poster saw accepted, what
the topic holds, what the handler got.

  ledger.py --accepted FILE [--external FILE] --topic DUMP [--deliveries FILE] [--partitions-grew]

`--external`: events written to the topic by others than the daemon, one JSON list [id, key, number] a line.
Prints the counts and exits with 1 when something is wrong. What counts as wrong:
  lost               accepted, but not in the topic, or never answered with 2xx by the handler
  order_violations   the first appearances of a key's events do not rise, in a partition or at the handler (first
                     arrivals, and first arrivals that were answered with 2xx); or those of a source's sequences do not
                     rise in a partition
  split_keys         a key in more than one partition (fine when partitions were added)
  unrecognisable     the same event under another source and sequence, beyond what the poster itself sent again
  unknown            records or deliveries that nobody posted, or deliveries that differ from the record at their offset
  origin_mismatches  an accepted event is not in the topic under the source and sequence that its 202 named, or has no
                     valid `hf`
Duplicates that carry the same source and sequence are recognisable: counted, and wrong only for callers that say so.
"""

import argparse
import json
import os
import struct
import sys
from collections import Counter, defaultdict, namedtuple

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import sink, topic  # noqa: E402

# origin is (source as 16 hex digits, sequence) or None; reposted: sendings of its batch whose answer was lost.
Accepted = namedtuple("Accepted", "id key number origin reposted", defaults=[0])
Stored = namedtuple("Stored", "partition offset id key number origin")
Delivered = namedtuple("Delivered", "id key number partition offset origin status", defaults=[200])

VIOLATIONS = ("lost", "order_violations", "split_keys", "unrecognisable", "unknown", "origin_mismatches")


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
        return "\n".join(
            "ledger: " + " ".join(f"{name}={self.counts[name]}" for name in row) for row in (first, second)
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


def check(accepted, stored, delivered=None, partitions_grew=False):
    """`stored` in any order; `delivered` in order of arrival, or None when there was no handler."""
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
        lost.update({id: "not delivered" for id in known if id not in got and id not in lost})
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
            _rise(report, numbers, (record.partition, record.key), record.number, f"topic: {record}")
        if record.origin and (record.partition, record.origin) not in seen_origins:
            seen_origins.add((record.partition, record.origin))
            source, sequence = record.origin
            _rise(report, sequences, (record.partition, source), sequence, f"topic, sequence of the source: {record}")


def _rise(report, highest, scope, number, what):
    if number is None:
        return
    if number <= highest.get(scope, -1):
        report.add("order_violations", f"{what} came after {highest[scope]}")
    else:
        highest[scope] = number


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
    return successes.keys()


def _check_handler_order(report, delivered, partitions_grew):
    arrived, succeeded, arrivals, successes = set(), set(), {}, {}
    for delivery in delivered:
        scope = (delivery.key, delivery.partition if partitions_grew else None)
        if (scope, delivery.id) not in arrived:
            arrived.add((scope, delivery.id))
            _rise(report, arrivals, scope, delivery.number, f"handler: {delivery}")
        if 200 <= delivery.status < 300 and (scope, delivery.id) not in succeeded:
            succeeded.add((scope, delivery.id))
            _rise(report, successes, scope, delivery.number, f"handler, success: {delivery}")


def read_accepted(path):
    events = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            for index, (id, key, number) in enumerate(row["events"]):
                events.append(Accepted(id, key, number, (row["source"], row["first"] + index), row["reposted"]))
    return events


def read_external(path):
    with open(path, encoding="utf-8") as file:
        return [Accepted(*json.loads(line), None) for line in file]


def origin_of(headers):
    """The origin in the header hf: source u64, sequence u64, epoch u32, big-endian. None unless there is just one."""
    values = [value for name, value in headers if name == "hf"]
    if len(values) != 1 or values[0] is None or len(values[0]) != 20:
        return None
    source, sequence, _epoch = struct.unpack(">QQI", values[0])
    return f"{source:016x}", sequence


def _fields(value):
    try:
        event = json.loads(value)
        return event["id"], event["key"], event["n"]
    except (ValueError, KeyError, TypeError):
        return None, None, None


def read_stored(path):
    """The records of a topic dump. A record whose Kafka key is not the event's key counts as unknown."""
    found = []
    for record in topic.records(path):
        id, key, number = _fields(record.value)
        if key is not None and record.key != key.encode():
            key = f"{key} under the key {record.key}"
        found.append(Stored(record.partition, record.offset, id, key, number, origin_of(record.headers)))
    return found


def read_delivered(path):
    """The deliveries of a sink's log. One whose X-HubFerry-Key is not the event's key counts as unknown."""
    found = []
    for row in sink.deliveries(path):
        key = row.key if row.key_header == row.key else f"{row.key} under the key {row.key_header}"
        origin = None if row.source is None else (row.source, row.sequence)
        found.append(Delivered(row.id, key, row.number, row.partition, row.offset, origin, row.status))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accepted", required=True)
    parser.add_argument("--external")
    parser.add_argument("--topic", required=True)
    parser.add_argument("--deliveries")
    parser.add_argument("--partitions-grew", action="store_true")
    options = parser.parse_args()
    accepted = read_accepted(options.accepted) + (read_external(options.external) if options.external else [])
    delivered = read_delivered(options.deliveries) if options.deliveries else None
    report = check(accepted, read_stored(options.topic), delivered, options.partitions_grew)
    print(report.text())
    for line in report.violations():
        print(line)
    return 1 if report.violations() else 0


if __name__ == "__main__":
    sys.exit(main())
