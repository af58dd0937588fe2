import { once } from 'node:events';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import type { ApiClient } from '../../src/api/client.js';
import { QueuesApi } from '../../src/api/queues.js';
import type { TaskRecord } from '../../src/api/task-record.js';
import { TasksApi } from '../../src/api/tasks.js';
import { openRun } from '../../src/daemon/runs/manage-run.js';
import { statusBoard } from '../../src/daemon/worker.js';
import type { Driver } from '../../src/drivers/driver.js';
import { GpuReader } from '../../src/gpu/gpu-reader.js';
import type { LogEvent } from '../../src/logs/delivery.js';
import type { AgentLogger } from '../../src/logs/logger.js';
import { RunFolders } from '../../src/runs/folders.js';
import { Journal } from '../../src/runs/journal.js';
import { Redactor } from '../../src/secrets/redactor.js';
import { BackgroundWork } from '../../src/task/background-work.js';
import type { AgentContext, RunSignals } from '../../src/task/context.js';
import { Hooks } from '../../src/task/hooks/hooks.js';
import type { TaskRun } from '../../src/task/task-run.js';
import { flatConfig } from './flat-config.js';
import { temporaryFolder } from './temporary-folder.js';

/** One task on a server that is a few lines long: statuses and texts, and no rules. */
export class MemoryTask {
  readonly record: TaskRecord;
  /** Endpoints that were called, in order. */
  readonly calls: string[] = [];
  readonly events: LogEvent[] = [];
  /** Lines are taken once it resolves; at once without it. */
  takesLines?: Promise<void>;

  constructor(record: Partial<TaskRecord> = {}) {
    this.record = { id: 'task1', status: 'queued', execution: { queue: 'queue1' }, runtime: {}, ...record };
  }

  get log(): string {
    return this.events.map(({ msg }) => msg).join('');
  }

  /** As a user's click does. */
  stop(): void {
    this.record.status_message = 'stopping';
  }

  client(): ApiClient {
    const call = async (endpoint: string, body: Record<string, unknown> = {}) => {
      this.calls.push(endpoint);
      return this.#answer(endpoint, body);
    };
    return { server: 'memory', call } as unknown as ApiClient;
  }

  #answer(endpoint: string, body: Record<string, unknown>): object {
    const [, action = ''] = endpoint.split('.');
    const status = STATUS_OF[action] ?? body.new_status;
    if (action === 'get_all') return { tasks: [this.record] };
    if (action === 'get_by_id') return { task: structuredClone(this.record) };
    const { status_reason, status_message, runtime } = body;
    Object.assign(this.record, {
      ...(status === undefined ? {} : { status }),
      ...(status_reason === undefined ? {} : { status_reason }),
      ...(status_message === undefined ? {} : { status_message }),
      ...(runtime === undefined ? {} : { runtime }),
    });
    return { updated: 1 };
  }
}

const STATUS_OF: Readonly<Record<string, TaskRecord['status']>> = {
  started: 'in_progress',
  completed: 'completed',
  failed: 'failed',
  stopped: 'stopped',
  enqueue: 'queued',
};

export interface MemoryRun {
  run: TaskRun;
  task: MemoryTask;
  folders: RunFolders;
  stop: AbortController;
  handOver: AbortController;
}

/** A run of a task by this driver, from the pop on; nothing but its folder is real. */
export async function memoryRun(
  t: ExecutionContext,
  {
    driver,
    record,
    config = {},
  }: { driver: Driver; record: Partial<TaskRecord>; config?: Record<string, number> },
): Promise<MemoryRun> {
  const home = temporaryFolder(t);
  const task = new MemoryTask(record);
  const ctx = contextOf({ home, driver, task, config });
  const folders = new RunFolders(ctx.stateFolder);
  const folder = await folders.create(task.record.id);
  const journal = await Journal.open(folder);
  await journal.write({ step: 'pulled', task: task.record.id, queue: 'queue1' });
  const [stop, handOver, kill] = [new AbortController(), new AbortController(), new AbortController()];
  const signals: RunSignals = { stop: stop.signal, kill: kill.signal, handOver: handOver.signal };
  const run = await openRun(ctx, { task: task.record.id, queue: 'queue1', folder, journal, signals });
  return { run, task, folders, stop, handOver };
}

interface ContextParts {
  home: string;
  driver: Driver;
  task: MemoryTask;
  config: Record<string, number>;
}

function contextOf({ home, driver, task, config }: ContextParts): AgentContext {
  const settings = flatConfig({ config, env: { HOME: home, PATH: '' } });
  const client = task.client();
  const tasks = new TasksApi(client);
  const nothing = () => undefined;
  const child = (): AgentLogger => logger;
  const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, echo: nothing, child };
  return {
    config: settings,
    workerId: 'worker1',
    serviceTask: false,
    workerTags: [],
    hostName: 'host1',
    home,
    environment: settings.env,
    cacheFolder: path.join(home, 'cache'),
    gpus: new GpuReader({ env: settings.env, warn: nothing }),
    standalone: false,
    taskLogLevel: 'INFO',
    pythonFlags: [],
    stateFolder: path.join(home, 'worker'),
    tasks,
    logServer: {
      deliver: async (events, signal) => {
        if (task.takesLines) await Promise.race([task.takesLines, once(signal, 'abort')]);
        signal.throwIfAborted();
        task.events.push(...events);
        return { kind: 'accepted', added: events.length };
      },
      stored: async () => ({ kind: 'events', events: [] }),
    },
    queues: new QueuesApi(client),
    driver,
    drivers: new Map([[driver.kind, driver]]),
    redactor: new Redactor(),
    logger,
    background: new BackgroundWork(logger),
    hooks: new Hooks({
      settings: { programs: new Map(), timeoutMs: 1000, warnings: [] },
      env: settings.env,
      host: 'host1',
      logger,
    }),
    tracing: undefined,
    keepsFailed: false,
    reportsStatus: true,
    statuses: statusBoard(tasks, 20),
    killGraceMs: 200,
  };
}
