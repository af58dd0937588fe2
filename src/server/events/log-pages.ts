import type { JsonObject } from '../json.js';
import type { Database } from '../storage/database.js';
import { findLog } from './log/log-store.js';
import { beyondTime, type WalkedLine, walkLog } from './log/log-walk.js';

export interface LogPageRequest {
  task: string;
  /** Events of the page, at least; all that share the last one's time come with it. */
  size: number;
  /** Towards older events. */
  earlier: boolean;
  /** Milliseconds; the page begins beyond it. Absent: at the end that is walked away from. */
  from: number | undefined;
  metrics: readonly string[];
}

/** One page of a task's log, in the direction of the walk: newest first when going earlier. */
export function logPage(database: Database, request: LogPageRequest): JsonObject[] {
  return Array.from(pageLines(database, request), ({ block, index }) => block.body(index));
}

/** The same as lines with their places. A line is read before the next one is asked for. */
export function* pageLines(database: Database, request: LogPageRequest): Generator<WalkedLine> {
  const { task, size, earlier, from, metrics } = request;
  const known = findLog(database, task);
  if (size === 0 || known === undefined) return;
  const beginning = from === undefined ? undefined : beyondTime(from, earlier);
  let count = 0;
  let last = 0;
  for (const line of walkLog(database, { log: known.log, descending: earlier, from: beginning, metrics })) {
    // The next page starts beyond the last time, so its other events must come now.
    if (count >= size && line.timestamp !== last) return;
    yield line;
    count += 1;
    last = line.timestamp;
  }
}
