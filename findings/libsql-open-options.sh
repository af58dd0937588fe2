#!/usr/bin/env bash
# Can a database that was opened with `{ readonly: true }` be written by libsql, and is `{ fileMustExist: true }` obeyed?
# One would guess no and yes: these are options of better-sqlite3, whose interface libsql follows, and there the first write and
# the opening of a missing file are errors.
# What happens: libsql ignores both. The write is done, `db.readonly` says false, and the missing file is made. A reader that relies
# on them (a backup's check, a second process that only looks) needs `PRAGMA query_only` and a look at the file of its own.
# Seen with libsql 0.5.29 on Node 20.20 on 2026-11-30.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund libsql@0.5.29
cat > ask.cjs <<'NODE'
const { existsSync } = require('node:fs');
const Database = require('libsql');
console.log('libsql', require('./node_modules/libsql/package.json').version);
const made = new Database('tasks.db');
made.exec("CREATE TABLE task (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO task VALUES (1, 'first')");
made.close();
const reader = new Database('tasks.db', { readonly: true });
reader.exec("INSERT INTO task VALUES (2, 'written by a reader')");
const [rows] = reader.prepare('SELECT count(*) FROM task').raw().get();
const missing = new Database('missing.db', { fileMustExist: true });
missing.exec('CREATE TABLE task (id INTEGER PRIMARY KEY)');
const isMade = existsSync('missing.db');
reader.exec('PRAGMA query_only = 1');
let refusal;
try {
  reader.exec("INSERT INTO task VALUES (3, 'refused')");
} catch (error) {
  refusal = error.message;
}
console.log(`rows after a write with readonly: ${rows}; readonly says ${reader.readonly}`);
console.log(`missing file with fileMustExist made: ${isMade}; with query_only: ${refusal}`);
process.exitCode = rows === 2 && reader.readonly === false && isMade && refusal !== undefined ? 0 : 1;
NODE
node ask.cjs || { echo 'the behaviour has changed'; exit 1; }
