#!/usr/bin/env bash
# Every shell script passes shellcheck.
set -euo pipefail
cd "$(dirname "$0")/../.."
{
  find conf tests -name '*.sh'
  echo .ci/run
} | sort | xargs shellcheck
