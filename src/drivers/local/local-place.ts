import { AgentError } from '../../errors.js';
import { type CommandSetting, checkCommand } from '../../os/command-errors.js';
import { membersFile } from '../../os/control-group.js';
import { run } from '../../os/exec.js';
import type { Capabilities, ExecOptions, ExecResult, Place, PlaceCommand } from '../driver.js';
import { HOST_FILES } from '../host-files.js';
import type { LocalPlaceRef } from './local-ref.js';
import { MARKER_VARIABLE } from './workload-processes.js';

/** The command comes as positional parameters and is never read as shell code. */
const ENTER = `{ echo $$ >"$1"; } 2>/dev/null
shift
exec "$@"`;

type Environment = Readonly<Record<string, string>>;

export const HERE: Capabilities = {
  hostPaths: true,
  agentUser: true,
  disposable: false,
  assignsGpus: false,
  ownEnvironment: false,
  slowToOpen: false,
  appliesResources: false,
};

/** This machine itself: paths are the same inside and outside. */
export class LocalPlace implements Place {
  readonly capabilities = HERE;
  readonly write = HOST_FILES.write;
  readonly read = HOST_FILES.read;
  readonly inside = HOST_FILES.inside;
  readonly ref: LocalPlaceRef;
  readonly #environment: Environment;

  constructor(ref: LocalPlaceRef, environment: Environment) {
    this.ref = ref;
    this.#environment = { ...environment, [MARKER_VARIABLE]: ref.marker };
  }

  async environment(): Promise<Environment> {
    return this.#environment;
  }

  /** The environment of a command: the place's own, the command's laid over it. */
  environmentOf(command: PlaceCommand): Record<string, string | undefined> {
    return { ...this.#environment, ...command.env, [MARKER_VARIABLE]: this.ref.marker };
  }

  async exec(command: PlaceCommand, options: ExecOptions = {}): Promise<ExecResult> {
    const { argv, cwd } = command;
    const env = this.environmentOf(command);
    const setting = { ...(cwd === undefined ? {} : { cwd }), env };
    const { timedOut, ...result } = await run(await this.#entering({ ...setting, argv }), {
      ...options,
      ...setting,
    });
    if (!timedOut) return result;
    const seconds = Math.round((options.timeoutMs ?? 0) / 1000);
    throw new AgentError('COMMAND_FAILED', `${argv[0]} did not end within ${seconds} s`, {
      detail: result.stderr.slice(-2000),
    });
  }

  /** What puts a set-up step into the control group before it begins. */
  async #entering(command: CommandSetting): Promise<CommandSetting['argv']> {
    const { controlGroup } = this.ref;
    if (controlGroup === undefined) return command.argv;
    const [, ...args] = command.argv;
    const program = await checkCommand(command);
    return ['/bin/sh', '-c', ENTER, 'clearml-setup', membersFile(controlGroup), program, ...args];
  }
}
