import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { serverConfText, startServer } from '../../src/server/server.js';
import { clientOf } from '../support/embedded-server.js';
import { until } from '../support/until.js';
import { type Contender, homeFor, type RunningDaemon, startDaemon } from './contender.js';
import { countingProxy } from './counting-proxy.js';

/** A server and a daemon of its own, and what is done with them. */
export interface Scene {
  daemon: RunningDaemon;
  /** Requests of the daemon so far. */
  requests(): number;
  /** Takes the server away from the daemon, or gives it back. */
  cut(away: boolean): void;
  call: ReturnType<typeof clientOf>['call'];
  enqueue(entryPoint: string): Promise<string>;
  ended(task: string, timeoutMs?: number): Promise<void>;
  logOf(task: string): Promise<string>;
  /** Runs a task whose program prints `MARK` and the time. */
  timeTask(entryPoint: string): Promise<TaskTimes>;
  close(): Promise<void>;
}

export interface SceneOptions {
  folder: string;
  /** Added to the configuration of the agent. */
  configuration: string;
  /** Folders before those of PATH. */
  programs?: readonly string[];
  /** Files of the repository that all tasks are in. */
  files: Readonly<Record<string, string>>;
  /** Packages that tasks ask for. */
  packages?: readonly string[];
  /** Further flags of the daemon. */
  flags?: readonly string[];
  /** The server does not say when a task is queued, as the released one. */
  plain?: boolean;
  /** Further variables of the daemon. */
  variables?: Readonly<Record<string, string>>;
}

export interface TaskTimes {
  /** Seconds until the mark. */
  sinceEnqueue: number;
  sincePull: number;
  log: string;
}

export const MARK = 'import time\nprint("MARK", time.time(), flush=True)\n';

/** Starts an agent that has never run before, with an empty cache of every kind. */
export async function openScene(agent: Contender, options: SceneOptions): Promise<Scene> {
  const { folder, configuration, programs = [], flags = [], variables = {}, plain = false } = options;
  const server = await startServer({ folder: path.join(folder, 'server'), port: 0 });
  const proxy = await countingProxy(server.url, plain ? 'queues.wait_for_tasks' : undefined);
  const { call } = clientOf(server);
  await call('queues.create', { name: 'default' }).catch(() => undefined);
  const text = `${serverConfText({ ...server, url: proxy.url })}\n${configuration}\n`;
  const env = homeFor(path.join(folder, 'home'), text);
  const daemon = startDaemon(agent, { ...env, ...variables, PATH: [...programs, env.PATH].join(':') }, flags);
  const repository = makeRepository(path.join(folder, 'code'), options.files);
  const tasks = tasksOf(call, repository, options.packages);
  return {
    daemon,
    call,
    requests: proxy.count,
    cut: proxy.cut,
    ...tasks,
    timeTask: async (entryPoint) => {
      const begun = Date.now();
      const id = await tasks.enqueue(entryPoint);
      await tasks.ended(id);
      const log = await tasks.logOf(id);
      const mark = Number(/^MARK ([\d.]+)/m.exec(log)?.[1]) * 1000;
      const { task } = await call<{ task: { started: string } }>('tasks.get_by_id', { task: id });
      return {
        sinceEnqueue: (mark - begun) / 1000,
        sincePull: (mark - Date.parse(task.started)) / 1000,
        log,
      };
    },
    close: async () => {
      await daemon.stop();
      proxy.close();
      await server.close();
    },
  };
}

function tasksOf(
  call: Scene['call'],
  repository: string,
  packages: readonly string[] = [],
): Pick<Scene, 'enqueue' | 'ended' | 'logOf'> {
  return {
    enqueue: async (entry_point) => {
      const script = {
        binary: 'python3',
        repository,
        branch: 'master',
        entry_point,
        working_dir: '.',
        ...(packages.length === 0 ? {} : { requirements: { pip: packages.join('\n') } }),
      };
      const { id } = await call<{ id: string }>('tasks.create', { name: 'bench', type: 'training', script });
      await call('tasks.enqueue', { task: id, queue_name: 'default' });
      return id;
    },
    ended: async (task, timeoutMs = 300_000) => {
      const status = async () =>
        (await call<{ task: { status: string } }>('tasks.get_by_id', { task })).task.status;
      await until(async () => ['completed', 'failed', 'stopped'].includes(await status()), {
        what: 'a task',
        timeoutMs,
      });
    },
    logOf: async (task) => {
      const { events } = await call<{ events: { msg: string }[] }>('events.get_task_log', {
        task,
        order: 'asc',
        batch_size: 5000,
      });
      return events.map(({ msg }) => msg).join('');
    },
  };
}

function makeRepository(folder: string, files: SceneOptions['files']): string {
  mkdirSync(folder, { recursive: true });
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
