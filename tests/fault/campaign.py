#!/usr/bin/env python3
"""Everything that goes wrong between an application and its event hub, at random moments and over and over: SIGKILL of
the daemon, SIGKILL of brokers (of one of three, or of the only one), outages, quotas that throttle to a tenth. The
ledger must show: 0 lost, per-key order of first appearance, and nothing stored twice.

  campaign.py --daemon PATH [--kills N] [--broker-kills N] [--outages N] [--throttles N] [--seconds S] [--nodes 1|3]
"""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.process import wait_until  # noqa: E402
from support.scenario import TOPIC, expect, roads, run  # noqa: E402

KEYS, PARTITIONS = 200, 8
CLIENT = "hubferry"
RATE = 4_000  # events a second, all threads
EVENT_BYTES = 130  # as stored, roughly: for the quota


def arguments(parser):
    parser.add_argument("--kills", type=int, default=30, help="SIGKILLs of the daemon")
    parser.add_argument("--broker-kills", type=int, default=5, help="SIGKILLs of a broker, restarted at once")
    parser.add_argument("--outages", type=int, default=2, help="broker stopped for --outage-seconds")
    parser.add_argument("--outage-seconds", type=float, default=20)
    parser.add_argument("--throttles", type=int, default=1, help="quota of a tenth for --throttle-seconds")
    parser.add_argument("--throttle-seconds", type=float, default=30)
    parser.add_argument("--pause", type=float, default=3.0, help="longest pause between two faults, seconds")
    parser.add_argument("--nodes", type=int, default=1, choices=(1, 3))


def broker_kill(scenario, cluster, seconds):
    node = scenario.random.randint(1, len(cluster.nodes))
    cluster.kill(node)
    time.sleep(seconds)
    cluster.restart(node)


def inject(fault, scenario, cluster, daemon, options):
    scenario.say(f"{fault}; {daemon.metric('hubferry_events_acknowledged_total', 'orders'):.0f} acknowledged")
    if fault == "kill":
        daemon.kill()
        daemon.start()
    elif fault == "broker kill":
        broker_kill(scenario, cluster, 0)
    elif fault == "outage":
        broker_kill(scenario, cluster, options.outage_seconds)
    else:
        cluster.limit_client(CLIENT, producer_byte_rate=RATE * EVENT_BYTES // 10)
        time.sleep(options.throttle_seconds)
        cluster.limit_client(CLIENT, producer_byte_rate=None)


def body(scenario):
    options = scenario.options
    with scenario.cluster(nodes=options.nodes) as cluster:
        replicas = {"min_insync_replicas": 2} if options.nodes == 3 else {}
        cluster.create_topic(TOPIC, PARTITIONS, replication=min(3, options.nodes), **replicas)
        daemon = scenario.daemon(roads(cluster.bootstrap)).start()
        poster = scenario.poster(daemon, 100_000_000, keys=KEYS, rate=RATE, batch=50).start()
        faults = (
            ["kill"] * options.kills
            + ["broker kill"] * options.broker_kills
            + ["outage"] * options.outages
            + ["throttle"] * options.throttles
        )
        scenario.random.shuffle(faults)
        throttled = 0.0
        for fault in faults:
            time.sleep(scenario.random.uniform(0.05, options.pause))
            poster.check()
            inject(fault, scenario, cluster, daemon, options)
            if fault == "throttle":
                throttled += daemon.metric("hubferry_broker_throttle_seconds_total", "orders")
        poster.stop(60)
        scenario.say(f"{poster.accepted} accepted; {poster.lost_answers} answers lost, {poster.refused} attempts refused")
        left = lambda: daemon.metric("hubferry_spool_unacknowledged_events", "orders")  # noqa: E731
        wait_until(lambda: f"an empty spool, {left()} events now", lambda: left() == 0, 180)
        scenario.say(f"all acknowledged; throttled {throttled:.1f} s, daemon's answers took at most {poster.longest_answer:.2f} s")
        scenario.judge(cluster, further=("duplicates_stored",))
        if options.throttles:
            expect(throttled > 0, "the quota never throttled")
        code, seconds = daemon.terminate()
        expect(code == 0, f"the daemon ended with {code}")


if __name__ == "__main__":
    run("campaign", 3_600, body, arguments)
