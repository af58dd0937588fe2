import { causeLine } from '../errors.js';
import type { TaskRun } from './task-run.js';

/** Tells the server at intervals that the task is alive, whatever the task itself says. */
export function pinger({ ctx, task }: TaskRun): () => void {
  const seconds = ctx.config.agent.taskPingIntervalSec;
  const state = { last: Date.now() };
  return () => {
    if (seconds <= 0 || Date.now() - state.last < seconds * 1000) return;
    state.last = Date.now();
    ctx.tasks.ping(task, { retry: 'none' }).catch((error: unknown) => {
      ctx.logger.debug(`task ${task}: ping failed: ${causeLine(error)}`);
    });
  };
}
