#!/bin/sh
# One would guess: SIGTERM ends a Python script that calls Task.init and then works in a loop, as it ends the same script without
# the SDK; at most the SDK saves its state first.
# What happens: the SDK's handler puts the handler of before back and returns, and the script runs on as if nothing had come.
# Whoever stops such a task by SIGTERM waits for the whole grace period and has to kill it.
# clearml 2.1.12 in offline mode, Python 3.11.7; 2026-11-28.
set -eu
command -v python3 >/dev/null || { echo "needs python3 with venv"; exit 2; }
folder=$(mktemp -d)
trap 'for pid in $pids; do kill -9 "-$pid" 2>/dev/null || :; done; rm -rf "$folder"' EXIT
pids=
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet clearml==2.1.12
python3 --version; "$folder/venv/bin/python" -c 'import clearml; print("clearml", clearml.__version__)'

export HOME="$folder" CLEARML_OFFLINE_MODE=1
LOOP='print("ready", flush=True)
while True: time.sleep(0.2)'
INIT='from clearml import Task
Task.set_offline(True)
Task.init("finding", "sigterm", auto_resource_monitoring=False, auto_connect_frameworks=False)'

outlives_sigterm() { # $1: name, $2: program; status 0 when it is alive 10 s after SIGTERM
  setsid "$folder/venv/bin/python" -c "import time
$2
$LOOP" >"$folder/$1.log" 2>&1 & pid=$!; pids="$pids $pid"
  tries=0
  until grep -q '^ready' "$folder/$1.log"; do
    tries=$((tries + 1)); [ $tries -lt 240 ] || { cat "$folder/$1.log"; exit 2; }
    sleep 0.5
  done
  kill -TERM "$pid"
  sleep 10
  case $(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null) in
    ''|Z) echo "$1: ended within 10 s of SIGTERM"; return 1 ;;
    *) echo "$1: alive 10 s after SIGTERM"; return 0 ;;
  esac
}
! outlives_sigterm plain 'pass' || { echo "changed: a plain script survives SIGTERM"; exit 1; }
outlives_sigterm sdk "$INIT" || { echo "changed: SIGTERM ends a script of the SDK"; exit 1; }
echo "as described: a script that called Task.init ignores the first SIGTERM"
