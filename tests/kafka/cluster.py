#!/usr/bin/env python3
"""Real Kafka brokers (KRaft, one node or three) on free ports of 127.0.0.1, for tests and for developers.

From Python:          with Cluster(nodes=3) as cluster: ... cluster.bootstrap ...
From a command line:  cluster.py start --dir DIR [--nodes 3] [--sasl-ssl] [--topic orders:4]...
                      cluster.py stop --dir DIR

The jars come from $HUBFERRY_KAFKA_JARS, or are fetched once into <repository>/.build/kafka-jars (fetch.sh). Nodes of a
Cluster object die with the process that started them; those of the command line live until `stop`.
"""

import argparse
import concurrent.futures
import functools
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from kafka import tls  # noqa: E402
from support import ports  # noqa: E402
from support.process import Child, temporary_folder, wait_until  # noqa: E402

CLUSTER_ID = "aHViZmVycnktdGVzdC1rYQ"
ACCESS_KEY = "hub+ferry/test0123456789abcdefghijklmnopqrs="
CONNECTION_STRING = (
    f"Endpoint=sb://hubferry-test.servicebus.windows.net/;SharedAccessKeyName=Test;SharedAccessKey={ACCESS_KEY}"
)

SETTINGS = """
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={listeners}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
default.replication.factor={replicas}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync}
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=2
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=4194304
log.segment.bytes=67108864
log.retention.bytes=2147483648
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""

# Like the Event Hubs endpoint: PLAIN inside TLS, user "$ConnectionString", the whole connection string as password.
SASL_SETTINGS = """
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_$ConnectionString="{connection_string}";
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
"""


@functools.cache
def jars():
    """The folder with the Kafka jars, fetched when it is empty."""
    folder = os.environ.get("HUBFERRY_KAFKA_JARS") or os.path.join(HERE, "..", "..", ".build", "kafka-jars")
    folder = os.path.abspath(folder)
    ours = os.path.exists(os.path.join(folder, ".stamp"))  # then fetch.sh knows whether it is what pom.xml asks for
    if ours or not glob.glob(os.path.join(folder, "kafka-clients-*.jar")):
        subprocess.run([os.path.join(HERE, "fetch.sh"), folder], check=True)
    return folder


def java(heap, *arguments):
    options = [
        f"-Dlog4j2.configurationFile={HERE}/log4j2.properties",
        "-Djava.net.preferIPv4Stack=true",
        "-XX:+UseSerialGC",
    ]
    return ["java", f"-Xmx{heap}", *options, "-cp", os.path.join(jars(), "*"), *arguments]


class Node:
    def __init__(self, number, folder, port, controller, sasl_port):
        self.number, self.folder, self.port, self.controller, self.sasl_port = (
            number,
            folder,
            port,
            controller,
            sasl_port,
        )
        self.child = None
        self.log = os.path.join(folder, "server.log")

    def write_settings(self, nodes, keystore):
        listeners = f"PLAINTEXT://127.0.0.1:{self.port}"
        if self.sasl_port:
            listeners = f"SASL_SSL://127.0.0.1:{self.sasl_port},{listeners}"
        text = SETTINGS.format(
            node=self.number,
            folder=self.folder,
            listeners=listeners,
            controller=self.controller,
            voters=",".join(f"{node.number}@127.0.0.1:{node.controller}" for node in nodes),
            replicas=len(nodes),
            in_sync=2 if len(nodes) > 2 else 1,
        )
        if self.sasl_port:
            text += SASL_SETTINGS.format(connection_string=CONNECTION_STRING, keystore=keystore)
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(self.folder, "server.properties"), "w", encoding="utf-8") as file:
            file.write(text)

    def format(self):
        command = ["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", f"{self.folder}/server.properties"]
        run_tool(*command)

    def start(self, detached):
        command = java("256m", "-XX:TieredStopAtLevel=4", "kafka.Kafka", f"{self.folder}/server.properties")
        self.log_start = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        self.child = Child(f"Kafka node {self.number}", command, self.log, detached=detached)

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            file.seek(self.log_start)
            return file.read()

    def wait_ready(self):
        def started():
            if not self.child.alive():
                raise RuntimeError(f"Kafka node {self.number} did not start:\n{self.log_text()[-3000:]}")
            return "Kafka Server started" in self.log_text()

        wait_until(lambda: f"Kafka node {self.number} to start; see {self.log}", started, 90, 0.1)


def run_tool(*arguments, seconds=60):
    """Runs one of Kafka's Java tools and returns what it printed."""
    done = subprocess.run(
        java("128m", "-XX:TieredStopAtLevel=1", *arguments),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{arguments[0]} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return done.stdout


def kcat(*arguments, seconds=60, input=None):
    """Runs kcat and returns its output's bytes."""
    done = subprocess.run(["kcat", *arguments], capture_output=True, timeout=seconds, input=input, check=False)
    if done.returncode:
        raise RuntimeError(f"kcat {' '.join(arguments)} failed:\n{done.stderr.decode(errors='replace')}")
    return done.stdout


class Cluster:
    """Start from the main thread. `folder` (default: a temporary one, removed at the end) holds data and logs."""

    def __init__(self, nodes=1, sasl_ssl=False, folder=None, detached=False):
        self.temporary = folder is None
        self.folder = folder or temporary_folder("hubferry-kafka")
        self.detached = detached
        self.connection_string = CONNECTION_STRING if sasl_ssl else None
        self.ca_file = os.path.join(self.folder, "tls", "ca.pem")
        self.nodes = [
            Node(
                n, os.path.join(self.folder, f"node{n}"), ports.reserve(), ports.reserve(), sasl_ssl and ports.reserve()
            )
            for n in range(1, nodes + 1)
        ]

    @property
    def bootstrap(self):
        """The plain listeners."""
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    @property
    def sasl_bootstrap(self):
        return ",".join(f"127.0.0.1:{node.sasl_port}" for node in self.nodes)

    def start(self):
        keystore = tls.make(os.path.join(self.folder, "tls")) if self.connection_string else None
        for node in self.nodes:
            node.write_settings(self.nodes, keystore)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(Node.format, self.nodes))
        for node in self.nodes:
            node.start(self.detached)
        for node in self.nodes:
            node.wait_ready()
        return self

    def stop(self):
        for node in self.nodes:
            if node.child:
                node.child.kill()
        if self.temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    def kill(self, node=1, number=signal.SIGKILL, seconds=60):
        """Sends the signal and waits for the node's end."""
        child = self.nodes[node - 1].child
        child.send(number)
        child.wait(seconds)

    def restart(self, node=1):
        """Starts an ended node again on its data and ports, and waits until it serves."""
        self.nodes[node - 1].start(self.detached)
        self.nodes[node - 1].wait_ready()

    def create_topic(self, topic, partitions=4, replication=1, **settings):
        options = [
            word for name, value in settings.items() for word in ("--config", f"{name.replace('_', '.')}={value}")
        ]
        sizes = ["--partitions", str(partitions), "--replication-factor", str(replication)]
        self._topics("--create", "--topic", topic, *sizes, *options)

    def add_partitions(self, topic, total):
        self._topics("--alter", "--topic", topic, "--partitions", str(total))

    def _topics(self, *arguments):
        return run_tool("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.bootstrap, *arguments)

    def describe_group(self, group):
        """{(topic, partition): (committed offset or None, end offset, member id or None)}"""
        command = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
        text = run_tool(command, "--bootstrap-server", self.bootstrap, "--describe", "--group", group)
        rows = [line.split() for line in text.splitlines() if line.strip()]
        start = next((i for i, row in enumerate(rows) if row[0] == "GROUP"), len(rows))
        result = {}
        for row in rows[start + 1 :]:
            cells = dict(zip(rows[start], row))
            offset, end = cells["CURRENT-OFFSET"], cells["LOG-END-OFFSET"]
            member = None if cells["CONSUMER-ID"] == "-" else cells["CONSUMER-ID"]
            committed = None if offset == "-" else int(offset)
            result[cells["TOPIC"], int(cells["PARTITION"])] = (committed, 0 if end == "-" else int(end), member)
        return result

    def limit_client(self, client_id, **limits):
        """Sets quotas of a client id (None: of all others), e.g. producer_byte_rate=100000; None removes a quota."""
        added = ",".join(f"{name}={value}" for name, value in limits.items() if value is not None)
        removed = ",".join(name for name, value in limits.items() if value is None)
        change = (["--add-config", added] if added else []) + (["--delete-config", removed] if removed else [])
        entity = ["--entity-name", client_id] if client_id else ["--entity-default"]
        command = [
            "kafka.admin.ConfigCommand",
            "--bootstrap-server",
            self.bootstrap,
            "--alter",
            "--entity-type",
            "clients",
        ]
        run_tool(*command, *entity, *change)

    def partitions(self, topic):
        """The number of partitions; 0 when there is no such topic."""
        answer = json.loads(kcat("-b", self.bootstrap, "-L", "-J", "-t", topic))
        found = [entry for entry in answer["topics"] if entry["topic"] == topic]
        return len(found[0]["partitions"]) if found else 0

    def end_offsets(self, topic):
        """{partition: the offset that the next record gets}"""
        wanted = [word for p in range(self.partitions(topic)) for word in ("-t", f"{topic}:{p}:-1")]
        lines = kcat("-b", self.bootstrap, "-Q", *wanted).decode().splitlines()
        parsed = [line.replace("[", " ").replace("]", " ").split() for line in lines]  # topic [partition] offset N
        return {int(words[1]): int(words[3]) for words in parsed}

    def produce(self, topic, partition, records):
        """Writes (key, value) pairs to a named partition with kcat, without headers. They hold no tabs or newlines."""
        text = "".join(f"{key}\t{value}\n" for key, value in records).encode()
        kcat("-P", "-b", self.bootstrap, "-t", topic, "-p", str(partition), "-K", "\t", input=text)


def start_command(arguments):
    folder = os.path.abspath(arguments.dir)
    state = os.path.join(folder, "cluster.json")
    if os.path.exists(state):
        sys.exit(f"{folder} already holds a cluster: `cluster.py stop --dir {arguments.dir}` first")
    os.makedirs(folder, exist_ok=True)
    cluster = Cluster(arguments.nodes, arguments.sasl_ssl, folder, detached=True)
    try:
        cluster.start()
        for topic in arguments.topic:
            name, _, partitions = topic.partition(":")
            cluster.create_topic(name, int(partitions or 4))
        with open(state, "w", encoding="utf-8") as file:
            json.dump({"pids": [node.child.pid for node in cluster.nodes]}, file)
    except BaseException:
        cluster.stop()
        raise
    print(cluster.bootstrap)
    if arguments.sasl_ssl:
        print(f"SASL_SSL {cluster.sasl_bootstrap}\nCA {cluster.ca_file}\n{cluster.connection_string}")


def runs_in(pid, folder):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return folder.encode() in file.read()
    except OSError:
        return False


def stop_command(arguments):
    folder = os.path.abspath(arguments.dir)
    state = os.path.join(folder, "cluster.json")
    if not os.path.exists(state):
        sys.exit(f"no cluster in {folder}")
    with open(state, encoding="utf-8") as file:
        pids = [pid for pid in json.load(file)["pids"] if runs_in(pid, folder)]
    for number, seconds in ((signal.SIGTERM, 20), (signal.SIGKILL, 10)):
        for pid in filter(lambda pid: runs_in(pid, folder), pids):
            os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while any(runs_in(pid, folder) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.1)
    for path in [os.path.join(folder, "tls"), *glob.glob(os.path.join(folder, "node[0-9]"))]:
        shutil.rmtree(path, ignore_errors=True)
    os.remove(state)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    start = commands.add_parser("start", help="start brokers and print their bootstrap servers")
    start.add_argument("--dir", required=True, help="folder for data and logs")
    start.add_argument("--nodes", type=int, choices=(1, 3), default=1)
    start.add_argument("--sasl-ssl", action="store_true", help="a second listener that looks like Event Hubs")
    start.add_argument("--topic", action="append", default=[], metavar="NAME[:PARTITIONS]", help="create a topic")
    start.set_defaults(run=start_command)
    stop = commands.add_parser("stop", help="stop the brokers of a folder and remove their data")
    stop.add_argument("--dir", required=True)
    stop.set_defaults(run=stop_command)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
