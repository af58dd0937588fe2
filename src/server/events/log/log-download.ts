import { isoDate } from '../../dates.js';
import type { Database } from '../../storage/database.js';
import { findLog } from './log-store.js';
import { type LogPlace, type WalkedLine, walkLog } from './log-walk.js';

/** Lines of a portion, at least: it ends with a block. */
const PORTION_LINES = 8000;
const PART_CHARS = 32 * 1024;
const PORTION_CHARS = 4 * 1024 * 1024;

export interface PortionRequest {
  task: string;
  /** The place of the last line that was read. */
  after?: LogPlace | undefined;
  /** Such as `{asctime} {worker} {level} {msg}`; absent: each line as JSON. */
  format?: string | undefined;
}

export interface LogPortion {
  /** In UTF-8. */
  text: Uint8Array;
  /** Of its last line; absent at the end of the log. */
  last?: LogPlace;
}

/** The next lines of a log in order, as text. */
export function logPortion(database: Database, { task, after, format }: PortionRequest): LogPortion {
  const known = findLog(database, task);
  const portion = new Text();
  if (known === undefined) return { text: portion.bytes() };
  const write = format === undefined ? asJson : formatter(format);
  let count = 0;
  for (const line of walkLog(database, { log: known.log, descending: false, from: after, metrics: [] })) {
    portion.add(write(line));
    count += 1;
    if (portion.length < PORTION_CHARS && !(line.endsBlock && count >= PORTION_LINES)) continue;
    const { timestamp, sequence } = line;
    return { text: portion.bytes(), last: { timestamp, sequence } };
  }
  return { text: portion.bytes() };
}

/** A long text that is put together from short ones, which are soon forgotten. */
class Text {
  length = 0;
  #end = '';
  readonly #parts: Buffer[] = [];

  add(text: string): void {
    this.length += text.length;
    this.#end += text;
    if (this.#end.length > PART_CHARS) this.#flush();
  }

  /** In memory of their own, which may be handed to another thread. */
  bytes(): Uint8Array {
    this.#flush();
    const all = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  #flush(): void {
    if (this.#end !== '') this.#parts.push(Buffer.from(this.#end));
    this.#end = '';
  }
}

function asJson({ block, index }: WalkedLine): string {
  return `${block.json(index)}\n`;
}

/** Writes lines in a format; fields that a line lacks are empty. */
function formatter(format: string): (line: WalkedLine) => string {
  const texts = format.split(/\{\w+\}/);
  const names = [...format.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const asctime = timeWriter();
  const field = (line: WalkedLine, name: string) => {
    if (name === 'asctime') return asctime(line.timestamp);
    const value = line.block.value(line.index, name);
    if (name === 'msg') return String(value ?? '').trimEnd();
    return value === undefined ? '' : String(value);
  };
  return (line) => {
    let text = texts[0] ?? '';
    for (let at = 0; at < names.length; at += 1) text += field(line, names[at] ?? '') + (texts[at + 1] ?? '');
    return `${text}\n`;
  };
}

/** `isoDate`, which takes most of its time for seconds that it has seen before. */
function timeWriter(): (milliseconds: number) => string {
  let second = Number.NaN;
  let prefix = '';
  return (milliseconds) => {
    const own = Math.floor(milliseconds / 1000);
    if (own !== second) {
      second = own;
      prefix = isoDate(own * 1000).slice(0, -'000000+00:00'.length);
    }
    return `${prefix}${String(milliseconds - own * 1000).padStart(3, '0')}000+00:00`;
  };
}
