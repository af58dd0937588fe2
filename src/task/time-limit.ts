import type { TaskRecord } from '../api/task-record.js';
import { statedResources } from '../container/resources/stated-resources.js';
import { writeTimeLimit } from '../container/resources/time-limit.js';
import type { AgentContext } from './context.js';
import type { TaskRun } from './task-run.js';

/** How long a run may take, which its task states. */
export interface TimeLimit {
  /** Milliseconds, set-up included. */
  ms: number;
  /** From when it counts, in milliseconds since 1970: the agent takes the task. */
  since: number;
}

/** The words of tasks that the agent itself applies: none where a scheduler does. */
export function countedWords({
  config,
  driver,
}: Pick<AgentContext, 'config' | 'driver'>): ReadonlySet<string> {
  return new Set(driver.capabilities.appliesResources ? [] : config.agent.taskResources);
}

type LimitedRun = Pick<TaskRun, 'ctx' | 'log' | 'journal' | 'timeLimit'>;

/**
 * Begins the time of a run whose task states a limit.
 *
 * @throws AgentError TASK_INVALID for a word of the task, whichever, that has a wrong form
 */
export function beginTimeLimit(run: LimitedRun, record: TaskRecord): void {
  const { time } = statedResources(record, countedWords(run.ctx));
  // What the GPUs were given for holds, whatever the task says by now.
  const granted = run.journal.state?.grant?.limit;
  const limit = granted ?? (time === undefined ? undefined : { ms: time, since: Date.now() });
  if (limit === undefined) return;
  run.timeLimit = limit;
  const until = new Date(endOfLimit(limit)).toISOString();
  run.log.line(`time limit of the task: ${writeTimeLimit(limit.ms)}, until ${until}`, 'INFO');
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
