#!/usr/bin/env bash
# Does a text with a NUL in it come back from libsql as it was stored?
# One would guess so: SQLite keeps the length of a text, and Python's sqlite3 reads the same file right.
# What happens: libsql stores the whole text and reads it back only up to the first NUL, without an error. A console line of a
# program that pads its output with NULs loses its end; the rest is still in the file.
# Seen with libsql 0.5.29 on Node 20.20 and the sqlite3 module of Python 3.11 on 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund libsql@0.5.29
cat > store.cjs <<'NODE'
const Database = require('libsql');
const db = new Database('lines.db');
db.exec('CREATE TABLE line (text TEXT)');
db.prepare('INSERT INTO line VALUES (?)').run('loss 0.1\0loss 0.2');
const [text] = db.prepare('SELECT text FROM line').raw().get();
console.log(`libsql ${require('./node_modules/libsql/package.json').version} reads ${JSON.stringify(text)}`);
db.close();
process.exitCode = text === 'loss 0.1' ? 0 : 1;
NODE
node store.cjs || { echo 'the behaviour has changed'; exit 1; }
python3 -c "
import sqlite3
text, = sqlite3.connect('lines.db').execute('SELECT text FROM line').fetchone()
print('Python reads', ascii(text))
assert text == 'loss 0.1\0loss 0.2'"
