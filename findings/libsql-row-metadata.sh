#!/usr/bin/env bash
# Which keys has a row that libsql returns by get()?
# One would guess the columns that were selected: better-sqlite3, whose interface libsql follows, returns these alone, and so
# do all() and iterate() of libsql.
# What happens: get() adds an enumerable `_metadata: { duration }`. It is copied by spread and Object.entries, goes to clients by
# JSON.stringify, makes two equal rows differ in deepEqual, and replaces a column of that name. `raw().get()` has none.
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
const row = db.prepare("SELECT 'training' AS type").get();
const [same] = db.prepare("SELECT 'training' AS type").all();
const named = db.prepare("SELECT 'from a column' AS _metadata").get();
console.log('get:', JSON.stringify(row), 'all:', JSON.stringify(same));
console.log('a column named _metadata:', JSON.stringify(named));
const isAdded = Object.keys(row).join() === 'type,_metadata' && Object.keys(same).join() === 'type';
process.exitCode = isAdded && named._metadata !== 'from a column' ? 0 : 1;
NODE
node ask.cjs || { echo 'the behaviour has changed'; exit 1; }
