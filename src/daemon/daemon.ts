import { requireOwnerTokens } from '../api/owner.js';
import type { Config } from '../config/config.js';
import { ReloadedConfig } from '../config/reload.js';
import type { GpuReader } from '../gpu/gpu-reader.js';
import type { AgentLogger } from '../logs/logger.js';
import type { Redactor } from '../logs/redactor.js';
import { preferSmallMemory } from '../os/memory.js';
import { announcement } from './announcement.js';
import { buildContext, type TaskOptions } from './build-context.js';
import { type Connection, connect } from './connect.js';
import type { ContainerMode } from './container-mode.js';
import { effectiveConfig } from './effective-config.js';
import { intervals } from './intervals.js';
import { lookAtMachine } from './machine.js';
import { tellMissingGpus } from './missing-gpus.js';
import { registerWorker } from './registry.js';
import { resolveQueues } from './resolve-queues.js';
import type { Schedule } from './schedule.js';
import { serve } from './serve.js';
import { isShutdown, watchShutdown } from './shutdown.js';
import { type SlotLimits, Slots } from './slots.js';

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
  const slots = new Slots(slotLimits(given));
  const shutdown = watchShutdown({
    source: given.signals,
    say: (text) => logger.info(text),
    leave: given.leave,
    busy: () => slots.running > 0,
    leavesRunning: given.services !== undefined && given.containers !== undefined,
  });
  try {
    const connection = await connect({ ...given, signal: shutdown.drain });
    if (given.ownerTokens) requireOwnerTokens(connection.client);
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
        gpus: machine.gpus,
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
        // Of many runs at once none is the one that somebody wants to look at.
        keepsFailed: options.services === undefined,
        handOver: shutdown.handOver,
        gpus: machine.gpus,
        task: options.taskOptions,
      });
      for (const line of announcement(registration.workerId, queues)) logger.info(line);
      void tellMissingGpus(machine.gpus, options.config.env, (line) => logger.warn(line));
      await registration.publish({
        queues: queues.map(({ name }) => name),
        ...(options.logFile ? { logFile: options.logFile } : {}),
      });
      await serve({
        options,
        connection,
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
  } catch (error) {
    if (isShutdown(error, shutdown)) return 0;
    throw error;
  } finally {
    shutdown.close();
  }
}

/** The driver of `--docker` and `--podman`; `undefined` without them. */
async function openContainers(
  { containers, ...options }: DaemonOptions,
  parts: { connection: Connection; workerId: string; gpus: GpuReader; signal: AbortSignal },
) {
  if (containers === undefined) return undefined;
  const { containerDriver } = await import('./container-mode.js');
  return containerDriver({ ...options, ...parts, mode: containers, silent: false });
}

/** Set-ups of services that go on at once. */
const SERVICES_PREPARING = 4;

function slotLimits({ services }: DaemonOptions): SlotLimits {
  if (services === undefined) return { running: 1, preparing: 1 };
  return { running: services.limit ?? Number.POSITIVE_INFINITY, preparing: SERVICES_PREPARING };
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
