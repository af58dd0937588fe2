import { setTimeout as sleep } from 'node:timers/promises';
import type { CallOptions } from '../api/client.js';
import { API_PROBLEM, isApiError } from '../api/errors.js';
import { isPassing } from '../api/retry.js';
import type { TaskRequirements } from '../api/task-record.js';
import { causeLine, isAgentError } from '../errors.js';
import type { AgentContext } from './context.js';
import { failureClass, isInfrastructure } from './failure-class.js';
import { type EndByItself, type RunEnd, settlementOf } from './outcome.js';
import { type RetryPlan, retriedRuntime, retryReason, retryStep } from './retry-plan.js';
import { PULLED } from './status-texts.js';
import type { TaskRun } from './task-run.js';

/** What the end of a run leads to besides its status, and what the task's log says about it. */
export interface RetryDecision {
  plan?: RetryPlan;
  line?: string;
}

/** Only what came from a queue goes back to one; a task that is run by hand is its user's to repeat. */
export function decideRetry({ ctx, queue, retries }: TaskRun, end: RunEnd): RetryDecision {
  const limit = ctx.config.agent.retry.infrastructure;
  const failed = failureClass(end);
  if (limit <= 0 || queue === undefined || !ctx.reportsStatus) return {};
  if (failed === undefined || !isInfrastructure(end)) return {};
  if (retries >= limit) return { line: `no retry is left after ${failed}: ${retries} of ${limit} are used` };
  const plan = { number: retries + 1, limit };
  const line = `attempt ${plan.number} ended with ${failed}, a failure of the infrastructure: the task goes back to its queue for retry ${plan.number} of ${limit}`;
  return { plan, line };
}

/** What became of a retry; with `refused` the failure stands. */
export type RetryResult = 'queued' | 'over' | 'stop' | 'refused' | 'away';

const LATER_MS = 1000;
/** Looks after answers that contradict each other. */
const MOST_LOOKS = 20;

/**
 * Puts a task back to the end of its queue, without a reset: its log stays. Safe to repeat after a crash at any
 * moment, as each look at the status says how far the one before has come.
 */
export async function retryTask(
  run: TaskRun,
  { end, plan }: { end: EndByItself; plan: RetryPlan },
  signal: AbortSignal,
): Promise<RetryResult> {
  const attempt = new Attempt(run, end, plan, signal);
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    try {
      const result = await attempt.step();
      if (result !== undefined) return result;
    } catch (error) {
      if (signal.aborted) return 'away';
      if (!isWorthAnotherLook(error)) {
        run.ctx.logger.warn(`task ${run.task}: cannot go back to its queue: ${causeLine(error)}`);
        return 'refused';
      }
      await sleep(LATER_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return 'refused';
}

class Attempt {
  readonly #run: TaskRun;
  readonly #end: EndByItself;
  readonly #signal: AbortSignal;
  #plan: RetryPlan;
  #enqueued = false;

  constructor(run: TaskRun, end: EndByItself, plan: RetryPlan, signal: AbortSignal) {
    this.#run = run;
    this.#end = end;
    this.#plan = plan;
    this.#signal = signal;
  }

  /** @returns `undefined` when there is more to do */
  async step(): Promise<RetryResult | undefined> {
    const { ctx, task } = this.#run;
    const standing = await ctx.tasks.getStatus(task, { signal: this.#signal });
    if (standing === undefined) {
      await sleep(LATER_MS, undefined, { signal: this.#signal });
      return undefined;
    }
    const step = retryStep(standing, this.#plan);
    if (step === 'over') return this.#enqueued ? 'queued' : 'over';
    if (step === 'stop') return 'stop';
    if (step === 'enqueue') return this.#enqueue();
    if (standing !== 'missing') await this.#takeOut(standing.started ?? '');
    return undefined;
  }

  async #takeOut(started: string): Promise<void> {
    const { ctx, task, journal } = this.#run;
    const signal = this.#signal;
    this.#plan = { ...this.#plan, started };
    await journal.write({ step: 'ended', end: this.#end, retry: this.#plan });
    await restoreRequirements(ctx, { task, requirements: journal.state?.requirements }, { signal });
    const record = await ctx.tasks.getById(task, { signal });
    const runtime = retriedRuntime(record, this.#plan, failureClass(this.#end) ?? 'setup');
    await ctx.tasks.edit({ task, force: true, runtime }, { signal });
    // Between the last look and this call an abort would be lost, so there is another one.
    const now = await ctx.tasks.getStatus(task, { signal });
    if (now === undefined || retryStep(now, this.#plan) !== 'take-out') return;
    await ctx.tasks.dequeue({ task, new_status: 'created', status_message: PULLED }, { signal });
  }

  /** Sent once: after a lost answer, the status says whether it was carried out. */
  async #enqueue(): Promise<RetryResult> {
    const { ctx, task, queue, onRetry } = this.#run;
    const reason = retryReason(
      this.#plan,
      failureClass(this.#end) ?? 'setup',
      settlementOf(this.#end).status_reason,
    );
    if (!this.#enqueued) onRetry?.();
    this.#enqueued = true;
    await ctx.tasks.enqueue(
      { task, status_reason: reason, ...(queue === undefined ? {} : { queue }) },
      { signal: this.#signal, retry: 'none', sendOnce: true },
    );
    return 'queued';
  }
}

/** Another attempt installs what the task's user listed, not what this machine made of it. */
export async function restoreRequirements(
  ctx: AgentContext,
  { task, requirements }: { task: string; requirements: TaskRequirements | undefined },
  options: CallOptions = {},
): Promise<void> {
  if (requirements === undefined || !ctx.reportsStatus) return;
  try {
    await ctx.tasks.setRequirements({ task, requirements }, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    ctx.logger.warn(`task ${task}: keeps the package list of its last attempt: ${causeLine(error)}`);
  }
}

function isWorthAnotherLook(error: unknown): boolean {
  return (
    isPassing(error) ||
    isAgentError(error, 'DISK_FULL') ||
    isApiError(error, 500) ||
    isApiError(error, ...API_PROBLEM.alreadyQueued) ||
    isApiError(error, ...API_PROBLEM.invalidTaskStatus) ||
    isApiError(error, ...API_PROBLEM.failedChangingStatus)
  );
}
