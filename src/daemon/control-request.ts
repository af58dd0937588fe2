import { LONGEST_TIMER_MS } from '../os/longest-timer.js';
import { ENDING_GOALS, type EndingGoal, type EndRequest } from './ending-state.js';

/** What a daemon may be asked on its control socket. */
export type ControlRequest =
  | { command: 'status' }
  | { command: 'reading' }
  | { command: 'pause'; cause: string }
  | { command: 'resume'; cause: string }
  | { command: 'stop-task'; task: string; cause: string; requeue: boolean }
  | ({ command: 'end' } & EndRequest);

type Asked = Partial<Record<string, unknown>>;

const READERS: Readonly<Record<ControlRequest['command'], (asked: Asked) => ControlRequest | string>> = {
  status: () => ({ command: 'status' }),
  reading: () => ({ command: 'reading' }),
  pause: (asked) => withCause(asked, (cause) => ({ command: 'pause', cause })),
  resume: (asked) => withCause(asked, (cause) => ({ command: 'resume', cause })),
  'stop-task': (asked) => withCause(asked, (cause) => stopTask(asked, cause)),
  end: (asked) => withCause(asked, (cause) => end(asked, cause)),
};

/** @returns the request, or the text of what is wrong with it */
export function controlRequest(asked: unknown): ControlRequest | string {
  const words: Asked = { ...Object(asked) };
  const { command } = words;
  const reader = Object.entries(READERS).find(([name]) => name === command)?.[1];
  if (reader !== undefined) return reader(words);
  const known = Object.keys(READERS).map((name) => `"${name}"`);
  return `${UNKNOWN_COMMAND} ${known.slice(0, -1).join(', ')} or ${known.at(-1)}, got ${JSON.stringify(command)}`;
}

/** How the answer to a command begins that the daemon does not know; daemons of earlier versions say the same. */
export const UNKNOWN_COMMAND = 'command: expected';

function withCause(
  { cause }: Asked,
  make: (cause: string) => ControlRequest | string,
): ControlRequest | string {
  if (typeof cause !== 'string' || !/^[\x20-\x7e]{1,200}$/.test(cause))
    return 'cause: expected a line of up to 200 printable characters';
  return make(cause);
}

function stopTask({ task, requeue }: Asked, cause: string): ControlRequest | string {
  if (typeof task !== 'string' || task === '') return `task: expected an id, got ${JSON.stringify(task)}`;
  return { command: 'stop-task', task, cause, requeue: requeue === true };
}

function end({ to, timeoutMs, requeue, endsServices }: Asked, cause: string): ControlRequest | string {
  if (!isGoal(to)) return `to: expected one of ${ENDING_GOALS.join(', ')}, got ${JSON.stringify(to)}`;
  if (timeoutMs !== undefined && !isTimeout(timeoutMs))
    return `timeoutMs: expected 0 to ${LONGEST_TIMER_MS}, got ${JSON.stringify(timeoutMs)}`;
  return {
    command: 'end',
    to,
    cause,
    requeue: requeue === true,
    endsServices: endsServices === true,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

function isGoal(value: unknown): value is EndingGoal {
  return ENDING_GOALS.some((goal) => goal === value);
}

function isTimeout(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= LONGEST_TIMER_MS;
}
