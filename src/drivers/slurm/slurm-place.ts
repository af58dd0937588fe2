import { AgentError } from '../../errors.js';
import { run } from '../../os/exec.js';
import type { Capabilities, ExecOptions, ExecResult, Place, PlaceCommand } from '../driver.js';
import { HOST_FILES } from '../host-files.js';
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

/** The login node, where code and packages are prepared in folders that the compute nodes see by the same paths. */
export class SlurmPlace implements Place {
  readonly capabilities = LOGIN_NODE;
  readonly write = HOST_FILES.write;
  readonly read = HOST_FILES.read;
  readonly inside = HOST_FILES.inside;
  readonly ref: SlurmPlaceRef;
  /** Options of the job, of the operator and the task. */
  readonly options: readonly string[];
  readonly #environment: Environment;

  constructor(ref: SlurmPlaceRef, environment: Environment, options: readonly string[]) {
    this.ref = ref;
    this.options = options;
    this.#environment = environment;
  }

  async environment(): Promise<Environment> {
    return this.#environment;
  }

  async exec(command: PlaceCommand, options: ExecOptions = {}): Promise<ExecResult> {
    const { argv, cwd } = command;
    const env = { ...this.#environment, ...command.env, [SETUP_MARKER]: this.ref.key };
    const { timedOut, ...result } = await run(argv, {
      ...options,
      ...(cwd === undefined ? {} : { cwd }),
      env,
    });
    if (!timedOut) return result;
    const seconds = Math.round((options.timeoutMs ?? 0) / 1000);
    throw new AgentError('COMMAND_FAILED', `${argv[0]} did not end within ${seconds} s`, {
      detail: result.stderr.slice(-2000),
    });
  }
}
