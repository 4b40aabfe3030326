#!/usr/bin/env bash
# Installs what is needed, builds, and runs every test: checks of the source, unit and component tests (also under the
# address and undefined-behaviour sanitizers) and the system tests against a real Kafka. Ends with ctest's summary.
#
#   tests/run.sh [--quick] [-R REGEX] [-j N] [--no-packages]
#     --quick         unit and component tests only
#     -R REGEX        tests whose name matches
#     -j N            build and test with N at once (default: the number of processors)
#     --no-packages   leave Debian's packages alone
#
# Debian 12 or 13, as root or with sudo. Everything it makes is in .build/.
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=$(nproc) packages=yes select=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --quick) select+=(-L '^(unit|component)$') ;;
    -R | -j)
      [[ $# -ge 2 ]] || { echo "run.sh: $1 takes a value" >&2 && exit 2; }
      if [[ $1 == -R ]]; then select+=(-R "$2"); else jobs=$2; fi
      shift
      ;;
    --no-packages) packages=no ;;
    -h | --help)
      sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
    *)
      echo "run.sh: unknown option $1 (see --help)" >&2
      exit 2
      ;;
  esac
  shift
done
[[ $jobs =~ ^[1-9][0-9]*$ ]] || { echo "run.sh: -j takes a number" >&2 && exit 2; }

say() { printf '\n== [%4d s] %s\n' "$SECONDS" "$*"; }
build() { # PRESET
  say "building .build/$1"
  cmake --preset "$1" --log-level=WARNING >/dev/null
  cmake --build --preset "$1" --parallel "$jobs"
}
selected() { # REGEX: whether a test to be run is named so
  grep -qE "^ *Test +#[0-9]+: $1" <<<"$(ctest --preset release -N "${select[@]}")"
}

export NINJA_STATUS='[%f/%t, %es] '
if [[ -z ${CMAKE_CXX_COMPILER_LAUNCHER:-} ]] && command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi

if [[ $packages == yes ]]; then
  say "Debian packages"
  conf/install-packages.sh build run test
fi
build release
if selected 'system\.' || selected 'check\.benchmarks'; then
  say "Kafka's jars"
  tests/kafka/fetch.sh .build/kafka-jars
fi
if selected 'check\.asan-ubsan'; then
  build asan-ubsan
fi

say "tests"
exec ctest --preset release --parallel "$jobs" --no-tests=error "${select[@]}"
