import type { QueuesApi } from '../api/queues.js';
import type { TasksApi } from '../api/tasks.js';
import type { Config } from '../config/config.js';
import type { ResourceShare } from '../container/resources/resource-words.js';
import type { Driver } from '../drivers/driver.js';
import type { GpuReader } from '../gpu/gpu-reader.js';
import type { LogServer } from '../logs/delivery.js';
import type { AgentLogger } from '../logs/logger.js';
import type { Tracing } from '../monitor/tracing/tracing.js';
import type { Redactor } from '../secrets/redactor.js';
import type { BackgroundWork } from './background-work.js';
import type { Hooks } from './hooks/hooks.js';
import type { StatusBoard } from './status-board.js';

/** What every run of a task needs from the agent that runs it; built once at start. */
export interface AgentContext {
  config: Config;
  /** Worker that runs report as; of one run it may be the run's own. */
  workerId: string;
  /** The run is one of many of this daemon (`--services-mode`, `--slots`, `--dynamic-gpus`) and a worker of its own. */
  serviceTask: boolean;
  /** Part that the run has of each of its GPUs, for `CLEARML_AGENT_GPU_FRACTIONS`; absent where nothing was divided. */
  gpuFractions?: string;
  /** Most that the run's task may use; absent where nothing is counted. */
  limits?: ResourceShare;
  /** Token of the task's owner, which the task calls the server with; the agent's credentials stay out of it. */
  authToken?: string;
  /** The run is for the task's owner, who may have logins of their own. */
  forOwner?: true;
  /** Tags that this worker's reports carry; the task gets them as CLEARML_WORKER_TAGS. */
  workerTags: readonly string[];
  hostName: string;
  home: string;
  /** Environment that workloads and tools start from. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Folder of the caches that this agent keeps besides the configured ones. */
  cacheFolder: string;
  gpus: GpuReader;
  /** No network access but to the API. */
  standalone: boolean;
  /** `CLEARML_LOG_LEVEL` of tasks. */
  taskLogLevel: string;
  /** `-O` flags of the task's Python. */
  pythonFlags: readonly string[];
  /** State folder of this worker. */
  stateFolder: string;
  tasks: TasksApi;
  /** Where console lines go. */
  logServer: LogServer;
  queues: QueuesApi;
  /** Runs new tasks. */
  driver: Driver;
  /** All that are open, by their kind: runs of an earlier daemon may need another. */
  drivers: ReadonlyMap<string, Driver>;
  redactor: Redactor;
  logger: AgentLogger;
  background: BackgroundWork;
  /** Programs of the operator. */
  hooks: Hooks;
  /** Where the variables of OpenTelemetry ask for traces. */
  tracing: Tracing | undefined;
  /** Code and packages of a failed run stay until the next one has failed. */
  keepsFailed: boolean;
  /** False on all nodes of a multi-node task but the first, which alone tells the server. */
  reportsStatus: boolean;
  /** Tells a running task's status, which is asked for together with those of all others. */
  statuses: StatusBoard;
  /** Milliseconds between the polite signal and the kill. */
  killGraceMs: number;
}

/** An operator's wish that tasks end before they are done. */
export interface StopOrder {
  /** `agent daemon --stop`, `SIGTERM` */
  cause: string;
  /** Tasks go back to the front of their queues instead of ending as stopped. */
  requeue: boolean;
}

/** What becomes known of a run while it is under way. */
export interface RunFacts {
  /** The task's. */
  name?: string;
  /** Id of its project. */
  project?: string;
  /** Kind of the place that its command runs in: `local`, `docker`. */
  place?: string;
  /** GPUs that it is pinned to, as `--gpus` names them. */
  devices?: readonly string[];
}

/** Where a run tells how it is, for whoever shows it. */
export interface RunWatcher {
  facts(facts: RunFacts): void;
  /** A phase begins. */
  phase(title: string): void;
  /** Text for the task's log, redacted, of one or more lines or a part of one. */
  text(text: string): void;
}

/** What may end a run from outside. */
export interface RunSignals {
  /** Ends the workload and reports the task as stopped. */
  stop: AbortSignal;
  /** Cuts every grace of `stop` short. */
  kill: AbortSignal;
  /** Lets go of the workload, which continues; a later daemon attaches to it. */
  handOver: AbortSignal;
  /** On whose behalf `stop` was aborted; none for a task that its own user stops (`agent execute`). */
  readonly order?: StopOrder | undefined;
}
