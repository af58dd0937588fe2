#!/usr/bin/env bash
# How many changes does libsql report for `INSERT … RETURNING` by run()?
# One would guess as many as rows were written: better-sqlite3, whose interface libsql follows, says so, and without RETURNING
# libsql does as well.
# What happens: the rows are written and `changes` is 0. Code that reads "0 changes" as "somebody else has taken the row"
# (`UPDATE … WHERE status = 'queued' RETURNING id`) is wrong each time.
# Seen with libsql 0.5.29 on Node 20.20 on 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund libsql@0.5.29
cat > ask.cjs <<'NODE'
const Database = require('libsql');
console.log('libsql', require('./node_modules/libsql/package.json').version);
const db = new Database(':memory:');
db.exec("CREATE TABLE task (id INTEGER PRIMARY KEY, status TEXT); INSERT INTO task VALUES (1, 'queued'), (2, 'queued')");
const take = (id, returning) =>
  db.prepare(`UPDATE task SET status = 'running' WHERE id = ? AND status = 'queued'${returning}`).run(id).changes;
const plain = take(1, '');
const returning = take(2, ' RETURNING id');
const [running] = db.prepare("SELECT count(*) FROM task WHERE status = 'running'").raw().get();
console.log(`changes without RETURNING: ${plain}, with RETURNING: ${returning}, rows changed: ${running}`);
process.exitCode = plain === 1 && returning === 0 && running === 2 ? 0 : 1;
NODE
node ask.cjs || { echo 'the behaviour has changed'; exit 1; }
