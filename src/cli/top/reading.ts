import type { DaemonStatus } from '../../daemon/control.js';
import type { DaemonReading } from '../../daemon/daemon-reading.js';
import { AgentError } from '../../errors.js';
import type { RegisteredDaemon } from '../../runs/registry.js';
import { ask } from '../running-daemons.js';

/** How a daemon is, and what it runs. */
export type Reading = Omit<DaemonStatus, 'tasks' | 'graceMs'> & DaemonReading;

/** @throws AgentError COMMAND_FAILED */
export async function readDaemon(state: string, daemon: RegisteredDaemon): Promise<Reading> {
  const { status, reading } = await ask(state, daemon, { command: 'reading' });
  if (reading === undefined)
    throw new AgentError('COMMAND_FAILED', `${daemon.workerId} answers without its reading`);
  const { tasks: _, graceMs: __, ...state_ } = status;
  return { ...state_, ...reading };
}
