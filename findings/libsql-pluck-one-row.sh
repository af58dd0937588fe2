#!/usr/bin/env bash
# What does `statement.pluck().get()` return in libsql, and what `pragma(name, { simple: true })`?
# One would guess the first column of the row: so do both in better-sqlite3, whose interface libsql follows, and so does
# `pluck().all()` of libsql itself.
# What happens: get() and iterate() ignore pluck and return whole rows, so `pragma('user_version', { simple: true })` is an
# object as well, and `pragma(…) === 3` or `pragma(…) < LATEST` is false for every version. Use `raw().get()[0]`.
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
db.exec('PRAGMA user_version = 3');
const statement = db.prepare('SELECT 7 AS count').pluck();
const one = statement.get();
const all = statement.all();
const [iterated] = [...db.prepare('SELECT 7 AS count').pluck().iterate()];
const version = db.pragma('user_version', { simple: true });
console.log('get:', one, 'all:', all, 'iterate:', iterated, 'pragma:', version);
const isRow = (value) => typeof value === 'object' && value !== null;
process.exitCode = one.count === 7 && all[0] === 7 && iterated.count === 7 && isRow(version) ? 0 : 1;
NODE
node ask.cjs || { echo 'the behaviour has changed'; exit 1; }
