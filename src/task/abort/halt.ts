import type { TaskStanding } from '../../api/tasks.js';
import { LONGEST_TIMER_MS } from '../../os/longest-timer.js';
import { onAbort } from '../../os/on-abort.js';
import type { RunSignals } from '../context.js';
import { leavesNoLog, type StopReason } from '../outcome.js';
import type { AbortWatchOptions } from './abort-watch.js';
import { stopReason, watchForAbort } from './abort-watch.js';

export interface HaltOptions extends Omit<AbortWatchOptions, 'signal'> {
  signals: RunSignals;
  /** When the task's time limit ends the run, in milliseconds since 1970. */
  endsAt?: number;
  /** Time for the task's own abort callback, before anything is stopped. Resolves when it is used up. */
  beforeAbort?(): Promise<void>;
  /** Told that the watch of the status has ended because of it, also where another reason has won. */
  onVerdict?(reason: StopReason): void;
}

/**
 * One answer to "should this run end now?" from its sources: the task's status on the server, the agent's shutdown, the
 * task's time limit, and the hand-over to a later daemon. The first reason wins.
 */
export class Halt {
  readonly #controller = new AbortController();
  readonly #watch = new AbortController();
  readonly #logless = new AbortController();
  readonly #listening: readonly (() => void)[];
  #reason: StopReason | undefined;
  #verdict: StopReason | undefined;
  #commandEnded = false;

  constructor(options: HaltOptions) {
    const { signals } = options;
    const stop = () => this.#end('shutdown');
    const handOver = () => this.#controller.abort();
    if (signals.stop.aborted) stop();
    if (signals.handOver.aborted) handOver();
    this.#listening = [
      onAbort(signals.stop, stop),
      onAbort(signals.handOver, handOver),
      this.#limit(options),
    ];
    void this.#watchServer(options);
  }

  /** Aborts when the run is to end or to be let go of. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the workload is to be ended; `undefined` while it may continue, and after a hand-over. */
  get reason(): StopReason | undefined {
    return this.#reason;
  }

  get handedOver(): boolean {
    return this.#controller.signal.aborted && this.#reason === undefined;
  }

  /** Aborts when the watch has seen that the log on the server is no longer this run's, also while that log is sent. */
  get logless(): AbortSignal {
    return this.#logless.signal;
  }

  /** What the watch of the status has ended with; the run may have ended for another reason before. */
  get verdict(): StopReason | undefined {
    return this.#verdict;
  }

  /** Acts on a status ahead of the watch; nothing happens where the server does not say. */
  async look(read: () => Promise<TaskStanding | undefined>): Promise<void> {
    const standing = await read().catch(() => undefined);
    const reason = standing === undefined || standing === 'missing' ? undefined : stopReason(standing);
    if (reason !== undefined) this.#end(reason);
  }

  /** The command has ended by itself: an abort has nothing to ask it and nothing to end. */
  commandEnded(): void {
    this.#commandEnded = true;
  }

  /** Ends the watch; nothing is asked any more. */
  close(): void {
    for (const end of this.#listening) end();
    this.#watch.abort();
  }

  async #watchServer(options: HaltOptions): Promise<void> {
    const reason = await watchForAbort({ ...options, signal: this.#watch.signal });
    if (reason === undefined) return;
    this.#verdict = reason;
    options.onVerdict?.(reason);
    if (leavesNoLog(reason)) this.#logless.abort();
    if (reason === 'stopped' && !this.#commandEnded) await options.beforeAbort?.().catch(() => undefined);
    this.#end(reason);
  }

  /** @returns ends the wait */
  #limit({ endsAt }: HaltOptions): () => void {
    if (endsAt === undefined) return () => undefined;
    // The clock of the machine may be set meanwhile.
    const end = performance.now() + endsAt - Date.now();
    let timer: NodeJS.Timeout | undefined;
    const wait = () => {
      const left = end - performance.now();
      if (left <= 0) this.#end('time_limit');
      else timer = setTimeout(wait, Math.min(left, LONGEST_TIMER_MS));
    };
    wait();
    return () => clearTimeout(timer);
  }

  #end(reason: StopReason): void {
    if (this.#controller.signal.aborted) return;
    this.#reason = reason;
    this.#controller.abort();
  }
}
