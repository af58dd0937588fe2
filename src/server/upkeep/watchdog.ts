import type { ServerContext } from '../context.js';
import { parseDate } from '../dates.js';
import { changeStatus } from '../tasks/change-status.js';
import { forgetExpired } from '../workers/worker-store.js';

export interface WatchdogTimes {
  /** Milliseconds between two looks; the first comes after as long. */
  everyMs: number;
  /** Milliseconds without a sign of life after which a running task is given up. */
  silentMs: number;
}

/** Those of the released server: `services.tasks.non_responsive_tasks_watchdog`. */
export const WATCHDOG_TIMES: WatchdogTimes = { everyMs: 900_000, silentMs: 7_200_000 };

const REASON = 'Forced stop (non-responsive)';
/** Signs changes that no user asked for. */
const SERVER_NAME = '__apiserver__';

/** Stops running tasks that nothing was heard of for too long, and forgets expired workers; the stopped ids. */
export function stopSilentTasks(server: ServerContext, silentMs: number): string[] {
  return server.database.transaction(() => {
    const limit = server.now() - silentMs;
    const stopped: string[] = [];
    for (const task of server.tasks.scan({ where: "status = 'in_progress'", parameters: [] })) {
      if ((parseDate(task.last_update ?? '') ?? 0) >= limit) continue;
      changeStatus(server, task, {
        to: 'stopped',
        reason: REASON,
        message: REASON,
        force: true,
        by: SERVER_NAME,
      });
      stopped.push(task.id);
    }
    forgetExpired(server);
    return stopped;
  });
}
