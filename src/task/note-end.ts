import { setTimeout as sleep } from 'node:timers/promises';
import { causeLine } from '../errors.js';
import { backoffDelay } from '../os/backoff.js';
import { lateAbort } from '../os/late-abort.js';
import type { Journal, JournalStep } from '../runs/journal.js';
import type { TaskRun } from './task-run.js';

const BACKOFF = { baseMs: 500, capMs: 10_000, floorMs: 250 };

/** An agent that is to end waits this much longer for the server, or for the disk. */
export const LAST_WAIT_MS = 5000;

/**
 * Writes how a run ended into its journal, again and again while the disk takes no writes.
 *
 * @returns false when the agent is to end first; the journal then lacks the step, and the next agent finds out again
 */
export async function noteEnd(
  { ctx, task, journal, signals }: Pick<TaskRun, 'ctx' | 'task' | 'journal' | 'signals'>,
  step: JournalStep & { step: 'ended' },
): Promise<boolean> {
  const patience = lateAbort([signals.stop, signals.handOver], LAST_WAIT_MS);
  // The signals of the daemon outlive the run, so nothing is derived from them while the disk takes the step.
  let leaving: AbortSignal | undefined;
  try {
    for (let failures = 1; ; failures += 1) {
      try {
        await journal.write(step);
        return true;
      } catch (error) {
        if (failures === 1)
          ctx.logger.warn(
            `task ${task}: has ended and is reported once its journal takes that: ${causeLine(error)}`,
          );
      }
      leaving ??= AbortSignal.any([patience.signal, signals.kill]);
      await sleep(backoffDelay(failures, BACKOFF, Math.random), undefined, { signal: leaving }).catch(
        () => undefined,
      );
      if (leaving.aborted) return false;
    }
  } finally {
    patience.close();
  }
}

/**
 * Writes that a run is reported. Its folder is removed next, which a full disk does not hinder; an agent that is killed
 * before that reports the run once more, which changes nothing.
 */
export async function noteReported(journal: Journal): Promise<void> {
  await journal.write({ step: 'reported' }).catch(() => undefined);
}
