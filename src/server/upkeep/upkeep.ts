import { isAgentError } from '../../errors.js';
import { LONGEST_TIMER_MS } from '../../os/longest-timer.js';
import { checkDatabase } from '../backup/check.js';
import { startBackups } from '../backup/schedule.js';
import type { ServerContext } from '../context.js';
import type { ServerFigures } from '../figures.js';
import type { Failure } from '../http/api-listener.js';
import type { ServerLog } from '../log.js';
import { startBackground } from './background.js';
import { applyRetention, type Retention, type Uploads } from './retention.js';
import { stopSilentTasks, type WatchdogTimes } from './watchdog.js';

export interface UpkeepOptions {
  /** Of the server's data, and its database. */
  folder: string;
  database: string;
  agentVersion: string;
  /** Whether the server before did not come to its end. */
  wasKilled: boolean;
  watchdog: WatchdogTimes;
  retention: Retention;
  uploads: Uploads;
  figures: ServerFigures;
  log: ServerLog;
  onFailure: Failure;
}

/** The first look comes soon after the start, for servers that run only by day. */
const RETENTION_MS = { first: 60_000, every: 3_600_000 };

/** What the server does by itself: watchdog, retention, backups, and a check of its database. */
export function startUpkeep(server: ServerContext, options: UpkeepOptions): { close(): Promise<void> } {
  const { watchdog, log, onFailure } = options;
  const guarded = (name: string, action: () => void | Promise<void>) => async () => {
    try {
      await action();
    } catch (error) {
      onFailure(error, name);
    }
  };
  const timers = [
    setInterval(
      guarded('watchdog', () => watch(server, watchdog, log)),
      Math.min(watchdog.everyMs, LONGEST_TIMER_MS),
    ).unref(),
  ];
  let retaining: Promise<void> = Promise.resolve();
  const { logsMs, metricsMs, tasksMs, everyMs } = options.retention;
  if ([logsMs, metricsMs, tasksMs].some((age) => age !== undefined)) {
    const retain = guarded('retention', () => retainOnce(server, options));
    const next = () => {
      retaining = retaining.then(retain);
    };
    timers.push(
      setTimeout(next, everyMs ?? RETENTION_MS.first).unref(),
      setInterval(next, everyMs ?? RETENTION_MS.every).unref(),
    );
  }
  const backups = startBackups(options);
  const background = startBackground(server, onFailure);
  const ending = new AbortController();
  const checking = guarded('check of the database', () => checkOnce(options, ending.signal))();
  return {
    async close() {
      for (const timer of timers) clearInterval(timer);
      ending.abort();
      await Promise.all([retaining, backups.close(), checking, background.close()]);
    },
  };
}

function watch(server: ServerContext, { silentMs }: WatchdogTimes, log: ServerLog): void {
  const stopped = stopSilentTasks(server, silentMs);
  if (stopped.length > 0) log.info(`watchdog: stopped without a sign of life: ${stopped.join(', ')}`);
}

async function retainOnce(server: ServerContext, { retention, uploads, log }: UpkeepOptions): Promise<void> {
  const { logs, metrics, tasks } = await applyRetention(server, retention, uploads);
  if (logs + metrics + tasks === 0) return;
  log.info(`retention: removed ${tasks} tasks, the log of ${logs} and the metrics of ${metrics} others`);
}

/** Reads the whole database of a server that was killed, beside the first requests: a large one takes minutes. */
async function checkOnce(
  { database, wasKilled, figures }: UpkeepOptions,
  signal: AbortSignal,
): Promise<void> {
  if (!wasKilled) return;
  try {
    await checkDatabase(database, signal);
    figures.databaseChecked(false);
  } catch (error) {
    if (signal.aborted) return;
    if (isAgentError(error, 'SERVER_DAMAGED')) figures.databaseChecked(true);
    throw error;
  }
}
