import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { withoutAgentSecrets } from './child-environment.js';
import { processEnvironment } from './environment.js';
import { otherLength } from './file-watch.js';
import { diskError, readTextIfThere, writeFileDurable } from './files.js';

export interface OutputPiece {
  data: Uint8Array;
  /** Bytes of output up to the end of this piece, those that are missing included. */
  position: number;
  /** What is missing before this piece, and why; a sentence for the log. */
  note?: string;
}

export interface OutputLimits {
  /** Bytes that may wait to be read; of more, the oldest are dropped. */
  unreadBytes: number;
  /** Milliseconds between two looks at that. */
  lookMs: number;
}

export interface OutputReading {
  /** Bytes to leave out at the start. */
  position: number;
  /** Aborted when no process writes to the file any more: reading ends after the rest. */
  complete: AbortSignal;
  /** Ends the reading at once. */
  signal: AbortSignal;
}

/** What must outlive the process, because positions would be unknown otherwise. */
interface OutputState {
  /** Position of the file's first byte; more than 0 once the file was emptied. */
  base: number;
  /** Position before which content was dropped unread. */
  dropped: number;
  /** Why output is missing. */
  cause: 'emptied' | 'limit' | undefined;
}

const NOTHING_MISSING: OutputState = { base: 0, dropped: 0, cause: undefined };
const LIMITS: OutputLimits = { unreadBytes: 4 * 1024 ** 3, lookMs: 5000 };
const PIECE_BYTES = 64 * 1024;
/** Most commands print little at a time, and many may run at once. */
const SMALL_PIECE_BYTES = 4 * 1024;
/** File systems free whole blocks; none has larger ones. */
const BLOCK_BYTES = 1024 * 1024;
const EMPTIED = 'a program of the task emptied its output file (as "> /dev/stderr" does)';

/**
 * A file that a workload appends its output to and that is read while it grows. Space of what was read goes back
 * to the file system while the file's length stays, so positions are bytes from the start of the output. A file
 * that its writer empties (as `> /dev/stderr` does) is read on from its new start.
 */
export class OutputFile {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #limits: OutputLimits;
  #state: OutputState;
  /** Position up to which it was read. */
  #at = 0;
  #freed = 0;
  #canFree = true;
  /** A program that does it once mostly does it for every line. */
  #saidEmptied = false;

  private constructor(file: string, handle: FileHandle, state: OutputState, limits: Partial<OutputLimits>) {
    this.#file = file;
    this.#handle = handle;
    this.#state = state;
    this.#limits = { ...LIMITS, ...limits };
  }

  /**
   * Makes the file; one that has this name already is not written to.
   *
   * @param mode who may open it, whatever the umask
   * @throws AgentError DISK_FULL, WRITE_DENIED
   */
  static async create(file: string, mode: number, limits: Partial<OutputLimits> = {}): Promise<OutputFile> {
    try {
      const handle = await open(file, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, mode);
      await handle.chmod(mode);
      return new OutputFile(file, handle, NOTHING_MISSING, limits);
    } catch (error) {
      throw diskError(error, file);
    }
  }

  /** Opens one that an earlier process has made. */
  static async open(file: string, limits: Partial<OutputLimits> = {}): Promise<OutputFile> {
    const handle = await open(file, constants.O_RDWR | constants.O_NOFOLLOW);
    return new OutputFile(file, handle, await readState(file), limits);
  }

  /** Output after a position. Nothing is read ahead: a slow consumer costs no memory. */
  async *read({ position, complete, signal }: OutputReading): AsyncGenerator<OutputPiece> {
    this.#at = position;
    let room = Buffer.allocUnsafe(SMALL_PIECE_BYTES);
    const guard = setInterval(() => void this.#dropTooMuch().catch(() => undefined), this.#limits.lookMs);
    let note: string | undefined;
    try {
      while (!signal.aborted) {
        note = this.#skipDropped() ?? note;
        const state = this.#state;
        const { base } = state;
        const isComplete = complete.aborted; // asked before reading, so that nothing written before is missed
        const { bytesRead } = await this.#handle.read(room, 0, room.length, this.#at - base);
        if (signal.aborted) return;
        if (this.#state !== state) continue; // dropped while it was read: the room may hold zeros
        this.#at += bytesRead;
        if (bytesRead > 0 || (isComplete && note !== undefined)) {
          // A copy of the size needed: who keeps a short piece does not keep the whole room.
          const data = Buffer.from(room.subarray(0, bytesRead));
          room = roomAfter(room, bytesRead);
          yield { data, position: this.#at, ...(note === undefined ? {} : { note }) };
          note = undefined;
        } else if (await this.#wasEmptied()) {
          note = this.#emptiedNote();
        } else if (isComplete) {
          return;
        } else {
          const length = this.#at - base;
          await otherLength({ handle: this.#handle, file: this.#file, length, signals: [complete, signal] });
        }
      }
    } finally {
      clearInterval(guard);
    }
  }

  /** Everything before the position is kept elsewhere: gives its space back. */
  async release(position: number): Promise<void> {
    const end = wholeBlocks(position - this.#state.base);
    if (this.#canFree && end > this.#freed) await this.#free(end);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #skipDropped(): string | undefined {
    const { base, dropped, cause } = this.#state;
    const gone = Math.max(base, dropped) - this.#at;
    if (gone <= 0) return undefined;
    this.#at += gone;
    const limit = `more than ${this.#limits.unreadBytes} bytes waited for the server`;
    return `${gone} bytes of output are missing here: ${cause === 'emptied' ? EMPTIED : limit}`;
  }

  #emptiedNote(): string | undefined {
    if (this.#saidEmptied) return undefined;
    this.#saidEmptied = true;
    return `some output may be missing here: ${EMPTIED}`;
  }

  /** A file that is shorter than what was read of it begins a new count at the position that was reached. */
  async #wasEmptied(): Promise<boolean> {
    const { size } = await this.#handle.stat();
    if (size >= this.#at - this.#state.base) return false;
    await this.#begin(this.#at, 'emptied');
    return true;
  }

  async #dropTooMuch(): Promise<void> {
    const { base, dropped } = this.#state;
    const { unreadBytes } = this.#limits;
    const { size } = await this.#handle.stat();
    if (base + size - Math.max(this.#at, dropped) <= unreadBytes) return;
    const end = wholeBlocks(size - unreadBytes / 2);
    if (this.#canFree && end > this.#freed) {
      // Noted first: a later process must not take the hole for output.
      await this.#keep({ base, dropped: base + end, cause: 'limit' });
      if (await this.#free(end)) return;
    }
    await this.#handle.truncate(0);
    await this.#begin(base + size, 'limit');
  }

  async #free(end: number): Promise<boolean> {
    this.#canFree = await freeRange(this.#handle, this.#freed, end - this.#freed);
    if (this.#canFree) this.#freed = end;
    return this.#canFree;
  }

  #begin(base: number, cause: OutputState['cause']): Promise<void> {
    this.#freed = 0;
    return this.#keep({ base, dropped: base, cause });
  }

  async #keep(state: OutputState): Promise<void> {
    this.#state = state;
    await writeFileDurable(stateFile(this.#file), JSON.stringify(state));
  }
}

/** The room for the next piece: a large one once a command has filled a small one. */
function roomAfter(room: Buffer<ArrayBuffer>, bytesRead: number): Buffer<ArrayBuffer> {
  return bytesRead === SMALL_PIECE_BYTES ? Buffer.allocUnsafe(PIECE_BYTES) : room;
}

function wholeBlocks(bytes: number): number {
  return Math.floor(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

function stateFile(file: string): string {
  return `${file}.state`;
}

async function readState(file: string): Promise<OutputState> {
  const text = await readTextIfThere(stateFile(file));
  const found: unknown = text === undefined ? undefined : JSON.parse(text);
  if (typeof found !== 'object' || found === null) return NOTHING_MISSING;
  return { ...NOTHING_MISSING, ...found };
}

/**
 * Gives a range of a file back to the file system; it reads as zeros from then on, and the file keeps its length.
 * By the `fallocate` of util-linux, because Node has no call for it.
 *
 * @returns `false` where the system or the file system cannot do that
 */
async function freeRange(handle: FileHandle, start: number, length: number): Promise<boolean> {
  const range = ['--punch-hole', '--offset', String(start), '--length', String(length)];
  const child = spawn('fallocate', [...range, '/proc/self/fd/3'], {
    env: withoutAgentSecrets(processEnvironment()),
    stdio: ['ignore', 'ignore', 'ignore', handle.fd],
  });
  try {
    const [code] = await once(child, 'close');
    return code === 0;
  } catch {
    return false; // there is no such program
  }
}
