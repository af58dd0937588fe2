#!/usr/bin/env bash
# Does libsql, whose interface follows better-sqlite3, refuse a statement that gets fewer values than it has parameters?
# One would guess an error: better-sqlite3 throws a RangeError and Python's sqlite3 raises ProgrammingError.
# What happens: the parameter without a value is NULL, whether it has a name or a place, and surplus values are ignored. So a
# mistyped name in `UPDATE … SET a = :a` writes NULL over the column, and nobody hears of it.
# Seen with libsql 0.5.29 on Node 20.20 and the sqlite3 module of Python 3.11 on 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund libsql@0.5.29
cat > ask.cjs <<'NODE'
const Database = require('libsql');
console.log('libsql', require('./node_modules/libsql/package.json').version);
const db = new Database(':memory:');
db.exec("CREATE TABLE task (id, name); INSERT INTO task VALUES (1, 'train')");
const attempt = (title, act) => {
  try { console.log(title, JSON.stringify(act())); } catch (error) { console.log(title, error.name); process.exitCode = 1; }
};
attempt('one of two values by place:', () => db.prepare('SELECT ? AS a, ? AS b').raw().get(1));
attempt('two of one value by place:', () => db.prepare('SELECT ? AS a').raw().get(1, 2));
attempt('a mistyped name:', () => {
  db.prepare('UPDATE task SET name = :name WHERE id = 1').run({ nmae: 'evaluate' });
  return db.prepare('SELECT name FROM task').raw().get();
});
const { name } = db.prepare('SELECT name FROM task').get();
if (name !== null) process.exitCode = 1;
NODE
node ask.cjs || { echo 'the behaviour has changed'; exit 1; }
python3 - <<'PYTHON'
import sqlite3
try:
    print('Python:', sqlite3.connect(':memory:').execute('SELECT :name', {'nmae': 1}).fetchone())
except sqlite3.ProgrammingError as error:
    print('Python:', error)
PYTHON
