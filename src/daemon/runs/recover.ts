import path from 'node:path';
import { driverFlagNames, driverModule } from '../../drivers/registry.js';
import { AgentError, causeLine } from '../../errors.js';
import { lockHolder } from '../../os/lock.js';
import { type RunFolders, runLock } from '../../runs/folders.js';
import type { GrantRecord } from '../../runs/grant-record.js';
import { Journal, type QueueEntry, type RunState } from '../../runs/journal.js';
import { noteLaunched } from '../../runs/note-launched.js';
import { type LeftTask, type RecoveryAction, recoveryAction } from '../../runs/recovery.js';
import { restoreJournal } from '../../runs/restore-journal.js';
import { leaveWorkspace } from '../../runs/workspace.js';
import type { AgentContext } from '../../task/context.js';
import { afterLeftTask } from '../../task/hooks/task-hooks.js';
import { putBack, toFront } from '../../task/put-back.js';
import { type RunResult, resumeTask } from '../../task/run.js';
import { settle } from '../../task/settle.js';
import { PULLED, PUT_BACK } from '../../task/status-texts.js';
import type { TaskRun } from '../../task/task-run.js';
import { openLog } from './manage-run.js';
import type { RunIdentity, RunSubject } from './run-contexts.js';

/** A run of an earlier daemon that there is something left to do for. */
export interface LeftRun {
  task: string;
  queue: string | undefined;
  folder: string;
  journal: Journal;
  identity: RunIdentity;
  /** Nothing of it runs here, and another agent may have the task: it takes no slot. */
  aside?: boolean;
  carry(run: TaskRun): Promise<RunResult>;
}

/**
 * Reads what an earlier daemon with this worker id left. Tasks that never started go back to their queue at
 * once; the others are returned, to be resumed in a slot each.
 */
export async function recoverRuns(
  ctx: AgentContext,
  folders: RunFolders,
  given: Pick<Left, 'identify' | 'doubt' | 'grantOf'>,
): Promise<LeftRun[]> {
  const found: LeftRun[] = [];
  for (const folder of await folders.left()) {
    try {
      const left = await recoverRun(ctx, { folder, folders, ...given });
      if (left) found.push(left);
    } catch (error) {
      ctx.logger.error(`what an earlier run left in ${folder} cannot be resumed: ${causeLine(error)}`);
    }
  }
  return found;
}

interface Left {
  folder: string;
  folders: RunFolders;
  identify(subject: RunSubject): Promise<RunIdentity>;
  /** What a run of this daemon has of the machine, by its worker. */
  grantOf(worker: string): Promise<GrantRecord | undefined>;
  /** Called for a task that may have been taken off its queue; `settled` once it is clear what became of it. */
  doubt(entry: QueueEntry, settled?: () => Promise<void>): void;
}

async function recoverRun(daemon: AgentContext, left: Left): Promise<LeftRun | undefined> {
  // That of an "agent execute" with the same worker id.
  if ((await lockHolder(runLock(left.folder))) !== undefined) return undefined;
  const unreadable = await Journal.unreadable(left.folder);
  if (unreadable !== undefined) {
    const task = await restoreJournal(daemon, left.folder, left.grantOf);
    if (task === undefined) {
      daemon.logger.warn(
        `${unreadable}, so this agent does not know what became of that run; its folder, processes and container stay as they are`,
      );
      return undefined;
    }
    daemon.logger.warn(`${unreadable}; the state of task ${task} on this machine decides how to resume`);
  }
  if (await isInDoubt(left)) return undefined;
  const journal = await Journal.open(left.folder);
  const found = await lookAt(daemon, left, journal).catch(async (error: unknown) => {
    await journal.close();
    throw error;
  });
  if (found !== 'others' && 'carry' in found) return found;
  if (found === 'others') {
    await journal.close();
    return undefined;
  }
  await dismiss(found, left, journal).finally(async () => {
    await journal.close();
    if (found.ctx !== daemon) found.ctx.redactor.end();
  });
  return undefined;
}

/** A daemon that was killed as it took a task may have got any of those that it saw. The folder stays until then. */
async function isInDoubt({ folder, folders, doubt }: Left): Promise<boolean> {
  const { task, queue, last, others = [] } = (await Journal.read(folder)) ?? {};
  if (last !== 'popping' || task === undefined || queue === undefined) {
    for (const one of others) doubt(one);
    return false;
  }
  const entries = new Map([{ task, queue }, ...others].map((one) => [one.task, one]));
  for (const one of entries.values()) {
    doubt(one, async () => {
      entries.delete(one.task);
      if (entries.size === 0) await folders.remove(folder);
    });
  }
  return true;
}

interface Dismissed {
  ctx: AgentContext;
  state: RunState | undefined;
  action: RecoveryAction;
}

async function lookAt(
  daemon: AgentContext,
  left: Left,
  journal: Journal,
): Promise<LeftRun | Dismissed | 'others'> {
  if (journal.state?.single) return 'others';
  if (journal.state !== undefined) requireDriver(daemon, journal.state);
  const state = await noteLaunched(daemon, journal);
  if (state === undefined) return { ctx: daemon, state, action: 'forget' };
  const identity = await left.identify(state);
  const { ctx, problem } = identity;
  if (problem !== undefined) throw problem;
  const action = recoveryAction(state, await leftTask(ctx, state), [daemon.workerId, ctx.workerId]);
  if (action === 'forget' || action === 'put-back') return { ctx, state, action };
  const { task, queue } = state;
  const carry = (run: TaskRun) => goOn(run, state, action);
  return { task, queue, folder: left.folder, journal, identity, carry };
}

/** A task of a driver that this daemon does not have may well run there. */
function requireDriver({ drivers }: AgentContext, { task, place, workload }: RunState): void {
  const kind = (workload ?? place)?.kind;
  if (kind === undefined || drivers.has(kind)) return;
  const where = driverModule(kind)?.where ?? 'elsewhere';
  throw new AgentError(
    'DOCKER_ENGINE',
    `task ${task} is ${where}, and this daemon has no ${driverFlagNames()}`,
    {
      hint: 'Start the daemon with its earlier flags.',
    },
  );
}

function goOn(run: TaskRun, state: RunState, action: RecoveryAction): Promise<RunResult> {
  if (action === 'report-stopped') return settle(run, { kind: 'stop', reason: 'stopped' });
  return resumeTask(run, state);
}

/** Ends the rest of a set-up, and requeues the task unless another agent has it. */
async function dismiss({ ctx, state, action }: Dismissed, left: Left, journal: Journal): Promise<void> {
  if (state?.place) await ctx.drivers.get(state.place.kind)?.dispose(state.place);
  if (state && action === 'put-back') {
    await explainPutBack(ctx, left.folder, { state, journal });
    await putBack(ctx, { ...state, reason: `${PUT_BACK}the agent was ended before the task started` });
    ctx.logger.info(`task ${state.task}: had not started when the daemon ended; it is back in its queue`);
  }
  if (state && action !== 'put-back') await afterLeftTask(ctx, state, 'unchanged');
  await leaveWorkspace(ctx, left.folder, false);
  await left.folders.remove(left.folder);
}

/** The start of the daemon waits this long for a server that takes no lines. */
const LOG_WAIT_MS = 30_000;

/** Sends what the set-up printed, so that the next attempt does not look like a second one without a first. */
async function explainPutBack(
  ctx: AgentContext,
  folder: string,
  { state, journal }: { state: RunState; journal: Journal },
): Promise<void> {
  const { task, queue } = state;
  const log = await openLog(ctx, { task, folder, journal });
  const where = queue === undefined ? 'its queue' : 'the front of its queue';
  log.line(`the agent was killed or stopped while preparing the task; it goes back to ${where}`, 'WARNING');
  await afterLeftTask(ctx, state, 'queued', log);
  if (!(await log.close(AbortSignal.timeout(LOG_WAIT_MS))))
    ctx.logger.warn(
      `task ${task}: the server did not take the lines of its set-up in ${LOG_WAIT_MS / 1000} s`,
    );
}

/** Of a task that no agent has: it goes to the front of its queue, unless another agent took it meanwhile. */
export async function putBackVanished(ctx: AgentContext, { task, queue }: QueueEntry): Promise<void> {
  // It may have been put there since, or the queue is one that this daemon does not serve.
  const [waiting] = await ctx.queues.getAll({ id: [queue], search_hidden: true });
  if (waiting?.entries?.some((entry) => entry.task === task)) return;
  const { status, execution } = await ctx.tasks.getById(task);
  if ((execution?.queue ?? queue) !== queue) return;
  if (status === 'queued') {
    const { updated } = await ctx.tasks.dequeue({ task, new_status: 'created', status_message: PULLED });
    if (updated === 0) return;
  }
  await ctx.tasks.enqueue({
    task,
    queue,
    status_reason: `${PUT_BACK}it was taken off its queue and no agent has it`,
  });
  await toFront(ctx, { task, queue });
  ctx.logger.warn(`task ${task}: was taken off its queue and no agent has it; it is back in its queue`);
}

const LAUNCHED: ReadonlySet<RunState['last']> = new Set(['launched', 'stopping', 'ended', 'reported']);

/** Asked only for runs that launched nothing; the journal alone decides the others. */
async function leftTask(ctx: AgentContext, state: RunState): Promise<LeftTask> {
  const unknown: LeftTask = {
    status: undefined,
    status_message: undefined,
    queued: false,
    last_worker: undefined,
  };
  if (LAUNCHED.has(state.last)) return unknown;
  const task = await ctx.tasks.getStatus(state.task);
  if (task === undefined) {
    throw new AgentError('API_ANSWER', `the server does not say what became of task ${state.task}`);
  }
  if (task === 'missing') return unknown;
  const [queue] = state.queue ? await ctx.queues.getAll({ id: [state.queue], search_hidden: true }) : [];
  return {
    status: task.status,
    status_message: task.status_message ?? undefined,
    queued: queue?.entries?.some((entry) => entry.task === state.task) ?? false,
    last_worker: task.last_worker ?? undefined,
  };
}

/** What was made for a run and not noted by its journal; asked for once the journals have been read. */
export async function collectLeftovers(
  { drivers, logger }: AgentContext,
  folders: RunFolders,
): Promise<void> {
  const runs = new Set((await folders.left()).map((folder) => path.basename(folder)));
  for (const [kind, driver] of drivers) {
    try {
      const found = (await driver.collect?.(folders.parent, runs)) ?? [];
      for (const one of found) logger.info(`${one} of an earlier run was removed`);
    } catch (error) {
      logger.warn(`leftovers of earlier runs (${kind}) cannot be removed: ${causeLine(error)}`);
    }
  }
}
