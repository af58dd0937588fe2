#!/bin/sh
# Node takes --env-file for its own flag even when it comes after the name of the script.
#
# One would guess: words after the script's name are the script's; "node script.mjs --env-file list" hands
# "--env-file" to the script, as with every other flag and every other interpreter.
# What happens: Node looks for --env-file among all words, before it knows where the script's name is. A file that does
# not exist ends Node with status 9 before one line of the script runs. A program with a flag of that name, such
# as one that takes the options of "docker run", cannot catch it; only "--" keeps Node from looking on, before the
# script's name ("node -- script.mjs --env-file list", which the program does not see) or after it.
# Seen with Node 20.20.2, 2026-11-28. Exits non-zero when that changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo "node $(node --version)"
echo 'console.log(JSON.stringify(process.argv.slice(2)));' >script.mjs

run() {
  status=0
  output=$("$@" 2>&1) || status=$?
  echo "$*: status $status, $output"
}

run node script.mjs --label a=b
[ "$status" = 0 ] && [ "$output" = '["--label","a=b"]' ]
run node script.mjs --env-file missing
[ "$status" = 9 ] && [ "$output" = 'node: missing: not found' ]
run node script.mjs run --env-file=missing
[ "$status" = 9 ] && [ "$output" = 'node: missing: not found' ]
run node -- script.mjs --env-file missing
[ "$status" = 0 ] && [ "$output" = '["--env-file","missing"]' ]
echo 'as described'
