import type { TaskRecord } from '../api/task-record.js';
import { causeLine } from '../errors.js';
import type { AgentContext } from './context.js';

/** What the web UI shows as `status_message` for every change by an agent. */
export function changedBy(workerId: string): string {
  return `Changed by clearml-agent ${workerId}`;
}

/**
 * Takes a task that was pulled from a queue: it is in progress from now on, whatever it was before.
 *
 * @throws AgentError TASK_NOT_FOUND, API_REFUSED
 */
export async function claimTask(ctx: AgentContext, taskId: string): Promise<TaskRecord> {
  const started = ctx.reportsStatus
    ? ctx.tasks.started({ task: taskId, status_message: 'pulled by agent', force: true })
    : undefined;
  const [record] = await Promise.all([ctx.tasks.getById(taskId), started]);
  await noteHost(ctx, record);
  return record;
}

/** Marks the task as being launched. Nothing is sent once someone asked for its end, which this would erase. */
export async function announceLaunch(ctx: AgentContext, taskId: string, signal: AbortSignal): Promise<void> {
  if (!ctx.reportsStatus || signal.aborted) return;
  await ctx.tasks.started({
    task: taskId,
    status_reason: 'worker starting task execution',
    status_message: changedBy(ctx.workerId),
    force: true,
  });
}

/** The host's name goes to the task's runtime, where the web UI shows it. A failure is no reason to stop. */
async function noteHost(ctx: AgentContext, record: TaskRecord): Promise<void> {
  const runtime = { ...record.runtime, _exec_agent_hostname: ctx.hostName };
  try {
    await ctx.tasks.edit({ task: record.id, force: true, runtime });
  } catch (error) {
    ctx.logger.warn(`task ${record.id}: cannot note the host's name: ${causeLine(error)}`);
  }
}
