#!/usr/bin/env bash
# Builds hubferryd and shows it at work on this machine, without Event Hubs: starts the daemon with its embedded broker,
# posts events, waits until each of them went through the broker and arrived in a file, and counts.
#
#   conf/quickstart.sh [--once] [--events N] [--no-packages]
#     --once          end after the count; exit code 0 only if nothing was lost
#     --events N      how many events to post, 1 to 50000 (default 5000)
#     --no-packages   leave Debian's packages alone; the libraries are there
#
# Everything runs in a temporary folder, on free ports of 127.0.0.1, and is gone when it ends. Debian 12 or 13.
set -euo pipefail
cd "$(dirname "$0")/.."

usage_error() {
  echo "quickstart: $* (see --help)" >&2
  exit 2
}
once=no events=5000 packages=yes
while [[ $# -gt 0 ]]; do
  case $1 in
    --once) once=yes ;;
    --events)
      [[ $# -ge 2 ]] || usage_error "--events takes a number"
      events=$2
      shift
      ;;
    --events=*) events=${1#*=} ;;
    --no-packages) packages=no ;;
    -h | --help)
      sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
    *) usage_error "unknown option $1" ;;
  esac
  shift
done
# The embedded broker keeps 5 MiB per partition, whatever has not been delivered yet included.
[[ $events =~ ^[1-9][0-9]{0,4}$ && $events -le 50000 ]] || usage_error "--events takes a number from 1 to 50000"

microseconds() { echo "${EPOCHREALTIME/[^0-9]/}"; }
begin=$(microseconds)
say() {
  local tenths=$((($(microseconds) - begin) / 100000))
  printf '[%3d.%d s] %s\n' $((tenths / 10)) $((tenths % 10)) "$*"
}

folder='' daemon=''
stop_daemon() { # its exit code; SIGKILL after 15 s
  local pid=$daemon deadline=$((SECONDS + 15))
  daemon=''
  kill -TERM "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null && [[ $SECONDS -lt $deadline ]]; do sleep 0.1; done
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid"
}
# shellcheck disable=SC2317  # called by the trap
clean_up() {
  trap '' INT TERM
  [[ -z $daemon ]] || stop_daemon || true
  [[ -z $folder ]] || rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

die() {
  say "failed: $*" >&2
  if [[ -n $folder && -s $folder/log ]]; then
    echo "--- the end of the daemon's log:" >&2
    tail -n 25 "$folder/log" >&2
  fi
  exit 1
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; fails when the time is over, dies when the daemon has ended.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    kill -0 "$daemon" 2>/dev/null || die "hubferryd ended by itself"
    [[ $SECONDS -lt $deadline ]] || return 1
    sleep 0.1
  done
}

if [[ $packages == yes ]]; then
  say "Debian packages"
  conf/install-packages.sh build run
fi

say "building hubferryd in .build/quickstart"
folder=$(mktemp -d -t hubferry-quickstart.XXXXXX)
cmake --preset quickstart >"$folder/log" 2>&1 || {
  cat "$folder/log" >&2
  die "cmake cannot configure the build (above)"
}
NINJA_STATUS='[%f/%t, %es] ' cmake --build --preset quickstart --target hubferryd || die "the build (above)"
program=.build/quickstart/hubferryd

say "starting hubferryd with its embedded broker"
cat >"$folder/hubferry.conf" <<END
[ingest]
listen = 127.0.0.1:0
[spool]
directory = $folder/spool
[shutdown]
deadline = 10s
[produce.orders]
topic = orders
key-pointer = /customer
[consume.orders]
topic = orders
group = quickstart
handler = file:$folder/delivered.ndjson
retry.attempts = 0
END
"$program" --config "$folder/hubferry.conf" --embedded-broker >"$folder/log" 2>&1 </dev/null &
daemon=$!

local_curl() { curl --silent --show-error --noproxy '*' --max-time 30 "$@"; }
serving() { url=$(sed -n 's/.*serving \(http:[^ "]*\).*/\1/p' "$folder/log" | head -n 1) && [[ -n $url ]]; }
ready() { local_curl --fail --output "$folder/readyz" "$url/readyz" 2>/dev/null; }
wait_for 30 serving || die "hubferryd does not serve after 30 s"
wait_for 30 ready || die "hubferryd is not ready after 30 s: $(local_curl "$url/readyz")"
broker=$(sed -n 's/.*embedded broker at \([0-9.]*:[0-9]*\).*/\1/p' "$folder/log" | head -n 1)

say "posting $events events of 100 customers to $url/v1/topics/orders/events"
accepted=0
for ((first = 1; first <= events; first += 500)); do
  last=$((first + 499 < events ? first + 499 : events))
  awk -v first="$first" -v last="$last" 'BEGIN {
    for (i = first; i <= last; ++i)
      printf "{\"order\":%d,\"customer\":\"customer-%02d\",\"amount\":%d.%02d}\n", i, i * 37 % 100, i % 90 + 10, i % 100
  }' >"$folder/batch.ndjson"
  status=$(local_curl --output "$folder/answer" --write-out '%{http_code}' --data-binary "@$folder/batch.ndjson" \
    --header 'Content-Type: application/x-ndjson' "$url/v1/topics/orders/events") || die "posting failed"
  [[ $status == 202 ]] || die "events $first to $last were answered with $status: $(cat "$folder/answer")"
  accepted=$((accepted + $(sed 's/.*"accepted": *\([0-9]*\).*/\1/' "$folder/answer")))
done

# Sets acknowledged and delivered from the daemon's metrics, distinct, duplicates and disorder from the handler's file:
# an event is out of order when its customer had a later one delivered before it.
count() {
  read -r acknowledged delivered < <(local_curl "$url/metrics" | awk '
    /^hubferry_events_acknowledged_total/ { acknowledged += $NF }
    /^hubferry_events_delivered_total/ { delivered += $NF }
    END { printf "%d %d\n", acknowledged, delivered }')
  read -r distinct duplicates disorder < <(awk '
    match($0, /"order": *[0-9]+/) {
      order = substr($0, RSTART, RLENGTH); sub(/.*[: ]/, "", order); order += 0
      if (order in seen) { ++duplicates; next }
      seen[order] = 1; ++distinct
      customer = order * 37 % 100
      if (order < newest[customer]) ++disorder; else newest[customer] = order
    }
    END { printf "%d %d %d\n", distinct, duplicates, disorder }' "$folder/delivered.ndjson" 2>/dev/null || echo 0 0 0)
}
reported=$SECONDS
all_delivered() {
  count
  if [[ $((SECONDS - reported)) -ge 2 ]]; then
    reported=$SECONDS
    say "  acknowledged $acknowledged, delivered $delivered"
  fi
  [[ $acknowledged -ge $accepted && $delivered -ge $accepted && $distinct -ge $accepted ]]
}
say "waiting until all $accepted accepted events are delivered"
in_time=yes
wait_for $((60 + events / 200)) all_delivered || in_time=no
lost=$((accepted - distinct))

say "counted"
cat <<END

  accepted      $(printf %7d "$accepted")   answered with 202 after they were on disk
  acknowledged  $(printf %7d "$acknowledged")   by the broker
  delivered     $(printf %7d "$distinct")   distinct events in the handler's file
  duplicates    $(printf %7d "$duplicates")
  out of order  $(printf %7d "$disorder")   within a customer, the events' key
  lost          $(printf %7d "$lost")

A delivered event:
  $(head -n 1 "$folder/delivered.ndjson" 2>/dev/null || echo none)

END
[[ $in_time == yes && $lost -eq 0 && $disorder -eq 0 ]] || die "not every accepted event arrived, or not in order"

if [[ $once == yes ]]; then
  say "stopping hubferryd"
  stop_daemon || die "hubferryd ended with exit code $?"
  say "done"
  exit 0
fi
page=''
if local_curl --fail --output /dev/null "$url/" 2>/dev/null; then page="  status page   $url/"$'\n'; fi
cat <<END
It keeps running; go on in another terminal:
$page  metrics       $url/metrics
  readiness     $url/readyz
  own event     curl -d '{"order":1,"customer":"me"}' -H 'Content-Type: application/json' $url/v1/topics/orders/events
  the topic     kcat -C -b $broker -t orders -o beginning -e -f '%p %o %k %s\n'
  delivered     tail -f $folder/delivered.ndjson
  settings      $folder/hubferry.conf
  log           $folder/log

Ctrl-C ends it and removes the folder.
END
trap 'echo; exit 0' INT
wait "$daemon" || die "hubferryd ended with exit code $?"
daemon=''
