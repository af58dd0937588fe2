import type { ReloadedConfig } from '../config/reload.js';
import type { RunMetrics } from '../monitor/run-metrics.js';
import { RunFolders } from '../runs/folders.js';
import type { AgentContext } from '../task/context.js';
import type { Admission } from './admission/admission.js';
import { changeOf } from './admission/change-of.js';
import type { Connection } from './connect.js';
import type { DaemonOptions } from './daemon.js';
import type { DaemonReadings } from './daemon-reading.js';
import type { Ending } from './ending.js';
import { endingTags } from './ending-state.js';
import { Heartbeat } from './heartbeat.js';
import type { Intervals } from './intervals.js';
import { type FailureTally, serveMetrics } from './metrics.js';
import { Owners } from './owners.js';
import { Gate } from './queues/gate.js';
import { LastActivity } from './queues/last-activity.js';
import type { Pace } from './queues/pace.js';
import { QueueWait } from './queues/queue-wait.js';
import type { ResolvedQueue } from './queues/resolve-queues.js';
import { RetryPause } from './queues/retry-pause.js';
import { ServedQueues } from './queues/served-queues.js';
import { VanishedTasks } from './queues/vanished-tasks.js';
import { putBackVanished } from './runs/recover.js';
import type { RunBoard } from './runs/run-board.js';
import { RunContexts } from './runs/run-contexts.js';
import { RunReports } from './runs/run-reports.js';
import type { RunStops } from './runs/run-stops.js';
import { runsMany } from './slot-limits.js';
import type { Slots } from './slots.js';
import type { Machine } from './worker.js';
import { isRunOf } from './worker-id.js';

/** A daemon that is ready to take tasks. */
export interface ReadyDaemon {
  options: DaemonOptions;
  reloaded: ReloadedConfig;
  connection: Connection;
  ctx: AgentContext;
  machine: Machine;
  shutdown: Ending;
  slots: Slots;
  board: RunBoard;
  stops: RunStops;
  readings: DaemonReadings;
  queues: readonly ResolvedQueue[];
  admission: Admission;
}

/** What all runs of a daemon share. */
export interface Work {
  folders: RunFolders;
  contexts: RunContexts;
  reports: RunReports;
  gate: Gate;
  queues: ServedQueues;
  vanished: VanishedTasks;
  pause: RetryPause;
  failures: FailureTally;
  /** Tasks in each queue at the last look, by the name of the queue. */
  queueLengths: Map<string, number>;
  metrics: RunMetrics | undefined;
  pace: Pace;
  activity: LastActivity;
  queueWait: QueueWait;
}

/** Makes what all runs of a daemon share. */
export function prepareWork(
  daemon: ReadyDaemon,
  times: Intervals,
): Omit<Work, 'failures' | 'queueLengths' | 'metrics'> {
  const { connection, ctx, reloaded, machine, options, admission } = daemon;
  const { workers, client } = connection;
  const warn = (text: string) => ctx.logger.warn(text);
  const info = (text: string) => ctx.logger.info(text);
  const queues = new ServedQueues({ queues: connection.queues, served: daemon.queues, info, warn });
  const services = options.services !== undefined;
  const alone = !runsMany(options);
  const heartbeat = new Heartbeat({
    workers,
    workerId: ctx.workerId,
    queues: () => queues.ids,
    tags: () => [...(alone ? (options.tags ?? []) : []), ...endingTags(daemon.shutdown.view)],
    isDaemon: true,
    intervalMs: times.reportMs,
    idle: { holds: () => daemon.slots.running === 0, intervalMs: times.idleReportMs },
    monitor: machine.monitor,
    warn,
  });
  daemon.shutdown.onChange(() => heartbeat.stateChanged());
  const owners = options.ownerTokens ? new Owners({ client, abortPollMs: times.abortPollMs }) : undefined;
  const activity = new LastActivity();
  const givesGpus = options.dynamicGpus !== undefined;
  const vanished = new VanishedTasks({
    taskStatus: (task, signal) => ctx.tasks.getStatus(task, { signal, retry: 'forever' }),
    // A run of a daemon of this id that was killed stays on the server's list for minutes.
    isHeld: async (task, signal) =>
      (await workers.getAll({}, { signal })).some(
        (worker) => worker.task?.id === task && !isRunOf(ctx.workerId, givesGpus, worker.id),
      ),
    putBack: (one) => putBackVanished(ctx, one),
    warn,
  });
  return {
    folders: new RunFolders(ctx.stateFolder),
    contexts: new RunContexts({ ctx, connection, reloaded, services, owners }),
    reports: new RunReports({
      heartbeat,
      monitor: machine.monitor,
      tags: ctx.workerTags,
      intervalMs: times.reportMs,
      warn,
    }),
    gate: new Gate({ workers, workerId: ctx.workerId, schedule: options.schedule, say: warn }),
    queues,
    vanished,
    pause: new RetryPause({
      pauseMs: 1000 * options.config.agent.retry.pauseSec,
      say: warn,
    }),
    pace: times.pace,
    activity,
    queueWait: new QueueWait({
      queues: connection.queues,
      offered: () => (times.pace.kind === 'adaptive' ? client.claims.queueWaitSeconds : undefined),
      empty: () => (vanished.doubtful.length === 0 ? queues.empty : undefined),
      pause: changeOf({
        onChange: (listener) => {
          admission.onChange(listener);
          activity.onRunEnded(listener);
        },
      }),
      info,
    }),
  };
}

export function openMetrics(
  { admission, ctx, connection, machine, options, slots, shutdown }: ReadyDaemon,
  failures: FailureTally,
  queueLengths: ReadonlyMap<string, number>,
) {
  const folders = new RunFolders(ctx.stateFolder);
  return serveMetrics({
    config: options.config,
    workerId: ctx.workerId,
    monitor: machine.monitor,
    slots,
    failures: () => failures.figures(ctx.workerId),
    traffic: connection.client.traffic,
    hookFailures: ctx.hooks.failures,
    queueLengths,
    gpuStates: () => admission.gpuStates(),
    runFolders: () => folders.left(),
    ending: () => shutdown.view,
    say: (text) => ctx.logger.info(text),
  });
}
