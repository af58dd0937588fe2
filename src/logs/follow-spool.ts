import { type FileHandle, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { isMissing } from '../os/files.js';
import type { PlacedRecord } from './record.js';
import { readable, type Segment, segmentFile, segmentStart } from './segments.js';
import { LOG_FOLDER } from './task-log.js';

/** Read at a time. */
const PART_BYTES = 512 * 1024;
const LINE_FEED = 0x0a;

/**
 * Reads the log of a run on this machine while its own agent writes it and removes what the server has. Changes nothing.
 */
export class SpoolFollower {
  /** Bytes of the stream before the first record that was there: the server alone has them. */
  missing = 0;
  readonly #folder: string;
  #next: number | undefined;
  #file: { handle: FileHandle; start: number } | undefined;

  constructor(runFolder: string) {
    this.#folder = path.join(runFolder, LOG_FOLDER);
  }

  /** The records that came since the last call, some at a time; none when there are no more for now. */
  async more(): Promise<PlacedRecord[]> {
    const rest = await this.#readOn();
    if (rest.length > 0) return rest;
    // Also of a folder that is gone, whose open file was read to its end just now.
    if (!(await this.#openNext())) return [];
    return this.#readOn();
  }

  async close(): Promise<void> {
    await this.#file?.handle.close();
    this.#file = undefined;
  }

  async #readOn(): Promise<PlacedRecord[]> {
    if (this.#file === undefined || this.#next === undefined) return [];
    const { handle, start } = this.#file;
    for (let size = PART_BYTES; ; size *= 2) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, this.#next - start);
      const bytes = buffer.subarray(0, bytesRead);
      // A record that is being written has no line end yet.
      const whole = bytes.lastIndexOf(LINE_FEED) + 1;
      if (whole === 0 && bytesRead === size) continue;
      const records = readable(bytes.subarray(0, whole), this.#next);
      this.#next += whole;
      return records;
    }
  }

  /** @returns whether there is a later file */
  async #openNext(): Promise<boolean> {
    const next = (await this.#segments()).find(({ start }) =>
      this.#file === undefined ? true : start > this.#file.start,
    );
    if (next === undefined) return false;
    try {
      const handle = await open(segmentFile(this.#folder, next), 'r');
      await this.close();
      this.#file = { handle, start: next.start };
    } catch (error) {
      // The agent has removed it since.
      if (isMissing(error)) return false;
      throw error;
    }
    if (this.#next === undefined) this.missing = next.start;
    this.#next = Math.max(this.#next ?? 0, next.start);
    return true;
  }

  async #segments(): Promise<Segment[]> {
    const names = await readdir(this.#folder).catch(() => []);
    return names
      .flatMap((name) => segmentStart(name) ?? [])
      .sort((a, b) => a - b)
      .map((start) => ({ start, end: start }));
  }
}
