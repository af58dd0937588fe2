import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '../../../errors.js';
import { startDetached } from '../../../os/detached.js';
import { ensureFolder, readTextIfThere } from '../../../os/files.js';
import { withLock } from '../../../os/lock.js';
import { type EngineAddress, parseAddress } from './engine-address.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface PodmanService {
  address: EngineAddress;
  /** Starts the service again after it has ended by itself; absent where the user named another's. */
  start?(): Promise<boolean>;
}

/** A service that the agent has started ends after this time without a connection. */
const IDLE_SECONDS = 600;
const START_MS = 20_000;
const RETRY_MS = 50;

/**
 * Podman's Docker-compatible service: the one of `CONTAINER_HOST` or `DOCKER_HOST`, else the socket of this
 * user or of the system, whichever answers, else a service that is started at the first of these.
 *
 * @throws AgentError DOCKER_ENGINE, COMMAND_MISSING, CONFIG_VALUE
 */
export async function startPodman(env: Env): Promise<PodmanService> {
  for (const source of ['CONTAINER_HOST', 'DOCKER_HOST']) {
    const text = env[source]?.trim();
    if (text) return { address: named(text, source) };
  }
  const sockets = podmanSockets(env, process.getuid?.() ?? 0);
  for (const socket of sockets) if (await answers(socket)) return service(socket, env);
  const [own] = sockets;
  await startService(own, env);
  return service(own, env);
}

/** What gives a user's Podman other storage than the system's service has. */
const OWN_SETTINGS = ['CONTAINERS_CONF', 'CONTAINERS_STORAGE_CONF'];

/** Sockets of Podman on this machine, the user's own first; alone where the user has settings of their own. */
export function podmanSockets(env: Env, user: number): [string, ...string[]] {
  const system = '/run/podman/podman.sock';
  const runtime = env.XDG_RUNTIME_DIR || (user === 0 ? undefined : `/run/user/${user}`);
  if (runtime === undefined) return [system];
  const own = path.join(runtime, 'podman/podman.sock');
  return OWN_SETTINGS.some((name) => env[name]) ? [own] : [own, system];
}

function named(text: string, source: string): EngineAddress {
  const target = parseAddress(text, source);
  if (target.kind !== 'ssh') return { text, source, target };
  throw new AgentError('CONFIG_VALUE', `${source}: ssh addresses are for Docker, found "${text}"`, {
    hint: 'Forward the socket with "ssh -L", or serve Podman with "podman system service tcp:…".',
  });
}

function service(socket: string, env: Env): PodmanService {
  const address = { text: `unix://${socket}`, source: '', target: { kind: 'socket', path: socket } } as const;
  const start = async (): Promise<boolean> => {
    await startService(socket, env);
    return true;
  };
  return { address, start };
}

/** Two agents that start at once share one service. */
async function startService(socket: string, env: Env): Promise<void> {
  const what = `the start of Podman's service at ${socket}`;
  await ensureFolder(path.dirname(socket));
  await withLock(`${socket}.lock`, { timeoutMs: START_MS, what }, async () => {
    if (await answers(socket)) return;
    const log = `${socket}.log`;
    const argv = ['podman', 'system', 'service', `--time=${IDLE_SECONDS}`, `unix://${socket}`] as const;
    const { ended } = await startDetached({
      argv,
      env,
      // Podman's helpers leave files (`oom`) in the folder where the service was started.
      cwd: path.dirname(socket),
      outputFile: log,
      statusFile: `${socket}.status`,
    });
    const deadline = Date.now() + START_MS;
    const gone = ended.then(() => true);
    while (!(await answers(socket))) {
      const stopped = await Promise.race([gone, sleep(RETRY_MS, false)]);
      if (!stopped && Date.now() < deadline) continue;
      const detail = (await readTextIfThere(log))?.trim().split('\n').slice(-5).join('\n');
      const how = stopped ? 'ended at once' : `does not listen after ${START_MS / 1000} s`;
      throw new AgentError('DOCKER_ENGINE', `podman system service ${how}`, detail ? { detail } : {});
    }
  });
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const finish = (answer: boolean) => {
      connection.destroy();
      resolve(answer);
    };
    connection.once('connect', () => finish(true));
    connection.once('error', () => finish(false));
  });
}
