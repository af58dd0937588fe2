import { API_PROBLEM, isApiError } from '../api/errors.js';
import { causeLine } from '../errors.js';
import { compileHotCode } from '../os/spare-memory.js';
import { refuseTask, runTask } from '../task/run.js';
import { AvailableGpus } from './admission/available-gpus.js';
import { releaseGrant } from './admission/release-grant.js';
import { intervals } from './intervals.js';
import { FailureTally } from './metrics.js';
import { openPoller } from './queues/open-poller.js';
import type { PulledTask } from './queues/pull.js';
import type { VanishedTasks } from './queues/vanished-tasks.js';
import { GIVEN_BACK, giveBack } from './runs/give-back.js';
import { findLostRuns, tasksWithRuns } from './runs/lost-runs.js';
import { carryOut, openRun } from './runs/manage-run.js';
import { PreparedRun } from './runs/prepared-run.js';
import { collectLeftovers, type LeftRun, recoverRuns } from './runs/recover.js';
import { devicesOf, type RunBoard } from './runs/run-board.js';
import type { RunSubject } from './runs/run-contexts.js';
import { outcomeOf } from './runs/run-outcome.js';
import type { StartedReports } from './runs/run-reports.js';
import { signalsOfRun } from './runs/run-signals.js';
import { takeSingleRuns } from './runs/single-runs.js';
import type { Preparation } from './slots.js';
import { openMetrics, prepareWork, type ReadyDaemon, type Work } from './work.js';
import { idsOfRuns } from './worker-id.js';

/** Resumes the runs of an earlier daemon, then pulls tasks until it is stopped and all runs are over. */
export async function serve(daemon: ReadyDaemon): Promise<void> {
  const { ctx, shutdown, options } = daemon;
  const times = intervals(options.config, options.pollingInterval);
  daemon.readings.showGpus(ctx.gpus, daemon.admission);
  await register(daemon);
  await publishLimit(daemon);
  const failures = new FailureTally();
  const queueLengths = new Map<string, number>();
  const metrics = await openMetrics(daemon, failures, queueLengths);
  const over = new AbortController();
  const work = { ...prepareWork(daemon, times), failures, queueLengths, metrics: metrics?.runs };
  const background = work.reports.run(over.signal);
  if (options.dynamicGpus !== undefined)
    new AvailableGpus({ ...daemon, ...daemon.connection, ...ctx }).begin();
  try {
    await goOn(daemon, work, SILENT_REPORTS * times.reportMs);
    options.onReady?.({ workerId: ctx.workerId });
    await takeTasks(daemon, work);
  } finally {
    over.abort();
    await background;
    const { stop, handOver } = shutdown;
    await ctx.background.end({ hurry: stop.aborted || handOver.aborted });
    await Promise.all([metrics?.server.close(), ctx.tracing?.end()]);
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

/** A task of which this many reports are missing has no agent that runs it. */
const SILENT_REPORTS = 3;

async function goOn(daemon: ReadyDaemon, work: Work, silenceMs: number): Promise<void> {
  const identify = (subject: RunSubject) => work.contexts.of(subject);
  const doubt: VanishedTasks['note'] = (entry, settled) => work.vanished.note(entry, settled);
  const { ctx, options } = daemon;
  const { folders } = work;
  const known = await tasksWithRuns(options.state);
  const grantOf = (worker: string) => daemon.admission.grantOf(worker);
  const left = await recoverRuns(ctx, folders, { identify, doubt, grantOf });
  const workers = idsOfRuns(ctx.workerId, options.dynamicGpus !== undefined);
  const lost = ctx.reportsStatus
    ? await findLostRuns(ctx, { folders, known, workers, identify, grantOf, silenceMs })
    : { found: [], complete: true };
  for (const one of [...left, ...lost.found]) await startLeft(daemon, work, one, async () => one);
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
    await startLeft(daemon, work, { ...left, queue: undefined }, async () => ({
      identity: await work.contexts.of({ task }),
      carry,
    }));
  }
}

/** It has of the machine what it had. */
async function startLeft(
  daemon: ReadyDaemon,
  work: Work,
  run: Omit<StartedRun, 'grant'>,
  identify: () => Promise<Carried>,
): Promise<void> {
  const { task, folder, journal, aside } = run;
  const grant = aside
    ? undefined
    : await daemon.admission.resume(journal.state?.grant, { task, folder }).catch((error: unknown) => {
        daemon.ctx.logger.warn(`task ${task}: its GPUs cannot be claimed again: ${causeLine(error)}`);
        return undefined;
      });
  start(daemon, work, { ...run, ...(grant ? { grant } : {}) }, identify);
}

/** A daemon that is to end waits this long for a server that is away, with the answer to its last pop. */
const LAST_LOOK_MS = 5000;

/** Until the daemon has to end and nothing runs any more. */
async function takeTasks(daemon: ReadyDaemon, work: Work): Promise<void> {
  const { ctx, shutdown, slots } = daemon;
  const prepared = new PreparedRun(work.folders);
  const poller = openPoller(daemon, work, (candidate) => prepared.begin(candidate));
  shutdown.mayResume = true;
  for (;;) {
    await slots.free(shutdown.drain);
    const pulled = await poller.next(shutdown.drain);
    if (pulled !== undefined) {
      const fitted = await fittedTo(pulled);
      startPulled(daemon, work, fitted, await prepared.take(fitted));
    } else if (!(await shutdown.isResumed(slots.idle()))) break;
  }
  // With all slots taken, the poller may not have looked since the daemon started.
  await poller.settleDoubts(AbortSignal.timeout(LAST_LOOK_MS));
  const { doubtful } = work.vanished;
  for (const { task } of doubtful)
    ctx.logger.warn(`task ${task}: it is not known whether it was taken; the next daemon looks after it`);
  await prepared.end(doubtful);
}

interface FittedTask extends PulledTask {
  /** False: what was free is not for this task. */
  isFitted: boolean;
}

/** A task about which the server does not answer goes back to its queue. */
async function fittedTo(pulled: PulledTask): Promise<FittedTask> {
  const { grant, task } = pulled;
  if (grant?.fitted === undefined) return { ...pulled, isFitted: true };
  const own = await grant.fitted(task).catch(() => undefined);
  return { ...pulled, grant: own ?? grant, isFitted: own !== undefined };
}

function startPulled(
  daemon: ReadyDaemon,
  work: Work,
  pulled: FittedTask,
  prepared: Pick<StartedRun, 'folder' | 'journal'>,
): void {
  const { task, queue, queuedAt, owner, grant, isFitted } = pulled;
  work.metrics?.pulled(queuedAt, Date.now());
  daemon.readings.pulledFrom(queue);
  const at = queuedAt === undefined ? {} : { queuedAt };
  const ended = daemon.shutdown.drain.aborted || daemon.shutdown.isPaused;
  const held = grant === undefined ? {} : { grant };
  start(daemon, work, { ...prepared, task, queue, ...at, ...held }, async () => {
    const identity = await work.contexts.of({ task, owner, grant: grant?.record });
    if (ended) return { identity, carry: (run) => giveBack(run, GIVEN_BACK.ended) };
    return {
      identity,
      carry: isFitted
        ? carrierOf(grant?.refusal ?? identity.problem)
        : (run) => giveBack(run, GIVEN_BACK.otherTask),
    };
  });
}

function carrierOf(problem: unknown): Carried['carry'] {
  return problem === undefined ? runTask : (run) => refuseTask(run, problem);
}

type StartedRun = Pick<LeftRun, 'task' | 'queue' | 'folder' | 'journal' | 'aside'> &
  Pick<PulledTask, 'queuedAt' | 'grant'>;

type Carried = Pick<LeftRun, 'identity' | 'carry'>;

/** A run in its slot, from its first report to its last. */
function start(daemon: ReadyDaemon, work: Work, run: StartedRun, identify: () => Promise<Carried>): void {
  const { task, queue, aside, grant, journal } = run;
  const { board, ctx } = daemon;
  // Its log may have millions of lines.
  compileHotCode();
  board.started({
    task,
    queue,
    worker: ctx.workerId,
    ...(aside ? { phase: 'reporting' } : {}),
  });
  const whole = async (preparation: Preparation) => {
    const own = signalsOfRun(daemon.shutdown, journal.state?.grant === undefined);
    const forgetStop = daemon.stops.add(task, (order) => isStoppable(board, task) && own.stop(order));
    let over = true;
    const reports: StartedReports[] = [];
    let forget = (): void => undefined;
    try {
      const { identity, carry } = await identify();
      forget = () => identity.ctx.redactor.end();
      const devices = devicesOf(identity.ctx.environment, grant?.record);
      board.note(task, { worker: identity.ctx.workerId, devices });
      const opened = await openRun(identity.ctx, {
        ...run,
        signals: own.signals,
        observers: work.metrics === undefined ? [] : [work.metrics],
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
          preparation.launched();
        },
        waiting: preparation.waiting,
        onRetry: () => work.pause.begin(),
        onGpuFault: (fault) => daemon.admission.failed(fault),
      });
      const result = await carryOut(opened, work.folders, carry);
      // What it holds stays with the run that a later daemon resumes.
      over = result !== 'handed-over';
      work.failures.note(result);
      const outcome = outcomeOf(result);
      if (outcome !== undefined) work.metrics?.ended(outcome);
      if (result !== undefined && result !== 'handed-over' && !result.retried) work.pause.clear();
      for (const one of reports) await one.ended(result === 'handed-over');
    } catch (error) {
      daemon.ctx.logger.error(`task ${task}: ${causeLine(error)}; its files stay in ${run.folder}`);
    } finally {
      own.close();
      forgetStop();
      board.ended(task);
      forget();
      if (over && grant !== undefined)
        await releaseGrant(grant, journal, (line) => daemon.ctx.logger.warn(line));
      work.activity.runEnded();
    }
  };
  if (aside) daemon.slots.startAside(whole);
  else daemon.slots.start({ task, queue }, whole);
}

/** What is left of a run that is being reported is its report. */
function isStoppable(board: RunBoard, task: string): boolean {
  return board.view().some((run) => run.task === task && run.phase !== 'reporting');
}
