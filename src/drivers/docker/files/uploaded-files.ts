import { rename } from 'node:fs/promises';
import path from 'node:path';
import type { CreateRequest, OwnMount } from '../../../container/create-request.js';
import {
  CONTROL_INSIDE,
  type RunFolders,
  stagingFolder,
  WORKSPACE_INSIDE,
} from '../../../container/layout.js';
import { AgentError, causeLine, isAgentError } from '../../../errors.js';
import { ensureFolder } from '../../../os/files.js';
import { IN_CONTAINER } from '../../container/container-output.js';
import {
  type ArchiveEntry,
  type ArchiveOwner,
  archiveOf,
  treeEntries,
} from '../../container/tree-archive.js';
import type { ContainerState } from '../containers/container-state.js';
import type { Engine } from '../engine.js';
import { outputInside } from '../output/file-in-container.js';
import type { FilesOwner, RunFiles, RunOutput } from './run-files.js';

export interface UploadedFilesOptions {
  engine: Engine;
  folders: RunFolders;
  /** Mounts of the agent, whose sources the engine does not see either. */
  own: readonly OwnMount[];
}

const OUTPUT_INSIDE = `${CONTROL_INSIDE}/output`;
const ROOT: ArchiveOwner = { uid: 0, gid: 0 };

/**
 * The engine does not see the files of the agent: the container has volumes of its own, and files get there
 * through the engine. The container's packages are made in it.
 */
export class UploadedFiles implements RunFiles {
  readonly shared = false;
  readonly outputInside = OUTPUT_INSIDE;
  readonly #options: UploadedFilesOptions;

  constructor(options: UploadedFilesOptions) {
    this.#options = options;
  }

  /** Volumes, so that they can be written to whatever the container's own file system allows. */
  laid(planned: CreateRequest): CreateRequest {
    const { own } = this.#options;
    const unseen = new Set(own.map(({ source, target }) => `${source}:${target}`));
    const Binds = (planned.HostConfig.Binds ?? []).filter((bind) => !unseen.has(bind.replace(/:ro$/, '')));
    return {
      ...planned,
      Volumes: { ...planned.Volumes, [WORKSPACE_INSIDE]: {}, [CONTROL_INSIDE]: {} },
      HostConfig: { ...planned.HostConfig, Binds },
    };
  }

  async beforeCreate(): Promise<void> {
    await ensureFolder(this.#options.folders.workspace);
  }

  async beforeStart(container: string): Promise<void> {
    await ensureFolder(stagingFolder(this.#options.folders.workspace));
    await this.#send(container, CONTROL_INSIDE, [
      entry('.', 'directory'),
      entry('go', 'fifo'),
      { ...entry('output', 'file'), mode: 0o666 },
    ]);
  }

  async afterStart({ container, owner }: FilesOwner): Promise<void> {
    if (owner !== undefined) await this.#ownWorkspace(container, owner);
    for (const { file, target, cache } of this.#options.own) {
      if (cache) continue;
      await this.#send(container, '/', await treeEntries(file, target.slice(1)), archiveOwner(owner));
    }
  }

  /** The folder of this machine is no part of the container: what is moved there is sent, and only kept to look at. */
  async handOver({ container, owner }: FilesOwner, from: string, to: string): Promise<void> {
    await rename(from, to);
    const entries = await treeEntries(to, path.basename(to));
    await this.#send(container, WORKSPACE_INSIDE, entries, archiveOwner(owner));
  }

  async release(container: string, script: string): Promise<void> {
    const size = Buffer.byteLength(script);
    const { engine } = this.#options;
    try {
      await this.#send(container, CONTROL_INSIDE, [{ ...entry('start', 'file'), content: script, size }]);
      await writeToPipe(engine, container);
    } catch (error) {
      if (isAgentError(error, 'DOCKER_ENGINE')) throw error;
      throw new AgentError('LAUNCH_FAILED', `the container does not take its command: ${causeLine(error)}`, {
        cause: error,
      });
    }
  }

  output(container: string): RunOutput {
    return UploadedFiles.outputOf(this.#options.engine, container);
  }

  async close(): Promise<void> {}

  /** As of `MountedFiles`, by the container's own files. */
  static async released(engine: Engine, { id, running }: ContainerState): Promise<string | undefined> {
    const start = `${CONTROL_INSIDE}/start`;
    const found = await engine.askIfThere((docker) => docker.getContainer(id).infoArchive({ path: start }));
    if (found === undefined) return undefined;
    if (running) await writeToPipe(engine, id);
    return IN_CONTAINER;
  }

  /** The output of a container that an earlier process has launched. */
  static outputOf(engine: Engine, container: string): RunOutput {
    return { output: outputInside(engine, container, OUTPUT_INSIDE), kept: IN_CONTAINER };
  }

  /** Engines unpack into a volume without changing the volume's own folder. */
  async #ownWorkspace(container: string, owner: string): Promise<void> {
    const argv = ['/bin/sh', '-c', `chown "$1" ${WORKSPACE_INSIDE}`, 'sh', owner];
    const exitCode = await this.#options.engine.exec(container, {
      argv,
      user: '0',
      onOutput: () => undefined,
    });
    if (exitCode === 0) return;
    throw new AgentError('DOCKER_CONTAINER', `the workspace cannot be given to user ${owner} of the image`, {
      hint: 'The image needs chown, or root as its user.',
    });
  }

  async #send(
    container: string,
    folder: string,
    entries: readonly ArchiveEntry[],
    owner: ArchiveOwner = ROOT,
  ): Promise<void> {
    if (entries.length === 0) return;
    await this.#options.engine.ask(`uploading files to ${folder}`, (docker) =>
      docker.getContainer(container).putArchive(archiveOf(entries, owner), { path: folder }),
    );
  }
}

function entry(name: string, type: ArchiveEntry['type']): ArchiveEntry {
  return { name, type, mode: type === 'directory' ? 0o755 : 0o644, size: 0, mtimeMs: Date.now() };
}

function archiveOwner(owner: string | undefined): ArchiveOwner {
  const [uid = 0, gid = 0] = owner?.split(':').map(Number) ?? [];
  return { uid, gid };
}

/** Opened for both, so that no reader is needed: a shell that is not at the pipe just now sees the script. */
async function writeToPipe(engine: Engine, container: string): Promise<void> {
  const argv = ['/bin/sh', '-c', `echo go 1<> ${CONTROL_INSIDE}/go`];
  await engine.exec(container, { argv, user: '0', onOutput: () => undefined });
}
