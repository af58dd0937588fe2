import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { TaskRecord } from '../api/task-record.js';
import type { Config } from '../config/config.js';
import type { Driver, Place, PlaceCommand, PlaceTask } from '../drivers/driver.js';
import { AgentError } from '../errors.js';
import { affinityOf } from '../gpu/affinity.js';
import { ownedGpus } from '../gpu/allocation.js';
import { gpuVisibility, selectedDevices } from '../gpu/visibility.js';
import type { Reporter } from '../logs/reporter.js';
import { pathInside } from '../os/inside-tree.js';
import { quoteWord } from '../os/shell-words.js';
import type { EnvironmentOrder, PythonEnvironment } from '../python/environment-request.js';
import { containerWorkspace, workspaceOf } from '../runs/workspace.js';
import { checkedScript } from './check-record.js';
import { mendedScript } from './code/bring-changes.js';
import { codeWorkspace, handOverCode } from './code/hand-over.js';
import { notebookFault, notebookScript } from './code/notebook.js';
import { type CodeParts, fetchCode, prepareCode, type TaskCode, toolAccess } from './code/prepare-code.js';
import type { AgentContext } from './context.js';
import type { BegunWork, EarlyWork } from './early-work.js';
import { notePending } from './pending-reason.js';
import { prepareTaskEnvironment } from './prepare-environment.js';
import { HeldReporter, sideBySide } from './side-by-side.js';
import { surroundingsIn } from './surroundings.js';
import { taskCommand } from './task-command.js';
import type { TaskRun } from './task-run.js';

export interface PreparedTask {
  driver: Driver;
  place: Place;
  command: PlaceCommand;
  /** The command as the log shows it. */
  display: string;
}

/**
 * Puts a task's code and packages in its place and makes its command.
 *
 * @throws AgentError of the step that failed; the signal's reason when it aborts
 */
export async function prepareTask(
  run: TaskRun,
  { record, early }: { record: TaskRecord; early: EarlyWork | undefined },
  signal: AbortSignal,
): Promise<PreparedTask> {
  const { ctx, log } = run;
  const script = checkedScript(record);
  const begun = await early?.taken(script, signal);
  const since = begun?.since ?? Date.now();
  const { driver } = ctx;
  const whole = workspaceOf(ctx, run.folder);
  if (begun === undefined) await rm(whole, { recursive: true, force: true });
  const workspace = driver.capabilities.agentUser ? whole : containerWorkspace(whole);
  const place = await run.clock.measure('place', () =>
    openPlace({ run, record, script, driver, workspace, since, signal }),
  );
  const facts = {
    retries: run.retries,
    requirements: script.requirements ?? {},
    ...(run.timeLimit === undefined ? {} : { timeLimit: run.timeLimit }),
  };
  await run.journal.write({ step: 'preparing', place: place.ref, ...facts });
  const surroundings = await surroundingsIn(place, ctx, log);
  const parts = {
    run,
    record,
    script,
    place,
    workspace,
    surroundings,
    since,
    signal,
    ...(begun ? { begun } : {}),
  };
  const [code, python] = place.capabilities.agentUser ? await atOnce(parts) : await oneByOne(parts);
  if (python.upkeep) run.upkeep.push(python.upkeep);
  await convertNotebook(place, surroundings.config, { code, python });
  const command = await taskCommand({ run, place, surroundings, code, python });
  return {
    driver,
    place,
    command,
    display: `[${code.shownFolder}]$ ${command.argv.map(quoteWord).join(' ')}`,
  };
}

interface Parts extends Omit<CodeParts, 'here' | 'reporter' | 'begun'> {
  place: Place;
  begun?: BegunWork;
}

/** Packages are found and installed while the code is fetched; the log shows the one after the other. */
function atOnce(parts: Parts): Promise<[TaskCode, PythonEnvironment]> {
  const reporter = new HeldReporter(parts.run.log);
  return sideBySide(
    parts.signal,
    async (signal) => {
      const code = await codePhase({ ...parts, signal });
      reporter.release();
      return code;
    },
    async (signal, code) => {
      const repository = code.then((fetched) => fetched.repository);
      repository.catch(() => undefined); // not everybody waits for it
      try {
        return await environmentPhase({ ...parts, signal, reporter }, repository);
      } catch (error) {
        if (!signal.aborted) reporter.release();
        throw error;
      }
    },
  );
}

/** Files belong to the place's user whenever something runs there, so there is one step at a time. */
async function oneByOne(parts: Parts): Promise<[TaskCode, PythonEnvironment]> {
  const code = await codePhase(parts);
  return [code, await environmentPhase(parts, code.repository)];
}

function codePhase(parts: Parts): Promise<TaskCode> {
  return parts.run.clock.run('code', () => codeInPlace(parts), describeCode);
}

/** The code of a task, where its place has it. */
export async function codeInPlace(parts: Omit<CodeParts, 'here'> & { place: Place }): Promise<TaskCode> {
  const { place, workspace } = parts;
  const here = place.capabilities.hostPaths;
  const code = await prepareCode({ ...parts, workspace: codeWorkspace(place, workspace), here });
  await handOverCode(place, workspace);
  return code;
}

function environmentPhase(
  parts: Parts & { reporter?: Reporter },
  repository: EnvironmentOrder['repository'],
): Promise<PythonEnvironment> {
  const code = {
    repository,
    ...toolAccess({ ...parts, here: parts.place.capabilities.hostPaths }),
  };
  return parts.run.clock.run(
    'environment',
    () => prepareTaskEnvironment({ ...parts, code }),
    describeEnvironment,
    parts.reporter,
  );
}

interface OpenParts extends Omit<Parts, 'place' | 'surroundings'> {
  driver: Driver;
}

/** An image comes from another host than the code, so both are fetched at once. */
async function openPlace(parts: OpenParts): Promise<Place> {
  const { run, record, driver, workspace } = parts;
  const { waiting } = run;
  let fetched: Promise<unknown> = Promise.resolve();
  const open = async (signal: AbortSignal) =>
    driver.open({
      taskId: run.task,
      runFolder: run.folder,
      workspace,
      reporter: run.log,
      signal,
      task: await placeTask(run, record),
      pending: (reason) => notePending(run, reason),
      ...(waiting === undefined ? {} : { waiting: (wait) => waiting(wait, fetched, signal) }),
    });
  if (!driver.capabilities.slowToOpen) return open(parts.signal);
  const reporter = new HeldReporter(run.log);
  const [place] = await sideBySide(parts.signal, open, (signal) => {
    const code = fetchCode({ ...parts, surroundings: run.ctx, here: false, reporter, signal });
    fetched = code;
    return code;
  });
  reporter.release();
  return place;
}

/** The task of a run, as a place is planned from it. */
export async function placeTask({ ctx, queue }: TaskRun, record: TaskRecord): Promise<PlaceTask> {
  const { config, workerId, workerTags, serviceTask, authToken, gpuFractions, limits } = ctx;
  const cpus = await gpuCpus(ctx);
  return {
    record,
    config,
    queue,
    workerId,
    workerTags,
    serviceTask,
    ...(authToken === undefined ? {} : { authToken }),
    ...(gpuFractions === undefined ? {} : { gpuFractions }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(limits === undefined ? {} : { limits }),
  };
}

/** A notebook becomes a script before it is run. */
export async function convertNotebook(
  place: Place,
  config: Config,
  { code, python }: { code: TaskCode; python: PythonEnvironment },
): Promise<void> {
  const { conversion } = code.plan;
  if (conversion === undefined) return;
  const [program, ...flags] = python.python;
  const argv = [program, ...flags, ...conversion.arguments] as const;
  const cwd = place.inside(code.folder);
  const result = await place.exec({ argv: [...argv] as [string, ...string[]], cwd });
  if (result.exitCode !== 0) {
    const notebook = await place.read(path.resolve(cwd, conversion.notebook)).catch(() => undefined);
    const fault = notebookFault(notebook, result.stderr);
    throw new AgentError(
      'LAUNCH_FAILED',
      `the notebook ${conversion.notebook} cannot be made into a script: ${fault}`,
      { hint: 'Check that the notebook opens in Jupyter.' },
    );
  }
  const file = path.resolve(cwd, conversion.script);
  // What converts runs packages of the task, which may have put a link in the script's place.
  if (place.capabilities.agentUser && pathInside(code.repository?.root ?? code.folder, file) !== file) return;
  const text = (await place.read(file)) ?? '';
  const mended = mendedScript(config, notebookScript(text), file);
  if (mended !== text) await place.write(file, mended);
}

function describeCode(code: TaskCode): string {
  return code.commit === undefined ? 'no repository' : `${code.url ?? ''} at ${code.commit.slice(0, 12)}`;
}

function describeEnvironment(python: PythonEnvironment): string {
  if (python.manager === 'none') return 'no packages installed by the agent';
  return `${python.cacheHit ? 'from the cache' : 'built'} (${python.manager})`;
}

/** The CPUs of a run: those next to its GPUs, where `agent.gpu_affinity` asks for that; `undefined` for all. */
async function gpuCpus({
  config,
  environment,
  gpus,
}: Pick<AgentContext, 'config' | 'environment' | 'gpus'>): Promise<string | undefined> {
  const selection = selectedDevices(gpuVisibility({ env: environment }).visible);
  if (!config.agent.gpuAffinity || selection.kind === 'none') return undefined;
  const [topology, reading] = [await gpus.topology(), await gpus.read()];
  if (topology === undefined || reading === undefined) return undefined;
  const cards = ownedGpus(reading.gpus, selection).map(({ index }) => index);
  return affinityOf(topology, cards, await allowedCpus());
}

async function allowedCpus(): Promise<string | undefined> {
  const status = await readFile('/proc/self/status', 'latin1').catch(() => '');
  return /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
}
