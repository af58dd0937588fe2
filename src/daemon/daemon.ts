import { requireOwnerTokens } from '../api/owner.js';
import type { Config } from '../config/config.js';
import { ReloadedConfig } from '../config/reload.js';
import type { DriverChoice } from '../drivers/module.js';
import { GpuReader } from '../gpu/gpu-reader.js';
import type { AgentLogger } from '../logs/logger.js';
import type { Release } from '../os/lock.js';
import { preferSmallMemory } from '../os/memory.js';
import { type Registration, registerWorker } from '../runs/registry.js';
import type { Redactor } from '../secrets/redactor.js';
import { checkHooks, hookSettings } from '../task/hooks/hook-settings.js';
import type { QueueAssignment } from './admission/assignments.js';
import { checkGpus, requireTable } from './admission/check-gpus.js';
import { gpuColumns, openAdmission } from './admission/open-admission.js';
import { refuseOverlap } from './admission/other-daemons.js';
import { announcement, shareColumns, tellMissingGpus } from './announcement.js';
import { type Connection, connect } from './connect.js';
import { ControlSocket } from './control.js';
import { DaemonReadings } from './daemon-reading.js';
import { effectiveConfig } from './effective-config.js';
import { type Ending, isShutdown } from './ending.js';
import { killGraceMs } from './intervals.js';
import { type QueueLimit, withLimits } from './queues/queue-limits.js';
import { checkWeights } from './queues/queue-order.js';
import { findQueues, makeMissing, type ResolvedQueue } from './queues/resolve-queues.js';
import type { Schedule } from './queues/schedule.js';
import { RunBoard } from './runs/run-board.js';
import { RunStops } from './runs/run-stops.js';
import { serve } from './serve.js';
import { serverWideId } from './server-wide-id.js';
import { watchShutdown } from './shutdown.js';
import { runsMany, slotLimits } from './slot-limits.js';
import { Slots } from './slots.js';
import { openWorker, type TaskOptions } from './worker.js';

export interface DaemonOptions {
  config: Config;
  /** Reads the configuration again, for `agent.reload_config`. */
  reread?: () => Config;
  home: string;
  state: string;
  logger: AgentLogger;
  redactor: Redactor;
  /** Names or ids with their weights, in order of importance; empty: the server's default queue. */
  queues: readonly string[];
  /** The same with what their tasks take. */
  assigned: readonly QueueAssignment[];
  /** `--queue-limit` */
  queueLimits?: readonly QueueLimit[];
  /** `--dynamic-gpus`: the GPUs that are given out between tasks, as `--gpus` names them. */
  dynamicGpus?: readonly string[] | undefined;
  /** GPUs of `--gpus`; absent where the flag is not given or has no effect. */
  namedGpus?: string | undefined;
  /** `--slots` */
  slots?: number | undefined;
  createQueues: boolean;
  order: 'priority' | 'fair';
  /** `--polling-interval` in seconds, where given. */
  pollingInterval?: number;
  tags: readonly string[] | undefined;
  /** Many tasks at once, each a worker of its own; without a limit as many as there are. */
  services?: { limit: number | undefined } | undefined;
  /** Tasks run with the identity of their owners. */
  ownerTokens: boolean;
  schedule: Schedule;
  /** Worker ids to try, in order. */
  workerIds: Iterable<string>;
  /** Wait for a server that is away at start, instead of failing. */
  wait: boolean;
  logFile?: string;
  /** Where tasks run; on this machine without it. */
  driver?: DriverChoice | undefined;
  taskOptions: TaskOptions;
  /** Where shutdown signals come from. */
  signals: NodeJS.EventEmitter;
  /** The end of the terminal is no reason to stop. */
  ignoresHangup?: boolean;
  leave(status: number): void;
  /** Called once tasks are being asked for. */
  onReady?(daemon: { workerId: string }): void;
}

/**
 * The daemon, from start to end: makes its parts, hands them to each other, and takes tasks until it has to
 * end.
 *
 * @returns the exit status
 */
export async function runDaemon(given: DaemonOptions): Promise<number> {
  preferSmallMemory();
  const { logger } = given;
  const limits = slotLimits(given);
  const slots = new Slots(limits);
  const board = new RunBoard();
  const stops = new RunStops();
  const readings = new DaemonReadings({ board, slots, limits });
  const shutdown = watchShutdown({
    source: given.signals,
    say: (text) => logger.info(text),
    leave: given.leave,
    running: () => slots.running,
    ignoresHangup: given.ignoresHangup ?? false,
    leavesRunning: given.services !== undefined && given.driver !== undefined,
  });
  try {
    const gpus = await checkMachine(given);
    const ids = [...given.workerIds];
    let registration = await registerWorker(given.state, ids);
    const control = new ControlSocket({
      ending: shutdown,
      slots,
      stops,
      readings,
      graceMs: killGraceMs(given.config),
      warn: (text) => logger.warn(text),
    });
    const releases: Release[] = [];
    try {
      // A daemon that waits for its server is found by `--stop`, too.
      await publish(registration, given);
      await control.listen(registration);
      const connection = await connect({ ...given, signal: shutdown.drain });
      if (given.ownerTokens) requireOwnerTokens(connection.client);
      const reloaded = await reloadedConfig(given, connection);
      const options = { ...given, config: await reloaded.next() };
      const queues = await servedQueues(connection, { ...options, signal: shutdown.drain });
      const unique = await serverWideId(registration, {
        ...connection,
        server: connection.client.server,
        queues: queues.map(({ id }) => id),
        signal: shutdown.drain,
        logger,
        isFixed: ids.length === 1,
        next: async (taken) => {
          registration = await registerWorker(given.state, ids.slice(ids.indexOf(taken.workerId) + 1));
          await publish(registration, given);
          await control.listen(registration);
          await taken.release();
          return registration;
        },
      });
      releases.push(unique.release);
      readings.showQueues(queues);
      const parts = { shutdown, slots, board, stops, readings, gpus };
      await runRegistered({ options, connection, reloaded, queues, registration, ...parts });
    } finally {
      for (const release of releases) await release();
      await control.close();
      await registration.release();
    }
    return 0;
  } catch (error) {
    if (isShutdown(error, shutdown)) return 0;
    throw error;
  } finally {
    shutdown.close();
  }
}

/**
 * Checks what needs no server, before anything is registered, made or taken.
 *
 * @returns the reader of the GPUs, which has asked the tool where the flags need that
 * @throws AgentError USAGE, GPU_TABLE, CONFIG_VALUE
 */
async function checkMachine(given: DaemonOptions): Promise<GpuReader> {
  const { config, home, logger } = given;
  const warn = (line: string) => logger.warn(line);
  await refuseOverlap(given);
  const gpus = new GpuReader({ env: config.env, warn });
  await checkGpus(given, gpus, warn);
  await requireTable(given, gpus);
  await checkHooks(hookSettings(config, home));
  return gpus;
}

/** All that may be wrong with them is known before the first missing one is made. */
async function servedQueues(
  { queues: api }: Connection,
  options: DaemonOptions & { signal: AbortSignal },
): Promise<readonly ResolvedQueue[]> {
  const found = withLimits(await findQueues(api, options), options.queueLimits ?? []);
  checkWeights(options.order, found);
  return makeMissing(api, found, options);
}

interface Registered {
  options: DaemonOptions;
  connection: Connection;
  reloaded: ReloadedConfig;
  queues: readonly ResolvedQueue[];
  registration: Registration;
  shutdown: Ending;
  slots: Slots;
  board: RunBoard;
  stops: RunStops;
  readings: DaemonReadings;
  gpus: GpuReader;
}

/** With a worker id of its own: makes what that belongs to, and takes tasks. */
async function runRegistered(daemon: Registered): Promise<void> {
  const { connection, queues, registration } = daemon;
  const logger = daemon.options.logger.child({ worker: registration.workerId });
  const options = { ...daemon.options, logger };
  const { handOver } = daemon.shutdown;
  const { ctx, machine } = await openWorker({
    ...options,
    connection,
    gpus: daemon.gpus,
    handOver,
    workerId: registration.workerId,
    folder: registration.folder,
    workerTags: options.tags ?? [],
    silent: false,
    // With many runs at once, no single one is worth reporting.
    keepsFailed: !runsMany(options),
    ...(options.dynamicGpus === undefined ? {} : { gpuFractions: '0' }),
  });
  await publish(registration, options, queues);
  const call = { worker: ctx.workerId, facts: { gpus: ctx.environment.NVIDIA_VISIBLE_DEVICES || undefined } };
  const admission = await openAdmission(options, ctx, queues);
  try {
    const columns = [...gpuColumns(options, queues), ...shareColumns(queues)];
    for (const line of announcement(registration.workerId, queues, columns)) logger.info(line);
    if (options.namedGpus === undefined && options.dynamicGpus === undefined)
      void tellMissingGpus(machine.gpus, options.config.env, (line) => logger.warn(line));
    await ctx.hooks.run('agent_start', { ...call, signal: daemon.shutdown.drain });
    await serve({ ...daemon, options, ctx, machine, admission }).finally(() =>
      ctx.hooks.run('agent_stop', call),
    );
  } finally {
    await admission.close();
  }
}

/** @param found the queues on the server, once they are known */
function publish(
  registration: Registration,
  { logFile, dynamicGpus, queues }: DaemonOptions,
  found?: readonly ResolvedQueue[],
) {
  return registration.publish({
    queues: found === undefined ? [...queues] : found.map(({ name }) => name),
    ...(found === undefined ? {} : { queueIds: found.map(({ id }) => id) }),
    ...(logFile ? { logFile } : {}),
    ...(dynamicGpus ? { dynamicGpus: [...dynamicGpus] } : {}),
  });
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
