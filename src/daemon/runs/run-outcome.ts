import type { Outcome } from '../../monitor/run-metrics.js';
import type { RunResult } from '../../task/run.js';

/** What became of a run, for metrics and traces; `undefined` for one whose state on the disk is all that is known. */
export function outcomeOf(result: RunResult | undefined): Outcome | undefined {
  if (result === undefined) return undefined;
  if (result === 'handed-over') return 'handed_over';
  if (result.retried || result.call === 'requeued') return 'put_back';
  return result.call ?? 'unchanged';
}
