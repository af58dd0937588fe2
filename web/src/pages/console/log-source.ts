import { call } from '../../api/client.js';
import { onLog } from '../../api/stream.js';
import type { LogEvent } from './log-lines.js';
import { type LogSource, type LogWindow, PAGE } from './log-window.js';

interface LogPage {
  events: LogEvent[];
  total: number;
}

export function logSource(task: string): LogSource {
  const ask = async (isEarlier: boolean, from: number | undefined, count: number, signal?: AbortSignal) => {
    const body = {
      task,
      batch_size: count,
      navigate_earlier: isEarlier,
      order: 'asc',
      ...(from === undefined ? {} : { from_timestamp: from }),
    };
    const { events } = await call<LogPage>('events.get_task_log', body, { signal });
    return events;
  };
  return {
    earlier: (before, count, signal) => ask(true, before, count, signal),
    later: (after, count, signal) => ask(false, after, count, signal),
    search: (text, from, isForward, signal) =>
      call(
        'events.search_task_log',
        { task, text, from_timestamp: from, navigate_earlier: !isForward },
        { signal },
      ),
  };
}

/**
 * Fills a window with the last lines of a log and adds what the task prints.
 *
 * @returns what ends that
 */
export function followLog(task: string, window: LogWindow): () => void {
  let stop: () => void = () => undefined;
  const begin = () => {
    stop();
    stop = onLog(
      task,
      { tail: PAGE },
      {
        lines: (lines, isTail) => (isTail ? window.begin(lines) : window.add(lines)),
        reread: begin,
      },
    );
  };
  begin();
  return () => stop();
}
