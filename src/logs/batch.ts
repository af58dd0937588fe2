import type { LogEvent } from './delivery.js';
import type { PlacedRecord } from './record.js';
import type { LogLevel } from './reporter.js';

/** Up to where the stream is sent, and the group of events that may continue from there. */
export interface Cursor {
  /** Place of a record in the stream, bytes. */
  offset: number;
  /** Characters of that record that are sent already. */
  skip: number;
  /** Time of the first record of the group, and how many parts of lines it has so far. */
  base: number;
  parts: number;
}

export const STREAM_START: Cursor = { offset: 0, skip: 0, base: 0, parts: 0 };

export interface BatchLimits {
  /** Characters of a message, counted in code points. */
  message: number;
  /** Characters of a request, counted as the original writes its JSON. */
  request: number;
}

/** The limits of the original. */
export const BATCH_LIMITS: BatchLimits = { message: 65_536, request: 1_048_576 };

export interface BatchRequest {
  records: readonly PlacedRecord[];
  from: Cursor;
  /** Where a batch that was planned before ended; the same events come out again. */
  until?: Cursor;
  limits: BatchLimits;
  task: string;
  worker: string;
  /** Time of the newest event that was planned; every event is later than the one before. */
  lastTime: number;
  /** The clock; no event is from the future, unless more than one a millisecond comes. */
  now: number;
}

export interface Batch {
  events: LogEvent[];
  /** Where the next batch begins. */
  to: Cursor;
}

/** Records further apart than this go as events of their own, so that each has about the time of its lines. */
export const GROUP_MS = 1000;
/** What terminals are sent at a program's end; alone it says nothing. */
const TERMINAL_RESET = '\u001b[0m';

/**
 * The events of one request. Records of the same level and about the same time are put together to messages as
 * long as allowed, cut anywhere but inside a character. Backspaces are left out.
 */
export function planBatch(request: BatchRequest): Batch {
  const plan = new Plan(request);
  for (const record of request.records) {
    const limit = request.until && record.start === request.until.offset ? request.until.skip : undefined;
    if (request.until && record.start >= request.until.offset && !limit) break;
    if (!plan.add(record, limit)) return plan.batch;
  }
  plan.close();
  return plan.batch;
}

/** What the server gets of a record's text. */
export function sentText(text: string): string {
  const plain = text.replaceAll('\b', '');
  return plain === TERMINAL_RESET ? '' : plain;
}

/** The event that is being filled. */
interface OpenMessage {
  level: LogLevel;
  texts: string[];
  room: number;
}

class Plan {
  readonly batch: Batch;
  readonly #request: BatchRequest;
  #cursor: Cursor;
  #level: LogLevel | undefined;
  #message: OpenMessage | undefined;
  #size = 0;
  #lastTime: number;

  constructor(request: BatchRequest) {
    this.#request = request;
    this.#cursor = request.from;
    this.#lastTime = request.lastTime;
    this.batch = { events: [], to: request.from };
  }

  /** False when the request is full. `limit`: characters of the record that belong to the batch. */
  add(record: PlacedRecord, limit: number | undefined): boolean {
    if (!this.#enterGroup(record)) return false;
    const text = sentText(record.text);
    const skip = record.start === this.#request.from.offset ? this.#request.from.skip : 0;
    const last = limit ?? text.length;
    for (let at = skip; at < last; ) {
      this.#message ??= { level: record.level, texts: [], room: this.#request.limits.message };
      const end = Math.min(last, endOfPart(text, at, this.#message.room));
      this.#put(this.#message, text.slice(at, end));
      at = end;
      const place = at < text.length ? { offset: record.start, skip: at } : { offset: record.end, skip: 0 };
      this.#cursor = { ...this.#cursor, ...place };
      if (this.#message.room === 0 && !this.close()) return false;
    }
    if (limit === undefined) this.#cursor = { ...this.#cursor, offset: record.end, skip: 0 };
    if (this.#message === undefined) this.batch.to = this.#cursor;
    return true;
  }

  /** Ends the open message. False when it has no place in this request any more. */
  close(): boolean {
    const message = this.#message;
    if (message === undefined) return true;
    const full = message.room === 0;
    // A message that is full takes the count before its last part; the original counts so.
    const parts = full ? this.#cursor.parts - 1 : this.#cursor.parts;
    const time = Math.max(this.#lastTime + 1, Math.min(this.#cursor.base + parts, this.#request.now));
    const { task, worker } = this.#request;
    const event: LogEvent = {
      type: 'log',
      level: message.level,
      task,
      worker,
      msg: message.texts.join(''),
      timestamp: time,
    };
    const size = eventSize(event);
    if (this.batch.events.length > 0 && this.#size + size > this.#request.limits.request) return false;
    this.batch.events.push(event);
    this.batch.to = this.#cursor;
    this.#size += size;
    this.#lastTime = time;
    this.#message = undefined;
    return true;
  }

  #put(message: OpenMessage, part: string): void {
    message.texts.push(part);
    message.room -= codePoints(part);
    this.#cursor = { ...this.#cursor, parts: this.#cursor.parts + 1 };
  }

  #enterGroup({ time, level }: PlacedRecord): boolean {
    const near = Math.abs(time - this.#cursor.base) < GROUP_MS;
    if (near && (this.#level === undefined || this.#level === level)) {
      this.#level = level;
      return true;
    }
    if (!this.close()) return false;
    this.#level = level;
    this.#cursor = { ...this.#cursor, base: time, parts: 0 };
    return true;
  }
}

/**
 * Characters of an event as the original writes it: a blank after every colon and comma, every letter outside
 * ASCII as a six-character escape, one for the line's end. Never less than the bytes that ours takes.
 */
function eventSize(event: LogEvent): number {
  const blanks = 11;
  const frame = JSON.stringify({ ...event, msg: '' }).length + blanks + 1;
  let size = frame + event.msg.length;
  for (let index = 0; index < event.msg.length; index += 1) {
    const code = event.msg.charCodeAt(index);
    if (code > 0x7e || code < 0x20 || code === QUOTE || code === BACKSLASH) size += escapeGrowth(code);
  }
  return size;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Line feed, return, tab, form feed and backspace have escapes of two characters. */
const SHORT_ESCAPES: ReadonlySet<number> = new Set([QUOTE, BACKSLASH, 0x08, 0x09, 0x0a, 0x0c, 0x0d]);
const DELETE = 0x7f;

function escapeGrowth(code: number): number {
  if (SHORT_ESCAPES.has(code)) return 1;
  return code === DELETE ? 0 : 5;
}

/** The index at which a part of at most `room` code points ends that begins at `start`. */
function endOfPart(text: string, start: number, room: number): number {
  const plain = text.slice(start, start + room);
  if (!/[\ud800-\udfff]/.test(plain)) return start + plain.length;
  let end = start;
  for (let points = 0; points < room && end < text.length; points += 1) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return end;
}

function codePoints(text: string): number {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
}
