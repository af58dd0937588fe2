import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { causeLine } from '../../errors.js';
import { exists } from '../../os/files.js';
import type { WorkloadExit } from '../driver.js';
import type { JobBoard, JobView } from './job-board.js';
import {
  exitOfJob,
  exitOfStatus,
  isWithoutStatus,
  type LeftStatus,
  needsState,
  parseStatus,
} from './job-exit.js';
import { isLive, isPending, isStranded, type ListedJob, pendingText } from './job-list.js';
import type { SlurmCommands } from './slurm-commands.js';
import { jobFiles, type SlurmWorkloadRef } from './slurm-ref.js';

export interface JobWatchOptions {
  ref: SlurmWorkloadRef;
  board: JobBoard;
  commands: SlurmCommands;
  /** Lines for the task's log: why the job waits, what Slurm says of its end. */
  note(text: string): void;
  /** Why the job waits; `undefined` once it does not. Told with each list. */
  pending(reason: string | undefined): void;
  /** Ends the watch when the daemon leaves; the promise stays open. */
  signal: AbortSignal;
}

/** A network file system announces nothing, so the status is looked for. */
const LOOK_MS = 250;
/** Of a job that waits, which may be one of thousands, lists tell all but what a controller that was killed has forgotten. */
const LISTS_PER_LOOK = 10;
/** Most jobs start at once, before the first list comes. */
const FIRST_LOOKS = 8;
/** Slurm's word is waited for this long once the command has left its status. */
const WORD_MS = 60_000;
/** Accounting is waited for this long. */
const ACCOUNTED_MS = 60_000;
const ACCOUNT_AGAIN_MS = 2000;
/** What a compute node has written is seen here by then: network file systems keep attributes for a while. */
const SEEN_MS = 15_000;

/** Watches one job: by the status that its script leaves, and by what Slurm says of it. */
export class JobWatch {
  readonly exited: Promise<WorkloadExit>;
  readonly #options: JobWatchOptions;
  readonly #unwatch: () => void;
  #view: JobView | undefined;
  #saidPending: string | undefined;
  #saidAway = false;
  #hasStarted = false;
  /** What waits for the next list. */
  #waiting: (() => void)[] = [];
  #isOver = false;
  #pendingLists = 0;
  /** Lists since the script was seen to have started that call the job pending. */
  #pendingAgain = 0;

  constructor(options: JobWatchOptions) {
    this.#options = options;
    this.#unwatch = options.board.watch(options.ref.key, (view) => this.#look(view));
    this.exited = this.#run().finally(() => {
      this.#unwatch();
      this.#isOver = true;
      this.#wake();
    });
  }

  /** By the last list: nothing of the job is to be seen yet. */
  get isPending(): boolean {
    return this.#view?.kind === 'listed' && isPending(this.#view.job);
  }

  /** Resolves once the job may have written something, or when the signal aborts. */
  async begun(signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake();
    signal.addEventListener('abort', wake, { once: true });
    const mayWait = () => !signal.aborted && !this.#isOver && (this.#view === undefined || this.isPending);
    for (let looks = 0; mayWait(); looks++) {
      if (looks >= FIRST_LOOKS) await this.#nextList();
      else if (await exists(jobFiles(this.#options.ref.folder).started)) break;
      else await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
    signal.removeEventListener('abort', wake);
  }

  #nextList(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #look(view: JobView): void {
    this.#noteView(view);
    this.#wake();
  }

  #noteView(view: JobView): void {
    const { note, pending } = this.#options;
    this.#view = view;
    if (view.kind === 'away') {
      if (!this.#saidAway) note(`${view.words}; the job is not affected, and the agent keeps asking`);
      this.#saidAway = true;
      return;
    }
    if (this.#saidAway) note('Slurm answers again');
    this.#saidAway = false;
    if (view.kind === 'missing') return;
    const { job } = view;
    if (!isPending(job)) pending(undefined);
    else if (job.reason !== 'None') pending(pendingText(job));
    if (isPending(job)) {
      if (this.#hasStarted) this.#pendingAgain++;
      if (job.reason !== 'None' && job.reason !== this.#saidPending) note(pendingText(job));
      if (job.reason !== 'None') this.#saidPending = job.reason;
    } else if (this.#saidPending !== undefined && job.node !== '') {
      note(`Slurm job ${job.id} starts on ${job.node}`);
      this.#saidPending = undefined;
    }
  }

  async #run(): Promise<WorkloadExit> {
    const { signal, ref } = this.#options;
    const { status } = jobFiles(ref.folder);
    let since: number | undefined;
    while (!signal.aborted) {
      const view = this.#view;
      const left = this.isPending ? undefined : await readLeft(status);
      if (left !== undefined) {
        since ??= performance.now();
        if (!needsState(left)) return exitOfStatus(left);
        if (performance.now() - since > WORD_MS) return exitOfStatus(left);
      }
      const end = await this.#endBySlurm(view);
      if (end !== undefined) return end;
      if (this.isPending) await this.#nextList();
      else await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
    return new Promise(() => undefined);
  }

  /** How the job ended by what Slurm says; `undefined` while it lives or nothing is known. */
  async #endBySlurm(view: JobView | undefined): Promise<WorkloadExit | undefined> {
    if (view === undefined || view.kind === 'away') return undefined;
    if (view.kind === 'missing') return this.#missing();
    const { job } = view;
    if (!isLive(job)) return this.#ended(job);
    if (!isPending(job)) {
      this.#pendingLists = 0;
      return undefined;
    }
    if (this.#pendingLists++ % LISTS_PER_LOOK === 0)
      this.#hasStarted ||= await exists(jobFiles(this.#options.ref.folder).started);
    // The first list may be older than the start.
    return isStranded(job) || this.#pendingAgain > 1 ? this.#stranded(job) : undefined;
  }

  async #ended(job: ListedJob): Promise<WorkloadExit> {
    const left = await this.#statusOfEnded(job);
    // Without a requeue, Slurm cancels a job whose prolog fails.
    const begun = await exists(jobFiles(this.#options.ref.folder).started);
    if (job.state === 'CANCELLED' && job.node !== '' && !begun)
      return {
        kind: 'lost',
        reason: `Slurm could not start job ${job.id} on ${job.node}; its prolog failed`,
      };
    const shown = left ? undefined : await this.#options.commands.show(job.id).catch(() => undefined);
    return exitOfJob(job, {
      left,
      code: shown?.code,
      isOutputRefused: shown?.isOutputRefused,
      stopped: await this.#isStopped(),
    });
  }

  /** An end by the script itself has left a status, which another machine may see late. */
  async #statusOfEnded({ state, reason }: ListedJob): Promise<LeftStatus | undefined> {
    const { status, started } = jobFiles(this.#options.ref.folder);
    const deadline = performance.now() + SEEN_MS;
    const byItself = ['COMPLETED', 'FAILED'].includes(state) && !reason.startsWith('JobLaunchFailure');
    for (;;) {
      const left = await readLeft(status);
      if (left !== undefined || !byItself || performance.now() > deadline) return left;
      // The script ends with another code than these only after it has left its status.
      const shown = await this.#options.commands.show(this.#options.ref.job).catch(() => undefined);
      if (isWithoutStatus(shown?.code)) return undefined;
      await refresh(started);
      await sleep(LOOK_MS);
    }
  }

  #isStopped(): Promise<boolean> {
    return exists(jobFiles(this.#options.ref.folder).grace);
  }

  async #stranded(job: ListedJob): Promise<WorkloadExit> {
    await this.#options.commands.cancel(job.id).catch(() => undefined);
    // A controller that was killed may have forgotten the end of the job and put it back.
    const left = await readLeft(jobFiles(this.#options.ref.folder).status);
    if (left !== undefined) return exitOfStatus(left);
    const reason = this.#hasStarted
      ? `Slurm job ${job.id} was requeued; it would run a second time`
      : `Slurm could not start job ${job.id} and held it (${job.reason}); its prolog or its node failed`;
    return { kind: 'lost', reason };
  }

  /** Slurm forgets a job MinJobAge after its end, and all jobs with its state folder. */
  async #missing(): Promise<WorkloadExit> {
    const { ref } = this.#options;
    const left = await readLeft(jobFiles(ref.folder).status);
    if (left !== undefined && !needsState(left)) return exitOfStatus(left);
    const accounted = await this.#accounted();
    if (accounted !== undefined) return exitOfJob(accounted, { left, stopped: await this.#isStopped() });
    if (left !== undefined) return exitOfStatus(left);
    return { kind: 'lost', reason: `Slurm does not know job ${ref.job} any more` };
  }

  /** The controller tells slurmdbd of an end with some delay, and a record without an end may stay for good. */
  async #accounted(): Promise<ListedJob | undefined> {
    const { ref, commands, signal } = this.#options;
    const deadline = performance.now() + ACCOUNTED_MS;
    while (!signal.aborted) {
      const found = await commands.accounted(ref.key, ref.job).catch(() => 'away' as const);
      if (found === undefined) return undefined;
      if (found !== 'away' && !isLive(found)) return found;
      if (performance.now() > deadline) return undefined;
      await sleep(ACCOUNT_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  }
}

/** The status that the script has left. Opening the file asks a network file system for its newest content. */
export async function readLeft(file: string): Promise<LeftStatus | undefined> {
  try {
    return parseStatus(await readFile(file, 'latin1'));
  } catch (error) {
    // A file server that is away for a moment: the next look comes.
    causeLine(error);
    return undefined;
  }
}

/** An open makes a network file system compare what it keeps of a file with the server. */
export async function refresh(file: string): Promise<void> {
  await open(file, 'r').then(
    (handle) => handle.close(),
    () => undefined,
  );
}
