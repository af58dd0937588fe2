import { hostname } from 'node:os';
import path from 'node:path';
import type { TasksApi } from '../api/tasks.js';
import type { Config } from '../config/config.js';
import type { DriverChoice } from '../drivers/module.js';
import { GpuReader } from '../gpu/gpu-reader.js';
import type { LogServer } from '../logs/delivery.js';
import type { AgentLogger } from '../logs/logger.js';
import { MachineMonitor } from '../monitor/machine-monitor.js';
import { openTracing } from '../monitor/tracing/tracing.js';
import { configSecrets } from '../secrets/config-secrets.js';
import type { Redactor } from '../secrets/redactor.js';
import { BackgroundWork } from '../task/background-work.js';
import type { AgentContext } from '../task/context.js';
import { checkHooks, hookSettings } from '../task/hooks/hook-settings.js';
import { Hooks } from '../task/hooks/hooks.js';
import { StatusBoard } from '../task/status-board.js';
import type { Connection } from './connect.js';
import { openDrivers } from './driver-host.js';
import { intervals, killGraceMs } from './intervals.js';
import { nameRank, nodeRank } from './node-rank.js';

/** Flags that change how tasks run, whatever command runs them. */
export interface TaskOptions {
  standalone: boolean;
  logLevel: string;
  /** `-O`, `-OO` */
  pythonFlags: readonly string[];
}

export interface WorkerParts {
  config: Config;
  home: string;
  logger: AgentLogger;
  redactor: Redactor;
  connection: Connection;
  workerId: string;
  /** State folder of the agents of this user. */
  state: string;
  /** State folder of this worker. */
  folder: string;
  /** `--polling-interval` in seconds, where given. */
  pollingInterval?: number | undefined;
  workerTags: readonly string[];
  /** Where tasks run; on this machine without it. */
  driver?: DriverChoice | undefined;
  /** Reader of the machine's GPUs, where there is one already. */
  gpus?: GpuReader;
  taskOptions: TaskOptions;
  /** Stops watching workloads that continue without this process. */
  handOver: AbortSignal;
  keepsFailed: boolean;
  /** Send nothing to the server: no console, no status. */
  silent: boolean;
  /** Part of each GPU that the worker itself reports; that of the environment without it. */
  gpuFractions?: string;
}

/** This machine as the agent sees it: its GPUs and its load. */
export interface Machine {
  gpus: GpuReader;
  monitor: MachineMonitor;
}

export interface Worker {
  ctx: AgentContext;
  machine: Machine;
}

/** Takes console lines that are to stay on this machine. */
const NOWHERE: LogServer = {
  deliver: async (events) => ({ kind: 'accepted', added: events.length }),
  stored: async () => ({ kind: 'events', events: [] }),
};

/**
 * Makes what every run needs, for the daemon, `execute` and `build`.
 *
 * @throws AgentError for a driver that cannot work here, such as DOCKER_ENGINE
 */
export async function openWorker(parts: WorkerParts): Promise<Worker> {
  const { config, connection, taskOptions } = parts;
  const machine = lookAtMachine(parts);
  const { gpus } = machine;
  const { main, all } = await openDrivers({ ...parts, choice: parts.driver, gpus, signal: parts.handOver });
  const settings = hookSettings(config, parts.home);
  for (const warning of settings.warnings) parts.logger.warn(warning);
  await checkHooks(settings);
  const ctx: AgentContext = {
    config,
    workerId: parts.workerId,
    serviceTask: false,
    workerTags: parts.workerTags,
    hostName: hostname(),
    home: parts.home,
    environment: config.env,
    stateFolder: parts.folder,
    cacheFolder: path.join(parts.state, 'cache'),
    gpus,
    standalone: taskOptions.standalone,
    taskLogLevel: taskOptions.logLevel,
    pythonFlags: taskOptions.pythonFlags,
    tasks: connection.tasks,
    logServer: parts.silent ? NOWHERE : nameRank(connection.events, config),
    queues: connection.queues,
    driver: main,
    drivers: all,
    redactor: parts.redactor,
    logger: parts.logger,
    background: new BackgroundWork(parts.logger),
    hooks: new Hooks({ settings, env: config.env, host: hostname(), logger: parts.logger }),
    tracing: await openTracing({
      config,
      warn: (text) => parts.logger.warn(text),
      hide: (...secrets) => parts.redactor.add(...secrets),
    }),
    keepsFailed: parts.keepsFailed,
    reportsStatus: !parts.silent && nodeRank(config) === 0,
    statuses: statusBoard(connection.tasks, intervals(config, parts.pollingInterval).abortPollMs),
    killGraceMs: killGraceMs(config),
  };
  return { ctx, machine };
}

type MachineParts = Pick<WorkerParts, 'config' | 'home' | 'connection' | 'logger' | 'gpus' | 'gpuFractions'>;

export function lookAtMachine(parts: MachineParts): Machine {
  const { config, home, connection, logger, gpuFractions } = parts;
  const gpus = parts.gpus ?? new GpuReader({ env: config.env, warn: (text) => logger.warn(text) });
  const { NVIDIA_VISIBLE_DEVICES, CUDA_VISIBLE_DEVICES } = config.env;
  const visible = (NVIDIA_VISIBLE_DEVICES || CUDA_VISIBLE_DEVICES)?.replaceAll(':', '.');
  const { featureSet } = connection.client.claims;
  return {
    gpus,
    monitor: new MachineMonitor({ config, home, gpus, visible, featureSet, fractions: gpuFractions }),
  };
}

/** A server that is away is asked again in the next round. */
export function statusBoard(tasks: TasksApi, intervalMs: number): StatusBoard {
  return new StatusBoard({
    intervalMs,
    read: (ids, signal) => tasks.getStatuses(ids, { signal, retry: 'none' }),
  });
}

/** Everything in the configuration and the environment that must not show up in a log. */
export function registerSecrets(redactor: Redactor, config: Config): void {
  redactor.add(...configSecrets(config));
}
