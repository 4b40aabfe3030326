#!/bin/sh
# Fetches the Kafka jars of pom.xml: fetch.sh [FOLDER]   (default: <repository>/.build/kafka-jars)
# Does nothing when the folder already holds them; may be started by several users at once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/../../.build/kafka-jars}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
wanted=$(sha256sum "$here/pom.xml" | cut -d' ' -f1)

exec 9>"$folder/.lock"
flock 9
if [ "$(cat "$folder/.stamp" 2>/dev/null)" = "$wanted" ]; then
  exit 0
fi
command -v mvn >/dev/null || { echo "fetch.sh: mvn not found; install the package maven" >&2; exit 1; }
echo "fetching the Kafka jars into $folder" >&2
rm -f "$folder"/*.jar "$folder/.stamp"
mvn -q -B -f "$here/pom.xml" -Dstyle.color=never dependency:copy-dependencies -DoutputDirectory="$folder" -DincludeScope=runtime
echo "$wanted" >"$folder/.stamp"
set -- "$folder"/*.jar
echo "fetched $# jars" >&2
