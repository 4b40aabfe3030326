#!/usr/bin/env bash
# Long runs of the fuzz targets with libFuzzer under the address and undefined-behaviour sanitizers. Needs clang with its
# run-time libraries (Debian: clang-19 libclang-rt-19-dev; another one: CXX=clang++).
#
#   tests/fuzz/run.sh [TARGET|all] [SECONDS]     each target for so long (default: all, 60)
#
# What is found new grows in .build/fuzz/corpus/TARGET and is used again by the next run. An input that breaks a promise
# is left in .build/fuzz/crashes/; the line to see it again is printed. Add it to tests/fuzz/corpus/TARGET with the mend.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"
  exit 0
fi
mapfile -t known < <(sed -n 's/^hubferry_fuzz_target(\([a-z_]*\).*/\1/p' tests/fuzz/CMakeLists.txt)
target=${1:-all} seconds=${2:-60} build=.build/fuzz
targets=("$target")
[[ $target != all ]] || targets=("${known[@]}")
[[ " ${known[*]} all " == *" $target "* && $seconds =~ ^[1-9][0-9]*$ ]] || {
  echo "run.sh: TARGET is all or one of: ${known[*]}; SECONDS a number" >&2
  exit 2
}
compiler=${CXX:-clang++-19}
command -v "$compiler" >/dev/null || {
  echo "run.sh: $compiler is not installed: apt-get install clang-19 libclang-rt-19-dev" >&2
  exit 2
}

launcher=()
! command -v ccache >/dev/null || launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER="$compiler" \
  -DHUBFERRY_FUZZER=ON --log-level=WARNING "${launcher[@]}" >/dev/null
cmake --build "$build" --target "${targets[@]/#/fuzz_}" --parallel "$(nproc)"

failed=()
for name in "${targets[@]}"; do
  echo "== $name, $seconds s"
  mkdir -p "$build/corpus/$name" "$build/crashes"
  log=$build/crashes/$name.log
  if "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 \
    -print_final_stats=1 -artifact_prefix="$build/crashes/$name-" \
    "$build/corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
    grep -E '^stat::(number_of_executed_units|new_units_added)' "$log"
  else
    failed+=("$name")
    tail -n 40 "$log"
    echo "again: $build/tests/fuzz/fuzz_$name INPUT   (whole log: $log)"
  fi
done
[[ ${#failed[@]} -eq 0 ]] || {
  echo "run.sh: promises were broken in: ${failed[*]}" >&2
  exit 1
}
