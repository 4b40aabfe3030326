#!/usr/bin/env python3
"""A broker dressed like the Event Hubs endpoint (TLS with its own authority, PLAIN with a connection string): events
flow with the right key; with a wrong one the daemon accepts, says why it cannot send, and shows the secret nowhere."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from kafka.cluster import ACCESS_KEY  # noqa: E402
from support.process import wait_until  # noqa: E402
from support.scenario import CONSUME, PRODUCE, TOPIC, expect, roads, run  # noqa: E402

EVENTS = 4_000
WRONG_KEY = "wrong+Key/9876543210zyxwvutsrqponmlkjihgfedc="


def dressed(scenario, cluster, sink, name, connection_string):
    """A daemon that knows the connection string by a file only."""
    secret = os.path.join(scenario.folder, f"{name}.connection-string")
    with open(secret, "w", encoding="utf-8") as file:
        file.write(connection_string + "\n")
    os.chmod(secret, 0o600)
    settings = roads(cluster.sasl_bootstrap, sink.url, ssl_ca_location=cluster.ca_file)
    settings["event-hubs"] = {"connection-string-file": secret}
    return scenario.daemon(settings, name)


def expect_no_secret(daemon):
    code, out, err = daemon.run("--print-config")
    expect(code == 0, f"--print-config ended with {code}: {err}")
    shown = {"--print-config": out + err, "log": daemon.log_text(all_runs=True)}
    if daemon.alive():
        shown["/readyz"] = str(daemon.ready())
        shown["/metrics"] = str(daemon.metrics())
    for place, text in shown.items():
        for secret in (ACCESS_KEY, WRONG_KEY):
            expect(secret not in text, f"{place} of {daemon.name} shows the access key")


def body(scenario):
    with scenario.cluster(sasl_ssl=True) as cluster:
        cluster.create_topic(TOPIC, 4)
        sink = scenario.sink()
        right = dressed(scenario, cluster, sink, "right", cluster.connection_string).start()
        poster = scenario.poster(right, EVENTS).start()
        poster.finish(60)
        scenario.wait_delivered(sink, EVENTS, 60)
        scenario.say("all delivered")
        scenario.judge(cluster, sink)
        _, parts = right.ready()
        expect(all(part["state"] == "ready" for part in parts.values()), f"/readyz: {parts}")
        expect_no_secret(right)
        code, seconds = right.terminate()
        expect(code == 0, f"SIGTERM ended it with {code}")
        scenario.say(f"right key: stopped in {seconds:.1f} s")

        wrong = dressed(
            scenario, cluster, sink, "wrong", cluster.connection_string.replace(ACCESS_KEY, WRONG_KEY)
        ).start()
        status, _, answer = wrong.post(TOPIC, b'{"id":"w-1","key":"w","n":1}')
        expect(status == 202, f"with a wrong key a post was answered {status} {answer}")

        def explained():
            status, parts = wrong.ready()
            return status == 200 and all(
                parts[name]["state"] == "degraded" and re.search("authenti", parts[name]["reason"], re.IGNORECASE)
                for name in (PRODUCE, CONSUME)
            )

        wait_until(lambda: f"/readyz to name the authentication, it says {wrong.ready()}", explained, 30)
        scenario.say(f"wrong key: {wrong.ready()[1][PRODUCE]['reason']}")
        expect_no_secret(wrong)
        code, seconds = wrong.terminate()
        expect(code == 0, f"with a wrong key SIGTERM ended it with {code}")
        scenario.say(f"wrong key: stopped in {seconds:.1f} s")
        expect_no_secret(wrong)


run("event_hubs_dress", 180, body)
