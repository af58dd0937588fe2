import { closeSync, fdatasync, openSync } from 'node:fs';
import { promisify } from 'node:util';

const syncData = promisify(fdatasync);

/**
 * Brings SQLite's write-ahead log to the disk on a thread of Node's pool. Commits that are made while one sync runs share the
 * next one.
 */
export class LogSync {
  readonly #file: string;
  #descriptor: number | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #isClosed = false;

  /** @param file the log; SQLite makes it with the first write and keeps it until the database is closed */
  constructor(file: string) {
    this.#file = file;
  }

  /** Resolves when everything that was committed before the call is on the disk. */
  sync(): Promise<void> {
    this.#next ??= this.#after(this.#running);
    return this.#next;
  }

  /** Resolves when the syncs that others asked for are done. */
  async settled(): Promise<void> {
    await (this.#next ?? this.#running);
  }

  /** What was not on the disk yet goes there with the close of the database, so syncs that wait need nothing more. */
  close(): void {
    this.#isClosed = true;
    if (this.#running === undefined) this.#closeFile();
  }

  #closeFile(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  async #after(running: Promise<void> | undefined): Promise<void> {
    await running?.catch(() => undefined);
    // What is committed from here on needs another sync.
    const current = this.#next;
    this.#next = undefined;
    this.#running = current;
    try {
      if (this.#isClosed) return;
      this.#descriptor ??= openSync(this.#file, 'r+');
      await syncData(this.#descriptor);
    } finally {
      if (this.#running === current) this.#running = undefined;
      // The number of a descriptor that is closed under a sync may be that of another file by then.
      if (this.#isClosed) this.#closeFile();
    }
  }
}
