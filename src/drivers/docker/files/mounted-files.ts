import { constants } from 'node:fs';
import { chmod, open } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError, systemCode } from '../../../errors.js';
import { run } from '../../../os/exec.js';
import { ensureFolder, writeFileDurable } from '../../../os/files.js';
import type { CreateRequest } from '../create-request.js';
import { CONTROL_INSIDE, controlFolder, type RunFolders, WORKSPACE_INSIDE } from '../docker-ref.js';
import type { Engine } from '../engine.js';
import { type FilesOwner, RELEASE_TIMEOUT_MS, type RunFiles } from './run-files.js';

export interface MountedFilesOptions {
  engine: Engine;
  folders: RunFolders;
  /** How the engine sees a folder of the agent. */
  engineSees(folder: string): string;
  /** For the agent's own tools. */
  environment: Readonly<Record<string, string | undefined>>;
}

const RELEASE_RETRY_MS = 10;

/** The engine mounts the folders of the run; the command is released through a pipe in one of them. */
export class MountedFiles implements RunFiles {
  readonly shared = true;
  readonly #options: MountedFilesOptions;

  constructor(options: MountedFilesOptions) {
    this.#options = options;
  }

  laid(planned: CreateRequest): CreateRequest {
    const { folders, engineSees } = this.#options;
    const { HostConfig: host } = planned;
    const binds = [
      ...(host.Binds ?? []),
      `${engineSees(folders.workspace)}:${WORKSPACE_INSIDE}`,
      `${engineSees(controlFolder(folders.runFolder))}:${CONTROL_INSIDE}:ro`,
    ];
    return { ...planned, HostConfig: { ...host, Binds: binds } };
  }

  /** An engine would make them itself, as root. */
  async beforeCreate(): Promise<void> {
    const { workspace, runFolder } = this.#options.folders;
    await ensureFolder(workspace);
    await ensureFolder(controlFolder(runFolder));
  }

  async beforeStart(): Promise<void> {
    const { folders, environment: env } = this.#options;
    const control = controlFolder(folders.runFolder);
    // Any user of the image must reach it; nobody else of this machine gets past the run's own folder.
    await chmod(control, 0o755);
    const pipe = path.join(control, 'go');
    await run(['rm', '-f', pipe, path.join(control, 'start')], { env });
    await run(['mkfifo', '-m', '644', pipe], { env });
  }

  async afterStart(): Promise<void> {}

  /** Only root can give files to another user, and only then it is needed. */
  async handOver({ owner }: FilesOwner): Promise<void> {
    if (owner === undefined || process.getuid?.() !== 0) return;
    const [user = ''] = owner.split(':');
    // A file with further names belongs to a cache as well.
    const own = ['(', '-type', 'd', '-o', '-links', '1', ')'];
    const change = ['-exec', 'chown', '-h', owner, '{}', '+'];
    const { folders, environment: env } = this.#options;
    await run(['find', folders.workspace, '!', '-uid', user, ...own, ...change], { env });
  }

  async release(container: string, script: string): Promise<void> {
    const control = controlFolder(this.#options.folders.runFolder);
    await writeFileDurable(path.join(control, 'start'), script, 0o644);
    const deadline = Date.now() + RELEASE_TIMEOUT_MS;
    while (!(await hasReader(path.join(control, 'go')))) {
      const state = await this.#options.engine.inspect(container);
      if (!state?.running) {
        throw new AgentError(
          'LAUNCH_FAILED',
          `the container ended before its command (status ${state?.exitCode ?? 'unknown'})`,
        );
      }
      if (Date.now() > deadline)
        throw new AgentError('LAUNCH_FAILED', 'the container does not take its command');
      await sleep(RELEASE_RETRY_MS);
    }
  }
}

/** Opening the pipe for writing wakes the waiting shell, if it is there already. */
async function hasReader(pipe: string): Promise<boolean> {
  try {
    const handle = await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    await handle.close();
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENXIO') return false;
    throw error;
  }
}
