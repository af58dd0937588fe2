import { rmdir } from 'node:fs/promises';
import path from 'node:path';
import type { CallOptions } from '../api/client.js';
import { resolveName } from '../api/resolve-name.js';
import type { TaskRecord } from '../api/task-record.js';
import type { TaskQuery } from '../api/tasks.js';
import type { Config } from '../config/config.js';
import type { DriverChoice } from '../drivers/module.js';
import { AgentError } from '../errors.js';
import type { AgentLogger } from '../logs/logger.js';
import { ensureFolder } from '../os/files.js';
import { acquireLock } from '../os/lock.js';
import { workerFolder } from '../os/paths.js';
import { RunFolders, runLock } from '../runs/folders.js';
import { Journal, type SingleRun } from '../runs/journal.js';
import type { Redactor } from '../secrets/redactor.js';
import { changedBy } from '../task/claim.js';
import type { AgentContext } from '../task/context.js';
import { runTask } from '../task/run.js';
import { requireNamed, requireTable } from './admission/check-gpus.js';
import { claimOwnDevices, type OwnDevices } from './admission/own-devices.js';
import { releaseGrant } from './admission/release-grant.js';
import { checkRunnable } from './check-runnable.js';
import { type Connection, connect } from './connect.js';
import { previewRunLine } from './driver-host.js';
import { effectiveConfig } from './effective-config.js';
import { type Ending, isShutdown } from './ending.js';
import { Heartbeat } from './heartbeat.js';
import { intervals } from './intervals.js';
import { leaveQueue } from './leave-queue.js';
import { nodeRank } from './node-rank.js';
import { carryOut, openRun } from './runs/manage-run.js';
import { withToken } from './runs/run-contexts.js';
import { settleSingleRuns } from './runs/single-runs.js';
import { watchShutdown } from './shutdown.js';
import { lookAtMachine, openWorker, type TaskOptions } from './worker.js';

export interface ExecuteOptions {
  config: Config;
  home: string;
  state: string;
  logger: AgentLogger;
  redactor: Redactor;
  /** Id or name of the task. */
  task: string;
  clone: boolean;
  /** Refuse a task that waits in no queue. */
  requireQueue: boolean;
  /** Send neither console, machine reports nor the final status; the task's own SDK still does what it does. */
  silent: boolean;
  workerId: string;
  tags: readonly string[];
  taskOptions: TaskOptions;
  /** Where the task runs; on this machine without it. */
  driver?: DriverChoice | undefined;
  /** GPUs of `--gpus`; absent where the flag is not given or has no effect. */
  namedGpus?: string | undefined;
  /** Print the container's `docker run` line and leave everything as it is. */
  dryRun: boolean;
  print(line: string): void;
  signals: NodeJS.EventEmitter;
  /** The end of the terminal is no reason to stop. */
  ignoresHangup?: boolean;
  leave(status: number): void;
}

/**
 * Runs one task on this machine, now.
 *
 * @returns the exit status of the task's command
 * @throws AgentError TASK_NOT_FOUND, TASK_INVALID, and what the connection to the server throws
 */
export async function executeTask(given: ExecuteOptions): Promise<number> {
  const running = { yes: false };
  const shutdown = watchShutdown({
    source: given.signals,
    say: (text) => given.logger.info(text),
    leave: given.leave,
    running: () => (running.yes ? 1 : 0),
    single: true,
    ignoresHangup: given.ignoresHangup ?? false,
  });
  try {
    const connection = await connect({ ...given, wait: true, signal: shutdown.drain });
    const options = { ...given, config: await effectiveConfig({ ...given, connection }) };
    if (options.dryRun) return await previewTask(connection, options);
    // Before the task leaves its queue or is cloned: a run that cannot be kept anywhere, or has no engine, takes none.
    const folder = workerFolder(options.state, options.workerId);
    await ensureFolder(folder);
    const record = await connection.tasks.getById(await taskId(connection, options, shutdown.drain), {
      signal: shutdown.drain,
    });
    const worker = await prepareWorker({ options, connection, shutdown }, folder);
    await requireNamed(options.namedGpus, worker.ctx.gpus, (line) => worker.ctx.logger.warn(line));
    await requireTable(options, worker.ctx.gpus);
    const devices = await ownDevices({ ...options, task: record.id }, worker.ctx, shutdown.drain);
    try {
      const task = await chooseTask({ options, connection, shutdown }, worker.ctx, record);
      running.yes = true;
      return await runOne({ options, connection, shutdown, worker, task, devices });
    } finally {
      await devices?.close();
    }
  } catch (error) {
    if (isShutdown(error, shutdown)) return INTERRUPTED;
    throw error;
  } finally {
    shutdown.close();
    await removeEmpty(workerFolder(given.state, given.workerId));
  }
}

/** Exit status of what was interrupted before it began. */
const INTERRUPTED = 130;

/** The first node of a task of several claims the GPUs; others on the same machine have them with it. */
async function ownDevices(
  { config, state, task }: ExecuteOptions,
  ctx: AgentContext,
  signal: AbortSignal,
): Promise<OwnDevices | undefined> {
  return nodeRank(config) === 0 ? claimOwnDevices(ctx, { state, task }, signal) : undefined;
}

/** `--dry-run` */
async function previewTask(connection: Connection, options: ExecuteOptions): Promise<number> {
  const { driver: choice } = options;
  if (choice === undefined) throw new AgentError('INTERNAL', 'a dry run without a driver');
  const record = await connection.tasks.getById(await taskId(connection, options));
  const { gpus } = lookAtMachine({ ...options, connection });
  options.print(await previewRunLine({ ...options, connection, choice, gpus }, record));
  return 0;
}

function taskId({ tasks }: Connection, options: ExecuteOptions, signal?: AbortSignal): Promise<string> {
  const lookup = {
    kind: 'task',
    getAll: (query: TaskQuery, call?: CallOptions) => tasks.getAll(query, call),
  } as const;
  return resolveName(options.task, lookup, signal === undefined ? {} : { signal });
}

async function chooseTask(
  { options, connection, shutdown }: Session,
  ctx: AgentContext,
  record: TaskRecord,
): Promise<string> {
  const { id, status } = record;
  if (options.clone) {
    await checkRunnable(ctx, record, shutdown.drain);
    return cloneOf(connection, options, record);
  }
  await leaveQueue(connection, options, { id, queued: status === 'queued' });
  return id;
}

async function cloneOf(
  { tasks }: Connection,
  { logger }: ExecuteOptions,
  { id, name }: TaskRecord,
): Promise<string> {
  const clone = await tasks.clone({ task: id, new_task_name: `Clone of ${name ?? id}` });
  logger.info(`task ${id} was cloned; running ${clone}`);
  return clone;
}

/** A run that tells nothing else tells this: the final status of an earlier run would end it at once. */
async function markStarted({ tasks }: Connection, options: ExecuteOptions, task: string): Promise<void> {
  if (nodeRank(options.config) !== 0) return;
  await tasks.started({
    task,
    status_reason: 'worker started execution',
    status_message: changedBy(options.workerId),
    force: true,
  });
}

/** What another agent needs to know to settle this run, should this one not live to do it. */
function singleRun({ config, silent, workerId }: ExecuteOptions): { single?: SingleRun } {
  const server = config.api.apiServer;
  return silent || server === undefined || nodeRank(config) !== 0
    ? {}
    : { single: { server, worker: workerId } };
}

/** What earlier ones left is reported beside the task. */
function settleEarlier(ctx: AgentContext, { state, config }: ExecuteOptions): void {
  const server = config.api.apiServer;
  if (!ctx.reportsStatus || server === undefined) return;
  ctx.background.start((over) =>
    settleSingleRuns(ctx, { state, server }, { stop: over, kill: over, handOver: over }),
  );
}

interface Session {
  options: ExecuteOptions;
  connection: Connection;
  shutdown: Ending;
}

interface Execution extends Session {
  worker: { ctx: AgentContext; heartbeat: Heartbeat };
  task: string;
  devices: OwnDevices | undefined;
}

/** A clone whose run cannot begin stays on the server, so its id is logged. */
async function runOne(execution: Execution): Promise<number> {
  const { options, task } = execution;
  try {
    return await runChosen(execution);
  } catch (error) {
    if (options.clone) options.logger.error(`the clone ${task} stays on the server`);
    throw error;
  }
}

async function runChosen({
  options,
  connection,
  task,
  shutdown,
  worker,
  devices,
}: Execution): Promise<number> {
  const { ctx, heartbeat } = worker;
  if (options.silent) await markStarted(connection, options, task);
  const folders = new RunFolders(ctx.stateFolder);
  const runFolder = await folders.create(task);
  const release = await acquireLock(runLock(runFolder), { timeoutMs: 0, what: `the run in ${runFolder}` });
  const journal = await Journal.open(runFolder);
  const grant = devices?.grant;
  const held = grant?.record === undefined ? {} : { grant: grant.record };
  await journal.write({ step: 'pulled', task, queue: undefined, ...singleRun(options), ...held });
  await grant?.begin({ task, folder: runFolder });
  const over = new AbortController();
  const beating = options.silent ? undefined : heartbeat.run(over.signal);
  settleEarlier(ctx, options);
  try {
    const request = { task, queue: undefined, folder: runFolder, journal, signals: shutdown };
    const run = await openRun(ctx, {
      ...request,
      ...(devices === undefined ? {} : { onGpuFault: (fault) => devices.failed(fault) }),
      ...(options.silent ? {} : { onClaimed: () => heartbeat.taskStarted(task, undefined) }),
    });
    const result = await carryOut(run, folders, runTask);
    return result === undefined || result === 'handed-over' ? 1 : result.exitStatus;
  } finally {
    over.abort();
    await beating;
    if (grant !== undefined) await releaseGrant(grant, journal, (line) => ctx.logger.warn(line));
    await release();
    await ctx.background.end({ hurry: shutdown.stop.aborted });
    await ctx.tracing?.end();
    if (!options.silent)
      await connection.workers
        .unregister({ worker: options.workerId }, { retry: 'none' })
        .catch(() => undefined);
  }
}

/** What a daemon's worker has as well: the context of its runs and its reports on the machine. */
async function prepareWorker(
  { options, connection, shutdown }: Session,
  folder: string,
): Promise<{ ctx: AgentContext; heartbeat: Heartbeat }> {
  const times = intervals(options.config, undefined);
  const { ctx: built, machine } = await openWorker({
    ...options,
    connection,
    folder,
    workerTags: options.tags,
    keepsFailed: false,
    handOver: shutdown.handOver,
  });
  const ctx = await withToken(built, connection);
  const heartbeat = new Heartbeat({
    workers: connection.workers,
    workerId: options.workerId,
    queues: () => [],
    tags: () => options.tags,
    isDaemon: false,
    intervalMs: times.reportMs,
    monitor: machine.monitor,
    warn: (text) => ctx.logger.warn(text),
  });
  return { ctx, heartbeat };
}

/** The state folder of this process alone; what a run that is not reported needs stays. */
async function removeEmpty(folder: string): Promise<void> {
  for (const one of [path.join(folder, 'runs'), folder]) await rmdir(one).catch(() => undefined);
}
