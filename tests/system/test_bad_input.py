#!/usr/bin/env python3
"""What must be refused is refused with a reason, whole batches at a time; an unreachable broker keeps nobody from
posting, and what waits in the spool is sent by a later start."""

import http.client
import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.poster import ledger_line  # noqa: E402
from support.process import wait_until  # noqa: E402
from support.scenario import CONSUME, PRODUCE, TOPIC, expect, roads, run  # noqa: E402

MAX_BODY, MAX_EVENT, MAX_BATCH = 64 * 1024, 10_000, 50
DEADLINE = 5  # seconds for a shutdown
QUIET = 15  # seconds of watching the log
NDJSON = "application/x-ndjson"


def event(number, padding=""):
    return json.dumps({"id": f"a-{number}", "key": "a", "n": number, "pad": padding})


def expect_problem(answer, status, *words):
    got, headers, body = answer
    expect(got == status, f"expected {status}, got {got}: {body}")
    expect(
        headers.get_content_type() == "application/problem+json", f"{status} came as {headers['Content-Type']}: {body}"
    )
    problem = json.loads(body)
    expect(problem["status"] == status, f"{problem}")
    for word in words:
        expect(word in problem["detail"], f"the {status} does not say {word!r}: {problem}")


def refusals(daemon):
    """Requests of which nothing may be accepted."""
    expect_problem(daemon.post(TOPIC, '{"id": "a-1", "key": '), 400)
    expect_problem(daemon.post(TOPIC, ""), 400)
    expect_problem(daemon.post(TOPIC, "\n".join([event(1), event(2), '{"broken"', event(4)]), NDJSON), 400, "3")
    expect_problem(daemon.post(TOPIC, event(1).encode() + b'\n{"id":"\xff"}', NDJSON), 400, "2")  # no UTF-8
    expect_problem(daemon.post("no-such-topic", event(1)), 404, "no-such-topic")
    expect_problem(daemon.request("GET", "/no/such/path"), 404)
    expect_problem(daemon.request("GET", f"/v1/topics/{TOPIC}/events"), 405)
    expect_problem(daemon.post(TOPIC, event(1, "x" * MAX_EVENT)), 413, str(MAX_EVENT))
    expect_problem(daemon.post(TOPIC, event(1) + "\n" + event(2, "x" * MAX_EVENT), NDJSON), 413, "2")
    expect_problem(daemon.post(TOPIC, "\n".join(event(n) for n in range(MAX_BATCH + 1)), NDJSON), 413, str(MAX_BATCH))
    expect_problem(oversized(daemon), 413)


def oversized(daemon):
    """The answer to a body that is announced as too large, before a byte of it is sent."""
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as sock:
        head = f"POST /v1/topics/{TOPIC}/events HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
        sock.sendall(f"{head}Content-Length: {MAX_BODY + 1}\r\n\r\n".encode())
        response = http.client.HTTPResponse(sock)
        response.begin()
        return response.status, response.headers, response.read()


def post_good(scenario, daemon, first, count):
    """A batch that is accepted, with its line in the ledger."""
    numbers = range(first, first + count)
    status, _, body = daemon.post(TOPIC, "\n".join(event(number) for number in numbers) + "\n", NDJSON)
    expect(status == 202, f"a good batch was answered {status} {body}")
    with open(scenario.ledger, "a", encoding="utf-8") as file:
        file.write(ledger_line(json.loads(body), [(f"a-{number}", "a", number) for number in numbers]))


def unreachable_broker(scenario, daemon):
    """The broker was never there: posts are accepted, /readyz says why nothing goes out, the log is quiet."""
    started = time.monotonic()
    post_good(scenario, daemon, 1, 10)
    refusals(daemon)
    post_good(scenario, daemon, 11, 10)
    accepted = daemon.metric("hubferry_events_accepted_total", "orders")
    expect(accepted == 20, f"{accepted} events were counted as accepted instead of 20")
    expect(daemon.request("GET", "/livez")[0] == 200, "/livez is not 200")

    def explained():
        status, parts = daemon.ready()
        return status == 200 and all(
            parts[name]["state"] == "degraded" and parts[name]["reason"] for name in (PRODUCE, CONSUME)
        )

    wait_until(lambda: f"/readyz to say that no broker is there, it says {daemon.ready()}", explained, QUIET)
    time.sleep(max(0.0, started + QUIET - time.monotonic()))
    _, _, log = daemon.log_text().partition("serving http://")
    for route in ("orders", "billing"):
        lines = [line for line in log.splitlines() if f"route {route}" in line]
        expect(len(lines) <= 1, f"{len(lines)} lines about {route} in {QUIET} s:\n" + "\n".join(lines))
    expect(len(log.splitlines()) <= 4, f"the log is not quiet without a broker:\n{log}")
    scenario.say(f"no broker: {daemon.ready()[1][PRODUCE]['reason']}")


def expect_refused(scenario, daemon, what, *words, options=(), hidden=None):
    """It must not start: ends soon, not with 0, and says why on standard error."""
    code, out, err = daemon.run(*options)
    expect(code is not None, f"{what}: it started all the same:\n{err}")
    expect(code > 0, f"{what}: it ended with {code}:\n{err}")
    for word in words:
        expect(word in err, f"{what}: standard error does not say {word!r}:\n{err}")
    expect(not hidden or hidden not in out + err, f"{what}: the secret is shown:\n{err}")
    scenario.say(f"{what}: {err.strip().splitlines()[-1]}")


def bad_starts(scenario, running):
    bootstrap = running.settings["kafka"]["bootstrap.servers"]

    def daemon(name, **sections):
        settings = roads(bootstrap)
        for section, values in sections.items():
            settings.setdefault(section.replace("__", "."), {}).update(values)
        return scenario.daemon(settings, name)

    taken, spool = str(running.port), running.settings["spool"]["directory"]
    file = os.path.join(scenario.folder, "a-file")
    with open(file, "w", encoding="utf-8"):
        pass
    expect_refused(scenario, daemon("proc", spool={"directory": "/proc/hubferry"}), "spool in /proc", "/proc/hubferry")
    expect_refused(scenario, daemon("file", spool={"directory": f"{file}/spool"}), "spool under a file", file)
    expect_refused(scenario, daemon("port", ingest={"listen": f"127.0.0.1:{taken}"}), "port in use", taken)
    expect_refused(scenario, daemon("spool", spool={"directory": spool}), "spool in use", spool)
    plain = daemon("plain")
    refused = [
        ("unknown option", ["--ingest.lisen=127.0.0.1:1"], ["ingest.lisen", "ingest.listen"]),
        ("malformed size", ["--ingest.max-body=lots"], ["ingest.max-body", "lots"]),
        ("malformed duration", ["--shutdown.deadline=5 parsecs"], ["shutdown.deadline", "5 parsecs"]),
        ("unknown Kafka property", ["--kafka.bootstrap.servrs=x:1"], ["bootstrap.servrs"]),
        ("two routes on one topic", [f"--produce.again.topic={TOPIC}"], [TOPIC, "again"]),
        ("route without a topic", ["--produce.again.key-pointer=/key"], ["produce.again.topic"]),
    ]
    for what, options, words in refused:
        expect_refused(scenario, plain, what, *words, options=options)
    secret = "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=c2VjcmV0LXNlY3JldA=="
    option = [f"--event-hubs.connection-string={secret}"]
    expect_refused(
        scenario, plain, "secret on the command line", "connection-string", options=option, hidden="c2VjcmV0LXNlY3JldA"
    )
    unknown = daemon("unknown", produce__orders={"topik": "x"})
    expect_refused(scenario, unknown, "unknown key in the file", "topik", "produce.orders.topic", unknown.config)
    unknown.config = os.path.join(scenario.folder, "no-such.conf")
    expect_refused(scenario, unknown, "no configuration file", unknown.config)


def body(scenario):
    cluster = scenario.cluster()  # its ports are known, nobody listens yet
    settings = roads(cluster.bootstrap, "http://127.0.0.1:9/unused")
    settings["ingest"] = {"max-body": MAX_BODY, "max-event": MAX_EVENT, "max-batch-events": MAX_BATCH}
    settings["shutdown"] = {"deadline": f"{DEADLINE}s"}
    daemon = scenario.daemon(settings).start()
    unreachable_broker(scenario, daemon)
    bad_starts(scenario, daemon)

    code, seconds = daemon.terminate()
    scenario.say(f"without a broker SIGTERM ended it with {code} in {seconds:.1f} s")
    expect(code == 0, f"without a broker SIGTERM ended it with {code}")
    expect(seconds < DEADLINE + 1, f"without a broker it took {seconds:.1f} s to stop")

    with cluster:
        cluster.create_topic(TOPIC, 4)
        daemon.start()
        wait_until("the waiting events in the topic", lambda: sum(cluster.end_offsets(TOPIC).values()) >= 20, 40, 0.2)
        scenario.judge(cluster, further=("duplicates_stored",))
        code, _ = daemon.terminate()
        expect(code == 0, f"SIGTERM ended it with {code}")


run("bad_input", 120, body)
