import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { CONTROL_INSIDE, controlFolder, stagingFolder, WORKSPACE_INSIDE } from '../../container/layout.js';
import {
  SetupOutput,
  type SetupReport,
  type SetupScript,
  scriptFailed,
  setupCommand,
  setupProgram,
} from '../../container/setup-scripts.js';
import { AgentError, causeLine } from '../../errors.js';
import type {
  Capabilities,
  ExecOptions,
  ExecResult,
  Place,
  PlaceCommand,
  PlaceRef,
  ProvideOptions,
  Staging,
  SystemNeeds,
} from '../driver.js';
import type { RunContainerExec } from './container-exec.js';
import { ExecLimits } from './exec-limits.js';
import { ExecOutput } from './exec-output.js';
import { PackageInstaller } from './package-installer.js';
import { namedPackages, namesPackages, toolsForScripts } from './tools-for-scripts.js';

export const CONTAINER: Capabilities = {
  hostPaths: false,
  agentUser: false,
  disposable: true,
  assignsGpus: true,
  ownEnvironment: true,
  slowToOpen: true,
  appliesResources: false,
};

/** A reference to a container that was made for a run. */
export interface ContainerRef extends PlaceRef {
  runFolder: string;
}

export interface ContainerPlaceOptions {
  exec: RunContainerExec;
  ref: ContainerRef;
  /** Of the driver, where they differ. */
  capabilities?: Capabilities;
  /** What its image has in it, for environments made on top. */
  image: string | undefined;
  /** Variables that its processes see, before any set-up script. */
  environment: Readonly<Record<string, string>>;
  /** Variables that the container has and its processes must not see. */
  removed?: Readonly<Record<string, undefined>>;
  /** The container works on the files of the host themselves; otherwise they are uploaded to it. */
  sharesFiles: boolean;
  /** Host folder that the container sees as its workspace. */
  workspace: string;
  /** Further folders of the host and where the container has them. */
  mounts?: readonly MountedFolder[];
  staging: Staging;
  /** As `Place.cacheGroup`. */
  cacheGroup?: string;
  /** Programs of the image never run as root. */
  unprivileged?: boolean;
  /** As `Place.aside`. */
  aside?: Place['aside'];
  /** Variables of the agent that programs need to reach the network (proxies). */
  network?: Readonly<Record<string, string>>;
}

export interface MountedFolder {
  host: string;
  inside: string;
}

/**
 * The shell prints its pid first, so that a command can be ended from outside, and unsets the variables named before
 * `--`, because Podman's API refuses bare names there. `command` keeps a shell alive that refuses a name. In a pod, the
 * command has the process group of another shell.
 */
const NUMBERED =
  'printf "%s\\n" "${clearml_agent_group:-$$}"; unset clearml_agent_group; while [ "$1" != -- ]; do command unset "$1" 2>/dev/null; shift; done; shift; exec "$@"';
/** Variables that reach programs of root; by others the image's user could make root run what it likes. */
const FOR_ROOT = /^(?:LANG|LC_\w+|TZ|SSL_CERT_FILE|CURL_CA_BUNDLE|\w+_(?:proxy|PROXY))$/;
const ROOT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const APT_CACHE_INSIDE = '/var/cache/apt/archives';

/** A container whose first process waits; set-up steps run beside it. */
export class ContainerPlace implements Place {
  readonly capabilities: Capabilities;
  readonly ref: ContainerRef;
  readonly image?: string;
  readonly aside?: NonNullable<Place['aside']>;
  readonly sharesFiles: boolean;
  readonly staging: Staging;
  readonly cacheGroup?: string;
  readonly #options: ContainerPlaceOptions;
  readonly #folders: readonly MountedFolder[];
  readonly #installer: PackageInstaller;
  /** After set-up scripts, what they have left behind. */
  #environment: Readonly<Record<string, string>>;

  constructor(options: ContainerPlaceOptions) {
    const { ref, image, workspace, mounts = [], network = {} } = options;
    this.ref = ref;
    this.capabilities = options.capabilities ?? CONTAINER;
    this.sharesFiles = options.sharesFiles;
    this.staging = options.staging;
    if (options.cacheGroup !== undefined) this.cacheGroup = options.cacheGroup;
    if (image !== undefined) this.image = image;
    if (options.aside !== undefined) this.aside = options.aside;
    this.#options = options;
    this.#environment = options.environment;
    this.#folders = [
      { host: workspace, inside: WORKSPACE_INSIDE },
      { host: stagingFolder(workspace), inside: WORKSPACE_INSIDE },
      { host: controlFolder(ref.runFolder), inside: CONTROL_INSIDE },
      ...mounts,
    ];
    this.#installer = new PackageInstaller({
      exec: (command, given) => this.exec(command, given),
      sharedCache: mounts.find(({ inside }) => inside === APT_CACHE_INSIDE)?.host,
      environment: network,
    });
  }

  async environment(): Promise<Readonly<Record<string, string>>> {
    return this.#environment;
  }

  async exec(command: PlaceCommand, options: ExecOptions = {}): Promise<ExecResult> {
    const { unprivileged = false } = this.#options;
    const env = options.asRoot ? this.#rootEnvironment() : this.#stepEnvironment();
    return this.#run(
      { ...command, env: { ...env, ...command.env } },
      unprivileged ? { ...options, asRoot: false } : options,
    );
  }

  async write(file: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
    const script = 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"';
    const { exitCode, stderr } = await this.#run(
      { argv: ['/bin/sh', '-c', script, 'sh', file, mode.toString(8)] },
      { input: content },
    );
    if (exitCode === 0) return;
    throw new AgentError('DOCKER_CONTAINER', `cannot write ${file} in the container: ${stderr.trim()}`);
  }

  async read(file: string): Promise<string | undefined> {
    const script = '[ -e "$1" ] || exit 44; cat "$1"';
    const { exitCode, stdout, stderr } = await this.#run(
      { argv: ['/bin/sh', '-c', script, 'sh', file] },
      { kept: Infinity },
    );
    if (exitCode === 0) return stdout;
    if (exitCode === 44) return undefined;
    throw new AgentError('DOCKER_CONTAINER', `cannot read ${file} in the container: ${stderr.trim()}`);
  }

  inside(hostPath: string): string {
    for (const { host, inside } of this.#folders) {
      const relative = path.relative(host, hostPath);
      if (relative !== '..' && !relative.startsWith(`..${path.sep}`))
        return path.posix.join(inside, relative);
    }
    return hostPath;
  }

  provide(needs: SystemNeeds, options: ProvideOptions): Promise<void> {
    return this.#installer.install(needs, options);
  }

  /**
   * Runs the scripts of administrator and task in one shell. What they export is what every later command
   * sees. A failing command in a script does not fail the task, `exit` with another status than 0 does, as
   * the original has it. Programs that scripts count on are installed before them.
   *
   * @throws AgentError DOCKER_CONTAINER for a script that ends all
   */
  async prepare(scripts: readonly SetupScript[], options: ProvideOptions): Promise<void> {
    const used = scripts.filter(({ text }) => text.trim() !== '');
    const before = used.filter(({ afterTools }) => afterTools !== true);
    const after = used.slice(before.length);
    const tools = after.length === 0 ? undefined : await toolsForScripts(this, after);
    if (tools === undefined && !namesPackages(this.#environment, before))
      return this.#runScripts(used, options);
    await this.#runScripts(before, options);
    const packages = namedPackages(this.#environment);
    try {
      if (tools !== undefined) await this.#installer.refresh(options);
      await this.#installer.install({ tools: tools ?? [], packages }, options);
    } catch (error) {
      options.signal.throwIfAborted();
      // A script may bring the program in its own way, and one that cannot do without says so itself.
      options.reporter.line(causeLine(error), 'WARNING');
    }
    await this.#runScripts(after, options);
  }

  /** A script that ends its shell well (`exit 0`) does not end the others: these run in another one. */
  async #runScripts(scripts: readonly SetupScript[], options: ProvideOptions): Promise<void> {
    for (let rest = scripts; rest.length > 0; ) {
      const report = await this.#runShell(rest, options);
      const { script, exitCode, environment } = report;
      if (exitCode !== 0) throw scriptFailed(rest[script], report);
      if (Object.keys(environment).length > 0) this.#environment = environment;
      rest = rest.slice(script + 1);
    }
  }

  async #runShell(
    scripts: readonly SetupScript[],
    { reporter, signal }: ProvideOptions,
  ): Promise<SetupReport> {
    const marker = `setup-${randomBytes(12).toString('hex')}`;
    const output = new SetupOutput(marker, (text) => reporter.output(text));
    const ended = this.#run(
      { argv: setupCommand(marker), env: this.#environment },
      { input: setupProgram(scripts), signal, onOutput: (text) => output.feed(text) },
    );
    // What a script leaves running in the background holds the output open for as long as it lives.
    const report = await Promise.race([output.reported, ended.then(() => undefined)]);
    ended.catch(() => undefined);
    output.flush();
    if (report !== undefined) return report;
    const { exitCode } = await ended;
    return { script: scripts.length, exitCode, environment: {}, broken: undefined };
  }

  /** A script may leave a `PATH` that only the task is content with. */
  #stepEnvironment(): Readonly<Record<string, string>> {
    const { PATH = '' } = this.#environment;
    if (PATH === this.#options.environment.PATH) return this.#environment;
    const folders = PATH.split(':').filter((folder) => folder !== '');
    const lacking = ROOT_PATH.split(':').filter((folder) => !folders.includes(folder));
    return { ...this.#environment, PATH: [...folders, ...lacking].join(':') };
  }

  #rootEnvironment(): Record<string, string | undefined> {
    const own = this.#environment;
    const names = Object.keys({ ...this.#options.environment, ...own }).filter(
      (name) => !FOR_ROOT.test(name),
    );
    const removed = Object.fromEntries(names.map((name) => [name, undefined]));
    return { ...own, ...removed, PATH: ROOT_PATH, HOME: '/root' };
  }

  async #run(command: PlaceCommand, options: RunOptions): Promise<ExecResult> {
    const { signal, timeoutMs, input, asRoot = false } = options;
    signal?.throwIfAborted();
    const output = new ExecOutput(options.onOutput, options.kept);
    const env = { ...this.#options.removed, ...command.env };
    const removed = Object.keys(env).filter((name) => env[name] === undefined);
    const limits = new ExecLimits(options, () => {
      void output.processNumber.then((number) => this.#end(number, asRoot));
    });
    try {
      const exited = this.#options.exec({
        argv: ['/bin/sh', '-c', NUMBERED, 'sh', ...removed, '--', ...command.argv],
        // Empty until the shell removes it: the shell itself must not obey a variable that is not for root.
        env: Object.entries(env).map(([name, value = '']) => `${name}=${value}`),
        ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
        ...(asRoot ? { user: '0' } : {}),
        ...(input === undefined ? {} : { input }),
        onOutput: (data, stream) => output.feed(data, stream),
      });
      exited.catch(() => undefined);
      const exitCode = await Promise.race([exited, limits.givenUp]);
      signal?.throwIfAborted();
      if (exitCode === undefined || limits.reached) throw tooLong(command, timeoutMs ?? 0);
      return { exitCode, ...output.texts() };
    } finally {
      limits.release();
    }
  }

  async #end(number: string, asRoot: boolean): Promise<void> {
    // Shells differ in what they make of "--" there.
    const argv = ['/bin/sh', '-c', 'kill -KILL "-$1" || kill -KILL "$1"', 'sh', number];
    // A container that is gone has ended the command already.
    await this.#options
      .exec({ argv, ...(asRoot ? { user: '0' } : {}), onOutput: () => undefined })
      .catch(() => undefined);
  }
}

interface RunOptions extends Omit<ExecOptions, 'input'> {
  input?: string | Uint8Array;
  /** Characters of each stream that the result has, from its end. */
  kept?: number;
}

function tooLong(command: PlaceCommand, timeoutMs: number): AgentError {
  const within = `${Math.round(timeoutMs / 1000)} s in the container`;
  return new AgentError('COMMAND_FAILED', `${command.argv[0]} did not end within ${within}`);
}
