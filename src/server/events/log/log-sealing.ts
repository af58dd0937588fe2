import type { Database } from '../../storage/database.js';
import type { LogLine } from './log-block.js';
import { BLOCK_CHARS, BLOCK_COLUMNS, BLOCK_LINES, blockOf, insertBlock } from './log-store.js';

/** Milliseconds without a line after which the open blocks of a log are sealed, however few lines they have. */
export const QUIET_MS = 600_000;
/** A sealed block with fewer lines, and less data, is put together with those after it. */
const SMALL = { lines: BLOCK_LINES / 2, bytes: 32 * 1024 };

/**
 * Puts the oldest open blocks of one log together, in one compressed block: of a log with enough lines, or one that was
 * quiet.
 *
 * @param now milliseconds since 1970
 * @returns whether there was one
 */
export function sealOnce(database: Database, now: number): boolean {
  const full = database.get(`SELECT log, open FROM logs WHERE open >= ${BLOCK_LINES} LIMIT 1`);
  const row =
    full ?? database.get('SELECT log, open FROM logs WHERE open > 0 AND changed < ? LIMIT 1', now - QUIET_MS);
  if (row === undefined) return false;
  const log = Number(row.log);
  const taken = takeOpen(database, log);
  const lines = taken.length > BLOCK_LINES / 2 ? taken : [...takeSmall(database, log), ...taken];
  insertBlock(database, log, lines, false);
  database.run(
    'UPDATE logs SET open = ? WHERE log = ?',
    taken.length === 0 ? 0 : Number(row.open) - taken.length,
    log,
  );
  return true;
}

/** The lines of the oldest open blocks, as many as make a block; the blocks go. */
function takeOpen(database: Database, log: number): LogLine[] {
  const sql = `SELECT block, count, length(data) AS size FROM log_blocks WHERE log = ? AND open = 1
    ORDER BY block LIMIT ${BLOCK_LINES}`;
  const lines: LogLine[] = [];
  let size = 0;
  for (const row of database.all(sql, log)) {
    const isEnough = lines.length + Number(row.count) > BLOCK_LINES || size + Number(row.size) > BLOCK_CHARS;
    if (lines.length > 0 && isEnough) break;
    lines.push(...takeBlock(database, Number(row.block)));
    size += Number(row.size);
  }
  return lines;
}

/** The lines of the last sealed block if they are few; the block goes. */
function takeSmall(database: Database, log: number): LogLine[] {
  const sql = `SELECT block, count, length(data) AS size FROM log_blocks WHERE log = ? AND open IS NULL
    ORDER BY block DESC LIMIT 1`;
  const row = database.get(sql, log);
  const isSmall = row !== undefined && Number(row.count) < SMALL.lines && Number(row.size) < SMALL.bytes;
  return isSmall ? takeBlock(database, Number(row.block)) : [];
}

function takeBlock(database: Database, block: number): LogLine[] {
  const row = database.get(`SELECT ${BLOCK_COLUMNS} FROM log_blocks WHERE block = ?`, block);
  database.run('DELETE FROM log_blocks WHERE block = ?', block);
  return row === undefined ? [] : blockOf(row).lines();
}
