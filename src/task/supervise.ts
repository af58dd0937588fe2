import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Workload, WorkloadExit } from '../drivers/driver.js';
import { causeLine, isAgentError } from '../errors.js';
import { isDiskFull } from '../os/disk-usage.js';
import { readTextIfThere, writeFileDurable } from '../os/files.js';
import type { Halt } from './abort/halt.js';
import { failureClass } from './failure-class.js';
import { onGpuFailure, startAbortHook } from './hooks/task-hooks.js';
import { ownExit, stopLine, stoppedEnd } from './operator-stop.js';
import { type EndByItself, leavesNoLog, type RunEnd, type StoppedEnd } from './outcome.js';
import { watchPending } from './pending-reason.js';
import type { TaskRun } from './task-run.js';

/** A workload whose output goes to the task's log. */
interface Watched {
  workload: Workload;
  reading: AbortController;
  /** Resolves when all output is in the log. */
  copied: Promise<void>;
}

function watchOutput(run: TaskRun, workload: Workload): Watched {
  const reading = new AbortController();
  watchPending(run, workload);
  return { workload, reading, copied: copyOutput(run, workload, reading.signal) };
}

/** Sends the output home until the command has ended or is to end. `undefined` after a hand-over. */
export async function superviseWorkload(
  run: TaskRun,
  workload: Workload,
  halt: Halt,
): Promise<RunEnd | undefined> {
  const watched = watchOutput(run, workload);
  const { copied, reading } = watched;
  const exit = await Promise.race([workload.exited, aborted(halt.signal)]);
  if (exit !== undefined) halt.commandEnded();
  if (exit === undefined && halt.handedOver) {
    reading.abort();
    await copied;
    return undefined;
  }
  const { reason } = halt;
  const ownCounts = reason === 'shutdown' || reason === 'time_limit';
  const own = ownCounts ? (exit ?? (await ownExit(workload, run.signals.kill))) : exit;
  if (own !== undefined && (reason === undefined || ownCounts)) {
    // Before the rest of the output is read, which may free space.
    const diskFull = onThisDisk(run, workload) && (await isDiskFull(run.folder));
    await copied;
    return endByItself(run, own, diskFull);
  }
  return endWatched(run, watched, stoppedEnd(run, reason ?? 'shutdown'));
}

/** Whether the command writes to the disk that the run's folder is on. */
function onThisDisk({ ctx }: TaskRun, { ref }: Workload): boolean {
  return ctx.drivers.get(ref.kind)?.capabilities.hostPaths === true;
}

/** The GPUs are looked at only when the command has failed by itself. */
async function endByItself(run: TaskRun, exit: WorkloadExit, diskFull: boolean): Promise<EndByItself> {
  const { gpus, journal, folder } = run;
  const end = { kind: 'exit', exit } as const;
  const snapshot = journal.state?.gpus;
  const failed = failureClass(end);
  if (failed !== 'user_exit_code' && failed !== 'signal') return end;
  const fault = snapshot && (await gpus.fault(snapshot));
  if (fault !== undefined) {
    await run.onGpuFault?.(fault);
    await onGpuFailure(run, fault.reason);
    return { ...end, gpuFault: fault.reason };
  }
  return diskFull ? { ...end, diskFull: folder } : end;
}

/** Ends the command with its grace. Whatever it exits with, it was stopped. */
async function endWatched(run: TaskRun, watched: Watched, end: StoppedEnd): Promise<RunEnd> {
  const { workload, copied, reading } = watched;
  startAbortHook(run, end);
  if (leavesNoLog(end.reason)) await run.log.discard();
  run.log.line(stopLine(end), 'ERROR');
  // Also where the disk is full, which the command may have filled.
  await run.journal.write({ step: 'stopping', end }).catch((error: unknown) => {
    run.ctx.logger.warn(`task ${run.task}: is stopped without a note in its journal: ${causeLine(error)}`);
  });
  await stopAll(run, workload);
  await Promise.race([copied, sleep(run.signals.kill.aborted ? LITTLE_MS : OUTPUT_AFTER_STOP_MS)]);
  reading.abort();
  return end;
}

/** Processes that hang in the kernel are reported; the task ends all the same. */
async function stopAll({ ctx, log, signals, task }: TaskRun, workload: Workload): Promise<void> {
  try {
    await workload.stop(ctx.killGraceMs, signals.kill);
  } catch (error) {
    if (!isAgentError(error, 'PROCESS_STUCK')) throw error;
    log.line(causeLine(error), 'ERROR');
    ctx.logger.error(`task ${task}: ${causeLine(error)}`);
  }
}

/** Resumes a stop that an earlier daemon had begun. */
export function stopWorkload(run: TaskRun, workload: Workload, end: StoppedEnd): Promise<RunEnd> {
  return endWatched(run, watchOutput(run, workload), end);
}

/** What a stopped command printed last is on disk already; this bounds the wait for reading it. */
const OUTPUT_AFTER_STOP_MS = 10_000;
/** The same for an agent that is in a hurry. */
const LITTLE_MS = 1000;

/** Space of output that is in the log is given back after so many bytes. */
const RELEASE_BYTES = 16 * 1024 * 1024;
/** Space is freed in whole blocks, so that no byte counts as freed that is not; no file system has larger ones. */
const BLOCK_BYTES = 1024 * 1024;

async function copyOutput(run: TaskRun, workload: Workload, signal: AbortSignal): Promise<void> {
  let released = await startOfOutput(run);
  let isFirst = true;
  try {
    for await (const { data, position, note } of workload.output(released, signal)) {
      if (note !== undefined) run.log.line(note, 'WARNING');
      if (isFirst && run.launched !== undefined) run.clock.firstOutput();
      isFirst = false;
      run.gpus.note(data);
      await run.log.feed(data, position, signal);
      if (position - released < RELEASE_BYTES) continue;
      released = await releaseKept(run, workload, released);
    }
  } catch (error) {
    if (!signal.aborted)
      run.ctx.logger.error(`task ${run.task}: its output cannot be read: ${causeLine(error)}`);
  }
}

/** Where reading of the output begins. What was freed since is in no log that was damaged meanwhile. */
async function startOfOutput({ log, folder }: TaskRun): Promise<number> {
  const { position } = log;
  const freed = await freedOutput(folder);
  if (freed <= position) return position;
  log.line(
    `${freed - position} bytes of output are missing here: the log on this machine, which had them, was damaged`,
    'WARNING',
  );
  return freed;
}

/** @returns the position before which space was given back; the one before where the disk does not take the note of it */
async function releaseKept({ log, folder }: TaskRun, workload: Workload, before: number): Promise<number> {
  const position = Math.floor((await log.kept()) / BLOCK_BYTES) * BLOCK_BYTES;
  if (position <= before) return before;
  try {
    await noteFreed(folder, position);
  } catch {
    return before;
  }
  await workload.release(position);
  return position;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** In the folder of a run: a position in its command's output, in decimal digits. */
const FREED = 'freed';

/** Bytes of a command's output, from its start, whose space may be freed: they may be read as zeros. */
async function freedOutput(runFolder: string): Promise<number> {
  const text = await readTextIfThere(path.join(runFolder, FREED)).catch(() => undefined);
  const position = Number(text ?? 0);
  return Number.isSafeInteger(position) ? position : 0;
}

/**
 * To be called before any of them is freed: a log that is damaged later makes a later agent read the output again.
 *
 * @throws AgentError DISK_FULL, WRITE_DENIED
 */
function noteFreed(runFolder: string, position: number): Promise<void> {
  return writeFileDurable(path.join(runFolder, FREED), `${position}\n`);
}
