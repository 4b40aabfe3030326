#!/usr/bin/env bash
# Every C++ file is as clang-format 19 writes it; format.sh --fix writes it so.
set -euo pipefail
cd "$(dirname "$0")/../.."
mode=(--dry-run -Werror)
[[ ${1:-} != --fix ]] || mode=(-i)
find src tests -name '*.h' -o -name '*.cpp' | sort | xargs clang-format-19 "${mode[@]}"
