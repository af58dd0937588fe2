import { type FileHandle, open, readdir, readFile, truncate } from 'node:fs/promises';
import path from 'node:path';
import { addDamage, type DecodedPart, decodeRecords, type PlacedRecord, type StreamPart } from './record.js';

/** A file of the spool: a part of the stream, named after the place of its first byte. */
export interface Segment extends StreamPart {
  /** A record of it was read, so it tells the position in the output. */
  sound?: boolean;
}

/** A part of the stream, and where the next part begins. */
export interface SpoolPart {
  records: PlacedRecord[];
  next: number;
}

export interface FoundSegments {
  segments: Segment[];
  /** The newest record that is whole. */
  last?: PlacedRecord;
  /** Bytes that were cut short or damaged at the end, and were removed. */
  removed: number;
}

const SUFFIX = '.spool';
const LINE_FEED = 0x0a;
/** The most that a system takes in one write. */
const PARTS_PER_WRITE = 1024;
/** Small, because what is read lives several times in memory until it is sent. */
const READ_BYTES = 128 * 1024;

export function segmentFile(folder: string, { start }: Segment): string {
  return path.join(folder, `${String(start).padStart(16, '0')}${SUFFIX}`);
}

/** Place of the first byte of the file with this name; `undefined` for another kind of file. */
export function segmentStart(name: string): number | undefined {
  return name.endsWith(SUFFIX) ? Number(name.slice(0, -SUFFIX.length)) : undefined;
}

/** The files of a folder in their order; what is cut short or damaged at the end of the last one is removed. */
export async function findSegments(folder: string): Promise<FoundSegments> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(SUFFIX)).sort();
  const starts = names.map((name) => Number(name.slice(0, -SUFFIX.length)));
  const segments: Segment[] = starts.map((start, index) => ({ start, end: starts[index + 1] ?? start }));
  const newest = segments.at(-1);
  if (newest === undefined) return { segments, removed: 0 };
  const { whole, removed } = await cutTornEnd(segmentFile(folder, newest));
  newest.end = newest.start + whole;
  for (const segment of segments.toReversed()) {
    const bytes = await readFile(segmentFile(folder, segment));
    const last = decodeRecords(bytes, segment.start).records.at(-1);
    if (last === undefined) continue;
    segment.sound = true;
    return { segments, last, removed };
  }
  return { segments, removed };
}

/** Whole records from a place on, some hundred kilobytes of them. */
export async function readSegment(file: string, segment: Segment, from: number): Promise<SpoolPart> {
  // Records may be added meanwhile.
  const { end } = segment;
  const handle = await open(file, 'r');
  try {
    for (let size = READ_BYTES; ; size *= 2) {
      const wanted = Math.min(size, end - from);
      const bytes = await readAt(handle, from - segment.start, wanted);
      const whole = bytes.lastIndexOf(LINE_FEED) + 1;
      const isLast = wanted < size || bytes.length < wanted || from + wanted === end;
      if (whole === 0 && !isLast) continue;
      const part = decodeRecords(bytes.subarray(0, whole), from);
      segment.sound ||= part.records.length > 0;
      if (!isLast) return { records: withNotes(part), next: from + whole };
      // What is behind the last line end lost its own. After the file's end come records that were sent from memory.
      if (whole < bytes.length) addDamage(part.damaged, { start: from + whole, end: from + bytes.length });
      return { records: withNotes(part), next: end };
    }
  } finally {
    await handle.close();
  }
}

/** The records of whole lines; a line of the log says where the disk damaged some. */
export function readable(bytes: Uint8Array, start: number): PlacedRecord[] {
  return withNotes(decodeRecords(bytes, start));
}

function withNotes({ records, damaged }: DecodedPart): PlacedRecord[] {
  if (damaged.length === 0) return records;
  const notes = damaged.map((part) => noteOfDamage(records, part));
  return [...records, ...notes].sort((a, b) => a.start - b.start);
}

function noteOfDamage(records: readonly PlacedRecord[], { start, end }: StreamPart): PlacedRecord {
  const before = records.findLast((one) => one.end <= start);
  const { time = 0, position = 0 } = before ?? records[0] ?? {};
  const text = `[clearml-agent] lines are missing here: the disk damaged ${end - start} bytes of the log\n`;
  return { start, end, time, position, level: 'WARNING', text };
}

/** Writes all parts at a place, so that an attempt which failed half-way is simply written over. */
export async function writeAt(
  handle: FileHandle,
  parts: readonly Uint8Array[],
  place: number,
): Promise<void> {
  let at = place;
  for (let first = 0; first < parts.length; first += PARTS_PER_WRITE) {
    const group = parts.slice(first, first + PARTS_PER_WRITE);
    const size = group.reduce((sum, { length }) => sum + length, 0);
    const { bytesWritten } = await handle.writev(group, at);
    // A short write is rare: the disk is about to be full, and writing the rest tells.
    if (bytesWritten < size) await writeRest(handle, Buffer.concat(group), { done: bytesWritten, at });
    at += size;
  }
}

async function writeRest(
  handle: FileHandle,
  bytes: Buffer,
  { done, at }: { done: number; at: number },
): Promise<void> {
  for (let from = done; from < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, from, bytes.length - from, at + from);
    from += bytesWritten;
  }
}

/** Text that goes with what is removed is read again from the workload's output. */
async function cutTornEnd(file: string): Promise<{ whole: number; removed: number }> {
  const bytes = await readFile(file);
  const whole = decodeRecords(bytes, 0).records.at(-1)?.end ?? 0;
  if (whole < bytes.length) await truncate(file, whole);
  return { whole, removed: bytes.length - whole };
}

async function readAt(handle: FileHandle, place: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, place + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
