import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The built program. */
export const AGENT_SCRIPT = path.resolve(import.meta.dirname, '../../bin/agent.js');

export interface AgentProcess {
  process: ChildProcess;
  /** Everything it has printed so far. */
  output(): string;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
}

export interface AgentHome {
  /** Home folder of its own, with a `clearml.conf` when one was given. */
  folder: string;
  env: Record<string, string | undefined>;
}

/** A home folder in which an agent keeps everything, apart from the machine's own. */
export async function agentHome(variables: Record<string, string> = {}): Promise<AgentHome> {
  const folder = await mkdtemp(path.join(tmpdir(), 'agent-test-'));
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(CLEARML|TRAINS|NODE_OPTIONS|AVA)/.test(name)),
  );
  const cache = path.resolve(import.meta.dirname, '../../node_modules/.cache/test-environments');
  const safe = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' };
  return {
    folder,
    env: {
      ...inherited,
      ...safe,
      HOME: folder,
      CLEARML_WORKER_NAME: 'test',
      // Agents of other tests have their own GPUs.
      CLEARML_AGENT_GPU_TABLE: path.join(folder, 'gpu-table'),
      CLEARML_AGENT_VENV_CACHE_PATH: cache,
      ...variables,
    },
  };
}

/**
 * Starts the built program as a user would.
 *
 * @param input descriptor of its standard input, where that is to be another than /dev/null
 * @param script of another copy of it
 */
export function startAgent(
  words: readonly string[],
  home: AgentHome,
  input?: number,
  script = AGENT_SCRIPT,
): AgentProcess {
  const child = spawn(process.execPath, [script, ...words], {
    cwd: home.folder,
    env: home.env,
    stdio: [input ?? 'ignore', 'pipe', 'pipe'],
  });
  const pieces: string[] = [];
  for (const stream of [child.stdout, child.stderr].filter((one) => one !== null)) {
    stream.setEncoding('utf8');
    stream.on('data', (piece: string) => pieces.push(piece));
  }
  return {
    process: child,
    output: () => pieces.join(''),
    exited: once(child, 'close').then(([code, signal]) => ({ code, signal })),
    kill: (signal) => void child.kill(signal),
  };
}
