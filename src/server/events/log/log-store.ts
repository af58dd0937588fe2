import type { Database, Row } from '../../storage/database.js';
import type { StoredEvent } from '../event-store.js';
import { blockText, compressed, LogBlock, type LogLine } from './log-block.js';

/** Lines of a block, at most; a page of a log reads whole blocks. */
export const BLOCK_LINES = 1000;
/** Characters of a block, beyond which it gets no further line. */
export const BLOCK_CHARS = 256 * 1024;
/** A line takes about as many characters beside its message, in columns. */
const LINE_CHARS = 100;

/** The log of a task: its number in the table of blocks, and how many lines it has. */
export interface Log {
  log: number;
  count: number;
}

export function findLog(database: Database, task: string): Log | undefined {
  const row = database.get('SELECT log, count FROM logs WHERE task = ?', task);
  return row === undefined ? undefined : { log: Number(row.log), count: Number(row.count) };
}

/** Lines of a task's log. @param metrics of these metrics only, unless empty */
export function countLines(database: Database, task: string, metrics: readonly string[] = []): number {
  const known = findLog(database, task);
  if (known === undefined || metrics.length === 0) return known?.count ?? 0;
  const sql = `SELECT coalesce(sum(m.value), 0) AS n FROM log_blocks, json_each(log_blocks.metrics) m
    WHERE log = ? AND m.key IN (SELECT value FROM json_each(?))`;
  return Number(database.get(sql, known.log, JSON.stringify(metrics))?.n);
}

/**
 * Adds lines to the log of a task, as blocks that are open: `sealOnce` puts them together and compresses them.
 *
 * @param now milliseconds since 1970
 */
export function appendLog(
  database: Database,
  task: string,
  events: readonly StoredEvent[],
  now: number,
): void {
  addLines(database, { task, lines: events, now, isOpen: true });
}

/** Adds lines from elsewhere to the log of a task. */
export function insertMovedLines(database: Database, task: string, lines: readonly NewLine[]): void {
  addLines(database, { task, lines, now: 0, isOpen: false });
}

type NewLine = Omit<LogLine, 'sequence'>;

/** Stores lines with the next sequences. */
function addLines(
  database: Database,
  { task, lines, now, isOpen }: { task: string; lines: readonly NewLine[]; now: number; isOpen: boolean },
): void {
  const first = takeSequences(database, lines.length);
  const known = database.get('SELECT log, open FROM logs WHERE task = ?', task);
  const log =
    known === undefined
      ? database.insert('INSERT INTO logs (task, since, changed) VALUES (?, ?, ?)', task, first, now)
      : Number(known.log);
  const numbered = lines.map(({ timestamp, body }, index) => ({ timestamp, body, sequence: first + index }));
  for (const part of portions(numbered)) insertBlock(database, log, part, isOpen);
  const open = Number(known?.open ?? 0) + (isOpen ? lines.length : 0);
  const sql = 'UPDATE logs SET count = count + ?, open = ?, changed = ? WHERE log = ?';
  database.run(sql, lines.length, open, now, log);
}

/** The sequence that the next line of any log gets; none is used again. */
export function nextSequence(database: Database): number {
  return Number(database.get('SELECT next FROM log_sequence')?.next);
}

/** @returns the first one */
function takeSequences(database: Database, count: number): number {
  const first = nextSequence(database);
  database.run('UPDATE log_sequence SET next = ?', first + count);
  return first;
}

function* portions(lines: readonly LogLine[]): Generator<LogLine[]> {
  let portion: LogLine[] = [];
  let size = 0;
  for (const line of lines) {
    portion.push(line);
    size += LINE_CHARS + (typeof line.body.msg === 'string' ? line.body.msg.length : 0);
    if (portion.length < BLOCK_LINES && size < BLOCK_CHARS) continue;
    yield portion;
    portion = [];
    size = 0;
  }
  if (portion.length > 0) yield portion;
}

/** Stores lines as one block; open ones are not compressed. */
export function insertBlock(
  database: Database,
  log: number,
  lines: readonly LogLine[],
  isOpen: boolean,
): void {
  const sorted = [...lines].sort((a, b) => a.timestamp - b.timestamp || a.sequence - b.sequence);
  const [first] = sorted;
  if (first === undefined) return;
  const metrics = new Map<string, number>();
  for (const { body } of sorted) {
    const metric = String(body.metric ?? '');
    metrics.set(metric, (metrics.get(metric) ?? 0) + 1);
  }
  const text = blockText(sorted);
  const sequences = lines.map(({ sequence }) => sequence);
  database.run(
    `INSERT INTO log_blocks (log, low, high, first, least, last, count, open, metrics, data)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    log,
    first.timestamp,
    sorted.at(-1)?.timestamp ?? 0,
    first.sequence,
    Math.min(...sequences),
    Math.max(...sequences),
    sorted.length,
    isOpen ? 1 : null,
    JSON.stringify(Object.fromEntries(metrics)),
    isOpen ? text : compressed(text),
  );
}

/** Columns that `blockOf` reads. */
export const BLOCK_COLUMNS = 'block, first, data';

export function blockOf({ data, first }: Row): LogBlock {
  return new LogBlock(
    data instanceof ArrayBuffer ? new Uint8Array(data) : (data as string | Uint8Array),
    Number(first),
  );
}

export function readBlock(database: Database, block: number): LogBlock {
  const row = database.get(`SELECT ${BLOCK_COLUMNS} FROM log_blocks WHERE block = ?`, block);
  return blockOf(row as Row);
}
