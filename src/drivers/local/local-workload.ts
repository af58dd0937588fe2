import { setTimeout as sleep } from 'node:timers/promises';
import { readStatus, writeStatus } from '../../os/detached.js';
import { OutputFile } from '../../os/output-file.js';
import type { OutputChunk, Workload, WorkloadExit } from '../driver.js';
import { watchExit } from './exit-watch.js';
import { type LocalWorkloadRef, statusFile } from './local-ref.js';
import { deafWithin, endProcesses, goneWithin, holdOf, type ProcessSelection } from './workload-processes.js';

export interface LocalWorkloadOptions {
  ref: LocalWorkloadRef & { pid: number; startTime: string };
  /** Whether the process group was the task's own when the watch began, so that it may be signalled. */
  ownsGroup: boolean;
  /** Where this very process launched it: the end of the waiting shell. */
  ended?: Promise<number | undefined>;
  /** Ends the watch when the daemon leaves; the command runs on. */
  signal: AbortSignal;
  /** Told that processes of it hang in the kernel. */
  onStuck?(): void;
}

/** Processes that a command leaves behind may end by themselves, then are asked to, then killed. */
const LEFT_BEHIND_MS = { byThemselves: 500, asked: 3000 };
/** The waiting shell ends right after it has left the status, unless something is still below it. */
const SHELL_ENDS_MS = 25;
/** Status of a command that SIGKILL ended, as a shell has it. */
const KILLED = { code: 128 + 9, signalled: true };

/** A command that runs on this machine, independent of this process. */
export class LocalWorkload implements Workload {
  readonly ref: LocalWorkloadRef;
  readonly exited: Promise<WorkloadExit>;
  /** Settles when, after the exit, what the command left behind has ended too. */
  readonly settled: Promise<void>;
  readonly #selection: ProcessSelection;
  readonly #complete = new AbortController();
  readonly #onStuck: () => void;
  readonly #ended: Promise<unknown> | undefined;
  #output: OutputFile | undefined;
  #stop: Promise<boolean> | undefined;

  constructor({ ref, ownsGroup, ended, signal, onStuck }: LocalWorkloadOptions) {
    this.ref = ref;
    this.#onStuck = () => onStuck?.();
    this.#ended = ended;
    this.#selection = { ...holdOf(ref), ...(ownsGroup ? { leader: ref.pid } : {}) };
    this.exited = watchExit({
      statusFile: statusFile(ref.runFolder),
      pid: ref.pid,
      startTime: ref.startTime,
      ...(ended === undefined ? {} : { ended }),
      stopping: () => this.#stop !== undefined,
      signal,
    });
    this.settled = this.exited.then((exit) => this.#settle(exit));
  }

  async *output(position: number, signal: AbortSignal): AsyncGenerator<OutputChunk> {
    const file = await OutputFile.open(this.ref.output);
    this.#output = file;
    try {
      yield* file.read({ position, complete: this.#complete.signal, signal });
    } finally {
      this.#output = undefined;
      await file.close();
    }
  }

  async release(position: number): Promise<void> {
    await this.#output?.release(position);
  }

  async stop(graceMs: number, kill?: AbortSignal): Promise<void> {
    this.#stop = this.#end(graceMs, kill);
    const killed = await this.#stop.catch((error: unknown) => {
      // What hangs prints nothing more.
      this.#complete.abort();
      this.#onStuck();
      throw error;
    });
    const file = statusFile(this.ref.runFolder);
    if (killed && (await readStatus(file)) === undefined) await writeStatus(file, KILLED);
  }

  /** The grace is over early where the command has ended and all that it left ignores SIGTERM. */
  async #end(graceMs: number, kill: AbortSignal | undefined): Promise<boolean> {
    const over = new AbortController();
    const enough = new AbortController();
    void this.exited
      .then(() => deafWithin(this.#selection, LEFT_BEHIND_MS.byThemselves, over.signal))
      .finally(() => enough.abort());
    try {
      const signals = kill === undefined ? [enough.signal] : [enough.signal, kill];
      return await endProcesses(this.#selection, graceMs, AbortSignal.any(signals));
    } finally {
      over.abort();
    }
  }

  /** Also where the waiting shell was killed and the command itself lives on. */
  async #settle(exit: WorkloadExit): Promise<void> {
    const wait = exit.kind === 'lost' ? 0 : LEFT_BEHIND_MS.byThemselves;
    try {
      // What is being stopped has been asked to end already, and has the grace for it.
      if (this.#stop !== undefined) await this.#stop;
      // The look then finds nothing left of most commands, and there is no second one.
      else if (wait > 0) await Promise.race([this.#ended, sleep(SHELL_ENDS_MS)]);
      const gone = await goneWithin(this.#selection, wait);
      if (!gone) await endProcesses(this.#selection, LEFT_BEHIND_MS.asked);
    } catch {
      // Stuck in the kernel: `stop` and `dispose` report it; the output so far is still used.
    } finally {
      this.#complete.abort();
    }
  }
}
