#!/bin/sh
# nohup has no effect on programs of Node.
#
# One would guess: nohup ignores SIGHUP and starts the program; an ignored signal stays ignored across exec, so the
# program lives on when its terminal is closed, as every C, Python or shell program does.
# What happens: Node sets all signals to their defaults when it starts (except SIGPIPE and SIGXFSZ, which it ignores), so the next SIGHUP
# ends the program. A program of Node that wants to survive must install a handler of its own; it cannot see that
# nohup started it, as the ignored signal is forgotten by the time that its script runs.
# Seen with Node 20.20.2 and coreutils' nohup on Linux, 2026-11-28. Exits non-zero when that changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo "node $(node --version), $(nohup --version | head -n 1)"

# Whether the bit of SIGHUP (the lowest) is set in the mask of ignored signals.
ignored='s/^SigIgn:[[:space:]]*[0-9a-f]*\([0-9a-f]\)$/\1/p'

shell=$(nohup sh -c 'cat /proc/$$/status' 2>/dev/null </dev/null | sed -n "$ignored")
echo "last digit of SigIgn in a shell under nohup: $shell"
node=$(nohup node -e 'process.stdout.write(fs.readFileSync("/proc/self/status", "utf8"))' 2>/dev/null </dev/null | sed -n "$ignored")
echo "last digit of SigIgn in Node under nohup: $node"

# A process in the background, as somebody would start it who then closes the terminal.
end_of() {
  nohup "$@" >ready 2>/dev/null </dev/null &
  pid=$!
  until grep -q ready ready 2>/dev/null; do kill -0 "$pid" && sleep 0.1; done
  kill -HUP "$pid"
  sleep 1
  kill -TERM "$pid" 2>/dev/null || true
  status=0
  wait "$pid" || status=$?
  rm ready
}
end_of sh -c 'echo ready; while :; do sleep 0.1; done'
echo "a shell under nohup ends with $status (143 is SIGTERM: it survived SIGHUP)"
shell_end=$status
end_of node -e 'console.log("ready"); setInterval(() => {}, 1000)'
echo "Node under nohup ends with $status (129 is SIGHUP)"

[ "$shell" = 1 ] && [ "$node" = 0 ] && [ "$shell_end" = 143 ] && [ "$status" = 129 ]
echo 'as described'
