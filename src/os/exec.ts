import { execa, type Options } from 'execa';
import { AgentError, systemCode } from '../errors.js';

export interface RunOptions {
  cwd?: string;
  /** The whole environment of the child; nothing is inherited. */
  env: Readonly<Record<string, string | undefined>>;
  input?: string;
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Called with output as it comes, stdout and stderr in order of arrival. */
  onOutput?: (chunk: string) => void;
  /** Bytes of each stream kept in the result, from its end. */
  maxKept?: number;
}

export interface RunResult {
  exitCode: number;
  stdout: string;
  stderr: string;
  timedOut: boolean;
}

/** A finished program's output is kept up to this many characters per stream unless asked otherwise. */
const MAX_KEPT = 1024 * 1024;

/**
 * Runs a program to its end, without a shell. A non-zero exit is a result, not an error.
 *
 * @throws AgentError COMMAND_MISSING when the program does not exist or may not be executed, DISK_FULL
 */
export async function run(argv: readonly [string, ...string[]], options: RunOptions): Promise<RunResult> {
  const [file, ...args] = argv;
  const settings: Options = {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...options.env },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    buffer: false,
    stdin: options.input === undefined ? 'ignore' : 'pipe',
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    forceKillAfterDelay: 2000,
  };
  const child = execa(file, args, settings);
  const kept = options.maxKept ?? MAX_KEPT;
  const stdout = collect(child.stdout, kept, options.onOutput);
  const stderr = collect(child.stderr, kept, options.onOutput);
  const result = await child;
  const code = systemCode(result.cause) ?? result.code;
  if (result.exitCode === undefined && (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR')) {
    throw new AgentError('COMMAND_MISSING', `cannot run ${file}: ${code}`, { cause: result.cause });
  }
  options.signal?.throwIfAborted();
  return {
    exitCode: result.exitCode ?? -1,
    stdout: stdout(),
    stderr: stderr(),
    timedOut: result.timedOut,
  };
}

function collect(
  stream: NodeJS.ReadableStream | null | undefined,
  kept: number,
  onOutput: ((chunk: string) => void) | undefined,
): () => string {
  let text = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    text += chunk;
    if (text.length > 2 * kept) text = text.slice(-kept);
    onOutput?.(chunk);
  });
  return () => text.slice(-kept);
}
