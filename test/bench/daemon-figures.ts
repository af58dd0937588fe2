import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EmbeddedServer, serverConfText, startServer } from '../../src/server/server.js';
import { clientOf } from '../support/embedded-server.js';
import { until } from '../support/until.js';
import { type Contender, homeFor, type RunningDaemon, startDaemon } from './contender.js';
import { countingProxy } from './counting-proxy.js';
import { cpuSeconds, mean, residentMegabytes } from './measure.js';

export interface DaemonFigures {
  idleMegabytes: number;
  idleCpuPercent: number;
  idleRequests: number;
  /** Seconds. */
  cold: number;
  warm: number;
  warmAfterPull: number;
  flood: number;
  /** Megabytes above what it was before. */
  floodGrowth: number;
  abort: number;
}

export interface MeasureOptions {
  folder: string;
  rounds: number;
  quick: boolean;
}

const LINES = 200_000;
const MARK = 'import time\nprint("MARK", time.time(), flush=True)\n';
const FLOOD = `for i in range(${LINES}): print("line", i, "x" * 58)\n`;
const SLEEPER = `${MARK}time.sleep(900)\n`;

interface Scene {
  server: EmbeddedServer;
  call: ReturnType<typeof clientOf>['call'];
  repository: string;
  daemon: RunningDaemon;
}

/** Everything that needs a daemon, measured with a server and a home of its own. */
export async function measureDaemon(agent: Contender, options: MeasureOptions): Promise<DaemonFigures> {
  const server = await startServer({ folder: path.join(options.folder, 'server'), port: 0 });
  const proxy = await countingProxy(server.url);
  const { call } = clientOf(server);
  await call('queues.create', { name: 'default' }).catch(() => undefined);
  const env = homeFor(path.join(options.folder, 'home'), serverConfText({ ...server, url: proxy.url }));
  const daemon = startDaemon(agent, env);
  const scene: Scene = {
    server,
    call,
    daemon,
    repository: makeRepository(path.join(options.folder, 'code')),
  };
  try {
    const idle = await measureIdle(daemon, proxy.count, options.quick ? 10 : 30);
    const cold = await timeTask(scene, 'mark.py');
    const warm: TaskTimes[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      await sleep(1000 * Math.random() * 3);
      warm.push(await timeTask(scene, 'mark.py'));
    }
    const flood = await measureFlood(scene);
    const abort = await measureAbort(scene);
    return {
      ...idle,
      cold: cold.sinceEnqueue,
      warm: mean(warm.map((one) => one.sinceEnqueue)),
      warmAfterPull: mean(warm.map((one) => one.sincePull)),
      ...flood,
      abort,
    };
  } finally {
    await daemon.stop();
    proxy.close();
    await server.close();
  }
}

function makeRepository(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const files = { 'mark.py': MARK, 'flood.py': FLOOD, 'sleeper.py': SLEEPER };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=b', '-c', 'user.email=b@b', ...args], {
      cwd: folder,
      stdio: 'pipe',
    });
  git('init', '-q', '-b', 'master');
  git('add', '-A');
  git('commit', '-q', '-m', 'all');
  return `file://${folder}`;
}

async function measureIdle(daemon: RunningDaemon, requests: () => number, seconds: number) {
  await sleep(10_000);
  const before = { requests: requests(), cpu: cpuSeconds(daemon.pid) };
  await sleep(seconds * 1000);
  return {
    idleMegabytes: residentMegabytes(daemon.pid),
    idleCpuPercent: (100 * (cpuSeconds(daemon.pid) - before.cpu)) / seconds,
    idleRequests: ((requests() - before.requests) * 60) / seconds,
  };
}

interface TaskTimes {
  sinceEnqueue: number;
  sincePull: number;
}

async function enqueue({ call, repository }: Scene, entryPoint: string): Promise<string> {
  const script = {
    binary: 'python3',
    repository,
    branch: 'master',
    entry_point: entryPoint,
    working_dir: '.',
  };
  const { id } = await call<{ id: string }>('tasks.create', { name: 'bench', type: 'training', script });
  await call('tasks.enqueue', { task: id, queue_name: 'default' });
  return id;
}

async function timeTask(scene: Scene, entryPoint: string): Promise<TaskTimes> {
  const begun = Date.now();
  const id = await enqueue(scene, entryPoint);
  await ended(scene, id);
  const mark = Number(/^MARK ([\d.]+)/m.exec(await logOf(scene, id))?.[1]) * 1000;
  const { task } = await scene.call<{ task: { started: string } }>('tasks.get_by_id', { task: id });
  return { sinceEnqueue: (mark - begun) / 1000, sincePull: (mark - Date.parse(task.started)) / 1000 };
}

async function ended({ call }: Scene, id: string): Promise<void> {
  const status = async () =>
    (await call<{ task: { status: string } }>('tasks.get_by_id', { task: id })).task.status;
  await until(async () => ['completed', 'failed', 'stopped'].includes(await status()), {
    what: 'a task',
    timeoutMs: 300_000,
  });
}

async function logOf({ call }: Scene, id: string): Promise<string> {
  const { events } = await call<{ events: { msg: string }[] }>('events.get_task_log', {
    task: id,
    order: 'asc',
    batch_size: 5000,
  });
  return events.map(({ msg }) => msg).join('');
}

async function measureFlood(scene: Scene) {
  const before = residentMegabytes(scene.daemon.pid);
  const watch = { peak: before };
  const timer = setInterval(() => {
    watch.peak = Math.max(watch.peak, residentMegabytes(scene.daemon.pid));
  }, 50);
  const begun = Date.now();
  const id = await enqueue(scene, 'flood.py');
  await ended(scene, id);
  clearInterval(timer);
  const stored = (await logOf(scene, id)).match(/^line \d+/gm)?.length ?? 0;
  if (stored !== LINES) throw new Error(`${stored} of ${LINES} lines arrived`);
  return { flood: (Date.now() - begun) / 1000, floodGrowth: watch.peak - before };
}

async function measureAbort(scene: Scene): Promise<number> {
  const id = await enqueue(scene, 'sleeper.py');
  await until(async () => (await logOf(scene, id)).includes('MARK'), {
    what: 'the sleeper',
    timeoutMs: 120_000,
  });
  await sleep(1000);
  const begun = Date.now();
  await scene.call('tasks.stop', { task: id });
  await until(() => !sleeperLives(), { what: 'the end of the sleeper', timeoutMs: 60_000 });
  return (Date.now() - begun) / 1000;
}

function sleeperLives(): boolean {
  try {
    return execFileSync('pgrep', ['-f', 'sleeper.py']).length > 0;
  } catch {
    return false;
  }
}
