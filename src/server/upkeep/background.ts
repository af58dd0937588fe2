import { setImmediate as pause } from 'node:timers/promises';
import type { ServerContext } from '../context.js';
import { removeOnce } from '../events/log/log-removal.js';
import { sealOnce } from '../events/log/log-sealing.js';
import { removeMetricsOnce } from '../events/metric-store.js';
import { packOnce } from '../events/scalar-blocks.js';
import type { Failure } from '../http/api-listener.js';

/** Milliseconds from a write to the work that it leaves. */
const DELAY_MS = 1000;
/** Milliseconds between two looks without a write, for logs that are quiet. */
const LOOK_MS = 60_000;

/**
 * Commits, or rows that they wrote, after which the log of the database is moved into it. The thread of readers does it, as it takes
 * long; rows of large steps would bring SQLite to do it in a commit before many commits are made.
 */
const CHECKPOINT = { commits: 1000, rows: 10_000 };

/** A short part of the work, in one transaction; whether there may be more. */
type Step = (server: Pick<ServerContext, 'database' | 'now'>) => boolean;

const STEPS: readonly Step[] = [
  ({ database, now }) => sealOnce(database, now()),
  ({ database }) => removeOnce(database),
  ({ database }) => removeMetricsOnce(database),
  ({ database }) => packOnce(database),
];

/**
 * Does what writes leave for later: compresses logs, gives the space of removed ones back and packs curves, in short transactions
 * between requests. The database has all that is to be done, so that a restart continues it.
 */
export function startBackground(
  server: Pick<ServerContext, 'database' | 'now' | 'reader'>,
  onFailure: Failure,
): { done(): Promise<void>; close(): Promise<void> } {
  const { database } = server;
  let closed = false;
  let waiting: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const work = async () => {
    waiting = undefined;
    try {
      for (const step of STEPS) while (!closed && (await database.grouped(() => step(server)))) await pause();
    } catch (error) {
      onFailure(error, 'background');
    }
  };
  const wake = () => {
    if (!closed)
      waiting ??= setTimeout(() => {
        running = running.then(work);
      }, DELAY_MS).unref();
  };
  let commits = 0;
  let rows = 0;
  let isMoving = false;
  database.onWrite((written) => {
    wake();
    commits += 1;
    rows += written;
    if (isMoving || (commits < CHECKPOINT.commits && rows < CHECKPOINT.rows)) return;
    commits = 0;
    rows = 0;
    isMoving = true;
    // A commit does it when the log has grown much longer.
    const moved = server.reader.run({ kind: 'checkpoint' }).catch(() => undefined);
    void moved.finally(() => {
      isMoving = false;
    });
  });
  const looking = setInterval(wake, LOOK_MS).unref();
  wake();
  return {
    /** Resolves when nothing is left to be done. */
    done() {
      running = running.then(work);
      return running;
    },
    async close() {
      closed = true;
      clearInterval(looking);
      clearTimeout(waiting);
      await running;
    },
  };
}
