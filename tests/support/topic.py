"""Reads a topic with kcat, independently of the daemon."""

import json
from collections import namedtuple

from kafka.cluster import kcat

# key and value are bytes or None; headers is a list of (name, bytes or None); timestamp in ms, Unix epoch.
Record = namedtuple("Record", "partition offset key value headers timestamp")


def dump(bootstrap, topic, path, seconds=120):
    """Writes all records of the topic to a file, one JSON object a line as kcat -J prints it."""
    options = ["-o", "beginning", "-e", "-q", "-J", "-u", "-X", "check.crcs=true", "-X", "fetch.wait.max.ms=20"]
    with open(path, "wb") as file:
        file.write(kcat("-C", "-b", bootstrap, "-t", topic, *options, seconds=seconds))


def _bytes(text):
    return None if text is None else text.encode("latin-1")


def records(path):
    """The records of a dump. kcat -J copies the bytes of keys, values and headers into its JSON strings as they are and
    escapes control characters only: read as Latin-1, each character is one byte again."""
    with open(path, "rb") as file:
        for line in file:
            row = json.loads(line.decode("latin-1"), strict=False)
            flat = row.get("headers", [])
            headers = [(flat[i], _bytes(flat[i + 1])) for i in range(0, len(flat), 2)]
            place = row["partition"], row["offset"]
            yield Record(*place, _bytes(row["key"]), _bytes(row["payload"]), headers, row.get("ts", -1))
