#!/usr/bin/env python3
"""One event among 500 that the broker refuses for good: a compacted topic takes no record without a key, and Kafka refuses
the whole batch it is in. Only that event may be set aside; the others arrive in order, each once."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import topic  # noqa: E402
from support.process import wait_until  # noqa: E402
from support.scenario import TOPIC, expect, roads, run  # noqa: E402

EVENTS = 500


def body(scenario):
    with scenario.cluster() as cluster:
        cluster.create_topic(TOPIC, 2, cleanup_policy="compact")
        settings = roads(cluster.bootstrap)
        del settings["produce.orders"]["key-pointer"]
        daemon = scenario.daemon(settings).start()
        wait_until("the partition count", lambda: daemon.post(TOPIC, b"{}", X_Event_Key="first")[0] == 202, 20)
        wait_until(
            "the first event", lambda: daemon.metric("hubferry_events_acknowledged_total", "orders") == 1, 20
        )
        bad = scenario.random.randrange(EVENTS)
        batch = [
            {
                "Body": json.dumps({"n": number}),
                "BrokerProperties": {} if number == bad else {"PartitionKey": f"key-{number % 7}"},
            }
            for number in range(EVENTS)
        ]
        status, _, answer = daemon.request(
            "POST", f"/{TOPIC}/messages", json.dumps(batch), {"Content-Type": "application/vnd.microsoft.servicebus.json"}
        )
        expect(status == 201, f"the batch was answered with {status}: {answer}")
        left = lambda: daemon.metric("hubferry_spool_unacknowledged_events", "orders")  # noqa: E731
        wait_until(lambda: f"an empty spool, {left()} events now", lambda: left() == 0, 60)
        dump = os.path.join(scenario.folder, "topic.jsonl")
        topic.dump(cluster.bootstrap, TOPIC, dump)
        by_key = {}
        for record in topic.records(dump):
            if record.key != b"first":
                by_key.setdefault(record.key, []).append(json.loads(record.value)["n"])
        stored = sorted(number for numbers in by_key.values() for number in numbers)
        expect(stored == [n for n in range(EVENTS) if n != bad], f"{len(stored)} stored; {bad} is the bad one")
        expect(all(numbers == sorted(numbers) for numbers in by_key.values()), "the order of a key broke")
        with open(os.path.join(daemon.settings["spool"]["directory"], "orders", "refused.ndjson"), encoding="utf-8") as file:
            refused = [json.loads(line) for line in file]
        expect(len(refused) == 1, f"{len(refused)} events were set aside")
        expect("INVALID_RECORD" in refused[0]["reason"] and "key" not in refused[0], f"set aside: {refused[0]}")
        expect(daemon.metric("hubferry_events_refused_total", "orders") == 1, "the metric does not tell it")
        scenario.say(f"event {bad} was set aside: {refused[0]['reason']}")
        code, _ = daemon.terminate()
        expect(code == 0, f"the daemon ended with {code}")


run("refused_event", 120, body)
