#!/usr/bin/env bash
# Starts a server, waits until it says that it listens, gets one id from it and ends it, hard: what
# is timed is the time to the first id.
#
#   first-id.sh PORT COMMAND…
set -euo pipefail
port=$1
shift
coproc server { exec "$@"; }
pid=$server_PID
trap 'kill -KILL "$pid" 2>/dev/null || true' EXIT
while read -r line <&"${server[0]}"; do
  [[ $line == *listening* ]] && break
done
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf '\x01\x00\x00\x01\x00\x00\x00\x00' >&3
head -c 9 <&3 | cmp -s -n 1 - /dev/zero
