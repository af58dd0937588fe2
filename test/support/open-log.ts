import type { LogServer } from '../../src/logs/delivery.js';
import { TaskLog, type TaskLogOptions } from '../../src/logs/task-log.js';
import { Redactor } from '../../src/secrets/redactor.js';

/** Waits of milliseconds where the agent waits seconds. */
const QUICK = {
  gatherMs: 0,
  intervalMs: 0,
  settleMs: 1,
  backoff: { baseMs: 1, capMs: 2, floorMs: 0 },
};

/** The log of `task1` in this folder, sent to this server without long waits. */
export function openLog(
  runFolder: string,
  server: LogServer,
  options: Partial<TaskLogOptions> = {},
): Promise<TaskLog> {
  return TaskLog.open({
    runFolder,
    server,
    task: 'task1',
    worker: 'host:0',
    redactor: new Redactor(),
    logger: { warn: () => undefined, info: () => undefined },
    suppressCarriageReturn: true,
    timing: QUICK,
    ...options,
  });
}
