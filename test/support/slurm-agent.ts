import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import type { AgentProcess } from './agent-process.js';
import { type AgentUnderTest, agentUnderTest } from './agent-under-test.js';
import type { SlurmRig } from './slurm-rig.js';

export interface SlurmAgent extends AgentUnderTest {
  /** Files of jobs. */
  shared: string;
  /** Starts a daemon with `--slurm`. */
  slurmDaemon(...words: string[]): AgentProcess;
  /** The next `sbatch` kills the agent that calls it, before or after it submits the job. */
  killAtSubmission(when: 'before' | 'after'): void;
}

/** An agent whose tasks are jobs of the cluster; they run by the machine's own Python. */
export async function slurmAgent(
  t: ExecutionContext,
  rig: SlurmRig,
  variables: Record<string, string> = {},
  shared = path.join(rig.folder, `shared-${randomBytes(4).toString('hex')}`),
): Promise<SlurmAgent> {
  const bin = path.join(shared, 'bin');
  mkdirSync(bin, { recursive: true });
  const mark = path.join(bin, 'kill');
  const real = execFileSync('/bin/sh', ['-c', 'command -v sbatch'], { encoding: 'utf8' }).trim();
  writeFileSync(path.join(bin, 'sbatch'), killing(real, mark), { mode: 0o755 });
  const agent = await agentUnderTest(t, {
    ...rig.env,
    PATH: `${bin}:${process.env.PATH ?? ''}`,
    CLEARML_AGENT__AGENT__SLURM__SHARED_FOLDER: shared,
    CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1',
    ...variables,
  });
  t.teardown(() => rmSync(agent.home.folder, { recursive: true, force: true }));
  return {
    ...agent,
    shared,
    slurmDaemon: (...words) => agent.daemon('--slurm', '--partition', 'main', ...words),
    killAtSubmission: (when) => writeFileSync(mark, when),
  };
}

/** The real sbatch, which kills its caller once where that is asked for. */
function killing(real: string, mark: string): string {
  return `#!/bin/sh
case "$*" in *clearml-check-*) exec '${real}' "$@" ;; esac
[ -f '${mark}' ] || exec '${real}' "$@"
when=$(cat '${mark}')
rm '${mark}'
[ "$when" = before ] || '${real}' "$@" >/dev/null
kill -KILL "$PPID"
`;
}
