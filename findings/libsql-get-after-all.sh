#!/usr/bin/env bash
# Does get() of a prepared statement find a row after all() of the same statement found none?
# One would guess so: each call binds new parameters and runs the statement from its beginning, as in better-sqlite3, whose
# interface libsql follows.
# What happens: the first get() after an all() without rows answers undefined, whatever is in the table. The second one
# answers the row. A program that keeps prepared statements by their text and calls both misses rows that are there.
# Seen with libsql 0.5.29 on Node 20.20 on 2026-11-30.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund libsql@0.5.29
cat > ask.cjs <<'NODE'
const Database = require('libsql');
console.log('libsql', require('./node_modules/libsql/package.json').version);
const db = new Database(':memory:');
db.exec("CREATE TABLE task (id TEXT PRIMARY KEY); INSERT INTO task VALUES ('there')");
const select = db.prepare('SELECT id FROM task WHERE id = ?');
const none = select.all(['missing']);
const first = select.get(['there']);
const second = select.get(['there']);
console.log(`all() of a missing id: ${none.length} rows; get() of one that is there: ${first?.id}; once more: ${second?.id}`);
process.exitCode = none.length === 0 && first === undefined && second?.id === 'there' ? 0 : 1;
NODE
node ask.cjs || { echo 'the behaviour has changed'; exit 1; }
