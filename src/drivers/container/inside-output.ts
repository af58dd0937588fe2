import { setTimeout as sleep } from 'node:timers/promises';
import type { OutputChunk } from '../driver.js';
import type { RunContainerExec } from './container-exec.js';
import type { ContainerOutput, ContainerReading } from './container-output.js';

export interface InsideOutputOptions {
  /** What a command in the container prints, as it comes; ends with the command, or when the signal aborts. */
  follow(argv: readonly string[], signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Content of the file after a position, once the task's command has ended; nothing where it is gone. */
  rest(position: number): AsyncIterable<Uint8Array>;
  run: RunContainerExec;
  /** Path in the container. */
  file: string;
}

const RETRY_MS = 1000;
/** An engine that does not give the file of a container that has ended is asked this often. */
const LAST_TRIES = 60;

/** What an engine says about a command that it cannot start comes in the place of the command's output. */
const BEGIN = 'begin\n';
const FOLLOW = 'echo begin; exec tail -c "+$1" -f "$2"';

/**
 * Output in a file of a container whose engine does not see the files of this machine: read by a command in the
 * container while it runs, and from the container's file system once it has ended.
 */
export class InsideOutput implements ContainerOutput {
  readonly #options: InsideOutputOptions;

  constructor(options: InsideOutputOptions) {
    this.#options = options;
  }

  async *read({ position, signal, complete }: ContainerReading): AsyncGenerator<OutputChunk> {
    let at = position;
    for (let lastTries = 0; !signal.aborted && lastTries < LAST_TRIES; ) {
      const last = complete.aborted;
      try {
        for await (const data of last
          ? this.#options.rest(at)
          : this.#growing(at, AbortSignal.any([signal, complete]))) {
          at += data.length;
          yield { data, position: at };
        }
        if (last) return;
      } catch {
        // The engine is being restarted, or the container has just ended: read on from where it was.
        if (last) lastTries += 1;
      }
      await sleep(RETRY_MS, undefined, { signal: AbortSignal.any([signal, complete]) }).catch(
        () => undefined,
      );
    }
  }

  /** Where the image has a `fallocate` that can do it. */
  async release(position: number): Promise<void> {
    const { run, file } = this.#options;
    const script = 'fallocate --punch-hole --offset 0 --length "$1" "$2"';
    const argv = ['/bin/sh', '-c', script, 'sh', String(position), file];
    await run({ argv, onOutput: () => undefined }).catch(() => undefined);
  }

  async close(): Promise<void> {}

  async *#growing(at: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { follow, file } = this.#options;
    const argv = ['/bin/sh', '-c', FOLLOW, 'sh', String(at + 1), file];
    let begun = false;
    let head = Buffer.alloc(0);
    for await (const data of follow(argv, signal)) {
      if (begun) {
        yield data;
        continue;
      }
      head = Buffer.concat([head, data]);
      if (head.length < BEGIN.length) continue;
      if (head.toString('latin1', 0, BEGIN.length) !== BEGIN) return;
      begun = true;
      if (head.length > BEGIN.length) yield head.subarray(BEGIN.length);
    }
  }
}
