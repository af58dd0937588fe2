import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** One of the two agents, as it is started. */
export interface Contender {
  name: 'ours' | 'original';
  argv: readonly [string, ...string[]];
}

export function contenders(originalPython: string | undefined): Contender[] {
  const script = path.resolve(import.meta.dirname, '../../bin/agent.js');
  const ours: Contender = { name: 'ours', argv: [process.execPath, script] };
  if (!originalPython) return [ours];
  return [ours, { name: 'original', argv: [originalPython, '-m', 'clearml_agent'] }];
}

export interface RunningDaemon {
  process: ChildProcess;
  pid: number;
  stop(): Promise<void>;
}

/** A home folder of its own for an agent, with this configuration. */
export function homeFor(folder: string, confText: string): NodeJS.ProcessEnv {
  mkdirSync(path.join(folder, 'tmp'), { recursive: true });
  writeFileSync(path.join(folder, 'clearml.conf'), confText);
  // Node reads further authorities into memory at its start.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(CLEARML|TRAINS)_|^NODE_EXTRA_CA_CERTS$/.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    HOME: folder,
    TMPDIR: path.join(folder, 'tmp'),
    CLEARML_CONFIG_FILE: path.join(folder, 'clearml.conf'),
    CLEARML_WORKER_NAME: path.basename(folder),
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
  };
}

export function startDaemon(
  { argv: [program, ...args] }: Contender,
  env: NodeJS.ProcessEnv,
  flags: readonly string[] = [],
): RunningDaemon {
  const words = [...args, 'daemon', '--queue', 'default', '--foreground', ...flags];
  const child = spawn(program, words, { env, stdio: 'ignore', detached: true });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const pid = child.pid ?? 0;
  return {
    process: child,
    pid,
    stop: async () => {
      child.kill('SIGTERM');
      const late = setTimeout(() => process.kill(-pid, 'SIGKILL'), 15_000);
      await exited;
      clearTimeout(late);
    },
  };
}
