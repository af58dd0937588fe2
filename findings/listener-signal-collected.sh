#!/bin/sh
# In Node 20 a garbage collection can undo the option "signal" of addEventListener.
#
# One would guess: target.addEventListener(type, listener, { signal }) removes the listener once the signal aborts, as
# the DOM says, whatever was collected meanwhile. It is the usual way to end a listener on a long-lived target.
# What happens: with two or more such listeners on one target, aborting their signals after a garbage collection removes
# only one of them. The others stay on the target, and with them all that they refer to: a leak for each short-lived user of a
# long-lived AbortSignal or EventTarget. Without the collection all are removed. Node 24.22.3 removes all in both cases.
# Seen with Node 20.20.2, 2026-11-29. Exits non-zero when that changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo "node $(node --version)"
cat >script.mjs <<'END'
import { getEventListeners } from 'node:events';
const target = new AbortController().signal;
const ends = Array.from({ length: 3 }, () => new AbortController());
for (const { signal } of ends) target.addEventListener('abort', () => undefined, { signal });
await new Promise(setImmediate);
if (process.argv[2] === 'collect') globalThis.gc();
for (const end of ends) end.abort();
console.log(getEventListeners(target, 'abort').length);
END

kept=$(node --expose-gc script.mjs keep)
collected=$(node --expose-gc script.mjs collect)
echo "listeners left without a collection: $kept, after one: $collected"
[ "$kept" = 0 ]
[ "$collected" -gt 0 ]
echo 'as described'
