#!/usr/bin/env bash
# Every source file passes the checks of .clang-tidy: tidy.sh BUILD_FOLDER [FILE...] (default: all of src/).
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?the build folder, for its compile_commands.json}
shift
files=("$@")
[[ ${#files[@]} -gt 0 ]] || mapfile -t files < <(find src -name '*.cpp' -printf '%s %p\n' | sort -rn | cut -d' ' -f2)
# A file for each process, largest first; clang-tidy's counts of suppressed warnings are no news.
printf '%s\0' "${files[@]}" |
  xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 --quiet -p "$build" \
    2> >(grep -vE '^[0-9]+ warnings? (generated|treated)' >&2)
