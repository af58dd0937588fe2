import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { AGENT_SCRIPT, type AgentHome } from './agent-process.js';

/** A user of every system, without rights and without ranges of user ids. */
export const NOBODY = 65534;
/** Words that run a program as that user. */
export const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] as const;

export function giveToNobody(...folders: string[]): void {
  for (const folder of folders) execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, folder]);
}

export type UnprivilegedDaemon = ChildProcess & { text(): string };

/** A daemon of the user; it is killed when the test ends. */
export function unprivilegedDaemon(
  t: ExecutionContext,
  { folder, env }: AgentHome,
  words: readonly string[],
): UnprivilegedDaemon {
  const [program, ...flags] = AS_NOBODY;
  const child = spawn(program, [...flags, process.execPath, AGENT_SCRIPT, 'daemon', ...words], {
    // The environments that other tests share are root's.
    env: { ...env, CLEARML_AGENT_VENV_CACHE_PATH: path.join(folder, 'venvs-cache') },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
    });
  return Object.assign(child, { text: () => said });
}
