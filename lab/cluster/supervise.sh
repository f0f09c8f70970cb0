#!/bin/sh
# Keeps one daemon of the lab running, as an init system would: supervise.sh CGROUP.PROCS EXITS COMMAND...
# Joins the cgroup first, so that the daemon and all that it starts can be found by it; notes every exit in EXITS.
procs=$1 exits=$2
shift 2
echo 0 >"$procs" || exit 1
child=
stop() {
  trap '' TERM
  [ -z "$child" ] || { kill -TERM "$child" 2>/dev/null && wait "$child"; }
  exit 0
}
trap stop TERM
while :; do
  "$@" &
  child=$!
  wait "$child"
  code=$?
  child=
  echo "$(date -u +%FT%TZ) exit $code" >>"$exits"
  echo "--- $(date -u +%FT%TZ) exited with $code; starting again"
  sleep 1 &
  wait $!
done
