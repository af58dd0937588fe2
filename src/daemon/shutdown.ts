import { setMaxListeners } from 'node:events';

/**
 * How a daemon ends, step by step:
 *
 *   Ctrl-C      1st: take no more, let the running task end   2nd: stop it   3rd: leave at once
 *   SIGTERM     1st: stop the running task                    2nd: leave at once
 *   SIGUSR2     leave the running task to the next daemon (what a service manager sends for a restart)
 *
 * Services in containers never end by themselves and need no daemon to live, so for them
 *
 *   Ctrl-C, SIGTERM   1st: leave those that run to the next daemon, stop those being set up   2nd: leave at once
 */
export interface ShutdownSignals {
  /** No more tasks are taken. */
  drain: AbortSignal;
  /** Running tasks are ended and reported as stopped. */
  stop: AbortSignal;
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
}

type Stage = 'running' | 'draining' | 'stopping';

interface Wishes {
  drain: AbortController;
  stop: AbortController;
  handOver: AbortController;
}

export function watchShutdown(options: ShutdownOptions): ShutdownSignals {
  const wishes = {
    drain: new AbortController(),
    stop: new AbortController(),
    handOver: new AbortController(),
  };
  const { leavesRunning = false } = options;
  const signals = {
    drain: wishes.drain.signal,
    stop: wishes.stop.signal,
    handOver: wishes.handOver.signal,
  };
  // Every run listens, and a daemon may have hundreds.
  setMaxListeners(0, ...Object.values(signals));
  const listeners = listenersFor(options, wishes);
  for (const [signal, listener] of listeners) options.source.on(signal, listener);
  return {
    ...signals,
    leavesRunning,
    close: () => {
      // Nothing that was left running is watched any more.
      if (leavesRunning) wishes.handOver.abort();
      for (const [signal, listener] of listeners) options.source.off(signal, listener);
    },
  };
}

function listenersFor(
  options: ShutdownOptions,
  { drain, stop, handOver }: Wishes,
): [NodeJS.Signals, () => void][] {
  const { leavesRunning = false } = options;
  const state: { stage: Stage } = { stage: 'running' };

  const beginStop = () => {
    state.stage = 'stopping';
    if (options.busy()) {
      options.say(
        leavesRunning ? 'leaving; services run on in their containers' : 'stopping the running task',
      );
    }
    drain.abort();
    stop.abort();
  };
  const onInterrupt = () => {
    if (state.stage === 'stopping') return options.leave(130);
    if (state.stage === 'draining' || leavesRunning || !options.busy()) return beginStop();
    state.stage = 'draining';
    options.say('taking no more tasks; the running one goes on to its end (Ctrl-C again to stop it)');
    drain.abort();
  };
  const onTerminate = () => (state.stage === 'stopping' ? options.leave(143) : beginStop());
  const onHandOver = () => {
    options.say('leaving; the next daemon goes on with what runs');
    drain.abort();
    handOver.abort();
  };
  return [
    ['SIGINT', onInterrupt],
    ['SIGTERM', onTerminate],
    ['SIGUSR2', onHandOver],
  ];
}

/** Whether an error is nothing but the wish to end, which came while something was waited for. */
export function isShutdown(error: unknown, { drain }: Pick<ShutdownSignals, 'drain'>): boolean {
  return drain.aborted && error === drain.reason;
}
