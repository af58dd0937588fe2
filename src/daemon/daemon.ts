import type { Config } from '../config/config.js';
import { ReloadedConfig } from '../config/reload.js';
import type { AgentLogger } from '../logs/logger.js';
import type { Redactor } from '../logs/redactor.js';
import { preferSmallMemory } from '../os/memory.js';
import type { AgentContext } from '../task/context.js';
import { Journal } from '../task/journal.js';
import { runTask } from '../task/run.js';
import { buildContext, type TaskOptions } from './build-context.js';
import { type Connection, connect } from './connect.js';
import { type ContainerMode, containerDriver } from './container-mode.js';
import { effectiveConfig } from './effective-config.js';
import { Gate } from './gate.js';
import { Heartbeat } from './heartbeat.js';
import { intervals } from './intervals.js';
import { lookAtMachine, type Machine } from './machine.js';
import { carryOut, openRun } from './manage-run.js';
import { serveMetrics } from './metrics.js';
import { Poller, type PulledTask } from './poller.js';
import { recoverRuns } from './recover.js';
import { type Registration, registerWorker } from './registry.js';
import { resolveQueues } from './resolve-queues.js';
import { RunFolders } from './runs.js';
import type { Schedule } from './schedule.js';
import { type ShutdownSignals, watchShutdown } from './shutdown.js';
import { Slots } from './slots.js';

export interface DaemonOptions {
  config: Config;
  /** Reads the configuration again, for `agent.reload_config`. */
  reread?: () => Config;
  home: string;
  state: string;
  logger: AgentLogger;
  redactor: Redactor;
  /** Names or ids, in order of importance; empty: the server's default queue. */
  queues: readonly string[];
  createQueues: boolean;
  order: 'priority' | 'fair';
  /** `--polling-interval` in seconds, where given. */
  pollingInterval?: number;
  tags: readonly string[] | undefined;
  schedule: Schedule;
  /** Worker ids to try, in order. */
  workerIds: Iterable<string>;
  /** Wait for a server that is away at start, instead of failing. */
  wait: boolean;
  logFile?: string;
  /** Tasks run in containers. */
  containers?: ContainerMode | undefined;
  /** Where shutdown signals come from. */
  taskOptions: TaskOptions;
  signals: NodeJS.EventEmitter;
  leave(status: number): void;
  /** Called once tasks are being asked for. */
  onReady?(daemon: { workerId: string }): void;
}

/**
 * The daemon, from start to end: makes its parts, hands them to each other, and takes tasks until it is told to
 * end.
 *
 * @returns the exit status
 */
export async function runDaemon(given: DaemonOptions): Promise<number> {
  preferSmallMemory();
  const { logger } = given;
  const slots = new Slots(1);
  const shutdown = watchShutdown({
    source: given.signals,
    say: (text) => logger.info(text),
    leave: given.leave,
    busy: () => slots.running > 0,
  });
  try {
    const connection = await connect({ ...given, signal: shutdown.drain });
    const reloaded = await reloadedConfig(given, connection);
    const options = { ...given, config: await reloaded.next() };
    const queues = await resolveQueues(connection.queues, options);
    const registration = await registerWorker(options.state, options.workerIds);
    try {
      const machine = lookAtMachine({
        ...options,
        featureSet: connection.client.claims.featureSet,
        warn: (text) => logger.warn(text),
      });
      const docker = await openContainers(options, {
        connection,
        workerId: registration.workerId,
        signal: shutdown.handOver,
      });
      const ctx = buildContext({
        ...options,
        connection,
        docker,
        workerId: registration.workerId,
        folder: registration.folder,
        abortPollMs: intervals(options.config, options.pollingInterval).abortPollMs,
        workerTags: options.tags ?? [],
        silent: false,
        keepsFailed: true,
        handOver: shutdown.handOver,
        gpus: machine.gpus,
        task: options.taskOptions,
      });
      await registration.publish({
        queues: queues.map(({ name }) => name),
        ...(options.logFile ? { logFile: options.logFile } : {}),
      });
      await serve({
        options,
        connection,
        registration,
        ctx,
        machine,
        shutdown,
        slots,
        reloaded,
        queueIds: queues.map(({ id }) => id),
      });
    } finally {
      await registration.release();
    }
    return 0;
  } finally {
    shutdown.close();
  }
}

/** The driver of `--docker` and `--podman`; `undefined` without them. */
async function openContainers(
  { containers, ...options }: DaemonOptions,
  parts: { connection: Connection; workerId: string; signal: AbortSignal },
) {
  if (containers === undefined) return undefined;
  return containerDriver({ ...options, ...parts, mode: containers, silent: false });
}

async function reloadedConfig(given: DaemonOptions, connection: Connection): Promise<ReloadedConfig> {
  const { config, logger, reread = () => config } = given;
  const complete = (read: Config) => effectiveConfig({ ...given, config: read, connection });
  return new ReloadedConfig({
    start: { read: config, complete: await complete(config) },
    read: reread,
    complete,
    say: (line) => logger.info(line),
    warn: (line) => logger.warn(line),
  });
}

interface Daemon {
  options: DaemonOptions;
  reloaded: ReloadedConfig;
  connection: Connection;
  registration: Registration;
  ctx: AgentContext;
  machine: Machine;
  shutdown: ShutdownSignals;
  slots: Slots;
  queueIds: string[];
}

async function serve(daemon: Daemon): Promise<void> {
  const { connection, ctx, shutdown, slots, queueIds, options } = daemon;
  const { workers } = connection;
  const times = intervals(options.config, options.pollingInterval);
  const warn = (text: string) => ctx.logger.warn(text);
  const metrics = await openMetrics(daemon);
  await workers.register({ worker: ctx.workerId, queues: queueIds });
  const over = new AbortController();
  const heartbeat = new Heartbeat({
    workers,
    workerId: ctx.workerId,
    queues: queueIds,
    tags: options.tags,
    isDaemon: true,
    intervalMs: times.reportMs,
    monitor: daemon.machine.monitor,
    warn,
  });
  const gate = new Gate({ workers, workerId: ctx.workerId, schedule: options.schedule, say: warn });
  const background = Promise.all([heartbeat.run(over.signal), gate.run(over.signal)]);
  try {
    const folders = new RunFolders(ctx.stateFolder);
    for (const left of await recoverRuns(ctx, folders, shutdown)) {
      slots.start(async () => {
        await heartbeat.taskStarted(left.task, left.queue);
        await left.work();
        await heartbeat.taskEnded(left.task);
      });
    }
    options.onReady?.({ workerId: ctx.workerId });
    await takeTasks(daemon, { folders, heartbeat, gate, pollMs: times.pollMs });
    await slots.idle();
  } finally {
    over.abort();
    await background;
    const { stop, handOver } = shutdown;
    await ctx.background.end({ hurry: stop.aborted || handOver.aborted });
    await metrics?.close();
    await workers.unregister({ worker: ctx.workerId, queues: queueIds }).catch(() => undefined);
  }
}

function openMetrics({ ctx, machine, options, slots }: Daemon) {
  return serveMetrics({
    config: options.config,
    workerId: ctx.workerId,
    monitor: machine.monitor,
    running: () => slots.running,
    say: (text) => ctx.logger.info(text),
  });
}

interface Work {
  folders: RunFolders;
  heartbeat: Heartbeat;
  pollMs: number;
  gate: Gate;
}

async function takeTasks(daemon: Daemon, work: Work): Promise<void> {
  const { connection, ctx, shutdown, slots, queueIds, options } = daemon;
  const prepared = new PreparedRun(work.folders);
  const poller = new Poller({
    queues: connection.queues,
    queueIds,
    order: options.order,
    intervalMs: work.pollMs,
    allowed: (queue) => work.gate.allows(queue),
    taskStatus: async (task, signal) =>
      (await ctx.tasks.getStatus(task, { signal, retry: 'forever' }))?.status,
    beforePop: (candidate) => prepared.begin(candidate),
    warn: (text) => ctx.logger.warn(text),
  });
  for (;;) {
    await slots.free(shutdown.drain);
    const pulled = await poller.next(shutdown.drain);
    if (pulled === undefined) break;
    const { folder, journal } = await prepared.take(pulled);
    slots.start(() => runPulled(daemon, work, { pulled, folder, journal }));
  }
  await prepared.discard();
}

async function runPulled(
  daemon: Daemon,
  work: Work,
  taken: { pulled: PulledTask; folder: string; journal: Journal },
): Promise<void> {
  const { ctx, shutdown } = daemon;
  const { task, queue } = taken.pulled;
  await work.heartbeat.taskStarted(task, queue);
  const config = await daemon.reloaded.next();
  const run = await openRun(
    { ...ctx, config, environment: config.env },
    {
      task,
      queue,
      folder: taken.folder,
      journal: taken.journal,
      signals: shutdown,
    },
  );
  await carryOut(run, work.folders, runTask);
  await work.heartbeat.taskEnded(task);
}

/** The run folder and journal of the task that is about to be taken off a queue. */
class PreparedRun {
  readonly #folders: RunFolders;
  #ready: { task: string; folder: string; journal: Journal } | undefined;

  constructor(folders: RunFolders) {
    this.#folders = folders;
  }

  async begin({ task, queue }: { task: string; queue: string }): Promise<void> {
    if (this.#ready?.task !== task) {
      await this.discard();
      const folder = await this.#folders.create(task);
      this.#ready = { task, folder, journal: await Journal.open(folder) };
    }
    await this.#ready.journal.write({ step: 'popping', task, queue });
  }

  /** The server may have given another task than the first one seen; then it gets a folder of its own. */
  async take({ task, queue }: PulledTask): Promise<{ folder: string; journal: Journal }> {
    if (this.#ready?.task !== task) await this.begin({ task, queue });
    const ready = this.#ready;
    if (ready === undefined) throw new Error('unreachable: begin() makes one');
    this.#ready = undefined;
    await ready.journal.write({ step: 'pulled', task, queue });
    return ready;
  }

  async discard(): Promise<void> {
    const ready = this.#ready;
    this.#ready = undefined;
    if (ready === undefined) return;
    await ready.journal.close();
    await this.#folders.remove(ready.folder);
  }
}
