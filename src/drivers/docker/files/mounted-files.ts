import { constants } from 'node:fs';
import { chmod, chown, open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { CreateRequest } from '../../../container/create-request.js';
import {
  CONTROL_INSIDE,
  controlFolder,
  type RunFolders,
  stagingFolder,
  WORKSPACE_INSIDE,
} from '../../../container/layout.js';
import { AgentError } from '../../../errors.js';
import { run } from '../../../os/exec.js';
import { ensureFolder, readTextIfThere, writeFileDurable } from '../../../os/files.js';
import { OutputFile } from '../../../os/output-file.js';
import { handOverFile } from '../../container/hand-over.js';
import type { Engine } from '../engine.js';
import { FileOutput } from '../output/file-output.js';
import type { FilesOwner, RunFiles, RunOutput } from './run-files.js';

export interface MountedFilesOptions {
  engine: Engine;
  folders: RunFolders;
  /** How the engine sees a folder of the agent. */
  engineSees(folder: string): string;
  /** For the agent's own tools. */
  environment: Readonly<Record<string, string | undefined>>;
}

const OUTPUT_INSIDE = '/.clearml.output';

/** The engine mounts the folders of the run; the command is released through a pipe in one of them. */
export class MountedFiles implements RunFiles {
  readonly shared = true;
  readonly outputInside = OUTPUT_INSIDE;
  readonly #options: MountedFilesOptions;
  #output: OutputFile | undefined;

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
      // By itself: in a folder that it can write to, a task could put a link to another file in its place.
      `${engineSees(this.#outputFile)}:${OUTPUT_INSIDE}`,
    ];
    return { ...planned, HostConfig: { ...host, Binds: binds } };
  }

  get #outputFile(): string {
    return MountedFiles.outputFile(this.#options.folders.runFolder);
  }

  /** What takes the output of a run's command. */
  static outputFile(runFolder: string): string {
    return path.join(runFolder, 'output.log');
  }

  /** Folders, too: an engine would make them itself, as root. */
  async beforeCreate(): Promise<void> {
    const { folders, environment: env } = this.#options;
    await ensureFolder(folders.workspace);
    await ensureFolder(stagingFolder(folders.workspace));
    const control = controlFolder(folders.runFolder);
    await ensureFolder(control);
    // Any user of the image must reach it; no other user of this machine gets past the run's own folder.
    await chmod(control, 0o755);
    const pipe = path.join(control, 'go');
    await run(['rm', '-f', pipe, path.join(control, 'start')], { env });
    await run(['mkfifo', '-m', '644', pipe], { env });
    await rm(this.#outputFile, { force: true });
    this.#output = await OutputFile.create(this.#outputFile, 0o666);
  }

  async beforeStart(): Promise<void> {}

  /** Only root can give files to another user, and only then it is needed. */
  async afterStart({ owner }: FilesOwner): Promise<void> {
    if (owner === undefined || process.getuid?.() !== 0) return;
    const [uid = 0, gid = 0] = owner.split(':').map(Number);
    await chown(this.#options.folders.workspace, uid, gid);
  }

  handOver({ owner }: FilesOwner, from: string, to: string): Promise<void> {
    return handOverFile(from, to, { owner, env: this.#options.environment });
  }

  async release(container: string, script: string): Promise<void> {
    const control = controlFolder(this.#options.folders.runFolder);
    await writeFileDurable(path.join(control, 'start'), script, 0o644);
    const state = await this.#options.engine.inspect(container);
    if (!state?.running) {
      throw new AgentError(
        'LAUNCH_FAILED',
        `the container ended before its command (status ${state?.exitCode ?? 'unknown'})`,
      );
    }
    await writeToPipe(control);
  }

  /**
   * Output of a command that an earlier process has released. It may not have lived to write to the pipe, so that is
   * done again; a container that has its command does not read it.
   *
   * @returns `undefined` where none was released
   */
  static async released({ runFolder }: Pick<RunFolders, 'runFolder'>): Promise<string | undefined> {
    const control = controlFolder(runFolder);
    if ((await readTextIfThere(path.join(control, 'start'))) === undefined) return undefined;
    await writeToPipe(control);
    return MountedFiles.outputFile(runFolder);
  }

  output(): RunOutput {
    const kept = this.#outputFile;
    return { output: new FileOutput(kept, this.#output), kept };
  }

  async close(): Promise<void> {
    await this.#output?.close();
    this.#output = undefined;
  }
}

/** Opened for both, so that no reader is needed: a shell that is not at the pipe just now sees the script. */
async function writeToPipe(control: string): Promise<void> {
  const pipe = await open(path.join(control, 'go'), constants.O_RDWR | constants.O_NONBLOCK);
  try {
    await pipe.write('go\n');
  } finally {
    await pipe.close();
  }
}
