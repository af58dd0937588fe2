import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { AgentError } from '../errors.js';
import { withoutAgentSecrets } from './child-environment.js';
import { startError } from './command-errors.js';
import { killGroup } from './processes.js';

/** Of what the program says on its standard error. */
const MAX_KEPT = 4096;

/**
 * A program as a connection: what is written goes to its input, its output is what is read. It ends with the
 * stream. It has the few methods of a socket that Node's HTTP client calls.
 */
export class ProcessStream extends Duplex {
  readonly #child: ChildProcess;
  #said = '';

  /**
   * The stream fails with AgentError COMMAND_MISSING or COMMAND_FAILED when the program cannot be started or
   * ends with an error.
   *
   * @param env the whole environment of the program
   */
  constructor(argv: readonly [string, ...string[]], env: Readonly<Record<string, string | undefined>>) {
    super();
    const [file, ...args] = argv;
    this.#child = spawn(file, args, {
      env: withoutAgentSecrets(env),
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const { stdin, stdout, stderr } = this.#child;
    stdin?.on('error', () => undefined); // its end says more
    stdout?.on('data', (data) => this.push(data) || stdout.pause());
    stderr?.on('data', (data) => {
      this.#said = `${this.#said}${data}`.slice(-MAX_KEPT);
    });
    this.#child.once('error', async (error) => this.destroy(await startError(error, { argv, env })));
    this.#child.once('close', (code) => {
      if (this.#child.pid === undefined) return; // reported above
      if (code === 0) this.push(null);
      else this.destroy(this.#failure(file, code));
    });
  }

  override _read(): void {
    this.#child.stdout?.resume();
  }

  override _write(chunk: Uint8Array, _: BufferEncoding, done: (error?: Error | null) => void): void {
    const { stdin } = this.#child;
    // A program that has ended ends the stream itself.
    if (stdin === null || stdin.destroyed || stdin.write(chunk)) done();
    else stdin.once('drain', done);
  }

  override _final(done: () => void): void {
    this.#child.stdin?.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    killGroup(this.#child.pid ?? 0, 'SIGTERM');
    for (const stream of this.#child.stdio) stream?.destroy();
    done(error);
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    this.#child.ref();
    return this;
  }

  unref(): this {
    this.#child.unref();
    return this;
  }

  #failure(program: string, code: number | null): AgentError {
    const last = this.#said.trim().split('\n').pop()?.trim();
    const status = code === null ? 'was killed' : `ended with status ${code}`;
    return new AgentError('COMMAND_FAILED', `${program} ${status}${last ? `: ${last}` : ''}`, {
      detail: this.#said.trim(),
    });
  }
}
