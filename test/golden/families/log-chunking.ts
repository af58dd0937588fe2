import { LineAssembler } from '../../../src/logs/assembler.js';
import { BATCH_LIMITS, type Cursor, planBatch, STREAM_START } from '../../../src/logs/batch.js';
import type { LogEvent } from '../../../src/logs/delivery.js';
import type { PlacedRecord } from '../../../src/logs/record.js';
import type { LogLevel } from '../../../src/logs/reporter.js';

interface Repeated {
  text: string;
  times?: number;
  end?: string;
}

type Line = string | Repeated;

interface LogInput {
  op: string;
  lines: string | Line[];
  level?: LogLevel;
  max_event_size?: number;
  max_packet_size?: number;
  server_accepts?: number;
  lines_base64: string[];
  replace_cr?: boolean;
  overwrite_cr?: boolean;
  chunks_base64: string[];
  suppress_carriage_return?: boolean;
  send_results?: boolean[];
}

const OPERATIONS: Readonly<Record<string, (input: LogInput) => unknown>> = {
  send_log: sendLog,
  decode,
  follow,
};

export function logChunking(input: LogInput): unknown {
  return OPERATIONS[input.op]?.(input);
}

/** Lines said in one moment, and the requests that carry them. */
function sendLog(input: LogInput): unknown {
  const base = 1_000_000;
  const lines = typeof input.lines === 'string' ? [input.lines] : input.lines.map(textOf);
  const records = place(lines, base, input.level ?? 'DEBUG');
  const requests: LogEvent[][] = [];
  const end = records.at(-1)?.end ?? 0;
  let cursor: Cursor = STREAM_START;
  let lastTime = 0;
  while (cursor.offset < end) {
    const limits = {
      message: input.max_event_size ?? BATCH_LIMITS.message,
      request: input.max_packet_size ?? BATCH_LIMITS.request,
    };
    const from = cursor;
    const rest = records.filter((record) => record.start >= from.offset);
    const place = { from, limits, task: 'T1', worker: 'w' };
    const batch = planBatch({ ...place, records: rest, lastTime, now: base * 2 });
    if (batch.events.length > 0) requests.push(batch.events);
    lastTime = batch.events.at(-1)?.timestamp ?? lastTime;
    cursor = batch.to;
  }
  const accepted = requests.map((events) => Math.min(events.length, input.server_accepts ?? events.length));
  return {
    returned: accepted.reduce((sum, count) => sum + count, 0),
    requests: requests.map((events) => events.map((event) => shown(event, base))),
  };
}

/** Each line by itself, as bytes without their line end. */
function decode(input: LogInput): unknown {
  if (!input.replace_cr && !input.overwrite_cr && input.lines_base64.some(holdsReturn)) return undefined;
  return input.lines_base64.map((line) => {
    const assembler = new LineAssembler({ overwrite: !input.replace_cr });
    const bytes = Buffer.concat([Buffer.from(line, 'base64'), Buffer.from('\n')]);
    return assembler.push(bytes, bytes.length)?.text;
  });
}

/** Output that grows between polls, and the lines that each poll finds. */
function follow(input: LogInput): unknown {
  if (input.send_results) return undefined;
  const assembler = new LineAssembler({ overwrite: input.suppress_carriage_return ?? true });
  const polls = input.chunks_base64.map((chunk) => {
    const lines = Buffer.from(chunk, 'base64')
      .toString('latin1')
      .split(/(?<=\n)/);
    return lines.map((line) => assembler.push(Buffer.from(line, 'latin1'), 0)?.text);
  });
  polls.at(-1)?.push(assembler.end()?.text);
  const found = polls.map((lines) => ({ lines: lines.filter((line) => line !== undefined) }));
  return { exit_code: 0, sent: found.filter(({ lines }) => lines.length > 0) };
}

function place(lines: readonly string[], time: number, level: LogLevel): PlacedRecord[] {
  return lines.map((text, index) => ({ time, level, text, position: 0, start: index, end: index + 1 }));
}

function textOf(line: Line): string {
  return typeof line === 'string' ? line : line.text.repeat(line.times ?? 1) + (line.end ?? '');
}

function shown({ msg, timestamp, level }: LogEvent, base: number): unknown {
  const letters = [...msg];
  const long = {
    length: letters.length,
    head: letters.slice(0, 40).join(''),
    tail: letters.slice(-40).join(''),
  };
  return {
    msg: letters.length > 200 ? long : msg,
    time_offset: timestamp - base,
    ...(level === 'DEBUG' ? {} : { level }),
  };
}

function holdsReturn(line: string): boolean {
  return Buffer.from(line, 'base64').includes('\r');
}
