import { EventEmitter, setMaxListeners } from 'node:events';
import { LONGEST_TIMER_MS } from '../os/longest-timer.js';
import type { RunSignals, StopOrder } from '../task/context.js';
import {
  type EndingState,
  type EndingView,
  type EndRequest,
  type PauseRequest,
  stateAfterRequest,
} from './ending-state.js';

export interface EndingOptions {
  say(text: string): void;
  /** Leaves at once with an exit status. */
  leave(status: number): void;
  /** Tasks that run now. */
  running(): number;
  /** Tasks are services in containers, which run on without a daemon. */
  leavesRunning?: boolean;
  /** A single run (`agent execute`), which no daemon resumes and whose end is its user's own wish. */
  single?: boolean;
}

/** A kill gives up on processes that hang in the kernel after 30 s, the report of the final status after 5 s. */
const KILL_LIMIT_MS = 45_000;

/** The state of a daemon's end, and the signals by which its parts learn of it. */
export class Ending implements RunSignals {
  readonly leavesRunning: boolean;
  /** Whether a drain can be taken back: while the loop that takes tasks still runs. */
  mayResume = false;
  readonly #options: EndingOptions;
  #drain = endless();
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  readonly #handOver = new AbortController();
  readonly #changes = new EventEmitter();
  #view: EndingView = { state: 'running' };
  #request: EndRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #late: NodeJS.Timeout | undefined;

  constructor(options: EndingOptions) {
    this.#options = options;
    this.leavesRunning = options.leavesRunning ?? false;
    // Every run listens, and a daemon may have hundreds.
    setMaxListeners(0, this.stop, this.kill, this.handOver);
  }

  /** No more tasks are taken. Another signal after a resumption. */
  get drain(): AbortSignal {
    return this.#drain.signal;
  }

  /** Running tasks are ended and reported as stopped. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** What `stop` ends gets no more time. */
  get kill(): AbortSignal {
    return this.#kill.signal;
  }

  /** Running tasks are left alone. */
  get handOver(): AbortSignal {
    return this.#handOver.signal;
  }

  get view(): EndingView {
    return this.#view;
  }

  /** On whose behalf tasks are stopped, and whether they go back to their queues. */
  get order(): StopOrder | undefined {
    const { single = false } = this.#options;
    if (this.#request === undefined || single) return undefined;
    return { cause: this.#request.cause, requeue: this.#request.requeue ?? false };
  }

  /** Services in containers that run are left to the next daemon although the daemon stops. */
  get sparesServices(): boolean {
    return this.leavesRunning && this.#request?.endsServices !== true;
  }

  /** No tasks are taken until it is resumed; unlike the end, nothing is aborted for it. */
  get isPaused(): boolean {
    return this.#view.state === 'paused';
  }

  get isBusy(): boolean {
    return this.#options.running() > 0;
  }

  onChange(listener: () => void): void {
    this.#changes.on('change', listener);
  }

  /** @returns false where it has no effect: a stronger one is in force */
  request(request: EndRequest | PauseRequest, exitStatus = 143): boolean {
    const { state } = this.#view;
    const next = stateAfterRequest(state, request.to);
    if (next === undefined) return false;
    if (request.to === 'pause') return this.#pause(request);
    // Its tasks were signalled already, on behalf of the first who asked; another time limit still counts.
    if (state === 'stopping' && next === 'stopping') this.#changeLimit(request.timeoutMs);
    else this.#enter(next, request, exitStatus);
    return true;
  }

  /**
   * Takes a pause or a drain back.
   *
   * @returns false where it is too late: tasks have their signal already, or the daemon is leaving
   */
  resume(cause: string): boolean {
    const { state } = this.#view;
    if (state === 'running') return true;
    if (state === 'paused') return this.#endPause(cause);
    if (state !== 'draining' || !this.mayResume) return false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#request = undefined;
    this.#view = { state: 'running' };
    this.#drain = endless();
    this.#options.say(`the drain was cancelled (${cause}); the daemon pulls tasks again`);
    this.#changes.emit('change');
    return true;
  }

  /**
   * For who has stopped taking tasks: waits until the last one is over, or the drain is taken back.
   *
   * @param idle resolves when nothing runs
   * @returns whether to take tasks again; otherwise the daemon ends, and no resumption is possible any more
   */
  async isResumed(idle: Promise<void>): Promise<boolean> {
    const changed = new AbortController();
    const resumed = new Promise<void>((resolve) => {
      const look = () => {
        if (!this.drain.aborted) resolve();
      };
      this.#changes.on('change', look);
      changed.signal.addEventListener('abort', () => this.#changes.off('change', look));
      look();
    });
    await Promise.race([idle, resumed]);
    changed.abort();
    this.mayResume = !this.drain.aborted;
    return this.mayResume;
  }

  /** Told once, when the end is no business of this process any more. */
  onClose(listener: () => void): void {
    this.#changes.once('close', listener);
  }

  close(): void {
    this.#changes.emit('close');
    clearTimeout(this.#timer);
    clearTimeout(this.#late);
    this.#changes.removeAllListeners();
    // Nothing that was left running is watched any more.
    if (this.leavesRunning) this.#handOver.abort();
  }

  #pause({ cause }: PauseRequest): boolean {
    if (this.isPaused) return true;
    this.#view = { state: 'paused', since: new Date().toISOString(), cause };
    this.#options.say(`paused (${cause}): the daemon pulls no tasks until it is resumed`);
    this.#changes.emit('change');
    return true;
  }

  #endPause(cause: string): boolean {
    this.#view = { state: 'running' };
    this.#options.say(`the pause is over (${cause}); the daemon pulls tasks again`);
    this.#changes.emit('change');
    return true;
  }

  #changeLimit(timeoutMs: number | undefined): void {
    if (timeoutMs === undefined) return;
    this.#view = { ...this.#view, until: new Date(Date.now() + timeoutMs).toISOString() };
    this.#setLimit('stopping', timeoutMs);
    this.#changes.emit('change');
  }

  #enter(state: EndingState, request: EndRequest, exitStatus: number): void {
    const { leave, say } = this.#options;
    const { cause, timeoutMs, requeue } = request;
    const before = this.#view;
    // Without a task, or with tasks that are left, nothing needs to be cleared up; something is only waited for.
    if (state === 'killing' && (!this.isBusy || before.state === 'leaving')) {
      leave(exitStatus);
      return;
    }
    if (before.state !== 'stopping') this.#request = request;
    const now = Date.now();
    this.#view = {
      state,
      since: (before.state === state ? before.since : undefined) ?? new Date(now).toISOString(),
      cause,
      ...(timeoutMs === undefined ? {} : { until: new Date(now + timeoutMs).toISOString() }),
      ...(requeue ? { requeue } : {}),
    };
    this.#setLimit(state, timeoutMs);
    if (state === 'leaving' || this.isBusy) say(this.#text(state));
    this.#drain.abort();
    if (state === 'stopping' || state === 'killing') this.#stop.abort();
    if (state === 'killing') this.#beginKill(exitStatus);
    if (state === 'leaving') this.#handOver.abort();
    this.#changes.emit('change');
  }

  #setLimit(state: EndingState, timeoutMs: number | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (timeoutMs === undefined || (state !== 'draining' && state !== 'stopping')) return;
    const to = state === 'draining' ? 'stop' : 'kill';
    const { cause = '', requeue } = this.#view;
    const seconds = Math.round(timeoutMs / 1000);
    const expired: EndRequest = {
      to,
      cause: `${cause}, time limit of ${seconds} s over`,
      endsServices: true,
      ...(requeue ? { requeue } : {}),
    };
    this.#timer = setTimeout(() => this.request(expired), Math.min(timeoutMs, LONGEST_TIMER_MS));
    this.#timer.unref();
  }

  #beginKill(exitStatus: number): void {
    this.#kill.abort();
    this.#late = setTimeout(() => this.#options.leave(exitStatus), KILL_LIMIT_MS).unref();
  }

  #text(state: EndingState): string {
    const { until, requeue } = this.#view;
    const running = countOf(this.#options.running());
    const limit = until === undefined ? '' : ` until ${until}`;
    switch (state) {
      case 'draining':
        return `draining${limit}: the daemon pulls no more tasks, ${running} may finish (a stop ends the wait)`;
      case 'stopping':
        if (this.sparesServices) return 'leaving; services run on in their containers';
        return `stopping ${running}${limit}${requeue ? '; back to the queue' : ''}`;
      case 'killing':
        return `killing ${running}`;
      default:
        return 'leaving; the next daemon resumes the running tasks';
    }
  }
}

/** Every run may listen. */
function endless(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

function countOf(running: number): string {
  return running === 1 ? 'the running task' : `${running} running tasks`;
}

/** Whether an error is nothing but the wish to end, which came while something was waited for. */
export function isShutdown(error: unknown, { drain }: Pick<Ending, 'drain'>): boolean {
  return drain.aborted && error === drain.reason;
}
