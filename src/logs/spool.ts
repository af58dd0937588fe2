import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { causeLine, systemCode } from '../errors.js';
import { encodeRecord, type LogRecord } from './record.js';
import {
  type FoundSegments,
  findSegments,
  readable,
  readSegment,
  type Segment,
  type SpoolPart,
  segmentFile,
  writeAt,
} from './segments.js';

export interface SpoolLimits {
  /** A file of the spool is not added to above this many bytes. */
  segmentBytes: number;
  /** Bytes that may wait to be sent; what comes above is counted and left out. */
  unsentBytes: number;
  /** Bytes that may wait in memory while the disk does not take them. */
  memoryBytes: number;
  /** Milliseconds between two tries of a write that the disk does not take. */
  diskRetryMs: number;
}

const SPOOL_LIMITS: SpoolLimits = {
  segmentBytes: 4 * 1024 * 1024,
  unsentBytes: 256 * 1024 * 1024,
  memoryBytes: 1024 * 1024,
  diskRetryMs: 1000,
};

export interface SpoolOptions {
  folder: string;
  limits?: Partial<SpoolLimits>;
  /** Told when there is more to read. */
  onReadable?(): void;
  /** Told once when the disk does not take records, and with `undefined` when it does again. */
  onTrouble?(cause: string | undefined): void;
  now?: () => number;
}

/** A record that is not on the disk yet. */
interface Queued {
  start: number;
  position: number;
  bytes: Buffer;
}

/** Writers are asked to wait above this many bytes in memory. */
const ROOM_BYTES = 256 * 1024;
/** After a loss nothing is taken before this part is free, so that there is one gap and not many. */
const FULL_PART = 0.9;

/**
 * The log of a run on disk until the server has it: records in files that are only appended to, removed once
 * they are sent. docs/spool-format.md has the layout, its limits, and what becomes of a torn or damaged record.
 */
export class Spool {
  /** The last text on the disk had no line end when the spool was opened. */
  readonly endsOpen: boolean;
  /** Nothing was left that tells a position in the output. */
  readonly isBlank: boolean;
  /** Bytes at the end that were cut short or damaged, and were removed when the spool was opened. */
  readonly removed: number;
  readonly #options: SpoolOptions;
  readonly #limits: SpoolLimits;
  readonly #segments: Segment[];
  readonly #closing = new AbortController();
  #handle: FileHandle | undefined;
  #queue: Queued[] = [];
  /** Place after the last record, on the disk or not. */
  #tail: number;
  #released: number;
  #position: number;
  #kept: number;
  #lost: { lines: number; reason: string } | undefined;
  #busy = false;
  #writing: Promise<void> | undefined;
  #troubled = false;
  #waiting: (() => void)[] = [];

  private constructor(options: SpoolOptions, { segments, last, removed }: FoundSegments) {
    this.isBlank = last === undefined;
    this.removed = removed;
    this.#options = options;
    this.#limits = { ...SPOOL_LIMITS, ...options.limits };
    this.#segments = segments;
    this.#tail = segments.at(-1)?.end ?? 0;
    this.#released = segments[0]?.start ?? 0;
    this.#position = last?.position ?? 0;
    this.#kept = this.#position;
    this.endsOpen = last !== undefined && !last.text.endsWith('\n');
  }

  static async open(options: SpoolOptions): Promise<Spool> {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    return new Spool(options, await findSegments(options.folder));
  }

  /** Place after the last record that can be read: on the disk, or in memory while the disk refuses. */
  get end(): number {
    return this.#troubled ? this.#tail : this.#diskEnd;
  }

  /** Where reading of the workload's output resumes. */
  get position(): number {
    return this.#position;
  }

  /** The position in the workload's output that the records on the disk reach; records in memory do not count. */
  get kept(): number {
    return this.#kept;
  }

  append(record: LogRecord): void {
    this.#position = Math.max(this.#position, record.position);
    this.#settleLoss();
    const bytes = encodeRecord(record);
    if (this.#hasRoomFor(bytes.length)) this.#enqueue(bytes);
    else this.#lose(record.text);
  }

  /** Resolves when there is room in memory for more; at once in the normal case. */
  async room(): Promise<void> {
    while (this.#queuedBytes > ROOM_BYTES && this.#writes) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves when all records are on the disk, or the disk does not take them. */
  async flush(): Promise<void> {
    while (this.#queuedBytes > 0 && this.#writes) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Records from a place on, some hundred kilobytes of them. */
  async read(offset: number): Promise<SpoolPart> {
    const segment = this.#segments.find(({ end }) => offset < end);
    if (segment === undefined) return this.#readQueue(offset);
    const file = segmentFile(this.#options.folder, segment);
    return readSegment(file, segment, Math.max(offset, segment.start));
  }

  /** Everything before `offset` is sent. The last file with a sound record stays: it tells the position in the output. */
  async release(offset: number): Promise<void> {
    this.#released = Math.max(this.#released, offset);
    const kept = this.#segments.findLastIndex(({ start, sound }) => start < offset && sound === true);
    for (const done of this.#segments.splice(0, Math.max(0, kept)))
      await rm(segmentFile(this.#options.folder, done), { force: true });
    if (this.#troubled) this.#queue = this.#queue.filter(({ start }) => start >= offset);
    this.#settleLoss();
  }

  /** What the disk does not take stays unwritten. */
  async close(): Promise<void> {
    await this.flush();
    this.#closing.abort();
    await this.#writing;
    await this.#handle?.close();
    this.#handle = undefined;
    this.#wakeWaiting();
  }

  get #diskEnd(): number {
    return this.#segments.at(-1)?.end ?? 0;
  }

  get #queuedBytes(): number {
    return this.#tail - (this.#queue[0]?.start ?? this.#tail);
  }

  get #writes(): boolean {
    return !this.#troubled && !this.#closing.signal.aborted;
  }

  #hasRoomFor(bytes: number): boolean {
    const unsent = this.#tail - this.#released + bytes;
    const part = this.#lost === undefined ? 1 : FULL_PART;
    if (unsent > this.#limits.unsentBytes * part) return false;
    return !this.#troubled || this.#queuedBytes + bytes <= this.#limits.memoryBytes * part;
  }

  #lose(text: string): void {
    const reason = this.#troubled ? 'the disk did not take them' : 'too much was waiting for the server';
    this.#lost ??= { lines: 0, reason };
    this.#lost.lines += lineCount(text);
  }

  /** One line stands for what is missing, at its place in the log. */
  #settleLoss(): void {
    if (this.#lost === undefined) return;
    const { lines, reason } = this.#lost;
    const text = `[clearml-agent] ${lines} lines are missing here: ${reason}\n`;
    const time = (this.#options.now ?? Date.now)();
    const bytes = encodeRecord({ time, level: 'WARNING', text, position: this.#position });
    if (!this.#hasRoomFor(bytes.length)) return;
    this.#lost = undefined;
    this.#enqueue(bytes);
  }

  #enqueue(bytes: Buffer): void {
    this.#queue.push({ start: this.#tail, position: this.#position, bytes });
    this.#tail += bytes.length;
    if (this.#troubled) this.#options.onReadable?.();
    if (this.#busy) return;
    this.#busy = true;
    this.#writing = this.#writeQueue();
  }

  #readQueue(offset: number): SpoolPart {
    const waiting = this.#troubled ? this.#queue.filter(({ start }) => start >= offset) : [];
    const first = waiting[0];
    if (first === undefined) return { records: [], next: Math.max(offset, this.end) };
    const bytes = Buffer.concat(waiting.map((one) => one.bytes));
    return { records: readable(bytes, first.start), next: first.start + bytes.length };
  }

  async #writeQueue(): Promise<void> {
    for (let first = this.#queue[0]; first && !this.#closing.signal.aborted; first = this.#queue[0]) {
      const written = this.#tail;
      const reached = this.#queue.at(-1)?.position ?? this.#kept;
      try {
        await this.#writeBatch(
          first.start,
          this.#queue.map((one) => one.bytes),
        );
      } catch (error) {
        this.#noteTrouble(systemCode(error) ?? causeLine(error));
        const { signal } = this.#closing;
        await sleep(this.#limits.diskRetryMs, undefined, { signal }).catch(() => undefined);
        continue;
      }
      this.#queue = this.#queue.filter(({ start }) => start >= written);
      this.#kept = reached;
      this.#noteTrouble(undefined);
      this.#options.onReadable?.();
    }
    this.#busy = false;
  }

  async #writeBatch(start: number, parts: readonly Buffer[]): Promise<void> {
    const { handle, segment } = await this.#segmentAt(start);
    await writeAt(handle, parts, start - segment.start);
    segment.end = start + parts.reduce((sum, { length }) => sum + length, 0);
  }

  /** A file is full at some size; one of its own begins also after records that were sent from memory. */
  async #segmentAt(start: number): Promise<{ handle: FileHandle; segment: Segment }> {
    const { folder } = this.#options;
    const last = this.#segments.at(-1);
    if (last && last.end === start && last.end - last.start < this.#limits.segmentBytes) {
      this.#handle ??= await open(segmentFile(folder, last), 'r+');
      return { handle: this.#handle, segment: last };
    }
    const segment = { start, end: start };
    const handle = await open(segmentFile(folder, segment), 'w', 0o600);
    await this.#handle?.close();
    this.#handle = handle;
    this.#segments.push(segment);
    return { handle, segment };
  }

  #noteTrouble(cause: string | undefined): void {
    const changed = this.#troubled !== (cause !== undefined);
    this.#troubled = cause !== undefined;
    if (changed) this.#options.onTrouble?.(cause);
    if (changed && this.#troubled) this.#options.onReadable?.();
    if (changed && !this.#troubled) this.#settleLoss();
    this.#wakeWaiting();
  }

  #wakeWaiting(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

function lineCount(text: string): number {
  return Math.max(1, text.split('\n').length - 1);
}
