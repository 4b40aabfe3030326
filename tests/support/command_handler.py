#!/usr/bin/env python3
"""A command handler for tests: logs each event as support.sink does and answers it.

  command_handler.py --log FILE [--fail ID TIMES] [--reject ID] [--die ID] [--hang ID]

--fail: the first TIMES attempts fail; --reject: for good; --die, --hang: at the first attempt. Status in the log: 200, 500,
422; 0: no answer. Several processes may share a log."""

import argparse
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.sink import NO_ANSWER  # noqa: E402
from support.sink_events import of_line  # noqa: E402


def status_of(event, options):
    if event.id in options.reject:
        return 422
    if event.attempt == 1 and event.id in options.die + options.hang:
        return NO_ANSWER
    return 500 if any(event.id == id and event.attempt <= int(times) for id, times in options.fail) else 200


def answer_to(status):
    if status == 200:
        return {"ok": True}
    return {"ok": False, "reason": f"the test wants {status}", "retry": status != 422}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", required=True)
    parser.add_argument("--fail", nargs=2, action="append", default=[])
    for name in ("--reject", "--die", "--hang"):
        parser.add_argument(name, action="append", default=[])
    options = parser.parse_args()
    with open(options.log, "ab", buffering=0) as log:
        for count, line in enumerate(sys.stdin, 1):
            event = of_line(line)
            status = status_of(event, options)
            row = (count, count, time.monotonic(), time.time(), status, *event, os.getpid())
            log.write(json.dumps(row).encode() + b"\n")
            if event.id in options.die and not status:
                os._exit(1)
            if event.id in options.hang and not status:
                time.sleep(3_600)
            print(json.dumps({"id": json.loads(line)["id"], **answer_to(status)}), flush=True)


if __name__ == "__main__":
    main()
