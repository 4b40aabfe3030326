#!/usr/bin/env bash
# Installs the Debian packages (12 or 13) that HubFerry needs. Asks dpkg first: with everything there it changes nothing
# and does not touch the network. Needs root or sudo only when something is missing.
#
#   conf/install-packages.sh SET...
#     build     compiler, CMake and the libraries to compile the daemon
#     run       curl and kcat, to try a running daemon
#     test      what tests/run.sh needs beyond build and run
#     runtime   the shared libraries alone, to run a daemon that was compiled elsewhere on the same Debian release
set -euo pipefail

fail() {
  echo "install-packages: $*" >&2
  exit 1
}

usage() {
  sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"
}

release=unknown name=unknown
if [[ -r /etc/os-release ]]; then
  # shellcheck source=/dev/null
  IFS='|' read -r release name < <(. /etc/os-release && echo "${ID:-}-${VERSION_ID:-}|${PRETTY_NAME:-unknown}")
fi
case $release in
  debian-12)  # its default Boost is 1.74, which has no Boost.JSON
    boost=(libboost1.81-dev libboost-program-options1.81-dev libboost-json1.81-dev)
    versioned=(libboost-program-options1.81.0 libboost-json1.81.0 libspdlog1.10 libfmt9 libsimdjson14
      libssl3 libcurl4)
    ;;
  debian-13)
    boost=(libboost-dev libboost-program-options-dev libboost-json-dev)
    versioned=(libboost-program-options1.83.0 libboost-json1.83.0 libspdlog1.15 libfmt10 libsimdjson25
      libssl3t64 libcurl4t64)
    ;;
  *)
    fail "this is $name; the package names are known for Debian 12 and 13. Elsewhere install the libraries that" \
      "CMakeLists.txt looks for (Boost >= 1.81, librdkafka >= 2.0.2, libcurl >= 7.88, jemalloc, OpenSSL, spdlog," \
      "simdjson, tl-expected, prometheus-cpp) and build with: cmake --preset quickstart && cmake --build --preset quickstart"
    ;;
esac

packages=()
for set in "$@"; do
  case $set in
    build)
      packages+=(ca-certificates cmake g++ ninja-build pkg-config "${boost[@]}" libcurl4-openssl-dev libexpected-dev
        libjemalloc-dev librdkafka-dev libsimdjson-dev libspdlog-dev libssl-dev prometheus-cpp-dev)
      ;;
    run) packages+=(ca-certificates curl kcat) ;;
    test)
      packages+=(clang-format-19 clang-tidy-19 default-jre-headless git libbenchmark-dev libgmock-dev libgtest-dev maven
        openssl procps python3 python3-aiosmtpd shellcheck wrk)
      ;;
    runtime)
      packages+=(ca-certificates libjemalloc2 librdkafka1 librdkafka++1 libprometheus-cpp-core1.0 "${versioned[@]}")
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "unknown set '$set' (build, run, test or runtime)" ;;
  esac
done
[[ ${#packages[@]} -gt 0 ]] || {
  usage >&2
  exit 2
}

missing=()
for package in "${packages[@]}"; do
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
    missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "packages: all there"
  exit 0
fi

root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || fail "missing: ${missing[*]}. Run this as root, or install sudo."
  root=(sudo)
fi
apt() {
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$@" \
    </dev/null >>"$log" 2>&1
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
try() {
  apt "$@" || {
    tail -n 20 "$log" >&2
    fail "apt-get $1 failed (above: its last lines). Check the network and /etc/apt/sources.list*, then try again."
  }
}

echo "packages: fetching the package lists"
try update --quiet
echo "packages: installing ${#missing[@]}: ${missing[*]}"
try install --quiet --yes --no-install-recommends "${missing[@]}"
echo "packages: done"
