import type { Backoff } from '../os/backoff.js';
import type { BatchLimits } from './batch.js';
import type { LogServer } from './delivery.js';
import type { Spool } from './spool.js';

export interface UploaderOptions {
  spool: Spool;
  server: LogServer;
  task: string;
  /** Under whose name lines are sent, where no earlier process has begun under another. */
  worker: string;
  /** Where the state is kept. */
  stateFile: string;
  timing?: Partial<UploadTiming>;
  limits?: Partial<BatchLimits>;
  /** Whoever reads a workload's output waits above this many unsent bytes: the rest is as safe where it is. */
  aheadBytes?: number;
  /** Nothing is sent until `hold(false)`. */
  held?: boolean;
  /** Whether the task is not there any more, so that lines that are refused are nothing to tell. */
  isGone?(signal: AbortSignal): Promise<boolean>;
  /** Called when lines are lost for good, or when the work stops; one cause line. */
  warn(line: string): void;
  now?: () => number;
  random?: () => number;
}

/** Milliseconds. */
export interface UploadTiming {
  /** A line waits this long for others to go with it. */
  gatherMs: number;
  /** At least this long between two requests, unless much is waiting. */
  intervalMs: number;
  /** What was stored just now is found this much later; the server's index lags behind by about a second. */
  settleMs: number;
  backoff: Backoff;
}

export const TIMING: UploadTiming = {
  gatherMs: 150,
  intervalMs: 700,
  settleMs: 2500,
  backoff: { baseMs: 500, capMs: 30_000, floorMs: 250 },
};
