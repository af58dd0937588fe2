import path from 'node:path';
import { causeLine } from '../errors.js';
import { askByLine, type LineServer, serveLines } from '../os/local-socket.js';
import { type ControlRequest, controlRequest } from './control-request.js';
import type { DaemonReading, DaemonReadings } from './daemon-reading.js';
import type { Ending } from './ending.js';
import type { EndingView } from './ending-state.js';
import type { RunStops } from './runs/run-stops.js';
import type { Slots } from './slots.js';

/** How a daemon is, at the moment it answers. */
export interface DaemonStatus extends EndingView {
  worker: string;
  pid: number;
  /** Ids of the tasks that run. */
  tasks: readonly string[];
  /** What a task gets between its signal and the kill, milliseconds. */
  graceMs: number;
}

/** `taken` is false where the request had no effect. */
export type ControlAnswer =
  | { status: DaemonStatus; taken: boolean; reading?: DaemonReading }
  | { error: string };

function socketFile(workerFolder: string): string {
  return path.join(workerFolder, 'control.sock');
}

export interface ControlOptions {
  ending: Ending;
  slots: Slots;
  stops: RunStops;
  readings: DaemonReadings;
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
      this.#server = await serveLines(file, (asked) => this.#answer(workerId, asked));
    } catch (error) {
      this.#options.warn(`no control socket ${file}, so only signals reach this daemon: ${causeLine(error)}`);
    }
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.close();
  }

  async #answer(worker: string, asked: unknown): Promise<ControlAnswer> {
    const { ending, slots, readings, graceMs } = this.#options;
    const request = controlRequest(asked);
    if (typeof request === 'string') return { error: request };
    const taken = this.#act(request);
    const reading = request.command === 'reading' ? { reading: await readings.take() } : {};
    return {
      taken,
      status: { worker, pid: process.pid, ...ending.view, tasks: slots.tasks, graceMs },
      ...reading,
    };
  }

  #act(request: ControlRequest): boolean {
    const { ending, stops } = this.#options;
    switch (request.command) {
      case 'status':
      case 'reading':
        return true;
      case 'pause':
        return ending.request({ to: 'pause', cause: request.cause });
      case 'resume':
        return ending.resume(request.cause);
      case 'stop-task':
        return stops.stop(request.task, request);
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
