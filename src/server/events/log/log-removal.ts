import type { Database } from '../../storage/database.js';
import type { LogLine } from './log-block.js';
import { BLOCK_COLUMNS, blockOf, findLog, insertBlock, nextSequence } from './log-store.js';

/** Blocks that are removed in one step. */
const REMOVED_AT_ONCE = 50;

/** Removes the log of a task; how many lines it had. `removeOnce` gives its space back. */
export function deleteLog(database: Database, task: string): number {
  const known = findLog(database, task);
  if (known === undefined) return 0;
  database.run('DELETE FROM logs WHERE log = ?', known.log);
  database.run('INSERT INTO removed_logs (log) VALUES (?)', known.log);
  database.changes.note('log cleared', task);
  return known.count;
}

export interface LogClearing {
  task: string;
  /** Milliseconds; absent: whenever it was. */
  before: number | undefined;
  /** Only these metrics, unless empty. */
  include: readonly string[];
  exclude: readonly string[];
}

/** Removes lines of a task's log; how many. */
export function clearLog(database: Database, clearing: LogClearing): number {
  const { task, before, include, exclude } = clearing;
  if (before === undefined && include.length + exclude.length === 0) return deleteLog(database, task);
  const known = findLog(database, task);
  if (known === undefined) return 0;
  const sql = `SELECT count(*) AS n, coalesce(sum(count), 0) AS lines, coalesce(sum(count * (open IS 1)), 0) AS open
    FROM log_blocks WHERE log = ?`;
  const all = database.get(sql, known.log);
  if (before !== undefined && include.length + exclude.length === 0) moveOut(database, known.log, before);
  const limit = before ?? Number.MAX_SAFE_INTEGER;
  const touched = database.all('SELECT block FROM log_blocks WHERE log = ? AND low < ?', known.log, limit);
  for (const { block } of touched) clearBlock(database, Number(block), clearing, known.log);
  const left = database.get(sql, known.log);
  database.run(
    'UPDATE logs SET count = ?, open = ?, since = ? WHERE log = ?',
    Number(left?.lines),
    Number(left?.open),
    nextSequence(database),
    known.log,
  );
  database.changes.note('log cleared', task);
  return Number(all?.lines) - Number(left?.lines);
}

/** Hands whole blocks that are older over to `removeOnce`. */
function moveOut(database: Database, log: number, before: number): void {
  const removed = database.insert(
    'INSERT INTO removed_logs (log) SELECT coalesce(min(log), 0) - 1 FROM removed_logs WHERE log < 0',
  );
  database.run('UPDATE log_blocks SET log = ? WHERE log = ? AND high < ?', removed, log, before);
}

/** Writes a block again without the lines that go. */
function clearBlock(
  database: Database,
  block: number,
  { before, include, exclude }: LogClearing,
  log: number,
): void {
  const row = database.get(`SELECT ${BLOCK_COLUMNS}, open FROM log_blocks WHERE block = ?`, block);
  if (row === undefined) return;
  const goes = ({ timestamp, body }: LogLine) => {
    const metric = String(body.metric ?? '');
    return (
      (before === undefined || timestamp < before) &&
      (include.length === 0 || include.includes(metric)) &&
      !exclude.includes(metric)
    );
  };
  const lines = blockOf(row).lines();
  const kept = lines.filter((line) => !goes(line));
  if (kept.length === lines.length) return;
  database.run('DELETE FROM log_blocks WHERE block = ?', block);
  insertBlock(database, log, kept, row.open === 1);
}

/** Removes some blocks of a log that is gone; whether there was one. */
export function removeOnce(database: Database): boolean {
  const removed = database.get('SELECT log FROM removed_logs LIMIT 1');
  if (removed === undefined) return false;
  const log = Number(removed.log);
  const sql = `DELETE FROM log_blocks WHERE block IN (SELECT block FROM log_blocks WHERE log = ? LIMIT ${REMOVED_AT_ONCE})`;
  if (database.run(sql, log) < REMOVED_AT_ONCE) database.run('DELETE FROM removed_logs WHERE log = ?', log);
  return true;
}
