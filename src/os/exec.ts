import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutAgentSecrets } from './child-environment.js';
import { startError } from './command-errors.js';
import { killGroup } from './processes.js';

export interface RunOptions {
  cwd?: string;
  /** The whole environment of the child; nothing is inherited, and secrets of the API are left out. */
  env: Readonly<Record<string, string | undefined>>;
  /** The program calls the API server, so it gets those, too. */
  callsServer?: boolean;
  input?: string;
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Called with output as it comes, stdout and stderr in order of arrival. */
  onOutput?: (chunk: string) => void;
  /** Characters of each stream kept in the result, from its end. */
  maxKept?: number;
}

export interface RunResult {
  /** 128 + n for a program that signal n ended, as a shell has it. */
  exitCode: number;
  stdout: string;
  stderr: string;
  timedOut: boolean;
}

/** A finished program's output is kept up to this many characters per stream unless asked otherwise. */
const MAX_KEPT = 1024 * 1024;
/** Time between the polite signal and SIGKILL for a program that was aborted or ran out of time. */
const KILL_DELAY_MS = 2000;
/**
 * How long output is still read after the program ended: a process that it left in the background (an ssh
 * master connection, `git gc`) may hold its output open for hours.
 */
const LINGER = { quietMs: 300, mostMs: 5000 };

/** Programs in sessions of their own would outlive an agent that leaves at once. */
const liveGroups = new Set<number>();
process.once('exit', () => {
  for (const group of liveGroups) killGroup(group, 'SIGKILL');
});

/**
 * Runs a program to its end, without a shell and in a session of its own: it has no terminal to ask for a
 * password on, and when it is aborted or out of time, all that it started ends with it. A non-zero exit is a
 * result, not an error.
 *
 * @throws AgentError COMMAND_MISSING when the program does not exist or may not be executed, COMMAND_FAILED
 *   when it cannot be started for another reason; the signal's reason when it aborts
 */
export async function run(argv: readonly [string, ...string[]], options: RunOptions): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const child = await start(argv, options);
  const exited = exitCodeOf(child);
  const closed = closeOf(child);
  const stdout = new Tail(child.stdout, options);
  const stderr = new Tail(child.stderr, options);
  const limits = new Limits(child, options);
  const linger = new AbortController();
  try {
    const exitCode = await exited;
    limits.sweep();
    await Promise.race([closed, lingered([stdout, stderr], linger.signal)]);
    options.signal?.throwIfAborted();
    return { exitCode, stdout: stdout.text, stderr: stderr.text, timedOut: limits.timedOut };
  } finally {
    linger.abort();
    limits.end();
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

async function start(argv: readonly [string, ...string[]], options: RunOptions): Promise<ChildProcess> {
  const [file, ...args] = argv;
  try {
    const child = spawn(file, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: options.callsServer ? options.env : withoutAgentSecrets(options.env),
      detached: true,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    child.stdin?.on('error', () => undefined); // a program need not read its input
    child.stdin?.end(options.input);
    await once(child, 'spawn');
    return child.on('error', () => undefined);
  } catch (error) {
    throw await startError(error, { ...options, argv });
  }
}

function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}

function closeOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('close', () => resolve());
  });
}

async function lingered(outputs: readonly Tail[], signal: AbortSignal): Promise<void> {
  const exitedAt = performance.now();
  for (;;) {
    await sleep(50, undefined, { signal }).catch(() => undefined);
    const now = performance.now();
    const heardAt = Math.max(exitedAt, ...outputs.map((output) => output.heardAt));
    if (signal.aborted || now - heardAt > LINGER.quietMs || now - exitedAt > LINGER.mostMs) return;
  }
}

/** Ends the program's whole process group when the caller aborts or time is up. */
class Limits {
  timedOut = false;
  readonly #group: number;
  readonly #signal: AbortSignal | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  #ending = false;

  constructor(child: ChildProcess, { signal, timeoutMs }: RunOptions) {
    this.#group = child.pid ?? 0;
    this.#signal = signal;
    liveGroups.add(this.#group);
    signal?.addEventListener('abort', this.#terminate);
    if (signal?.aborted) this.#terminate();
    if (timeoutMs === undefined) return;
    const onTime = (): void => {
      this.timedOut = true;
      this.#terminate();
    };
    this.#timers.push(setTimeout(onTime, timeoutMs));
  }

  /** Once the program itself is gone, what it started need not be asked politely. */
  sweep(): void {
    if (this.#ending) killGroup(this.#group, 'SIGKILL');
  }

  end(): void {
    liveGroups.delete(this.#group);
    this.#signal?.removeEventListener('abort', this.#terminate);
    for (const timer of this.#timers) clearTimeout(timer);
  }

  readonly #terminate = (): void => {
    if (this.#ending) return;
    this.#ending = true;
    killGroup(this.#group, 'SIGTERM');
    this.#timers.push(setTimeout(() => killGroup(this.#group, 'SIGKILL'), KILL_DELAY_MS));
  };
}

/** The last part of a stream as text; characters that are cut by the pieces of the stream stay whole. */
class Tail {
  heardAt = 0;
  readonly #kept: number;
  #text = '';

  constructor(stream: Readable | null, { maxKept = MAX_KEPT, onOutput }: RunOptions) {
    this.#kept = maxKept;
    stream?.setEncoding('utf8');
    stream?.on('data', (chunk: string) => {
      this.heardAt = performance.now();
      this.#text += chunk;
      if (this.#text.length > 2 * maxKept) this.#text = this.text;
      onOutput?.(chunk);
    });
  }

  get text(): string {
    return this.#text.slice(Math.max(0, this.#text.length - this.#kept));
  }
}
