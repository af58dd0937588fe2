import { setMaxListeners } from 'node:events';

/**
 * How an agent ends, step by step:
 *
 *   Ctrl-C            1st: take no more, let the running task end   2nd: stop it   3rd: kill it
 *   SIGTERM, SIGHUP   1st: stop the running task                    2nd: kill it
 *   Ctrl-\ (SIGQUIT)  1st: kill the running task
 *   SIGUSR2           leave the running task to the next daemon (what a service manager sends for a restart)
 *
 * However often a signal comes, no process of a task is left behind without somebody who watches it: the agent
 * leaves once all of them are gone, and after `KILL_LIMIT_MS` in any case.
 *
 * Services in containers never end by themselves and need no daemon to live, so for them
 *
 *   any of them       1st: leave those that run to the next daemon, stop those being set up   2nd: kill these
 *
 * A run that is no daemon's (`agent execute`) has no next daemon and is the only one: Ctrl-C stops it the first
 * time, SIGUSR2 too.
 */
export interface ShutdownSignals {
  /** No more tasks are taken. */
  drain: AbortSignal;
  /** Running tasks are ended and reported as stopped. */
  stop: AbortSignal;
  /** What `stop` ends gets no more time. */
  kill: AbortSignal;
  /** Running tasks are left alone. */
  handOver: AbortSignal;
  /** `stop` means runs that are being set up; those whose command runs are left alone. */
  leavesRunning: boolean;
  close(): void;
}

export interface ShutdownOptions {
  /** Where signals come from: the process, or an emitter in tests. */
  source: NodeJS.EventEmitter;
  say(text: string): void;
  /** Leaves at once with an exit status. */
  leave(status: number): void;
  /** Whether a task runs now. */
  busy(): boolean;
  /** Whether tasks are services in containers. */
  leavesRunning?: boolean;
  /** A single run that no daemon goes on with. */
  single?: boolean;
  /** The end of the terminal is no reason to stop. */
  ignoresHangup?: boolean;
}

/**
 * For the kill, which gives up on processes that hang in the kernel after 30 s, and for the report of the final
 * status, which gives up after 5 s.
 */
const KILL_LIMIT_MS = 45_000;

type Stage = 'running' | 'draining' | 'stopping' | 'killing';

interface Wishes {
  drain: AbortController;
  stop: AbortController;
  kill: AbortController;
  handOver: AbortController;
}

export function watchShutdown(options: ShutdownOptions): ShutdownSignals {
  const wishes = {
    drain: new AbortController(),
    stop: new AbortController(),
    kill: new AbortController(),
    handOver: new AbortController(),
  };
  const { leavesRunning = false } = options;
  const signals = {
    drain: wishes.drain.signal,
    stop: wishes.stop.signal,
    kill: wishes.kill.signal,
    handOver: wishes.handOver.signal,
  };
  // Every run listens, and a daemon may have hundreds.
  setMaxListeners(0, ...Object.values(signals));
  const closing = new AbortController();
  const listeners = listenersFor(options, wishes, closing.signal);
  for (const [signal, listener] of listeners) options.source.on(signal, listener);
  return {
    ...signals,
    leavesRunning,
    close: () => {
      closing.abort();
      // Nothing that was left running is watched any more.
      if (leavesRunning) wishes.handOver.abort();
      for (const [signal, listener] of listeners) options.source.off(signal, listener);
    },
  };
}

function listenersFor(
  options: ShutdownOptions,
  wishes: Wishes,
  closing: AbortSignal,
): [NodeJS.Signals, () => void][] {
  const { leavesRunning = false, single = false } = options;
  const state: { stage: Stage } = { stage: 'running' };

  const beginStop = () => {
    state.stage = 'stopping';
    if (options.busy()) {
      options.say(
        leavesRunning ? 'leaving; services run on in their containers' : 'stopping the running task',
      );
    }
    wishes.drain.abort();
    wishes.stop.abort();
  };
  const beginKill = (status: number) => {
    // Without a task there is nothing to clear up, only something that is waited for.
    if (!options.busy()) return options.leave(status);
    state.stage = 'killing';
    options.say('killing the running task');
    wishes.drain.abort();
    wishes.stop.abort();
    wishes.kill.abort();
    const late = setTimeout(() => options.leave(status), KILL_LIMIT_MS).unref();
    closing.addEventListener('abort', () => clearTimeout(late));
  };
  const onInterrupt = () => {
    if (state.stage === 'killing') return;
    if (state.stage === 'stopping') return beginKill(130);
    if (state.stage === 'draining' || leavesRunning || single || !options.busy()) return beginStop();
    state.stage = 'draining';
    options.say('taking no more tasks; the running one goes on to its end (Ctrl-C again to stop it)');
    wishes.drain.abort();
  };
  const onStop = (status: number) => () => {
    if (state.stage === 'killing') return;
    if (state.stage === 'stopping') beginKill(status);
    else beginStop();
  };
  const onQuit = () => {
    if (state.stage !== 'killing') beginKill(131);
  };
  const onHandOver = () => {
    options.say('leaving; the next daemon goes on with what runs');
    wishes.drain.abort();
    wishes.handOver.abort();
  };
  return [
    ['SIGINT', onInterrupt],
    ['SIGTERM', onStop(143)],
    ['SIGHUP', options.ignoresHangup ? () => undefined : onStop(129)],
    ['SIGQUIT', onQuit],
    ['SIGUSR2', single ? onStop(140) : onHandOver],
  ];
}

/** Whether an error is nothing but the wish to end, which came while something was waited for. */
export function isShutdown(error: unknown, { drain }: Pick<ShutdownSignals, 'drain'>): boolean {
  return drain.aborted && error === drain.reason;
}
