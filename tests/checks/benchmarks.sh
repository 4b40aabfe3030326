#!/usr/bin/env bash
# Builds the benchmarks and runs each for a second, to see that they work: benchmarks.sh BUILD
set -euo pipefail
build=$(realpath "$1")
cd "$(dirname "$0")/../.."
cmake --build "$build" --parallel "$(nproc)" --target hubferryd benchmarks
exec python3 -B tests/benchmark/smoke.py --daemon "$build/hubferryd"
