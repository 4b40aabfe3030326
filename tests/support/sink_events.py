"""The events of a request to a handler, and the answer to a batch, as src/deliver/http_handler.h describes them."""

import json
import urllib.parse
from collections import namedtuple

Event = namedtuple("Event", "id key number partition offset attempt last source sequence key_header idempotency")

NDJSON = "application/x-ndjson"


def _number(text):
    return -1 if text is None else int(text)


def _value_fields(value):
    try:
        event = json.loads(value) if isinstance(value, (bytes, str)) else value
        return event["id"], event["key"], event["n"]
    except (ValueError, KeyError, TypeError):
        return None, None, None


def _single(headers, body):
    get = headers.get
    place = [_number(get(f"x-hubferry-{name}")) for name in ("partition", "offset", "attempt")]
    sequence = get("x-hubferry-sequence")
    key = get("x-hubferry-key")
    return Event(
        *_value_fields(body),
        *place,
        get("x-hubferry-last-attempt") == "true",
        get("x-hubferry-source"),
        None if sequence is None else int(sequence),
        None if key is None else urllib.parse.unquote(key),
        get("idempotency-key"),
    )


def of_line(line):
    """An event as a line for a command handler, or of a batch."""
    row = json.loads(line)
    return Event(
        *_value_fields(row.get("value")),
        *(row.get(name, -1) for name in ("partition", "offset", "attempt")),
        row.get("last_attempt"),
        row.get("source"),
        row.get("sequence"),
        row.get("key"),
        row.get("idempotency_key"),
    )


def is_batch(headers):
    return headers.get("content-type", "").startswith(NDJSON)


def events_of(headers, body):
    return [of_line(line) for line in body.splitlines()] if is_batch(headers) else [_single(headers, body)]


def answer_to(headers, events, statuses):
    """(status, body) of the answer: a single event's own status; for a batch 200 and one result each."""
    if not is_batch(headers):
        return statuses[0], b""
    if all(status == 200 for status in statuses):
        return 200, b""
    return 200, json.dumps({"results": [{"status": status} for status in statuses]}).encode()
