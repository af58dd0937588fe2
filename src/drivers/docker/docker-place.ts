import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { AgentError } from '../../errors.js';
import type { ExecOptions, ExecResult, Place, PlaceCommand } from '../driver.js';
import { CONTROL_INSIDE, controlFolder, type DockerPlaceRef, WORKSPACE_INSIDE } from './docker-ref.js';
import type { Engine } from './engine.js';
import { parseEnvironment, SetupOutput, type SetupScript, setupProgram } from './setup-scripts.js';

export interface DockerPlaceOptions {
  engine: Engine;
  ref: DockerPlaceRef;
  /** Host folder that the container sees as its workspace. */
  workspace: string;
  /** Gives the container's user what the agent has put into the workspace. */
  handOver(): Promise<void>;
}

/** The shell says its own number first, so that a command can be ended from outside. */
const NUMBERED = 'printf "%s\\n" "$$"; exec "$@"';

/** A container whose first process waits; set-up steps run beside it. */
export class DockerPlace implements Place {
  readonly kind = 'docker';
  readonly ref: DockerPlaceRef;
  readonly #options: DockerPlaceOptions;
  /** What set-up scripts have left behind; `undefined` before the first. */
  #environment: Readonly<Record<string, string>> | undefined;

  constructor(options: DockerPlaceOptions) {
    this.ref = options.ref;
    this.#options = options;
  }

  async environment(): Promise<Readonly<Record<string, string>>> {
    if (this.#environment === undefined) {
      const { stdout } = await this.#run({ argv: ['/bin/sh', '-c', 'cat /proc/self/environ'] }, {});
      this.#environment = parseEnvironment(stdout);
    }
    return this.#environment;
  }

  async exec(command: PlaceCommand, options: ExecOptions = {}): Promise<ExecResult> {
    await this.#options.handOver();
    const env = { ...(await this.environment()), ...command.env };
    return this.#run({ ...command, env }, options);
  }

  async write(file: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
    const script = 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"';
    const argv = ['/bin/sh', '-c', script, 'sh', file, mode.toString(8)] as const;
    const input = typeof content === 'string' ? content : Buffer.from(content).toString('latin1');
    const { exitCode, stderr } = await this.#run({ argv: [...argv] }, { input });
    if (exitCode === 0) return;
    throw new AgentError('DOCKER_CONTAINER', `cannot write ${file} in the container: ${stderr.trim()}`);
  }

  async read(file: string): Promise<string | undefined> {
    const script = '[ -e "$1" ] || exit 44; cat "$1"';
    const { exitCode, stdout, stderr } = await this.#run({ argv: ['/bin/sh', '-c', script, 'sh', file] }, {});
    if (exitCode === 0) return stdout;
    if (exitCode === 44) return undefined;
    throw new AgentError('DOCKER_CONTAINER', `cannot read ${file} in the container: ${stderr.trim()}`);
  }

  inside(hostPath: string): string {
    const folders = [
      [this.#options.workspace, WORKSPACE_INSIDE],
      [controlFolder(this.ref.runFolder), CONTROL_INSIDE],
    ] as const;
    for (const [host, inside] of folders) {
      const relative = path.relative(host, hostPath);
      if (relative !== '..' && !relative.startsWith(`..${path.sep}`))
        return path.posix.join(inside, relative);
    }
    return hostPath;
  }

  /**
   * Runs the scripts of administrator and task in one shell. What they export is what every later command
   * sees. A failing command in a script does not fail the task, as the original has it.
   */
  async prepare(scripts: readonly SetupScript[], options: ExecOptions): Promise<void> {
    const used = scripts.filter(({ text }) => text.trim() !== '');
    if (used.length === 0) return;
    const marker = `environment-${randomBytes(12).toString('hex')}`;
    const output = new SetupOutput(marker, (text) => options.onOutput?.(text));
    const shell = 'if command -v bash >/dev/null 2>&1; then exec bash -c "$1"; fi; exec sh -c "$1"';
    const argv = ['/bin/sh', '-c', shell, 'sh', setupProgram(used, marker)] as const;
    await this.#run({ argv: [...argv] }, { ...options, onOutput: (text) => output.feed(text) });
    this.#environment = output.environment() ?? this.#environment;
  }

  async #run(command: PlaceCommand, options: ExecOptions): Promise<ExecResult> {
    const { engine } = this.#options;
    const output = new ExecOutput(options.onOutput);
    const ending = new AbortController();
    const end = () => {
      ending.abort();
      void output.processNumber.then((number) => this.#end(number));
    };
    options.signal?.addEventListener('abort', end, { once: true });
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(end, options.timeoutMs);
    try {
      const exitCode = await engine.exec(this.ref.container, {
        argv: ['/bin/sh', '-c', NUMBERED, 'sh', ...command.argv],
        env: pairs(command.env),
        ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
        ...(options.input === undefined ? {} : { input: options.input }),
        onOutput: (data, stream) => output.feed(data, stream),
      });
      options.signal?.throwIfAborted();
      if (ending.signal.aborted) throw tooLong(command, options.timeoutMs ?? 0);
      return { exitCode, ...output.texts() };
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', end);
    }
  }

  async #end(number: string): Promise<void> {
    const argv = ['/bin/sh', '-c', 'kill -KILL -- "-$1" || kill -KILL "$1"', 'sh', number];
    // A container that is gone has ended the command already.
    await this.#options.engine
      .exec(this.ref.container, { argv, onOutput: () => undefined })
      .catch(() => undefined);
  }
}

/** Output of one command: its number first, then what it prints. */
class ExecOutput {
  readonly #onOutput: ((text: string) => void) | undefined;
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  readonly #texts = { stdout: '', stderr: '' };
  /** Known once the command has started. */
  readonly processNumber: Promise<string>;
  #tellNumber: ((number: string) => void) | undefined;

  constructor(onOutput: ((text: string) => void) | undefined) {
    this.#onOutput = onOutput;
    this.processNumber = new Promise((resolve) => {
      this.#tellNumber = resolve;
    });
  }

  feed(data: Uint8Array, stream: 'stdout' | 'stderr'): void {
    const text = this.#decoders[stream].decode(data, { stream: true });
    this.#texts[stream] += text;
    if (stream === 'stderr' || this.#tellNumber === undefined) {
      this.#onOutput?.(text);
      return;
    }
    const end = this.#texts.stdout.indexOf('\n');
    if (end < 0) return;
    this.#tellNumber(this.#texts.stdout.slice(0, end));
    this.#tellNumber = undefined;
    this.#texts.stdout = this.#texts.stdout.slice(end + 1);
    if (this.#texts.stdout !== '') this.#onOutput?.(this.#texts.stdout);
  }

  texts(): { stdout: string; stderr: string } {
    return { ...this.#texts };
  }
}

function pairs(env: PlaceCommand['env']): string[] {
  return Object.entries(env ?? {}).map(([name, value]) => (value === undefined ? name : `${name}=${value}`));
}

function tooLong(command: PlaceCommand, timeoutMs: number): AgentError {
  const seconds = Math.round(timeoutMs / 1000);
  return new AgentError(
    'COMMAND_FAILED',
    `${command.argv[0]} did not end within ${seconds} s in the container`,
  );
}
