import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/agent.js');

export interface ProgramSetting {
  /** Where its log goes; its home, where no variable names another. */
  folder: string;
  log: string;
  variables?: Readonly<Record<string, string>>;
}

/** Starts a command of the built program. */
export function startProgram(
  words: readonly string[],
  { folder, log, variables = {} }: ProgramSetting,
): ChildProcess {
  const kept = Object.entries(process.env).filter(([name]) => !/^(CLEARML|TRAINS|NODE_|AVA)/.test(name));
  const output = openSync(path.join(folder, log), 'a');
  return spawn(process.execPath, [PROGRAM, ...words], {
    cwd: folder,
    stdio: ['ignore', output, output],
    env: { ...Object.fromEntries(kept), HOME: folder, ...variables },
  });
}

export function isGone({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

export async function kill(child: ChildProcess | undefined): Promise<void> {
  child?.kill('SIGKILL');
  if (child !== undefined && !isGone(child)) await once(child, 'exit');
}

/** @returns whether it ended within this time */
export async function endsWithin(child: ChildProcess, ms: number): Promise<boolean> {
  if (isGone(child)) return true;
  const timer = new AbortController();
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false);
  const gone = await Promise.race([once(child, 'exit').then(() => true), late]);
  timer.abort();
  return gone;
}
