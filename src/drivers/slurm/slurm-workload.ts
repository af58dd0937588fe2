import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError, causeLine } from '../../errors.js';
import { OutputFile } from '../../os/output-file.js';
import type { OutputChunk, Workload, WorkloadExit } from '../driver.js';
import { NoteQueue } from '../note-queue.js';
import type { JobBoard } from './job-board.js';
import { isLive, type ListedJob } from './job-list.js';
import { JobWatch, refresh } from './job-watch.js';
import type { SlurmCommands } from './slurm-commands.js';
import { jobFiles, type SlurmWorkloadRef } from './slurm-ref.js';
import { StopOrders } from './stop-orders.js';

export interface SlurmWorkloadOptions {
  ref: SlurmWorkloadRef;
  board: JobBoard;
  commands: SlurmCommands;
  signal: AbortSignal;
}

const ASK_AGAIN_MS = 300;
const STUCK_MS = 120_000;
/** While Slurm is away a job cannot be stopped. */
const AWAY_MS = 10 * 60_000;
/** How often a network file system is asked for new output. */
const REFRESH_MS = 1000;

/** A batch job. */
export class SlurmWorkload implements Workload {
  readonly ref: SlurmWorkloadRef;
  readonly exited: Promise<WorkloadExit>;
  readonly #options: SlurmWorkloadOptions;
  readonly #notes = new NoteQueue();
  readonly #watch: JobWatch;
  readonly #complete = new AbortController();
  #output: OutputFile | undefined;
  #told: ((reason: string | undefined) => void) | undefined;

  constructor(options: SlurmWorkloadOptions) {
    this.#options = options;
    this.ref = options.ref;
    this.#watch = new JobWatch({
      ...options,
      note: (text) => this.#notes.add(text),
      pending: (reason) => this.#told?.(reason),
    });
    this.exited = this.#watch.exited;
    void this.exited.then(() => this.#finish());
  }

  async *output(position: number, signal: AbortSignal): AsyncGenerator<OutputChunk> {
    // A consumer that leaves early ends the wait for the next piece.
    const left = new AbortController();
    const pieces = this.#pieces(position, AbortSignal.any([signal, left.signal]));
    yield* this.#notes.between(pieces, position, signal, () => left.abort());
  }

  /** The file of a job that waits, perhaps for days with a thousand others, is not opened. */
  async *#pieces(position: number, signal: AbortSignal): AsyncGenerator<OutputChunk> {
    await this.#watch.begun(signal);
    if (signal.aborted) return;
    const file = await OutputFile.open(this.ref.output);
    this.#output = file;
    const timer = setInterval(() => void refresh(this.ref.output), REFRESH_MS);
    try {
      yield* file.read({ position, complete: this.#complete.signal, signal });
    } finally {
      clearInterval(timer);
      this.#output = undefined;
      await file.close();
    }
  }

  onPending(told: (reason: string | undefined) => void): void {
    this.#told = told;
  }

  async release(position: number): Promise<void> {
    await this.#output?.release(position);
  }

  async stop(graceMs: number, kill?: AbortSignal): Promise<void> {
    const { grace } = jobFiles(this.ref.folder);
    const write = (ms: number) => writeFile(grace, `${ms}\n`, { mode: 0o600 });
    const hurry = () => void write(0).catch(() => undefined);
    kill?.addEventListener('abort', hurry, { once: true });
    try {
      await write(kill?.aborted ? 0 : graceMs);
      await this.#end(graceMs, kill);
    } finally {
      kill?.removeEventListener('abort', hurry);
    }
  }

  /** Asks for the end until Slurm says that no process of the job is left. */
  async #end(graceMs: number, kill?: AbortSignal): Promise<void> {
    const begun = performance.now();
    const stop = new StopOrders(this.#options.commands);
    for (;;) {
      const job = await this.#listed().catch((error: unknown) => {
        if (performance.now() - begun > AWAY_MS) throw stuck(this.ref, causeLine(error));
        return 'away' as const;
      });
      if (job === undefined) return;
      if (job !== 'away') {
        await stop.give(job, kill?.aborted ? 0 : graceMs);
        if (stop.sinceMs > graceMs + STUCK_MS) throw stuck(this.ref, job.state);
      }
      await sleep(ASK_AGAIN_MS);
    }
  }

  /** The job while it lives. */
  async #listed(): Promise<ListedJob | undefined> {
    const job = (await this.#options.commands.list()).get(this.ref.key);
    return job !== undefined && isLive(job) ? job : undefined;
  }

  /** What Slurm itself printed comes last; all that the job wrote is there once it is asked for. */
  async #finish(): Promise<void> {
    await refresh(this.ref.output);
    const text = await readFile(jobFiles(this.ref.folder).words, 'utf8').catch(() => '');
    for (const line of text.split('\n').slice(-MOST_LINES)) if (line.trim() !== '') this.#notes.add(line);
    this.#complete.abort();
  }
}

const MOST_LINES = 20;

function stuck({ job }: SlurmWorkloadRef, words: string): AgentError {
  return new AgentError('PROCESS_STUCK', `Slurm job ${job} does not end: ${words}`, {
    hint: `See its state with "scontrol show job ${job}".`,
  });
}
