#!/usr/bin/env bash
# The unit and component tests and the short fuzz runs under the address and undefined-behaviour sanitizers.
set -euo pipefail
cd "$(dirname "$0")/../.."
cmake --preset asan-ubsan --log-level=WARNING >/dev/null
cmake --build --preset asan-ubsan --parallel "$(nproc)"
exec ctest --preset asan-ubsan --parallel "$(nproc)" --no-tests=error -L '^(unit|component|fuzz)$'
