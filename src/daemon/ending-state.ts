/**
 * How a daemon ends:
 *
 *   running ◄─► draining ─► stopping ─► killing ─► the process ends
 *    ▲  └───────────┴─► leaving ─────────────────► the process ends
 *    ▼
 *   paused, and from there as from running
 *
 * `paused` takes no more tasks until it is resumed and ends nothing. `draining` takes no more tasks and lets the running ones finish, `stopping` ends them with their grace, `killing`
 * ends them at once, `leaving` leaves them to the next daemon. A stage may have a time limit: a drain becomes a stop
 * then, a stop a kill. Only a pause and a drain can be taken back. Whoever asks (a signal, the control socket, a time limit) comes here.
 */
export const ENDING_STATES = ['running', 'paused', 'draining', 'stopping', 'killing', 'leaving'] as const;

export type EndingState = (typeof ENDING_STATES)[number];

export const ENDING_GOALS = ['drain', 'stop', 'kill', 'leave'] as const;

/** What ends a daemon. */
export type EndingGoal = (typeof ENDING_GOALS)[number];

export interface PauseRequest {
  to: 'pause';
  cause: string;
}

export interface EndRequest {
  to: EndingGoal;
  /** Who asks, as statuses and logs name it: `SIGTERM`, `agent daemon --stop`. */
  cause: string;
  /** For `drain` and `stop`, milliseconds. */
  timeoutMs?: number;
  /** Tasks that are stopped go back to the front of their queues. */
  requeue?: boolean;
  /** Services in containers are stopped, too. */
  endsServices?: boolean;
}

/** What others see of it; times are ISO texts. */
export interface EndingView {
  state: EndingState;
  since?: string;
  until?: string;
  cause?: string;
  requeue?: true;
}

/** What a request leads to; it has no effect where nothing is named. A weaker one never takes back a stronger one. */
const STEPS: Readonly<Record<EndingState, Readonly<Partial<Record<EndingGoal | 'pause', EndingState>>>>> = {
  running: { pause: 'paused', drain: 'draining', stop: 'stopping', kill: 'killing', leave: 'leaving' },
  paused: { pause: 'paused', drain: 'draining', stop: 'stopping', kill: 'killing', leave: 'leaving' },
  draining: { drain: 'draining', stop: 'stopping', kill: 'killing', leave: 'leaving' },
  stopping: { stop: 'stopping', kill: 'killing' },
  killing: {},
  leaving: { kill: 'killing' },
};

export function stateAfterRequest(state: EndingState, to: EndingGoal | 'pause'): EndingState | undefined {
  return STEPS[state][to];
}

/** Tags of the worker on the server while it is paused or ends, beside its own. */
export function endingTags({ state, until }: EndingView): string[] {
  if (state === 'running') return [];
  return [state, ...(until === undefined ? [] : [`until:${until}`])];
}
