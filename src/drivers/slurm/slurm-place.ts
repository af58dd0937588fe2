import { AgentError } from '../../errors.js';
import { type RunOptions, type RunResult, run } from '../../os/exec.js';
import type { Capabilities, ExecOptions, ExecResult, Place, PlaceCommand } from '../driver.js';
import { HOST_FILES } from '../host-files.js';
import { type JobContainer, passedNames, runWords } from './job-container.js';
import { forJobs } from './job-folder.js';
import { runStep } from './job-steps.js';
import type { SlurmPlaceRef } from './slurm-ref.js';

/** Set in the environment of all set-up steps of a run; what they leave running is found by it. */
export const SETUP_MARKER = 'CLEARML_AGENT_WORKLOAD';

type Environment = Readonly<Record<string, string>>;

export const LOGIN_NODE: Capabilities = {
  hostPaths: true,
  agentUser: true,
  disposable: false,
  assignsGpus: true,
  ownEnvironment: false,
  slowToOpen: false,
  appliesResources: true,
};

/** A job that waits for hours. */
export const IN_JOB: Capabilities = { ...LOGIN_NODE, slowToOpen: true };

/** A running job in which set-up steps run. */
export interface PlaceJob {
  id: string;
  /** Variables that find the controller. */
  slurm: Environment;
  container?: JobContainer;
}

export interface SlurmPlaceOptions {
  ref: SlurmPlaceRef;
  environment: Environment;
  /** Options of the job, of the operator and the task. */
  options: readonly string[];
  job?: PlaceJob;
}

/**
 * Where code and packages are prepared, in folders that the login node and the compute nodes see by the same paths: the
 * login node itself, or a job that runs already.
 */
export class SlurmPlace implements Place {
  readonly capabilities: Capabilities;
  readonly write = HOST_FILES.write;
  readonly read = HOST_FILES.read;
  readonly inside = HOST_FILES.inside;
  readonly ref: SlurmPlaceRef;
  readonly image?: string;
  readonly options: readonly string[];
  readonly job: PlaceJob | undefined;
  readonly #environment: Environment;

  constructor({ ref, environment, options, job }: SlurmPlaceOptions) {
    this.ref = ref;
    this.options = options;
    this.job = job;
    this.capabilities = job === undefined ? LOGIN_NODE : IN_JOB;
    this.#environment = job === undefined ? environment : forJobs(environment);
    if (job?.container !== undefined) this.image = `${job.container.tool}:${job.container.image}`;
  }

  async environment(): Promise<Environment> {
    return this.#environment;
  }

  async exec(command: PlaceCommand, options: ExecOptions = {}): Promise<ExecResult> {
    const env = { ...this.#environment, ...command.env, [SETUP_MARKER]: this.ref.key };
    const { timedOut, ...result } = await this.#run(command, { ...options, env });
    if (!timedOut) return result;
    const seconds = Math.round((options.timeoutMs ?? 0) / 1000);
    throw new AgentError('COMMAND_FAILED', `${command.argv[0]} did not end within ${seconds} s`, {
      detail: result.stderr.slice(-2000),
    });
  }

  #run(command: PlaceCommand, options: RunOptions): Promise<RunResult> {
    const { argv, cwd } = command;
    if (this.job === undefined) return run(argv, { ...options, ...(cwd === undefined ? {} : { cwd }) });
    const words = this.words(command, options.env);
    return runStep(this.job, words, { ...options, cwd: cwd ?? this.ref.folder });
  }

  /** Runs a command in the job and beside the task's container. */
  async beside(job: PlaceJob, argv: readonly string[], signal: AbortSignal): Promise<ExecResult> {
    const env = { ...this.#environment, [SETUP_MARKER]: this.ref.key };
    return runStep(job, argv, { env, cwd: this.ref.folder, signal });
  }

  /** A command as the job runs it: in the task's container, where it has one. */
  words({ argv, cwd = this.ref.folder }: PlaceCommand, env: PlaceCommand['env'] = {}): string[] {
    const container = this.job?.container;
    return container === undefined ? [...argv] : runWords(container, { argv, cwd, names: passedNames(env) });
  }
}
