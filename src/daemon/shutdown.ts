import { Ending, type EndingOptions } from './ending.js';
import type { EndingGoal, EndingState } from './ending-state.js';

export interface ShutdownOptions extends EndingOptions {
  /** Where signals come from: the process, or an emitter in tests. */
  source: NodeJS.EventEmitter;
  /** The end of the terminal is no reason to stop. */
  ignoresHangup?: boolean;
}

interface SignalMeaning {
  signal: NodeJS.Signals;
  /** As statuses and logs name it. */
  cause: string;
  exitStatus: number;
  /** What it asks for in each state. */
  goal(state: EndingState, options: ShutdownOptions): EndingGoal;
}

/** States in which tasks have no signal yet: the first signal stops them, with their grace. */
const UNSTOPPED: readonly EndingState[] = ['running', 'paused', 'draining'];

/** The first one stops; once the daemon ends, it hurries. */
function stopOrHurry(state: EndingState): EndingGoal {
  return UNSTOPPED.includes(state) ? 'stop' : 'kill';
}

/** A user at the terminal may wait for the running task first. Services never finish by themselves. */
function interrupt(state: EndingState, options: ShutdownOptions): EndingGoal {
  const { leavesRunning = false, single = false } = options;
  const mayDrain = state === 'running' || state === 'paused';
  const waits = mayDrain && !leavesRunning && !single && options.running() > 0;
  return waits ? 'drain' : stopOrHurry(state);
}

/** What signals mean; docs/operations.md has the table. */
const MEANINGS: readonly SignalMeaning[] = [
  { signal: 'SIGINT', cause: 'Ctrl-C', exitStatus: 130, goal: interrupt },
  { signal: 'SIGTERM', cause: 'SIGTERM', exitStatus: 143, goal: stopOrHurry },
  { signal: 'SIGHUP', cause: 'the end of its terminal', exitStatus: 129, goal: stopOrHurry },
  { signal: 'SIGQUIT', cause: 'SIGQUIT', exitStatus: 131, goal: () => 'kill' },
  {
    signal: 'SIGUSR2',
    cause: 'SIGUSR2',
    exitStatus: 140,
    goal: (state, { single = false }) => (single ? stopOrHurry(state) : 'leave'),
  },
];

/** Ends a daemon, or the one run of `agent execute`, by signals. */
export function watchShutdown(options: ShutdownOptions): Ending {
  const { source, ignoresHangup = false } = options;
  const ending = new Ending(options);
  const listeners = MEANINGS.map(({ signal, cause, exitStatus, goal }) => {
    const listener = () => {
      if (signal === 'SIGHUP' && ignoresHangup) return;
      ending.request({ to: goal(ending.view.state, options), cause }, exitStatus);
    };
    source.on(signal, listener);
    return () => void source.off(signal, listener);
  });
  ending.onClose(() => {
    for (const remove of listeners) remove();
  });
  return ending;
}
