import { API_PROBLEM, isApiError } from '../api/errors.js';
import type { ReloadedConfig } from '../config/reload.js';
import { causeLine } from '../errors.js';
import { RunFolders } from '../runs/folders.js';
import type { AgentContext, RunFacts } from '../task/context.js';
import { refuseTask, runTask } from '../task/run.js';
import type { Connection } from './connect.js';
import type { DaemonOptions } from './daemon.js';
import type { DaemonReadings } from './daemon-reading.js';
import type { Ending } from './ending.js';
import { endingTags } from './ending-state.js';
import { Heartbeat } from './heartbeat.js';
import { type Intervals, intervals } from './intervals.js';
import { FailureTally, serveMetrics } from './metrics.js';
import { Owners } from './owners.js';
import { Gate } from './queues/gate.js';
import { Poller, type PulledTask } from './queues/poller.js';
import type { ResolvedQueue } from './queues/resolve-queues.js';
import { RetryPause } from './queues/retry-pause.js';
import { ServedQueues } from './queues/served-queues.js';
import { VanishedTasks } from './queues/vanished-tasks.js';
import { giveBack } from './runs/give-back.js';
import { findLostRuns, tasksWithRuns } from './runs/lost-runs.js';
import { carryOut, openRun } from './runs/manage-run.js';
import { PreparedRun } from './runs/prepared-run.js';
import { collectLeftovers, type LeftRun, putBackVanished, recoverRuns } from './runs/recover.js';
import type { RunBoard } from './runs/run-board.js';
import { RunContexts, type RunIdentity, type RunSubject } from './runs/run-contexts.js';
import { RunReports, type StartedReports } from './runs/run-reports.js';
import { signalsOfRun } from './runs/run-signals.js';
import type { RunStops } from './runs/run-stops.js';
import { takeSingleRuns } from './runs/single-runs.js';
import type { Slots } from './slots.js';
import type { Machine } from './worker.js';

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
}

/** Resumes the runs of an earlier daemon, then pulls tasks until it is stopped and all runs are over. */
export async function serve(daemon: ReadyDaemon): Promise<void> {
  const { ctx, shutdown, options } = daemon;
  const times = intervals(options.config, options.pollingInterval);
  daemon.readings.showGpus(ctx.gpus);
  await register(daemon);
  await publishLimit(daemon);
  const failures = new FailureTally();
  const metrics = await openMetrics(daemon, failures);
  const over = new AbortController();
  const work = { ...prepareWork(daemon, times), failures };
  const background = Promise.all([work.reports.run(over.signal), work.gate.run(over.signal)]);
  try {
    await goOn(daemon, work, SILENT_REPORTS * times.reportMs);
    options.onReady?.({ workerId: ctx.workerId });
    await takeTasks(daemon, work);
  } finally {
    over.abort();
    await background;
    const { stop, handOver } = shutdown;
    await ctx.background.end({ hurry: stop.aborted || handOver.aborted });
    await metrics?.close();
  }
}

async function register({ connection, ctx, shutdown, queues }: ReadyDaemon): Promise<void> {
  const call = (ids: readonly string[]) =>
    connection.workers.register({ worker: ctx.workerId, queues: ids }, { signal: shutdown.drain });
  try {
    await call(queues.map(({ id }) => id));
  } catch (error) {
    // One was deleted a moment ago; the first look at the queues tells which, and reports name those that are left.
    if (!isApiError(error, ...API_PROBLEM.invalidQueue)) throw error;
    await call([]);
  }
}

function openMetrics({ ctx, machine, options, slots, shutdown }: ReadyDaemon, failures: FailureTally) {
  return serveMetrics({
    config: options.config,
    workerId: ctx.workerId,
    monitor: machine.monitor,
    running: () => slots.running,
    failures: () => failures.figures(ctx.workerId),
    ending: () => shutdown.view,
    say: (text) => ctx.logger.info(text),
  });
}

/** Shown in the web UI by servers that have a place for it; the limit itself holds without the server. */
async function publishLimit({ options, connection, ctx }: ReadyDaemon): Promise<void> {
  if (options.services === undefined) return;
  const value = String(options.services.limit ?? -1);
  await connection.workers
    .setRuntimeProperties(
      { worker: ctx.workerId, runtime_properties: [{ key: 'max_num_instances', value }] },
      { retry: 'bounded' },
    )
    .catch(() => undefined);
}

/** What all runs of a daemon share. */
interface Work {
  folders: RunFolders;
  contexts: RunContexts;
  reports: RunReports;
  gate: Gate;
  queues: ServedQueues;
  vanished: VanishedTasks;
  pause: RetryPause;
  failures: FailureTally;
  pollMs: number;
}

function prepareWork(daemon: ReadyDaemon, times: Intervals): Omit<Work, 'failures'> {
  const { connection, ctx, reloaded, machine, options } = daemon;
  const { workers, client } = connection;
  const warn = (text: string) => ctx.logger.warn(text);
  const info = (text: string) => ctx.logger.info(text);
  const queues = new ServedQueues({ queues: connection.queues, served: daemon.queues, info, warn });
  const services = options.services !== undefined;
  const heartbeat = new Heartbeat({
    workers,
    workerId: ctx.workerId,
    queues: () => queues.ids,
    tags: () => [...(services ? [] : (options.tags ?? [])), ...endingTags(daemon.shutdown.view)],
    isDaemon: true,
    intervalMs: times.reportMs,
    monitor: machine.monitor,
    warn,
  });
  daemon.shutdown.onChange(() => heartbeat.stateChanged());
  const owners = options.ownerTokens ? new Owners({ client, abortPollMs: times.abortPollMs }) : undefined;
  return {
    folders: new RunFolders(ctx.stateFolder),
    contexts: new RunContexts({ ctx, connection, reloaded, services, owners }),
    reports: new RunReports({ heartbeat, services, tags: ctx.workerTags, intervalMs: times.reportMs, warn }),
    gate: new Gate({ workers, workerId: ctx.workerId, schedule: options.schedule, say: warn }),
    queues,
    vanished: new VanishedTasks({
      taskStatus: (task, signal) => ctx.tasks.getStatus(task, { signal, retry: 'forever' }),
      isHeld: async (task, signal) =>
        (await workers.getAll({}, { signal })).some((worker) => worker.task?.id === task),
      putBack: (vanished) => putBackVanished(ctx, vanished),
      warn,
    }),
    pause: new RetryPause({
      pauseMs: 1000 * options.config.agent.retry.pauseSec,
      say: warn,
    }),
    pollMs: times.pollMs,
  };
}

/** A task of which this many reports are missing has no agent that runs it. */
const SILENT_REPORTS = 3;

async function goOn(daemon: ReadyDaemon, work: Work, silenceMs: number): Promise<void> {
  const identify = (subject: RunSubject) => work.contexts.of(subject);
  const doubt: VanishedTasks['note'] = (entry, settled) => work.vanished.note(entry, settled);
  const { ctx, options } = daemon;
  const { folders } = work;
  const known = await tasksWithRuns(options.state);
  const left = await recoverRuns(ctx, folders, { identify, doubt });
  const lost = ctx.reportsStatus
    ? await findLostRuns(ctx, { folders, known, identify, silenceMs })
    : { found: [], complete: true };
  for (const one of [...left, ...lost.found]) start(daemon, work, one, async () => one);
  if (lost.complete) await collectLeftovers(ctx, folders);
  await takeOverSingleRuns(daemon, work);
}

/** What an `agent execute` left that is gone. */
async function takeOverSingleRuns(daemon: ReadyDaemon, work: Work): Promise<void> {
  const { ctx, options } = daemon;
  const server = options.config.api.apiServer;
  if (server === undefined || !ctx.reportsStatus) return;
  for (const left of await takeSingleRuns(ctx, { state: options.state, server, withRunning: true })) {
    const { task, carry } = left;
    start(daemon, work, { ...left, queue: undefined }, async () => ({
      identity: await work.contexts.of({ task }),
      carry,
    }));
  }
}

/** A daemon that is to end waits this long for a server that is away, with the answer to its last pop. */
const LAST_LOOK_MS = 5000;

/** Until the daemon has to end and nothing runs any more. */
async function takeTasks(daemon: ReadyDaemon, work: Work): Promise<void> {
  const { connection, ctx, shutdown, slots, options } = daemon;
  const prepared = new PreparedRun(work.folders);
  const poller = new Poller({
    queues: connection.queues,
    look: async (signal) => {
      const records = await work.queues.look(signal);
      daemon.readings.queuesSeen(records);
      return records;
    },
    order: options.order,
    intervalMs: work.pollMs,
    allowed: (queue) => !shutdown.isPaused && !work.pause.holds && work.gate.allows(queue),
    vanished: work.vanished,
    beforePop: (candidate) => prepared.begin(candidate),
    wantOwner: options.ownerTokens,
    warn: (text) => ctx.logger.warn(text),
  });
  shutdown.mayResume = true;
  for (;;) {
    await slots.free(shutdown.drain);
    const pulled = await poller.next(shutdown.drain);
    if (pulled !== undefined) startPulled(daemon, work, pulled, await prepared.take(pulled));
    else if (!(await shutdown.isResumed(slots.idle()))) break;
  }
  // With all slots taken, the poller may not have looked since the daemon started.
  await poller.settleDoubts(AbortSignal.timeout(LAST_LOOK_MS));
  const { doubtful } = work.vanished;
  for (const { task } of doubtful)
    ctx.logger.warn(`task ${task}: it is not known whether it was taken; the next daemon looks after it`);
  await prepared.end(doubtful);
}

function startPulled(
  daemon: ReadyDaemon,
  work: Work,
  pulled: PulledTask,
  prepared: Pick<StartedRun, 'folder' | 'journal'>,
): void {
  const { task, queue, queuedAt, owner } = pulled;
  daemon.readings.pulledFrom(queue);
  const at = queuedAt === undefined ? {} : { queuedAt };
  const ended = daemon.shutdown.drain.aborted || daemon.shutdown.isPaused;
  start(daemon, work, { ...prepared, task, queue, ...at }, async () => {
    const identity = await work.contexts.of({ task, owner });
    return { identity, carry: carrierOf(identity, ended) };
  });
}

function carrierOf({ problem }: RunIdentity, ended: boolean): Carried['carry'] {
  if (ended) return giveBack;
  return problem === undefined ? runTask : (run) => refuseTask(run, problem);
}

type StartedRun = Pick<LeftRun, 'task' | 'queue' | 'folder' | 'journal' | 'aside'> &
  Pick<PulledTask, 'queuedAt'>;

type Carried = Pick<LeftRun, 'identity' | 'carry'>;

/** A run in its slot, from its first report to its last. */
function start(daemon: ReadyDaemon, work: Work, run: StartedRun, identify: () => Promise<Carried>): void {
  const { task, queue, aside } = run;
  const { board, ctx } = daemon;
  board.started({
    task,
    queue,
    worker: ctx.workerId,
    ...(aside ? { phase: 'reporting' } : {}),
    ...devicesOf(ctx),
  });
  const whole = async (launched: () => void) => {
    const own = signalsOfRun(daemon.shutdown);
    const forgetStop = daemon.stops.add(task, (order) => isStoppable(board, task) && own.stop(order));
    const reports: StartedReports[] = [];
    let forget = (): void => undefined;
    try {
      const { identity, carry } = await identify();
      forget = () => identity.ctx.redactor.end();
      board.note(task, { worker: identity.ctx.workerId });
      const opened = await openRun(identity.ctx, {
        ...run,
        signals: own.signals,
        watcher: {
          facts: (facts) => board.note(task, facts),
          phase: (title) => board.phase(task, title),
          text: (text) => board.line(task, text),
        },
        onClaimed: async () => {
          reports.push(await work.reports.started(identity, { task, queue }));
        },
        onLaunched: () => {
          own.launched();
          launched();
        },
        onRetry: () => work.pause.begin(),
      });
      const result = await carryOut(opened, work.folders, carry);
      work.failures.note(result);
      if (result !== undefined && result !== 'handed-over' && !result.retried) work.pause.clear();
      for (const one of reports) await one.ended(result === 'handed-over');
    } catch (error) {
      daemon.ctx.logger.error(`task ${task}: ${causeLine(error)}; its files stay in ${run.folder}`);
    } finally {
      own.close();
      forgetStop();
      board.ended(task);
      forget();
    }
  };
  if (aside) daemon.slots.startAside(whole);
  else daemon.slots.start(task, whole);
}

/** What is left of a run that is being reported is its report. */
function isStoppable(board: RunBoard, task: string): boolean {
  return board.view().some((run) => run.task === task && run.phase !== 'reporting');
}

/** The GPUs that all runs of this daemon share. */
function devicesOf({ environment }: AgentContext): RunFacts {
  const visible = environment.NVIDIA_VISIBLE_DEVICES?.trim();
  if (!visible || ['none', 'void', 'all'].includes(visible)) return {};
  return { devices: visible.split(',') };
}
