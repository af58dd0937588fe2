import { type NameLookup, resolveName } from '../../api/resolve-name.js';
import type { TaskRecord, TaskScript } from '../../api/task-record.js';
import type { Config } from '../../config/config.js';
import type { Driver, Place, PlaceRequest } from '../../drivers/driver.js';
import type { AgentLogger } from '../../logs/logger.js';
import { acquireLock, type Release } from '../../os/lock.js';
import { workerFolder } from '../../os/paths.js';
import { RunFolders, runLock } from '../../runs/folders.js';
import { Journal } from '../../runs/journal.js';
import type { Redactor } from '../../secrets/redactor.js';
import { checkedScript } from '../../task/check-record.js';
import { interpreterKind } from '../../task/code/script-binary.js';
import type { RunSignals } from '../../task/context.js';
import { startUpkeep } from '../../task/run.js';
import type { TaskRun } from '../../task/task-run.js';
import { type Connection, connect } from '../connect.js';
import { effectiveConfig } from '../effective-config.js';
import { openRun } from '../runs/manage-run.js';
import { watchShutdown } from '../shutdown.js';
import { openWorker, type TaskOptions } from '../worker.js';

export interface BuildOptions {
  config: Config;
  home: string;
  state: string;
  logger: AgentLogger;
  redactor: Redactor;
  /** Id or name of the task. */
  task: string;
  /** `3.11`, in place of what the task asks for. */
  pythonVersion: string | undefined;
  workerId: string;
  taskOptions: TaskOptions;
  signals: NodeJS.EventEmitter;
  leave(status: number): void;
}

/** A task that is made ready and not run. */
export interface BuildRun {
  run: TaskRun;
  record: TaskRecord;
  script: TaskScript;
  connection: Connection;
  /** Aborts when the user stops the build. */
  signal: AbortSignal;
}

/** Exit status of a command that Ctrl-C has ended. */
const INTERRUPTED = 130;

/**
 * Opens a run that sends neither log nor status to the server, and removes it afterwards.
 *
 * @returns exit status: 0, or 130 when the user has stopped it
 * @throws AgentError TASK_NOT_FOUND, TASK_INVALID, and what the connection and `work` throw
 */
export async function withBuildRun(
  given: BuildOptions,
  work: (build: BuildRun) => Promise<void>,
): Promise<number> {
  const { logger } = given;
  const shutdown = watchShutdown({
    source: given.signals,
    say: (text) => logger.info(text),
    leave: given.leave,
    running: () => 0,
    single: true,
  });
  const signal = shutdown.stop;
  try {
    const connection = await connect({ ...given, wait: false, signal });
    const options = { ...given, config: await effectiveConfig({ ...given, connection }) };
    const record = await findTask(connection, given.task, signal);
    const script = withPython(checkedScript(record), given.pythonVersion);
    const folders = new RunFolders(workerFolder(given.state, given.workerId));
    const { run, release } = await quietRun({ options, connection, folders, record, signals: shutdown });
    try {
      await work({ run, record, script, connection, signal });
    } finally {
      startUpkeep(run);
      await run.ctx.background.end({ hurry: signal.aborted });
      await run.log.close();
      await run.journal.close();
      await release();
      await folders.remove(run.folder);
      await folders.removeIfEmpty();
    }
    return 0;
  } catch (error) {
    if (!signal.aborted) throw error;
    logger.warn('the build was stopped; nothing of it is left');
    return INTERRUPTED;
  } finally {
    shutdown.close();
  }
}

async function findTask({ tasks }: Connection, wanted: string, signal: AbortSignal): Promise<TaskRecord> {
  const getAll: NameLookup['getAll'] = (query, call) => tasks.getAll(query, call);
  return tasks.getById(await resolveName(wanted, { kind: 'task', getAll }, { signal }), { signal });
}

/** Opens a place; of one that fails to open nothing is left. */
export async function openPlace(
  driver: Pick<Driver, 'open' | 'clear'>,
  request: PlaceRequest,
): Promise<Place> {
  try {
    return await driver.open(request);
  } catch (error) {
    const { taskId, runFolder, workspace } = request;
    await driver.clear?.({ taskId, runFolder, workspace }).catch(() => undefined);
    throw error;
  }
}

/** The flag wins over the task; a shell does not mind. */
export function withPython(script: TaskScript, version: string | undefined): TaskScript {
  if (version === undefined || interpreterKind(script.binary).kind === 'shell') return script;
  return { ...script, binary: `python${version}` };
}

interface QuietRun {
  options: BuildOptions;
  connection: Connection;
  folders: RunFolders;
  record: TaskRecord;
  signals: RunSignals;
}

async function quietRun(parts: QuietRun): Promise<{ run: TaskRun; release: Release }> {
  const { options, connection, folders, record, signals } = parts;
  const { state, workerId } = options;
  const { ctx } = await openWorker({
    ...options,
    connection,
    folder: workerFolder(state, workerId),
    workerTags: [],
    silent: true,
    keepsFailed: false,
    handOver: signals.handOver,
  });
  const folder = await folders.create(record.id);
  const release = await acquireLock(runLock(folder), { timeoutMs: 0, what: `the run in ${folder}` });
  const journal = await Journal.open(folder);
  await journal.write({ step: 'pulled', task: record.id, queue: undefined });
  const run = await openRun(ctx, { task: record.id, queue: undefined, folder, journal, signals });
  return { run, release };
}
