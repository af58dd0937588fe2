import { stripVTControlCharacters } from 'node:util';
import type { Database } from '../../storage/database.js';
import { findLog } from './log-store.js';
import { beyondTime, walkLog } from './log-walk.js';

/** Lines of one search: a fraction of a second, after which the client may stop. */
export const SEARCH_LINES = 100_000;

export interface LogSearch {
  task: string;
  /** Upper and lower case are the same; colours and other control sequences of lines are not searched. */
  text: string;
  /** Towards older lines. */
  earlier: boolean;
  /** Milliseconds; the search begins beyond it. Absent: at the end that it goes away from. */
  from: number | undefined;
}

export interface LogFinding {
  /** Of the first line that has the text, in milliseconds. */
  timestamp?: number;
  /** Without a line: the time beyond which the search continues; absent at the end of the log. */
  next?: number;
  /** Lines that were read. */
  searched: number;
}

/** Finds the next line of a log that has a text. Lines of one millisecond are searched together. */
export function searchLog(database: Database, { task, text, earlier, from }: LogSearch): LogFinding {
  const known = findLog(database, task);
  if (known === undefined) return { searched: 0 };
  const wanted = text.toLowerCase();
  const beginning = from === undefined ? undefined : beyondTime(from, earlier);
  let searched = 0;
  let last = 0;
  for (const line of walkLog(database, {
    log: known.log,
    descending: earlier,
    from: beginning,
    metrics: [],
  })) {
    const { timestamp, block, index } = line;
    if (searched >= SEARCH_LINES && timestamp !== last) return { next: last, searched };
    searched += 1;
    last = timestamp;
    if (has(String(block.value(index, 'msg') ?? ''), wanted)) return { timestamp, searched };
  }
  return { searched };
}

function has(message: string, wanted: string): boolean {
  const plain = message.includes('\u001b') ? stripVTControlCharacters(message) : message;
  return plain.toLowerCase().includes(wanted);
}
