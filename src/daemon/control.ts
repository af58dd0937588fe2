import path from 'node:path';
import { causeLine } from '../errors.js';
import { askByLine, type LineServer, serveLines } from '../os/local-socket.js';
import type { Ending } from './ending.js';
import {
  ENDING_GOALS,
  type EndingGoal,
  type EndingView,
  type EndRequest,
  LONGEST_TIMEOUT_MS,
} from './ending-state.js';
import type { Slots } from './slots.js';

/** What a daemon may be asked on its control socket. */
export type ControlRequest =
  | { command: 'status' }
  | { command: 'resume'; cause: string }
  | ({ command: 'end' } & EndRequest);

/** How a daemon is, at the moment it answers. */
export interface DaemonStatus extends EndingView {
  worker: string;
  pid: number;
  /** Ids of the tasks that run. */
  tasks: readonly string[];
  /** What a task gets between its signal and the kill, milliseconds. */
  graceMs: number;
}

export type ControlAnswer = { status: DaemonStatus; taken: boolean } | { error: string };

/** @returns the request, or the text of what is wrong with it */
export function controlRequest(asked: unknown): ControlRequest | string {
  const { command, to, cause, timeoutMs, requeue, endsServices }: Partial<Record<string, unknown>> = {
    ...Object(asked),
  };
  if (command === 'status') return { command };
  if (command !== 'end' && command !== 'resume')
    return `command: expected "status", "end" or "resume", got ${JSON.stringify(command)}`;
  if (typeof cause !== 'string' || !/^[\x20-\x7e]{1,200}$/.test(cause))
    return 'cause: expected a line of up to 200 printable characters';
  if (command === 'resume') return { command, cause };
  if (!isGoal(to)) return `to: expected one of ${ENDING_GOALS.join(', ')}, got ${JSON.stringify(to)}`;
  if (timeoutMs !== undefined && !isTimeout(timeoutMs))
    return `timeoutMs: expected 0 to ${LONGEST_TIMEOUT_MS}, got ${JSON.stringify(timeoutMs)}`;
  return {
    command,
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
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= LONGEST_TIMEOUT_MS;
}

function socketFile(workerFolder: string): string {
  return path.join(workerFolder, 'control.sock');
}

export interface ControlOptions {
  ending: Ending;
  slots: Slots;
  graceMs: number;
  warn(text: string): void;
}

/** The control socket of a daemon, in the folder of its worker id. */
export class ControlSocket {
  readonly #options: ControlOptions;
  #server: LineServer | undefined;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /** Serves the socket of this worker id, instead of one that the daemon had before. A daemon without one still works. */
  async listen({ folder, workerId }: { folder: string; workerId: string }): Promise<void> {
    await this.close();
    const file = socketFile(folder);
    try {
      this.#server = await serveLines(file, async (asked) => this.#answer(workerId, asked));
    } catch (error) {
      this.#options.warn(`no control socket ${file}, so only signals reach this daemon: ${causeLine(error)}`);
    }
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.close();
  }

  #answer(worker: string, asked: unknown): ControlAnswer {
    const { ending, slots, graceMs } = this.#options;
    const request = controlRequest(asked);
    if (typeof request === 'string') return { error: request };
    const taken = this.#act(request);
    return { taken, status: { worker, pid: process.pid, ...ending.view, tasks: slots.tasks, graceMs } };
  }

  #act(request: ControlRequest): boolean {
    const { ending } = this.#options;
    switch (request.command) {
      case 'status':
        return true;
      case 'resume':
        return ending.resume(request.cause);
      case 'end':
        return ending.request(request);
    }
  }
}

/**
 * Asks the daemon of a worker's folder.
 *
 * @returns `undefined` where none listens: it is gone, of an earlier version, or could make no socket
 * @throws AgentError COMMAND_FAILED
 */
export async function askDaemon(
  workerFolder: string,
  request: ControlRequest,
): Promise<ControlAnswer | undefined> {
  const answer = await askByLine(socketFile(workerFolder), request);
  return isAnswer(answer) ? answer : undefined;
}

function isAnswer(answer: unknown): answer is ControlAnswer {
  const { status, error }: Partial<Record<string, unknown>> = { ...Object(answer) };
  if (typeof error === 'string') return true;
  const { state, tasks, graceMs }: Partial<Record<string, unknown>> = { ...Object(status) };
  return typeof state === 'string' && Array.isArray(tasks) && typeof graceMs === 'number';
}
