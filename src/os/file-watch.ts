import { type FSWatcher, watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/**
 * A change that the system does not announce is seen after this: one from another machine on a network file system, or any
 * where no watches are left. Each look leaves some 300 bytes outside the heap until the next full collection, and many commands
 * may run at once.
 */
const POLL_MS = { watched: 1000, unwatched: 250 };
/** A program that prints line by line is read in pieces of this time, not woken up for each line. */
const GATHER_MS = 20;

export interface GrowthWatch {
  handle: FileHandle;
  /** Its name, for the system's announcements. */
  file: string;
  /** Length that is known already. */
  length: number;
  /** Either ends the wait. */
  signals: readonly AbortSignal[];
}

/**
 * Waits until a file has another length, or one of the signals aborts. The watch lives only as long as the wait:
 * a busy writer would flood the event loop otherwise.
 */
export async function otherLength({ handle, file, length, signals }: GrowthWatch): Promise<void> {
  let wake: (() => void) | undefined;
  const change = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const done = (): void => wake?.();
  const ask = (): void => {
    handle.stat().then(({ size }) => {
      if (size !== length) done();
    }, done);
  };
  const gathered = (): void => {
    gather ??= setTimeout(done, GATHER_MS);
  };
  let gather: NodeJS.Timeout | undefined;
  const watcher = watchIfPossible(file, gathered);
  const poll = setInterval(ask, watcher === undefined ? POLL_MS.unwatched : POLL_MS.watched);
  for (const signal of signals) signal.addEventListener('abort', done);
  try {
    if (signals.some(({ aborted }) => aborted)) return;
    ask(); // what came between the last read and the watch
    await change;
  } finally {
    clearTimeout(gather);
    clearInterval(poll);
    watcher?.close();
    for (const signal of signals) signal.removeEventListener('abort', done);
  }
}

/** The system limits the number of watches of a user; without one the poll remains. */
export function watchIfPossible(
  file: string,
  onChange: (event: string, name: string | null) => void,
): FSWatcher | undefined {
  try {
    return watch(file, onChange).on('error', () => undefined);
  } catch {
    return undefined;
  }
}
