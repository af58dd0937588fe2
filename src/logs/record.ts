import { crc32 } from 'node:zlib';
import { refuseNewer } from '../os/format-version.js';
import type { LogLevel } from './reporter.js';

/** One entry of the spool: text that has not been sent, and how far the workload's output is used with it. */
export interface LogRecord {
  /** Milliseconds since 1970. */
  time: number;
  level: LogLevel;
  text: string;
  /** Position in the workload's output after which to resume reading. */
  position: number;
}

/** A record with its place in the stream, in bytes. */
export interface PlacedRecord extends LogRecord {
  start: number;
  end: number;
}

const LEVELS: ReadonlySet<string> = new Set(['DEBUG', 'INFO', 'WARNING', 'ERROR']);
const LINE_FEED = 0x0a;

/** Version of the records that are written; docs/spool-format.md describes each. */
const VERSION = 3;
/** It had no version under its checksum. */
const SECOND_VERSION = 2;

/** `3 0a1b2c3d [3,1700000000000,"DEBUG",120,"text\n"]`: version, CRC-32 of the JSON, JSON with the version again. */
export function encodeRecord({ time, level, text, position }: LogRecord): Buffer {
  const body = Buffer.from(JSON.stringify([VERSION, time, level, position, text]));
  return Buffer.concat([Buffer.from(`${VERSION} ${checksum(body)} `), body, Buffer.of(LINE_FEED)]);
}

/** A part of the stream, in bytes. */
export type StreamPart = Pick<PlacedRecord, 'start' | 'end'>;

/** What the lines of a part of the spool hold. */
export interface DecodedPart {
  records: PlacedRecord[];
  /** Parts that the disk damaged, as long as possible; their text is lost. */
  damaged: StreamPart[];
}

/**
 * The records of the whole lines of `bytes`, which begin at `start`.
 *
 * @throws AgentError NEWER_FORMAT for a record of a later version of the program
 */
export function decodeRecords(bytes: Uint8Array, start: number): DecodedPart {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const part: DecodedPart = { records: [], damaged: [] };
  for (let from = 0; ; ) {
    const end = buffer.indexOf(LINE_FEED, from);
    if (end < 0) return part;
    const place = { start: start + from, end: start + end + 1 };
    const record = parseRecord(buffer.subarray(from, end));
    if (record) part.records.push({ ...record, ...place });
    else addDamage(part.damaged, place);
    from = end + 1;
  }
}

/** Adds a part behind the others; one that follows without a gap is the same damage. */
export function addDamage(damaged: StreamPart[], part: StreamPart): void {
  const last = damaged.at(-1);
  if (last?.end === part.start) last.end = part.end;
  else damaged.push(part);
}

const FRAME = /^(\d{1,3}) ([0-9a-f]{8}) /;
/** Of the version, the checksum and their blanks, at most. */
const FRAME_BYTES = 13;

function parseRecord(line: Buffer): LogRecord | undefined {
  const [frame, digits, sum] = FRAME.exec(line.toString('latin1', 0, FRAME_BYTES)) ?? [];
  if (frame === undefined) return line[0] === OPENING_BRACKET ? recordOf(parseList(line)) : undefined;
  const body = line.subarray(frame.length);
  if (checksum(body) !== sum) return undefined;
  const list = parseList(body);
  const version = Number(digits);
  if (version === SECOND_VERSION) return recordOf(list);
  // A changed bit of the number in front must not pass for a newer agent's record, which would stop the run's recovery.
  if (list[0] !== version) return undefined;
  refuseNewer('the log on disk', version, VERSION);
  return recordOf(list.slice(1));
}

const OPENING_BRACKET = 0x5b;

function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}

function parseList(body: Buffer): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function recordOf([time, level, position, text]: readonly unknown[]): LogRecord | undefined {
  const sound = typeof time === 'number' && typeof position === 'number' && typeof text === 'string';
  return sound && isLevel(level) ? { time, level, position, text } : undefined;
}

function isLevel(value: unknown): value is LogLevel {
  return typeof value === 'string' && LEVELS.has(value);
}
