import type { JsonObject } from '../json.js';
import type { Database } from '../storage/database.js';
import { findLog } from './log/log-store.js';
import { beyondTime, walkLog } from './log/log-walk.js';

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
  const { task, size, earlier, from, metrics } = request;
  const known = findLog(database, task);
  if (size === 0 || known === undefined) return [];
  const beginning = from === undefined ? undefined : beyondTime(from, earlier);
  const page: JsonObject[] = [];
  let last = 0;
  for (const line of walkLog(database, { log: known.log, descending: earlier, from: beginning, metrics })) {
    // The next page starts beyond the last time, so its other events must come now.
    if (page.length >= size && line.timestamp !== last) break;
    page.push(line.block.body(line.index));
    last = line.timestamp;
  }
  return page;
}
