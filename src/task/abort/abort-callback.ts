import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskRun } from '../task-run.js';

/** Keys of a task's runtime through which the SDK asks for time to clean up before an abort. */
const TIMEOUT_KEY = '_abort_callback_timeout';
const POLL_KEY = '_abort_poll_freq';
const COMPLETED_KEY = '_abort_callback_completed';

const POLL_MS = 1000;

/** Waits for the task's own abort callback, if it registered one; at most as long as the agent allows. */
export async function waitForAbortCallback(run: TaskRun): Promise<void> {
  const runtime = await readRuntime(run);
  const asked = seconds(runtime[TIMEOUT_KEY]);
  if (asked <= 0) return;
  const most = run.ctx.config.agent.abortCallbackMaxTimeout;
  const limit = Math.min(asked + seconds(runtime[POLL_KEY]), most);
  run.log.line(`### Waiting up to ${limit} seconds for the abort callback of the task ###`, 'INFO');
  const deadline = Date.now() + limit * 1000;
  while (Date.now() < deadline && !run.signals.stop.aborted) {
    if ((await readRuntime(run))[COMPLETED_KEY]) {
      run.log.line('### The abort callback has completed ###', 'INFO');
      return;
    }
    await sleep(POLL_MS, undefined, { signal: run.signals.stop }).catch(() => undefined);
  }
  run.log.line('### The abort callback did not complete in time ###', 'WARNING');
}

async function readRuntime(run: TaskRun): Promise<Record<string, unknown>> {
  const [task] = await run.ctx.tasks.getAll(
    { id: [run.task], only_fields: ['runtime'], search_hidden: true },
    { retry: 'bounded' },
  );
  return task?.runtime ?? {};
}

function seconds(value: unknown): number {
  const number = Number(value ?? 0);
  return Number.isFinite(number) ? number : 0;
}
