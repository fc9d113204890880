#!/bin/sh
# Builds the Java stacks into build/java, unless they are there as the sources are now; later builds need no network.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$here/../../.." && pwd)/build/java
state=$(cd "$here" && find pom.xml src -type f -exec cksum {} + | sort | cksum)
mkdir -p "$out"
exec 9>"$out/lock"
flock 9
[ "$(cat "$out/state" 2>/dev/null)" = "$state" ] && exit 0
rm -rf "$out/classes" "$out/lib" "$out/state"
build() { mvn -B -q "$@" -f "$here/pom.xml" -Dout="$out" dependency:copy-dependencies compiler:compile; }
build -o >"$out/log" 2>&1 || build >"$out/log" 2>&1 || { cat "$out/log" >&2; exit 1; }
printf '%s' "$state" >"$out/state"
