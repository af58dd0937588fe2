#!/bin/bash
# Runs one command of a task in a batch job. $1 is the job's folder in the shared folder.
# The command and its variables come from files of words that NUL ends: none of them is read as shell code.
LC_ALL=C
umask 077
folder=$1
if ! mkdir "$folder/started"; then
  [ -d "$folder" ] && exit 75 # Slurm started the job a second time
  exit 66 # this node does not see the folder
fi
echo "${SLURM_JOB_ID:-} ${SLURMD_NODENAME:-}" >"$folder/started/by"

asked=
killed=
trap 'asked=asked' TERM
exec 2<>"$folder/said"

# A job in which the task is prepared gets its command later. A network file system reads the folder when it is listed.
# The agent changes the first word of `alive` all the time, so that no two machines have to agree on the time of day.
beat=
since=$SECONDS
until [ -e "$folder/exit-status" ]; do
  [ -z "$asked" ] && ls "$folder" >/dev/null || exit 143
  now=
  limit=
  [ -f "$folder/alive" ] && read -r now limit <"$folder/alive"
  limit=${limit:-600}
  if [ "$now" != "$beat" ]; then
    beat=$now
    since=$SECONDS
  elif [ $((SECONDS - since)) -ge "$limit" ]; then
    echo "the agent that prepares the task has given no sign of life for $limit s"
    exit 76
  fi
  sleep 0.2
done

set -m # the command leads a process group of its own
(
  trap - TERM
  words=()
  while IFS= read -r -d '' word; do words+=("$word"); done <"$folder/command"
  while IFS= read -r -d '' pair; do export "$pair"; done <"$folder/environment"
  cd -- "${words[0]}" && exec -- "${words[@]:1}"
) >>"$folder/output.log" 2>&1 </dev/null &
child=$!

signal_group() {
  kill "-$1" -- "-$child" 2>/dev/null
}

# A handler ends "wait" early; the command's status is that of the last one.
waited=0
told=
while kill -0 "$child" 2>/dev/null; do
  if [ -z "$asked" ]; then
    wait "$child"
    continue
  fi
  if [ -z "$told" ]; then
    told=yes
    signal_group TERM
    signal_group CONT # a stopped process takes the signal only when it continues
  fi
  grace=
  [ -f "$folder/grace" ] && read -r grace <"$folder/grace"
  if [ -n "$grace" ] && [ "$waited" -ge "$grace" ] && [ -z "$killed" ]; then
    killed=killed
    signal_group KILL
  fi
  sleep 0.1
  waited=$((waited + 100))
done
# Bash names the signal that ended the command, and forgets it with the last "wait".
jobs -l >&2
wait "$child"
code=$?
status=$code
if [ "$code" -gt 128 ]; then
  read -r said <"$folder/said"
  case "$said" in *"Exit $code"*) ;; *[!\ ]*) status="$code signal" ;; esac
fi
# Into space that exists already: a full disk does not lose it.
{ echo "$status" && echo "$asked $killed"; } 1<>"$folder/exit-status"
# What the command has left behind ends with the job.
signal_group KILL
if [ -f "$folder/after" ]; then
  words=()
  while IFS= read -r -d '' word; do words+=("$word"); done <"$folder/after"
  "${words[@]}" >/dev/null 2>&1 </dev/null
fi
exit "$code"
