import { hostname } from 'node:os';
import path from 'node:path';
import type { TasksApi } from '../api/tasks.js';
import type { Config } from '../config/config.js';
import type { Driver } from '../drivers/driver.js';
import { LocalDriver } from '../drivers/local/local-driver.js';
import type { GpuReader } from '../gpu/gpu-reader.js';
import type { LogServer } from '../logs/delivery.js';
import type { AgentLogger } from '../logs/logger.js';
import { configSecrets } from '../secrets/config-secrets.js';
import type { Redactor } from '../secrets/redactor.js';
import { BackgroundWork } from '../task/background-work.js';
import type { AgentContext } from '../task/context.js';
import { StatusBoard } from '../task/status-board.js';
import type { Connection } from './connect.js';
import { killGraceMs } from './intervals.js';
import { nameRank, nodeRank } from './node-rank.js';

/** Flags that change how tasks run, whatever command runs them. */
export interface TaskOptions {
  standalone: boolean;
  logLevel: string;
  /** `-O`, `-OO` */
  pythonFlags: readonly string[];
}

export interface ContextParts {
  config: Config;
  home: string;
  logger: AgentLogger;
  redactor: Redactor;
  connection: Connection;
  workerId: string;
  /** State folder of this worker. */
  folder: string;
  abortPollMs: number;
  workerTags: readonly string[];
  state: string;
  gpus: GpuReader;
  /** Runs tasks in containers; without it they run on this machine. */
  docker: Driver | undefined;
  task: TaskOptions;
  /** Stops watching workloads that continue without this process. */
  handOver: AbortSignal;
  keepsFailed: boolean;
  /** Send nothing to the server: no console, no status. */
  silent: boolean;
}

/** Takes console lines that are to stay on this machine. */
const NOWHERE: LogServer = {
  deliver: async (events) => ({ kind: 'accepted', added: events.length }),
  stored: async () => ({ kind: 'events', events: [] }),
};

/** Makes what every run needs, from the parts that the daemon or `execute` has made. */
export function buildContext(parts: ContextParts): AgentContext {
  const { config, connection } = parts;
  const environment = config.env;
  return {
    config,
    workerId: parts.workerId,
    serviceTask: false,
    workerTags: parts.workerTags,
    hostName: hostname(),
    home: parts.home,
    environment,
    stateFolder: parts.folder,
    cacheFolder: path.join(parts.state, 'cache'),
    gpus: parts.gpus,
    standalone: parts.task.standalone,
    taskLogLevel: parts.task.logLevel,
    pythonFlags: parts.task.pythonFlags,
    tasks: connection.tasks,
    logServer: parts.silent ? NOWHERE : nameRank(connection.events, config),
    queues: connection.queues,
    drivers: { local: new LocalDriver({ environment, signal: parts.handOver }), docker: parts.docker },
    redactor: parts.redactor,
    logger: parts.logger,
    background: new BackgroundWork(parts.logger),
    keepsFailed: parts.keepsFailed,
    reportsStatus: !parts.silent && nodeRank(config) === 0,
    statuses: statusBoard(connection.tasks, parts.abortPollMs),
    killGraceMs: killGraceMs(config),
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
