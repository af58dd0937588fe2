import { setTimeout as sleep } from 'node:timers/promises';
import { askDaemon, type DaemonStatus } from '../../daemon/control.js';
import type { EndingState } from '../../daemon/ending-state.js';
import { AgentError, causeLine } from '../../errors.js';
import { workerFolder } from '../../os/paths.js';
import { isAlive, signalProcess } from '../../os/processes.js';
import type { RegisteredDaemon } from '../../runs/registry.js';
import type { EndOrder } from './end-order.js';

/** For sending the log of a stopped task and its status, on top of the task's own grace. */
const REPORT_MS = 20_000;
/** A kill gives up on processes that hang in the kernel, then the daemon leaves by itself. */
const KILL_MS = 50_000;
const LEAVE_MS = 15_000;
const LOOK_MS = 100;
const ASK_MS = 2000;

export interface EndingDaemon {
  daemon: RegisteredDaemon;
  state: string;
  order: EndOrder;
  /** For a daemon that does not say what its tasks get, milliseconds. */
  graceMs: number;
  say(line: string): void;
}

/**
 * Asks a daemon to end, by its control socket, else by the signal that means the same.
 *
 * @returns how it is, where it says so
 * @throws AgentError COMMAND_FAILED when it cannot be asked for this
 */
export async function requestEnd({
  daemon,
  state,
  order,
  say,
}: EndingDaemon): Promise<DaemonStatus | undefined> {
  const { request } = order;
  const answer = await askDaemon(workerFolder(state, daemon.workerId), { command: 'end', ...request });
  if (answer === undefined) {
    const signal = request.to === 'leave' ? 'SIGUSR2' : 'SIGTERM';
    const plain = request.timeoutMs === undefined && request.requeue !== true;
    if (!(await isAlive(daemon.pid, daemon.started))) return undefined;
    if (request.to === 'drain' || !plain) throw notAsked(daemon);
    signalProcess(daemon.pid, signal);
    return undefined;
  }
  if ('error' in answer) throw new AgentError('COMMAND_FAILED', `${daemon.workerId}: ${answer.error}`);
  const { status, taken } = answer;
  if (!taken) say(`${daemon.workerId} is ${status.state} already, for ${status.cause ?? 'another request'}`);
  return status;
}

export function notAsked({ workerId, pid }: RegisteredDaemon): AgentError {
  return new AgentError(
    'COMMAND_FAILED',
    `${workerId} (process ${pid}) has no control socket to ask it for that`,
    {
      hint: 'It is of an earlier version, or its state folder is on a file system without sockets. --stop and --leave alone work by signals.',
    },
  );
}

/** Waits until a daemon that was asked to end is gone; one that is late is hurried, then killed. */
export async function awaitEnd(ending: EndingDaemon, status: DaemonStatus | undefined): Promise<void> {
  const { daemon, say } = ending;
  const end = await goneWithin(ending, patienceMs(ending, status));
  if (end === 'resumed') say(`${daemon.workerId} was resumed and pulls tasks`);
  if (end !== 'late') return;
  say(`${daemon.workerId} is late; its tasks are killed`);
  await hurry(ending);
  if ((await goneWithin(ending, KILL_MS)) === 'gone') return;
  say(
    `${daemon.workerId} (process ${daemon.pid}) does not end and is killed; the next daemon reports its tasks`,
  );
  signalProcess(daemon.pid, 'SIGKILL');
  if ((await goneWithin(ending, LEAVE_MS)) !== 'gone')
    say(`process ${daemon.pid} survives SIGKILL; it hangs in the kernel`);
}

function patienceMs({ order, graceMs }: EndingDaemon, status: DaemonStatus | undefined): number {
  const { to, timeoutMs } = order.request;
  const stopMs = (status?.graceMs ?? graceMs) + REPORT_MS;
  if (to === 'leave') return LEAVE_MS;
  if (to === 'drain') return timeoutMs === undefined ? Number.POSITIVE_INFINITY : timeoutMs + stopMs;
  return timeoutMs === undefined ? stopMs : Math.min(timeoutMs, stopMs) + REPORT_MS;
}

async function hurry({ daemon, state }: EndingDaemon): Promise<void> {
  const request = { command: 'end', to: 'kill', cause: 'agent daemon --stop' } as const;
  // One that leaves at once may not answer any more.
  const asked = askDaemon(workerFolder(state, daemon.workerId), request);
  if ((await asked.catch(() => undefined)) === undefined) signalProcess(daemon.pid, 'SIGTERM');
}

async function goneWithin(ending: EndingDaemon, waitMs: number): Promise<'gone' | 'resumed' | 'late'> {
  const { daemon } = ending;
  const begun = performance.now();
  const told = { text: '', asked: begun };
  while (performance.now() - begun < waitMs) {
    if (!(await isAlive(daemon.pid, daemon.started))) return 'gone';
    await sleep(LOOK_MS);
    if (ending.order.request.to !== 'drain' || performance.now() - told.asked <= ASK_MS) continue;
    if ((await tellProgress(ending, told)) === 'running') return 'resumed';
  }
  return 'late';
}

/**
 * What a drain still waits for, when it has changed.
 *
 * @returns the state of the daemon, where it says so
 */
async function tellProgress(
  { daemon, state, say }: EndingDaemon,
  told: { text: string; asked: number },
): Promise<EndingState | undefined> {
  told.asked = performance.now();
  const answer = await askDaemon(workerFolder(state, daemon.workerId), { command: 'status' }).catch(
    (error: unknown) => ({ error: causeLine(error) }),
  );
  if (answer === undefined || 'error' in answer) return undefined;
  const { tasks, state: stage } = answer.status;
  const text = `${daemon.workerId} is ${stage}; tasks that run: ${tasks.length === 0 ? 'none' : tasks.join(', ')}`;
  if (text !== told.text && stage !== 'running') say(text);
  told.text = text;
  return stage;
}
