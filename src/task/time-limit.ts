import type { TaskRecord } from '../api/task-record.js';
import { statedResources } from '../container/resources/stated-resources.js';
import { writeTimeLimit } from '../container/resources/time-limit.js';
import type { TaskRun } from './run.js';

/** How long a run may take, which its task states. */
export interface TimeLimit {
  /** Milliseconds, set-up included. */
  ms: number;
  /** From when it counts, in milliseconds since 1970: the agent takes the task. */
  since: number;
}

/**
 * Begins the time of a run whose task states a limit. A place that applies the task's words by itself ends it by itself.
 *
 * @throws AgentError TASK_INVALID for a word of the task, whichever, that has a wrong form
 */
export function beginTimeLimit(run: Pick<TaskRun, 'ctx' | 'log' | 'timeLimit'>, record: TaskRecord): void {
  const { config, driver } = run.ctx;
  if (driver.capabilities.appliesResources) return;
  const { time } = statedResources(record, new Set(config.agent.taskResources));
  if (time === undefined) return;
  run.timeLimit = { ms: time, since: Date.now() };
  const until = new Date(endOfLimit(run.timeLimit)).toISOString();
  run.log.line(`time limit of the task: ${writeTimeLimit(time)}, until ${until}`, 'INFO');
}

export function endOfLimit({ ms, since }: TimeLimit): number {
  return since + ms;
}

/** For the log and the status of a task that it ends. */
export function limitReached({ ms }: TimeLimit): string {
  return `time limit of ${writeTimeLimit(ms)} reached`;
}

/** A damaged one says nothing. */
export function timeLimitIn(value: unknown): TimeLimit | undefined {
  const { ms, since }: Partial<Record<string, unknown>> = { ...Object(value) };
  return typeof ms === 'number' && typeof since === 'number' ? { ms, since } : undefined;
}
