import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

export interface TailOptions {
  file: string;
  /** Bytes to leave out at the start. */
  position: number;
  /** Aborted when nobody writes to the file any more: what is left is read and the tail ends. */
  complete: AbortSignal;
  /** Ends the tail at once. */
  signal: AbortSignal;
}

export interface TailPiece {
  data: Uint8Array;
  /** Bytes from the start of the file to the end of this piece. */
  position: number;
}

const PIECE_BYTES = 64 * 1024;
/** A change that the system does not announce (network file systems, no watches left) is seen after this. */
const POLL_MS = 250;
/** A program that prints line by line is read in pieces of this time, not woken up for each line. */
const GATHER_MS = 20;

/** Reads a file that grows. Nothing is read ahead: a slow consumer costs no memory. */
export async function* tail(options: TailOptions): AsyncGenerator<TailPiece, void, undefined> {
  const handle = await open(options.file, 'r');
  try {
    let { position } = options;
    const room = Buffer.allocUnsafe(PIECE_BYTES);
    while (!options.signal.aborted) {
      const complete = options.complete.aborted; // asked before reading, so that nothing written before is missed
      const { bytesRead } = await handle.read(room, 0, PIECE_BYTES, position);
      if (options.signal.aborted) return;
      if (bytesRead > 0) {
        position += bytesRead;
        // A copy of the size needed: who keeps a short piece does not keep the whole room.
        yield { data: Buffer.from(room.subarray(0, bytesRead)), position };
      } else if (complete) {
        return;
      } else {
        await growth(handle, position, options);
      }
    }
  } finally {
    await handle.close();
  }
}

/**
 * Waits until the file is longer than `position`, or one of the signals aborts. The watch lives only as long
 * as the wait: a busy writer would flood the event loop otherwise.
 */
async function growth(handle: FileHandle, position: number, options: TailOptions): Promise<void> {
  const { file, complete, signal } = options;
  let wake: (() => void) | undefined;
  const change = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const done = (): void => wake?.();
  const ask = (): void => {
    handle.stat().then(({ size }) => {
      if (size > position) done();
    }, done);
  };
  const gathered = (): void => {
    gather ??= setTimeout(done, GATHER_MS);
  };
  let gather: NodeJS.Timeout | undefined;
  const watcher = watchIfPossible(file, gathered);
  const poll = setInterval(ask, POLL_MS);
  complete.addEventListener('abort', done);
  signal.addEventListener('abort', done);
  try {
    if (complete.aborted || signal.aborted) return;
    ask(); // what came between the last read and the watch
    await change;
  } finally {
    clearTimeout(gather);
    clearInterval(poll);
    watcher?.close();
    complete.removeEventListener('abort', done);
    signal.removeEventListener('abort', done);
  }
}

/** The system limits the number of watches of a user; without one the poll remains. */
export function watchIfPossible(file: string, onChange: () => void): FSWatcher | undefined {
  try {
    return watch(file, onChange).on('error', () => undefined);
  } catch {
    return undefined;
  }
}
