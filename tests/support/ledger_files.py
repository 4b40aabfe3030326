"""What the ledger reads: the poster's file, dumps of topics, the sink's log."""

import json
import struct
from collections import namedtuple

from support import sink, topic

# origin is (source as 16 hex digits, sequence) or None; reposted: sendings of its batch whose answer was lost.
Accepted = namedtuple("Accepted", "id key number origin reposted", defaults=[0])
Stored = namedtuple("Stored", "partition offset id key number origin")
# attempt and last as the delivery said; clock: Unix time of its arrival.
Delivered = namedtuple(
    "Delivered", "id key number partition offset origin status attempt last clock", defaults=[200, 1, None, None]
)
# partition, offset, attempts and reason as its headers say, origin from hf-origin; stored_at: Unix time in ms (of the
# broker, if the topic keeps LogAppendTime), -1: unknown; place: (partition, offset) in the dead-letter topic.
Dead = namedtuple(
    "Dead", "id key number partition offset origin attempts reason stored_at place", defaults=["", -1, (0, 0)]
)


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


def origin_of(headers, header="hf"):
    """The origin in the header: source u64, sequence u64, epoch u32, big-endian. None unless there is just one."""
    values = [value for name, value in headers if name == header]
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
        tried = row.attempt, row.last, row.clock
        found.append(Delivered(row.id, key, row.number, row.partition, row.offset, origin, row.status, *tried))
    return found


def _header(headers, name):
    """The value of the only header of that name as text, or None."""
    values = [value for other, value in headers if other == name]
    return values[0].decode(errors="replace") if len(values) == 1 and values[0] is not None else None


def read_dead(path):
    """The records of a dead-letter topic's dump. A header that is missing, or is no number, gives None."""

    def number(headers, name):
        text = _header(headers, name)
        return int(text) if text and text.isdecimal() else None

    found = []
    for record in topic.records(path):
        id, key, count = _fields(record.value)
        if key is not None and record.key != key.encode():
            key = f"{key} under the key {record.key}"
        place = [number(record.headers, f"hf-dead-{name}") for name in ("partition", "offset")]
        if any(name == "hf" for name, _ in record.headers):
            key = f"{key} with an hf of its own"
        found.append(
            Dead(
                id,
                key,
                count,
                *place,
                origin_of(record.headers, "hf-origin"),
                number(record.headers, "hf-dead-attempts"),
                _header(record.headers, "hf-dead-reason"),
                record.timestamp,
                (record.partition, record.offset),
            )
        )
    return found
