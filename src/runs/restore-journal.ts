import { isTaskGone } from '../api/errors.js';
import { DRIVERS } from '../drivers/registry.js';
import { isAgentError } from '../errors.js';
import { taskOfRunFolder } from '../os/paths.js';
import type { AgentContext } from '../task/context.js';
import { Journal } from './journal.js';
import { containerWorkspace, workspaceOf } from './workspace.js';

/**
 * Puts a damaged journal together from what else there is: the run folder's name has the task, the server has its queue,
 * and the drivers find what is left of it on this machine. Recovery then treats it as any other run.
 *
 * @returns the task; `undefined` where a look at this machine and the server does not say enough, and all stays as it is
 */
export async function restoreJournal(ctx: AgentContext, runFolder: string): Promise<string | undefined> {
  const task = taskOfRunFolder(runFolder);
  if (task === undefined) return undefined;
  if (await ofMissingDriver(ctx, runFolder)) return undefined;
  const queue = await queueOf(ctx, task);
  const journal = await Journal.restore(runFolder, { task, queue }).catch((error: unknown) => {
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

async function queueOf({ tasks }: AgentContext, task: string): Promise<string | undefined> {
  try {
    return (await tasks.getById(task)).execution?.queue ?? undefined;
  } catch (error) {
    if (isTaskGone(error)) return undefined;
    throw error;
  }
}

/** What a driver has made is not to be seen by a daemon without it. */
async function ofMissingDriver({ drivers }: AgentContext, runFolder: string): Promise<boolean> {
  const missing = DRIVERS.filter(({ kind }) => !drivers.has(kind));
  const left = await Promise.all(missing.map((one) => one.leftIn?.(runFolder) ?? false));
  return left.includes(true);
}
