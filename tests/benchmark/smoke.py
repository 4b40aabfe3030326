#!/usr/bin/env python3
"""Runs every benchmark for a second or so, to see that the scripts work; the figures mean nothing.

  cmake --build BUILD --target hubferryd benchmarks
  tests/benchmark/smoke.py --daemon BUILD/hubferryd

Needs wrk, kcat and the jars of Kafka (see tests/kafka/cluster.py).
"""

import argparse
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", required=True)
    daemon = parser.parse_args().daemon
    with tempfile.TemporaryDirectory() as folder:
        commands = [
            ["run.py", "--json", os.path.join(folder, "run.jsonl")],
            ["consume.py", "--json", os.path.join(folder, "consume.jsonl")],
            ["scale_up.py", "--output", folder],
        ]
        for name, *more in commands:
            command = [sys.executable, os.path.join(HERE, name), "--daemon", daemon, "--smoke", *more]
            if code := subprocess.run(command, check=False).returncode:
                print(f"{name} --smoke ended with {code}")
                return 1
        for name in ("run.jsonl", "consume.jsonl", "scale_up.svg", "scale_up.json"):
            if os.path.getsize(os.path.join(folder, name)) == 0:
                print(f"{name} is empty")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
