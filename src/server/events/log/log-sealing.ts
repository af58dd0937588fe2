import type { Database, Row } from '../../storage/database.js';
import { compressed, type LogLine } from './log-block.js';
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
  const taken = oldestOpen(database, log);
  const count = taken.reduce((sum, block) => sum + block.count, 0);
  const [first, second] = taken;
  const small = count > BLOCK_LINES / 2 || first === undefined ? [] : smallBlock(database, log);
  if (first !== undefined && second === undefined && small.length === 0) sealBlock(database, first);
  else if (first !== undefined) joinBlocks(database, log, [...small, ...taken]);
  database.run(
    'UPDATE logs SET open = ? WHERE log = ?',
    first === undefined ? 0 : Number(row.open) - count,
    log,
  );
  return true;
}

interface Block {
  block: number;
  count: number;
  row: Row;
}

/** The oldest open blocks, as many as make a block. A long backlog is not read further. */
function oldestOpen(database: Database, log: number): Block[] {
  const sql = `SELECT ${BLOCK_COLUMNS}, count FROM log_blocks WHERE log = ? AND open = 1 AND block > ?
    ORDER BY block LIMIT 1`;
  const blocks: Block[] = [];
  let lines = 0;
  let size = 0;
  for (;;) {
    const row = database.get(sql, log, blocks.at(-1)?.block ?? 0);
    if (row === undefined) return blocks;
    lines += Number(row.count);
    size += String(row.data).length;
    if (blocks.length > 0 && (lines > BLOCK_LINES || size > BLOCK_CHARS)) return blocks;
    blocks.push(blockRow(row));
  }
}

/** The last sealed block if its lines are few. */
function smallBlock(database: Database, log: number): Block[] {
  const sql = `SELECT block, count, length(data) AS size FROM log_blocks WHERE log = ? AND open IS NULL
    ORDER BY last DESC LIMIT 1`;
  const last = database.get(sql, log);
  const isSmall = last !== undefined && Number(last.count) < SMALL.lines && Number(last.size) < SMALL.bytes;
  if (!isSmall) return [];
  const row = database.get(
    `SELECT ${BLOCK_COLUMNS}, count FROM log_blocks WHERE block = ?`,
    Number(last.block),
  );
  return row === undefined ? [] : [blockRow(row)];
}

function blockRow(row: Row): Block {
  return { block: Number(row.block), count: Number(row.count), row };
}

/** The text of a block that is enough by itself stays as it is. */
function sealBlock(database: Database, { block, row }: Block): void {
  const sql = 'UPDATE log_blocks SET open = NULL, data = ? WHERE block = ?';
  database.run(sql, compressed(String(row.data)), block);
}

function joinBlocks(database: Database, log: number, blocks: readonly Block[]): void {
  const lines: LogLine[] = [];
  for (const { block, row } of blocks) {
    for (const line of blockOf(row).lines()) lines.push(line);
    database.run('DELETE FROM log_blocks WHERE block = ?', block);
  }
  insertBlock(database, log, lines, false);
}
