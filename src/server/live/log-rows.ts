import type { LogBlock } from '../events/log/log-block.js';
import { nextSequence, readBlock } from '../events/log/log-store.js';
import { pageLines } from '../events/log-pages.js';
import type { Json, JsonObject } from '../json.js';
import type { Database } from '../storage/database.js';

/** A line as the stream sends it; `n` grows within a log. */
export interface LiveLine extends JsonObject {
  n: number;
  timestamp: number;
}

export interface LiveRows {
  /** By task, oldest first. */
  lines: Map<string, LiveLine[]>;
  /** Up to here lines were read. */
  position: number;
  /** There may be more behind it. */
  more: boolean;
}

/** Lines and characters that are read at once: enough to be quick, few enough to keep memory flat. */
const MOST_ROWS = 2000;
const MOST_CHARACTERS = 1_000_000;

/** The number of the last line of all logs; 0 before the first one. */
export function lastPosition(database: Database): number {
  return nextSequence(database) - 1;
}

/** The lines of these tasks that came after a position. */
export function rowsAfter(database: Database, after: number, tasks: readonly string[]): LiveRows {
  const end = lastPosition(database);
  if (tasks.length === 0 || after >= end) return { lines: new Map(), position: end, more: false };
  const sql = `SELECT task, least, block FROM logs JOIN log_blocks USING (log)
    WHERE task IN (SELECT value FROM json_each(?)) AND last > ? ORDER BY least`;
  const found = new Found(after);
  for (const { task, least, block } of database.all(sql, JSON.stringify(tasks), after)) {
    const before = Number(least) - 1;
    // Each line up to a cut must have been read, so blocks that begin before it come first.
    if (found.isEnough && before > after) return { lines: found.upTo(before), position: before, more: true };
    found.add(String(task), readBlock(database, Number(block)));
  }
  return { lines: found.upTo(end), position: end, more: false };
}

/** Lines of blocks, in the order of their numbers. */
class Found {
  readonly #after: number;
  readonly #lines: { task: string; line: LiveLine }[] = [];
  #characters = 0;

  constructor(after: number) {
    this.#after = after;
  }

  get isEnough(): boolean {
    return this.#lines.length >= MOST_ROWS || this.#characters > MOST_CHARACTERS;
  }

  add(task: string, block: LogBlock): void {
    for (let index = 0; index < block.length; index += 1) {
      if (block.sequence(index) <= this.#after) continue;
      const line = lineOf(block.sequence(index), lineReader(block, index));
      this.#lines.push({ task, line });
      this.#characters += typeof line.msg === 'string' ? line.msg.length : 0;
    }
  }

  upTo(position: number): LiveRows['lines'] {
    const sorted = this.#lines.filter(({ line }) => line.n <= position).sort((a, b) => a.line.n - b.line.n);
    const lines: LiveRows['lines'] = new Map();
    for (const { task, line } of sorted) {
      const known = lines.get(task);
      if (known === undefined) lines.set(task, [line]);
      else known.push(line);
    }
    return lines;
  }
}

/** The last lines of a log, oldest first, and all others of the first one's millisecond. */
export function lastLines(database: Database, task: string, size: number): LiveLine[] {
  const request = { task, size, earlier: true, from: undefined, metrics: [] };
  const lines = Array.from(pageLines(database, request), (line) =>
    lineOf(line.sequence, lineReader(line.block, line.index)),
  );
  return lines.reverse();
}

type ReadField = (key: string) => Json | undefined;

function lineReader(block: LogBlock, index: number): ReadField {
  return (key) => block.value(index, key);
}

function lineOf(n: number, read: ReadField): LiveLine {
  const [level, worker, msg] = ['level', 'worker', 'msg'].map(read);
  return { n, timestamp: Number(read('timestamp')), level, worker, msg };
}

/** Those of the tasks whose logs may have lost lines since: they were removed, and began again. */
export function lostSince(database: Database, position: number, tasks: readonly string[]): string[] {
  const sql = 'SELECT task FROM logs WHERE task IN (SELECT value FROM json_each(?)) AND since > ?';
  return database.all(sql, JSON.stringify(tasks), position).map(({ task }) => String(task));
}

/** The position that a client has kept; `undefined` if this database has not been so far, as after a restore. */
export function positionOf(database: Database, token: string): number | undefined {
  const position = Number(token);
  return /^\d+$/.test(token) && position <= lastPosition(database) ? position : undefined;
}
