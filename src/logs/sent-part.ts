import { setTimeout as sleep } from 'node:timers/promises';
import { type Cursor, GROUP_MS, STREAM_START, sentText } from './batch.js';
import type { LogServer, StoredEvent } from './delivery.js';
import type { PlacedRecord } from './record.js';
import type { Spool } from './spool.js';

export interface SentPartRequest {
  spool: Spool;
  server: LogServer;
  task: string;
  worker: string;
  /** What was stored just now is found this many milliseconds later. */
  settleMs: number;
  now: number;
  signal: AbortSignal;
}

/** How far the server has a spool. */
export interface SentPart {
  cursor: Cursor;
  /** Time of the newest event of this worker, milliseconds since 1970. */
  lastTime: number;
  /** False: what comes after the cursor may be there already. */
  sure: boolean;
  /** What the server has after the end of the spool: of records that were lost with an earlier process's memory. */
  again: string;
}

/** Events of a look at the log. */
const PAGE = 500;
/** No event is later than this after now, however fast lines come and however wrong a clock is. */
const AHEAD_MS = 86_400_000;
/** More than a file of the spool, which is removed once it is sent, and the request after it hold together. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

/**
 * Finds out from the server's log how far it has a spool, where the note of that is lost: the texts of the worker's events
 * are put side by side with those of the records. `undefined` when the server does not answer now.
 */
export async function sentPart(request: SentPartRequest): Promise<SentPart | undefined> {
  const [first] = (await request.spool.read(0)).records;
  if (first === undefined) return { cursor: STREAM_START, lastTime: 0, sure: true, again: '' };
  const isWhole = first.start === 0;
  await sleep(request.settleMs, undefined, { signal: request.signal });
  const stored = await eventsSince(isWhole ? first.time : first.time - GROUP_MS, request);
  if (stored === 'no-answer') return undefined;
  const start: Cursor = { ...STREAM_START, offset: first.start };
  if (stored === 'unknown') return { cursor: start, lastTime: 0, sure: false, again: '' };
  const texts = stored.map(({ msg }) => msg);
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  const records = await recordsOf(request.spool, length);
  const { sent, ...rest } = isWhole ? sentOfWhole(texts, records) : sentOfRest(texts.join(''), records);
  return { cursor: cursorAt(sent, records) ?? start, lastTime: stored.at(-1)?.timestamp ?? 0, ...rest };
}

/** This worker's events from a time on, in their order. */
async function eventsSince(
  since: number,
  { server, task, worker, now, signal }: SentPartRequest,
): Promise<StoredEvent[] | 'no-answer' | 'unknown'> {
  // An event of ours is alone at its time.
  const own = new Map<number, StoredEvent>();
  let characters = 0;
  for (let until = now + AHEAD_MS; ; ) {
    const answer = await server.stored({ task, until, count: PAGE }, signal);
    if (answer.kind === 'failed') return 'no-answer';
    if (answer.kind === 'refused' || characters > MOST_CHARACTERS) return 'unknown';
    const fresh = answer.events.filter(
      (event) => event.timestamp >= since && (event.worker === worker || event.worker === ''),
    );
    for (const event of fresh) {
      if (!own.has(event.timestamp)) characters += event.msg.length;
      own.set(event.timestamp, event);
    }
    const oldest = Math.min(...answer.events.map(({ timestamp }) => timestamp));
    if (answer.events.length === 0 || oldest < since)
      return [...own.values()].sort((a, b) => a.timestamp - b.timestamp);
    // Others may have events at the time at which the page ends.
    until = oldest < until ? oldest : until - 1;
  }
}

type TextRecord = Pick<PlacedRecord, 'start' | 'end' | 'text'>;

/** Records with the text that is sent of them, up to this many characters. */
async function recordsOf(spool: Spool, length: number): Promise<TextRecord[]> {
  const found: TextRecord[] = [];
  let characters = 0;
  for (let offset = 0; offset < spool.end && characters <= length; ) {
    const { records, next } = await spool.read(offset);
    for (const { start, end, text } of records) found.push({ start, end, text: sentText(text) });
    characters = found.reduce((sum, { text }) => sum + text.length, 0);
    offset = next;
  }
  return found;
}

interface Sent {
  /** Characters of the records. */
  sent: number;
  sure: boolean;
  again: string;
}

/** Of a spool that has all from the start of the run. What does not fit is another's, with the worker's name. */
function sentOfWhole(texts: readonly string[], records: readonly TextRecord[]): Sent {
  const all = textOf(records);
  let sent = 0;
  let sure = true;
  let again = '';
  for (const text of texts) {
    const left = all.slice(sent, sent + text.length);
    if (!text.startsWith(left)) sure = false;
    else if (left.length === text.length || sent + left.length === all.length) {
      sent += left.length;
      again += text.slice(left.length);
    }
  }
  return { sent, sure, again };
}

/** Of a spool whose start is sent and removed: the server's text ends with a beginning of it, or continues after all of it. */
function sentOfRest(stored: string, records: readonly TextRecord[]): Sent {
  const all = textOf(records);
  const ends = recordEnds(records);
  const fitting = overlaps(stored, all).filter((length) => all[length - 1] === '\n' || ends.has(length));
  const whole = all === '' ? -1 : stored.lastIndexOf(all);
  if (fitting.length === 0 && whole >= 0) {
    const again = stored.slice(whole + all.length);
    return { sent: all.length, sure: stored.indexOf(all) === whole, again };
  }
  // Of several, as lines that repeat give: a line that comes twice is better than one that never comes.
  return { sent: fitting[0] ?? 0, sure: fitting.length === 1, again: '' };
}

/** Lengths of the beginnings of `next` that `text` ends with, the shortest first; by Knuth, Morris and Pratt. */
function overlaps(text: string, next: string): number[] {
  const border = new Int32Array(next.length + 1);
  const longer = (matched: number, sign: string | undefined) => {
    let length = matched;
    while (length > 0 && (length === next.length || next[length] !== sign)) length = border[length] ?? 0;
    return next[length] === sign ? length + 1 : length;
  };
  for (let at = 1; at < next.length; at += 1) border[at + 1] = longer(border[at] ?? 0, next[at]);
  let matched = 0;
  for (let at = 0; at < text.length; at += 1) matched = longer(matched, text[at]);
  const found: number[] = [];
  for (; matched > 0; matched = border[matched] ?? 0) found.unshift(matched);
  return found;
}

function recordEnds(records: readonly TextRecord[]): ReadonlySet<number> {
  let length = 0;
  return new Set(
    records.map(({ text }) => {
      length += text.length;
      return length;
    }),
  );
}

function textOf(records: readonly TextRecord[]): string {
  return records.map(({ text }) => text).join('');
}

/**
 * Passes over records whose text the server has already, as `again` says.
 *
 * @param end where the records end
 * @returns where sending begins, what of `again` may still come, and whether the records fit it
 */
export function behindEnd(
  again: string,
  records: readonly PlacedRecord[],
  end: Cursor,
): { cursor: Cursor; again: string; fits: boolean } {
  let left = again;
  for (const { start, text: raw } of records) {
    const text = sentText(raw);
    const same = Math.min(text.length, left.length);
    if (text.slice(0, same) !== left.slice(0, same))
      return { cursor: { ...STREAM_START, offset: start }, again: '', fits: false };
    left = left.slice(same);
    if (same < text.length)
      return { cursor: { ...STREAM_START, offset: start, skip: same }, again: '', fits: true };
  }
  return { cursor: end, again: left, fits: true };
}

function cursorAt(sent: number, records: readonly TextRecord[]): Cursor | undefined {
  let before = 0;
  for (const { start, text } of records) {
    if (before + text.length > sent) return { ...STREAM_START, offset: start, skip: sent - before };
    before += text.length;
  }
  const last = records.at(-1);
  return last && { ...STREAM_START, offset: last.end };
}
