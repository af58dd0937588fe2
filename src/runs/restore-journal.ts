import { isTaskGone } from '../api/errors.js';
import { DRIVERS } from '../drivers/registry.js';
import { isAgentError } from '../errors.js';
import { taskOfRunFolder } from '../os/paths.js';
import type { AgentContext } from '../task/context.js';
import type { GrantRecord } from './grant-record.js';
import { Journal } from './journal.js';
import { containerWorkspace, workspaceOf } from './workspace.js';

/**
 * Puts a damaged journal together from what else there is: the run folder's name has the task, the server has its queue,
 * and the drivers find what is left of it on this machine. Recovery then treats it as any other run.
 *
 * @param grantOf what a run of this daemon has of the machine, by its worker
 * @returns the task; `undefined` where a look at this machine and the server does not say enough, and all stays as it is
 */
export async function restoreJournal(
  ctx: AgentContext,
  runFolder: string,
  grantOf: (worker: string) => Promise<GrantRecord | undefined>,
): Promise<string | undefined> {
  const task = taskOfRunFolder(runFolder);
  if (task === undefined) return undefined;
  if (await ofMissingDriver(ctx, runFolder)) return undefined;
  const { queue, worker } = await standingOf(ctx, task);
  const grant = worker === undefined ? undefined : await grantOf(worker);
  const known = { task, queue, ...(grant ? { grant } : {}) };
  const journal = await Journal.restore(runFolder, known).catch((error: unknown) => {
    if (isAgentError(error, 'NEWER_FORMAT')) return undefined;
    throw error;
  });
  if (journal === undefined) return undefined;
  try {
    if (journal.state?.place !== undefined || journal.state?.workload !== undefined) return task;
    const run = { taskId: task, runFolder, workspace: containerWorkspace(workspaceOf(ctx, runFolder)) };
    for (const driver of ctx.drivers.values()) {
      const place = await driver.search(run);
      if (place === undefined) continue;
      await journal.write({ step: 'preparing', place });
      break;
    }
    return task;
  } finally {
    await journal.close();
  }
}

async function standingOf(
  { tasks }: AgentContext,
  task: string,
): Promise<{ queue?: string | undefined; worker?: string | undefined }> {
  try {
    const { execution, last_worker } = await tasks.getById(task);
    return { queue: execution?.queue ?? undefined, worker: last_worker ?? undefined };
  } catch (error) {
    if (isTaskGone(error)) return {};
    throw error;
  }
}

/** What a driver has made is not to be seen by a daemon without it. */
async function ofMissingDriver({ drivers }: AgentContext, runFolder: string): Promise<boolean> {
  const missing = DRIVERS.filter(({ kind }) => !drivers.has(kind));
  const left = await Promise.all(missing.map((one) => one.leftIn?.(runFolder) ?? false));
  return left.includes(true);
}
