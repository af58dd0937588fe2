import type { LogLevel } from './reporter.js';

/** One entry of the spool: text that has not been sent, and how far the workload's output is used with it. */
export interface LogRecord {
  /** Milliseconds since 1970. */
  time: number;
  level: LogLevel;
  text: string;
  /** Position in the workload's output after which to go on reading. */
  position: number;
}

/** A record with its place in the stream, in bytes. */
export interface PlacedRecord extends LogRecord {
  start: number;
  end: number;
}

const LEVELS: ReadonlySet<string> = new Set(['DEBUG', 'INFO', 'WARNING', 'ERROR']);
const LINE_FEED = 0x0a;

/** A line of JSON; nothing in it but its end is a line feed. */
export function encodeRecord({ time, level, text, position }: LogRecord): Buffer {
  return Buffer.from(`${JSON.stringify([time, level, position, text])}\n`);
}

/**
 * The records of the whole lines of `bytes`, which begin at `start`; lines that a broken disk made unreadable
 * are left out.
 */
export function decodeRecords(bytes: Uint8Array, start: number): PlacedRecord[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: PlacedRecord[] = [];
  for (let from = 0; ; ) {
    const end = buffer.indexOf(LINE_FEED, from);
    if (end < 0) return records;
    const record = parse(buffer.toString('utf8', from, end));
    if (record) records.push({ ...record, start: start + from, end: start + end + 1 });
    from = end + 1;
  }
}

function parse(line: string): LogRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!Array.isArray(value)) return undefined;
    const [time, level, position, text] = value;
    const sound = typeof time === 'number' && typeof position === 'number' && typeof text === 'string';
    return sound && isLevel(level) ? { time, level, position, text } : undefined;
  } catch {
    return undefined;
  }
}

function isLevel(value: unknown): value is LogLevel {
  return typeof value === 'string' && LEVELS.has(value);
}
