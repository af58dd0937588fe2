import type { TaskRecord } from '../api/task-record.js';
import type { GpuFault } from '../gpu/gpu-fault.js';
import type { TaskLog } from '../logs/task-log.js';
import type { RunTrace } from '../monitor/tracing/tracing.js';
import type { Upkeep } from '../python/environment-request.js';
import type { Journal } from '../runs/journal.js';
import type { LaunchedCommand } from './abort/abort-command.js';
import type { Halt } from './abort/halt.js';
import type { AgentContext, RunSignals, RunWatcher } from './context.js';
import type { GpuWatch } from './gpu-watch.js';
import type { PendingReason } from './pending-reason.js';
import type { PhaseClock } from './phase-clock.js';
import type { TimeLimit } from './time-limit.js';

/** One run of one task, with what belongs to it alone. */
export interface TaskRun {
  ctx: AgentContext;
  task: string;
  queue: string | undefined;
  /** When it was put there, by the server's clock; unknown after a restart of the daemon. */
  queuedAt?: string;
  /** Folder of the run: journal, log, output, configuration for the task. */
  folder: string;
  journal: Journal;
  log: TaskLog;
  signals: RunSignals;
  clock: PhaseClock;
  /** Of the run, where traces are exported. */
  trace?: RunTrace;
  gpus: GpuWatch;
  /** Retries before this attempt. */
  retries: number;
  /** How long it may take; absent for a task that states none. */
  timeLimit?: TimeLimit;
  watcher?: RunWatcher;
  /** Told that the task is this worker's now. */
  onClaimed?(): Promise<void>;
  /** Told that the task's command runs. */
  onLaunched?(): void;
  /** As `PlaceRequest.waiting`. `busy` settles when nothing is done for the run beside. */
  waiting?<T>(wait: () => Promise<T>, busy: Promise<unknown>, signal: AbortSignal): Promise<T>;
  /** Told that the task is about to go back to its queue after a failure of this machine. */
  onRetry?(): void;
  /** Told what is wrong with the GPUs of the task. */
  onGpuFault?(fault: GpuFault): Promise<void>;
  /** Watches the task's status, also while the rest of the log is sent. */
  halt?: Halt;
  /** The command that this process has launched; one that an earlier daemon launched is not known. */
  launched?: LaunchedCommand;
  /** The task as it was claimed; not known of one that an earlier daemon claimed. */
  record?: TaskRecord;
  /** Why a scheduler lets the task wait, for the server. */
  pending?: PendingReason;
  /** Ends with the hook that runs beside the stop of the task. */
  abortHook?: Promise<void>;
  /**
   * Reports to the server about the task while it is prepared; waited for before the command starts, and before the end
   * is reported.
   */
  notes: Promise<void>[];
  /** Work on caches that waits for the command to have started. */
  upkeep: Upkeep[];
}
