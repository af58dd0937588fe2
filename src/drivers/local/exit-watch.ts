import { constants } from 'node:os';
import { type ExitStatus, readStatus, writeStatus } from '../../os/detached.js';
import { watchIfPossible } from '../../os/file-watch.js';
import { isAlive } from '../../os/processes.js';
import type { WorkloadExit } from '../driver.js';

export interface ExitWatch {
  statusFile: string;
  /** The waiting shell. */
  pid: number;
  startTime: string;
  /** Where this very process started the shell: its end, with the code it gave. */
  ended?: Promise<number | undefined>;
  /** Whether the workload is being stopped by us: being gone without a status is our doing then. */
  stopping(): boolean;
  /** Ends the watch; the promise stays open. */
  signal: AbortSignal;
}

/** How often the waiting shell is looked at: only its violent death is found so, the status file is watched. */
const LIVENESS_MS = 1000;
/** Without a watch of the file. */
const POLL_MS = 100;

/** Settles when the command's exit status is there, or when its waiting shell is gone without one. */
export function watchExit(watch: ExitWatch): Promise<WorkloadExit> {
  return new Promise((resolve) => {
    const finish = (exit: WorkloadExit): void => {
      end();
      resolve(exit);
    };
    const look = (): void => {
      readStatus(watch.statusFile).then((status) => {
        if (status !== undefined) finish(exitOfStatus(status));
      }, ignore);
    };
    const lookAtShell = (): void => {
      exitOfShell(watch).then((exit) => {
        if (exit !== undefined) finish(exit);
      }, ignore);
    };
    const watcher = watchIfPossible(watch.statusFile, look);
    const timer = setInterval(lookAtShell, watcher === undefined ? POLL_MS : LIVENESS_MS);
    const end = (): void => {
      clearInterval(timer);
      watcher?.close();
      watch.signal.removeEventListener('abort', end);
    };
    watch.signal.addEventListener('abort', end);
    if (watch.signal.aborted) end();
    watch.ended
      ?.then(async (code) => {
        if (code === undefined) return lookAtShell();
        // On a full disk the shell may have been unable to leave the status that it ended with.
        const left = await readStatus(watch.statusFile);
        const status = left ?? { code, signalled: false };
        if (left === undefined) await writeStatus(watch.statusFile, status);
        finish(exitOfStatus(status));
      }, ignore)
      .catch(() => lookAtShell());
    lookAtShell(); // what came before the watch
  });
}

/** The exit once the waiting shell is gone; its status may have come while it was looked at. */
async function exitOfShell(watch: ExitWatch): Promise<WorkloadExit | undefined> {
  const alive = await isAlive(watch.pid, watch.startTime);
  const status = await readStatus(watch.statusFile);
  if (status !== undefined) return exitOfStatus(status);
  if (alive) return undefined;
  if (watch.stopping()) return { kind: 'signalled', signal: 'SIGKILL' };
  return { kind: 'lost', reason: 'its processes were killed from outside, or the machine was restarted' };
}

export function exitOfStatus({ code, signalled }: ExitStatus): WorkloadExit {
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
  return signal === undefined || !signalled ? { kind: 'exited', code } : { kind: 'signalled', signal };
}

/** A file system that fails for a moment: the next look comes. */
function ignore(): void {}
