import { randomUUID } from 'node:crypto';
import type { SimpleGitOptions, SimpleGitProgressEvent } from 'simple-git';
import { AgentError } from '../errors.js';
import { withoutApiSecrets } from '../os/child-environment.js';
import { processesWithEnvironment, signalProcess } from '../os/processes.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface GitCommand {
  /** Words after `git`. */
  args: readonly string[];
  /** An existing folder. */
  cwd: string;
  /** The whole environment; `gitBaseEnvironment` makes one. */
  env: Environment;
  signal: AbortSignal;
  input?: string | Buffer;
  /** Everything that git prints, as it comes. */
  onOutput?: (chunk: string) => void;
  /** Stages of a transfer; asks git for them. */
  onProgress?: (progress: GitProgress) => void;
  /** Abort the command when it prints nothing for this long. 0: never. */
  stallMs?: number;
  /** The command is given up when it takes longer altogether. 0: never. */
  timeoutMs?: number;
}

export type GitProgress = Pick<SimpleGitProgressEvent, 'stage' | 'progress' | 'processed' | 'total'>;

/** How a git command ended. A non-zero exit is a result, not an error. */
export interface GitResult {
  exitCode: number;
  stdout: string;
  stderr: string;
  /** The limit that ended it. */
  timedOut?: 'stall' | 'total';
}

/**
 * simple-git guards its users against input that sneaks options and settings into git. Here all variables and
 * options are the agent's own or its user's, and names that come from a task never begin an argument.
 */
const ALLOWED = {
  allowUnsafeAlias: true,
  allowUnsafeAskPass: true,
  allowUnsafeCommandBinaries: true,
  allowUnsafeConfigEnvCount: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeDiffExternal: true,
  allowUnsafeDiffTextConv: true,
  allowUnsafeExec: true,
  allowUnsafeFilter: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeGitProxy: true,
  allowUnsafeGpgProgram: true,
  allowUnsafeHooksPath: true,
  allowUnsafeInclude: true,
  allowUnsafeMergeDriver: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeSshCommand: true,
  allowUnsafeSubmodule: true,
  allowUnsafeTemplateDir: true,
  allowUnsafeUrlRewrite: true,
} satisfies SimpleGitOptions['unsafe'];

/**
 * Runs one git command to its end. It has no input and no terminal to ask on.
 *
 * @throws AgentError COMMAND_MISSING; the signal's reason when it aborts
 */
export async function git(command: GitCommand): Promise<GitResult> {
  const { simpleGit } = await import('simple-git');
  command.signal.throwIfAborted();
  const limits = new Limits(command);
  let ended: GitResult | undefined;
  const repository = simpleGit({
    baseDir: command.cwd,
    unsafe: ALLOWED,
    allowEnvironment: [...Object.keys(command.env), RUN_VARIABLE],
    abort: limits.signal,
    completion: { onClose: true, onExit: LINGER_MS },
    // An empty text closes git's input; no text would leave it open.
    input: () => Buffer.from(command.input ?? ''),
    ...(command.onProgress === undefined ? {} : { progress: command.onProgress }),
    errors: (_error, { exitCode, stdOut, stdErr }) => {
      ended = {
        exitCode: exitCode ?? -1,
        stdout: String(Buffer.concat(stdOut)),
        stderr: String(Buffer.concat(stdErr)),
      };
      return undefined;
    },
  });
  repository.env({ ...withoutUnset(withoutApiSecrets(command.env)), [RUN_VARIABLE]: limits.run });
  repository.outputHandler((_name, stdout, stderr) => {
    for (const stream of [stdout, stderr]) listen(stream, limits, command.onOutput);
  });
  try {
    await repository.raw([...command.args]);
  } catch (error) {
    if (ended === undefined && !limits.signal.aborted) throw error;
  } finally {
    await limits.end();
  }
  command.signal.throwIfAborted();
  return {
    ...startedOnly(ended, command.args),
    ...(limits.hit === undefined ? {} : { timedOut: limits.hit }),
  };
}

/** Marks git and all that it starts (transports, ssh, filters), so that they are found when it is given up. */
const RUN_VARIABLE = 'AGENT_GIT_RUN';
/**
 * How long output may still come after git has ended. Its last words arrive late when this process is busy, and a
 * process that it left in the background (an ssh master connection) holds its output open for hours.
 */
const LINGER_MS = 2000;
/** Time between simple-git's polite signal to git alone and the kill of all that belongs to it. */
const KILL_DELAY_MS = 500;

/** Ends a command that is aborted, takes too long altogether, or shows no sign of life for too long. */
class Limits {
  readonly run = randomUUID();
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #stall: NodeJS.Timeout | undefined;
  hit: 'stall' | 'total' | undefined;

  constructor({ signal, timeoutMs = 0, stallMs = 0 }: GitCommand) {
    this.#caller = signal;
    signal.addEventListener('abort', this.#stop);
    this.#stall = this.#arm('stall', stallMs);
    this.#arm('total', timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  alive(): void {
    if (!this.signal.aborted) this.#stall?.refresh();
  }

  async end(): Promise<void> {
    this.#caller.removeEventListener('abort', this.#stop);
    for (const timer of this.#timers) clearTimeout(timer);
    if (this.signal.aborted) await this.#killAll();
  }

  readonly #stop = (): void => {
    this.#controller.abort();
    this.#timers.push(setTimeout(() => void this.#killAll(), KILL_DELAY_MS));
  };

  async #killAll(): Promise<void> {
    const left = await processesWithEnvironment(RUN_VARIABLE, this.run);
    for (const { pid } of left) signalProcess(pid, 'SIGKILL');
  }

  #arm(limit: 'stall' | 'total', ms: number): NodeJS.Timeout | undefined {
    if (ms <= 0) return undefined;
    const timer = setTimeout(() => {
      this.hit ??= limit;
      this.#stop();
    }, ms);
    this.#timers.push(timer);
    return timer;
  }
}

function startedOnly(ended: GitResult | undefined, args: readonly string[]): GitResult {
  if (ended === undefined) return { exitCode: -1, stdout: '', stderr: '' };
  if (ended.exitCode < 0 && /^Error: spawn \S* (ENOENT|EACCES|ENOTDIR)/.test(ended.stderr)) {
    throw new AgentError(
      'COMMAND_MISSING',
      `cannot run git ${args[0] ?? ''}: git is not installed or not in PATH`,
      {
        hint: 'Install git 2.32 or later on the machine of the agent.',
      },
    );
  }
  return ended;
}

/**
 * simple-git waits another 50 ms for a command that printed nothing, in case its output is late. Output is
 * complete when its stream has ended, so an empty piece then spares that wait.
 */
function listen(stream: NodeJS.ReadableStream, limits: Limits, onOutput: GitCommand['onOutput']): void {
  const decoder = new TextDecoder();
  stream.on('data', (chunk: Buffer) => {
    limits.alive();
    if (chunk.length > 0) onOutput?.(decoder.decode(chunk, { stream: true }));
  });
  stream.once('end', () => stream.emit('data', Buffer.alloc(0)));
}

function withoutUnset(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** Variables that tie git to another repository, change what names mean, start other programs, or change its words. */
const TAKEN_OUT =
  /^(GIT_(DIR|WORK_TREE|IMPLICIT_WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|NAMESPACE|COMMON_DIR|PREFIX|INTERNAL_\w+|QUARANTINE_PATH|SHALLOW_FILE|GRAFT_FILE|REPLACE_REF_BASE|ATTR_SOURCE|DEFAULT_HASH|\w+_PATHSPECS|EDITOR|SEQUENCE_EDITOR|PAGER|PAGER_IN_USE|EXTERNAL_DIFF|DIFF_OPTS|TEMPLATE_DIR|CONFIG_PARAMETERS|TEST_\w+)|EDITOR|VISUAL|PAGER|LC_\w+|LANGUAGE)$/;

/** The variables of an environment that tie git to another repository, to be laid over it as unset. */
export function withoutForeignRepository(env: Environment): Record<string, undefined> {
  const names = Object.keys(env).filter((name) => FOREIGN_REPOSITORY.test(name));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

const FOREIGN_REPOSITORY =
  /^GIT_(?:DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|NAMESPACE|COMMON_DIR)$/;

/**
 * What every git command starts from: the agent's own environment without what would lead git astray, and
 * English messages, which the causes of failures are read from. `globalConfig` is `globalConfigFile`'s.
 */
export function gitBaseEnvironment(base: Environment, globalConfig: string): Record<string, string> {
  const kept = Object.entries(withoutUnset(base)).filter(([name]) => !TAKEN_OUT.test(name));
  return {
    ...Object.fromEntries(kept),
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_GLOBAL: globalConfig,
    GIT_LFS_FORCE_PROGRESS: '1',
    GIT_OPTIONAL_LOCKS: '0',
  };
}
