import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AgentError } from '../../errors.js';
import { run } from '../../os/exec.js';
import { diskError, ensureFolder, readTextIfThere } from '../../os/files.js';
import type { ExecOptions, ExecResult, Place, PlaceCommand } from '../driver.js';
import type { LocalPlaceRef } from './local-ref.js';
import { MARKER_VARIABLE } from './workload-processes.js';

type Environment = Readonly<Record<string, string>>;

/** This machine itself: paths are the same inside and outside. */
export class LocalPlace implements Place {
  readonly kind = 'local';
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
    const { timedOut, ...result } = await run(argv, {
      ...options,
      ...(cwd === undefined ? {} : { cwd }),
      env: this.environmentOf(command),
    });
    if (!timedOut) return result;
    const seconds = Math.round((options.timeoutMs ?? 0) / 1000);
    throw new AgentError('COMMAND_FAILED', `${argv[0]} did not end within ${seconds} s`, {
      detail: result.stderr.slice(-2000),
    });
  }

  async write(file: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
    await ensureFolder(path.dirname(file));
    try {
      await writeFile(file, content, { mode });
      await chmod(file, mode);
    } catch (error) {
      throw diskError(error, file);
    }
  }

  read(file: string): Promise<string | undefined> {
    return readTextIfThere(file);
  }

  inside(hostPath: string): string {
    return hostPath;
  }
}
