import type { Bindable, Database } from '../../storage/database.js';
import type { LogBlock } from './log-block.js';
import { readBlock } from './log-store.js';

/** A place in the order of a log. */
export interface LogPlace {
  /** Milliseconds. */
  timestamp: number;
  sequence: number;
}

export interface LogWalk {
  /** Of `logs`. */
  log: number;
  /** Towards older lines. */
  descending: boolean;
  /** The walk begins beyond it. */
  from?: LogPlace | undefined;
  /** Empty: all. */
  metrics: readonly string[];
}

/** A line, in its block. */
export interface WalkedLine extends LogPlace {
  block: LogBlock;
  index: number;
  /** Whether it is the last one of its block. */
  endsBlock: boolean;
}

/** Blocks whose ranges are read at once. */
const RANGES = 64;

/** Before or after all lines of the same time, towards which a walk does not go. */
export function beyondTime(timestamp: number, descending: boolean): LogPlace {
  return { timestamp, sequence: descending ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY };
}

/** The lines of a log in the order of their times; those of the same time in that of their arrival. */
export function* walkLog(database: Database, walk: LogWalk): Generator<WalkedLine> {
  const sign = walk.descending ? -1 : 1;
  const compare = (a: LogPlace, b: LogPlace) => sign * (a.timestamp - b.timestamp || a.sequence - b.sequence);
  const ranges = blockRanges(database, walk);
  let next = ranges.next();
  const open: Cursor[] = [];
  for (;;) {
    const best = firstOf(open, compare);
    // A block may begin with lines of the same time.
    if (!next.done && (best === undefined || sign * (next.value.start - best.timestamp) <= 0)) {
      const cursor = new Cursor(readBlock(database, next.value.block), walk);
      if (cursor.skip(compare)) open.push(cursor);
      next = ranges.next();
    } else if (best === undefined) return;
    else {
      yield best.line();
      if (!best.advance()) open.splice(open.indexOf(best), 1);
    }
  }
}

function firstOf(
  cursors: readonly Cursor[],
  compare: (a: LogPlace, b: LogPlace) => number,
): Cursor | undefined {
  let best = cursors[0];
  for (const each of cursors) if (best !== undefined && compare(each, best) < 0) best = each;
  return best;
}

/** A block that is walked through. */
class Cursor implements LogPlace {
  readonly #block: LogBlock;
  readonly #walk: LogWalk;
  #index: number;
  timestamp = 0;
  sequence = 0;

  constructor(block: LogBlock, walk: LogWalk) {
    this.#block = block;
    this.#walk = walk;
    this.#index = walk.descending ? block.length : -1;
  }

  /** Moves to the first line beyond the beginning of the walk; whether there is one. */
  skip(compare: (a: LogPlace, b: LogPlace) => number): boolean {
    const { from } = this.#walk;
    while (this.advance()) if (from === undefined || compare(this, from) > 0) return true;
    return false;
  }

  /** Moves to the next line of the wanted metrics; whether there is one. */
  advance(): boolean {
    const { descending, metrics } = this.#walk;
    do this.#index += descending ? -1 : 1;
    while (
      this.#isWithin() &&
      metrics.length > 0 &&
      !metrics.includes(String(this.#block.value(this.#index, 'metric')))
    );
    if (!this.#isWithin()) return false;
    this.timestamp = this.#block.times[this.#index] ?? 0;
    this.sequence = this.#block.sequence(this.#index);
    return true;
  }

  line(): WalkedLine {
    const index = this.#index;
    const block = this.#block;
    const endsBlock = index === (this.#walk.descending ? 0 : block.length - 1);
    return { timestamp: this.timestamp, sequence: this.sequence, block, index, endsBlock };
  }

  #isWithin(): boolean {
    return this.#index >= 0 && this.#index < this.#block.length;
  }
}

/** The blocks that have lines beyond the beginning, by where a walk comes into them. */
function* blockRanges(
  database: Database,
  { log, descending, from, metrics }: LogWalk,
): Generator<{ block: number; start: number }> {
  const [start, end, sign, direction] = descending
    ? ['high', 'low', '<', 'DESC']
    : ['low', 'high', '>', 'ASC'];
  const isReached = from === undefined ? '' : `AND ${end} ${sign}= ?`;
  const chosen =
    metrics.length === 0
      ? ''
      : 'AND EXISTS (SELECT 1 FROM json_each(metrics) m WHERE m.key IN (SELECT value FROM json_each(?)))';
  const scope: Bindable[] = [
    log,
    ...(from === undefined ? [] : [from.timestamp]),
    ...(metrics.length === 0 ? [] : [JSON.stringify(metrics)]),
  ];
  let last: Bindable[] = [];
  for (;;) {
    const after = last.length === 0 ? '' : `AND (${start}, block) ${sign} (?, ?)`;
    const sql = `SELECT block, ${start} AS start FROM log_blocks WHERE log = ? ${isReached} ${chosen} ${after}
      ORDER BY ${start} ${direction}, block ${direction} LIMIT ${RANGES}`;
    const rows = database.all(sql, ...scope, ...last);
    for (const row of rows) yield { block: Number(row.block), start: Number(row.start) };
    const end = rows.at(-1);
    if (rows.length < RANGES || end === undefined) return;
    last = [Number(end.start), Number(end.block)];
  }
}
