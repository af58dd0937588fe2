import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError, isAgentError } from '../../errors.js';
import { checkCommand } from '../../os/command-errors.js';
import { ensureFolder, exists } from '../../os/files.js';
import { pidsWithVariable } from '../../os/process-table.js';
import { signalMarked } from '../../os/processes.js';
import type {
  Capabilities,
  Driver,
  LostRun,
  Place,
  PlaceCommand,
  PlaceRef,
  PlaceRequest,
  WorkloadRef,
} from '../driver.js';
import { type BeatTimes, JobBeats } from './job-beat.js';
import { JobBoard } from './job-board.js';
import { clearWords } from './job-container.js';
import {
  forJobs,
  jobsFolder,
  makeJobFolder,
  ownedFolders,
  removeJobFolder,
  writeCommand,
  writeScript,
} from './job-folder.js';
import { isLive, type ListedJob } from './job-list.js';
import { submitWords, taskOptions } from './job-options.js';
import { jobStarts } from './job-start.js';
import { readLeft } from './job-watch.js';
import type { SlurmCommands } from './slurm-commands.js';
import { IN_JOB, LOGIN_NODE, SETUP_MARKER, SlurmPlace } from './slurm-place.js';
import {
  jobFiles,
  SLURM,
  SLURM_REF_VERSION,
  type SlurmPlaceRef,
  type SlurmWorkloadRef,
  slurmRef,
  slurmWorkloadRef,
  UNKNOWN_JOB,
} from './slurm-ref.js';
import type { SlurmSettings } from './slurm-settings.js';
import { SlurmWorkload } from './slurm-workload.js';
import { fetchImage, taskContainer } from './task-container.js';

export interface SlurmDriverOptions {
  commands: SlurmCommands;
  settings: SlurmSettings;
  /** What set-up steps and tasks see, without what is for the agent alone. */
  environment: Readonly<Record<string, string | undefined>>;
  /** The name of a queue, by its id. */
  queueName(id: string): Promise<string | undefined>;
  /** Ends all watching when the daemon leaves; jobs run on. */
  signal: AbortSignal;
  /** Of the job board, in milliseconds. */
  tickMs?: number;
  /** Of jobs in which tasks are prepared. */
  beat?: Partial<BeatTimes>;
}

/** A controller that is away is asked again for this long. */
const SUBMIT_MS = 10 * 60_000;
const SUBMIT_AGAIN_MS = 2000;
const FIND_MS = 60_000;
/** Names of jobs are cut in listings of people, not in ours. */
const ID_CHARACTERS = 40;
const SETUP_GRACE_MS = 2000;

/** Runs each task as a batch job of Slurm. */
export class SlurmDriver implements Driver {
  readonly kind = SLURM;
  readonly capabilities: Capabilities;
  readonly #options: SlurmDriverOptions;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #board: JobBoard;
  readonly #beats: JobBeats;

  constructor(options: SlurmDriverOptions) {
    this.#options = options;
    const { commands, settings, signal, tickMs } = options;
    this.capabilities = settings.prepare === 'job' || settings.container !== 'none' ? IN_JOB : LOGIN_NODE;
    this.#environment = Object.fromEntries(
      Object.entries(options.environment).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      ),
    );
    this.#beats = new JobBeats(signal, options.beat);
    this.#board = new JobBoard({
      list: () => commands.list(),
      signal,
      ...(tickMs === undefined ? {} : { tickMs }),
    });
  }

  async open(request: PlaceRequest): Promise<SlurmPlace> {
    const { taskId, runFolder, workspace, task, reporter } = request;
    const { settings } = this.#options;
    const { options, notes } = taskOptions(task?.record ?? {}, settings.allowed);
    for (const note of notes) reporter.line(note, 'WARNING');
    const ofQueue = await this.#queueOptions(task?.queue);
    const key = newKey(taskId);
    const folder = path.join(jobsFolder(settings.shared), key);
    const ref = { kind: SLURM, version: SLURM_REF_VERSION, taskId, key, folder, runFolder } as const;
    await ensureFolder(runFolder);
    await ensureFolder(workspace);
    await makeJobFolder(ref);
    const all = [...ofQueue, ...options];
    const container = taskContainer(request, { settings, ref, options: all });
    const place = { ref, environment: this.#environment, options: all };
    if (settings.prepare === 'login' && container === undefined) return new SlurmPlace(place);
    try {
      const job = await this.#startJob(ref, all, request);
      const { slurm } = this.#options.commands;
      const opened = new SlurmPlace({ ...place, job: { id: job, slurm, ...(container && { container }) } });
      if (container !== undefined) await fetchImage(opened, container, request);
      return opened;
    } catch (error) {
      await this.dispose(ref);
      throw error;
    }
  }

  /** Submits the job in which the task is prepared, and waits until it runs. */
  async #startJob(ref: SlurmPlaceRef, options: readonly string[], request: PlaceRequest): Promise<string> {
    const { reporter, pending, signal } = request;
    await writeScript(ref);
    await this.#beats.begin(ref.folder);
    const id = await this.#submit(ref, options);
    const node = await jobStarts({ key: ref.key, id, board: this.#board, reporter, pending, signal });
    reporter.line(`Slurm job ${id} runs on ${node}; the task is prepared in it`);
    return id;
  }

  /** @throws AgentError SLURM_JOB, SLURM, COMMAND_MISSING, LAUNCH_FAILED, DISK_FULL */
  async launch(place: Place, command: PlaceCommand): Promise<SlurmWorkload> {
    if (!(place instanceof SlurmPlace))
      throw new AgentError('INTERNAL', `not a place of Slurm: ${place.ref.kind}`);
    const { ref, job } = place;
    const { argv, cwd = ref.folder } = command;
    const env = { ...forJobs(this.#environment), ...forJobs(command.env ?? {}) };
    const launched = (id: string) => this.#workload({ ...ref, output: jobFiles(ref.folder).output, job: id });
    if (job === undefined) {
      const program = await checkCommand({ argv, cwd, env }, 'LAUNCH_FAILED');
      await writeScript(ref);
      await writeCommand(ref, { argv: [program, ...argv.slice(1)], cwd, env });
      return launched(await this.#submit(ref, place.options));
    }
    const [program = argv[0], ...words] = place.words(command, env);
    const after = job.container && clearWords(job.container);
    await writeCommand(ref, { argv: [program, ...words], cwd, env: { ...env, ...job.slurm }, after });
    this.#beats.end(ref.folder);
    return launched(job.id);
  }

  async attach(ref: WorkloadRef): Promise<SlurmWorkload | undefined> {
    const known = slurmWorkloadRef(ref);
    if (known === undefined || !(await exists(known.output))) return undefined;
    return this.#workload(known);
  }

  /** By the name of the job, else by what its script has left, else by accounting. */
  async find(ref: PlaceRef): Promise<SlurmWorkloadRef | undefined> {
    const known = slurmRef(ref);
    if (known === undefined) return undefined;
    const { output, script, status } = jobFiles(known.folder);
    // Written before the job is submitted.
    if (!(await exists(script)) || !(await exists(status))) return undefined;
    const job = await this.#jobOf(known);
    return job === undefined ? undefined : { ...known, output, job };
  }

  async search({ runFolder }: LostRun): Promise<SlurmPlaceRef | undefined> {
    const owned = await ownedFolders(this.#options.settings.shared);
    const found = owned.find((one) => one.runFolder === runFolder);
    return found && slurmRef({ kind: SLURM, version: SLURM_REF_VERSION, ...found });
  }

  async dispose(ref: PlaceRef): Promise<void> {
    const known = slurmRef(ref);
    if (known === undefined) return;
    this.#beats.end(known.folder);
    await endSetup(known.key);
    const job = await this.#live(known.key);
    if (job !== undefined)
      await this.#workload({ ...known, output: jobFiles(known.folder).output, job: job.id }).stop(0);
    await removeJobFolder(known.folder);
  }

  async collect(runsFolder: string, runs: ReadonlySet<string>): Promise<string[]> {
    const owned = await ownedFolders(this.#options.settings.shared);
    const left = owned.filter(
      ({ runFolder }) => path.dirname(runFolder) === runsFolder && !runs.has(path.basename(runFolder)),
    );
    for (const one of left) await this.dispose({ kind: SLURM, version: SLURM_REF_VERSION, ...one });
    return left.map(({ key }) => `Slurm job ${key}`);
  }

  #workload(ref: SlurmWorkloadRef): SlurmWorkload {
    const { commands, signal } = this.#options;
    return new SlurmWorkload({ ref, board: this.#board, commands, signal });
  }

  async #queueOptions(id: string | undefined): Promise<readonly string[]> {
    const { settings, queueName } = this.#options;
    if (id === undefined || settings.queues.size === 0) return [];
    const name = await queueName(id);
    return settings.queues.get(id) ?? settings.queues.get(name ?? id) ?? [];
  }

  /** A controller that breaks off may have accepted the job, so its name is looked for before the next try. */
  async #submit(ref: SlurmPlaceRef, options: readonly string[]): Promise<string> {
    const { commands, settings, signal } = this.#options;
    const { script, words } = jobFiles(ref.folder);
    const all = submitWords({ ...settings, ...ref, ofQueue: [], ofTask: options, script, words });
    const deadline = performance.now() + SUBMIT_MS;
    for (;;) {
      try {
        return await commands.submit(all);
      } catch (error) {
        if (!isAgentError(error, 'SLURM') || performance.now() > deadline) throw error;
        await sleep(SUBMIT_AGAIN_MS, undefined, { signal });
        const accepted = await this.#live(ref.key).catch(() => undefined);
        if (accepted !== undefined) return accepted.id;
      }
    }
  }

  async #jobOf({ key, folder }: SlurmPlaceRef): Promise<string | undefined> {
    const { commands } = this.#options;
    const listed = (await this.#patient(() => commands.list())).get(key);
    // One that was refused at its submission has a job, too.
    if (listed !== undefined)
      return isLive(listed) || !/^BadConstraints/.test(listed.reason) ? listed.id : undefined;
    const accounted = await this.#patient(() => commands.accounted(key, UNKNOWN_JOB));
    if (accounted !== undefined) return accounted.id;
    const { started, status } = jobFiles(folder);
    const ran = (await exists(started)) || (await readLeft(status)) !== undefined;
    return ran ? UNKNOWN_JOB : undefined;
  }

  async #live(key: string): Promise<ListedJob | undefined> {
    const job = (await this.#patient(() => this.#options.commands.list())).get(key);
    return job !== undefined && isLive(job) ? job : undefined;
  }

  async #patient<T>(ask: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + FIND_MS;
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await sleep(SUBMIT_AGAIN_MS, undefined, { signal: this.#options.signal });
      }
    }
  }
}

/** Different for each run of a task; it shows a person whose job it is. */
function newKey(taskId: string): string {
  const id = taskId.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, ID_CHARACTERS);
  return `clearml-${id}-${randomBytes(4).toString('hex')}`;
}

/** Ends what set-up steps on the login node have left running. */
async function endSetup(key: string): Promise<void> {
  const deadline = performance.now() + SETUP_GRACE_MS;
  let pids = await pidsWithVariable(SETUP_MARKER, key);
  if (pids.length > 0) signalMarked(SETUP_MARKER, key, 'SIGTERM');
  while (pids.length > 0 && performance.now() < deadline) {
    await sleep(50);
    pids = await pidsWithVariable(SETUP_MARKER, key);
  }
  if (pids.length > 0) signalMarked(SETUP_MARKER, key, 'SIGKILL');
}
