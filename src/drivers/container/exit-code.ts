import { constants } from 'node:os';
import type { WorkloadExit } from '../driver.js';

/** How the command itself ended. */
export type OwnExit = Extract<WorkloadExit, { kind: 'exited' | 'signalled' }>;

export interface EndedContainer {
  exitCode: number;
  /** A process in it was killed because the memory was used up. */
  oomKilled: boolean;
}

/**
 * 128 + n is how the engine tells the death by signal n; a command that itself exits with that number looks the same.
 * 130 is an exit code: nothing sends SIGINT into a container, and programs use it after a Ctrl-C of their own.
 */
export function exitOf(state: EndedContainer): OwnExit {
  const { exitCode, oomKilled } = state;
  const memory = oomKilled ? { oomKilled } : {};
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
  if (signal === undefined || signal === 'SIGINT') return { kind: 'exited', code: exitCode, ...memory };
  return { kind: 'signalled', signal, ...memory };
}
