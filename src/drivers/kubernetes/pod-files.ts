import { rename } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import type { OwnMount } from '../../container/create-request.js';
import { stagingFolder, WORKSPACE_INSIDE } from '../../container/layout.js';
import { AgentError } from '../../errors.js';
import { copyOut } from '../container/copy-out.js';
import { type ArchiveEntry, type ArchiveOwner, archiveOf, treeEntries } from '../container/tree-archive.js';
import type { Staging } from '../driver.js';
import type { PodCommand } from './pod-exec.js';

export interface PodFilesOptions {
  /** Runs a command in the task's container. */
  exec(command: PodCommand): Promise<number>;
  /** User and group of its processes. */
  owner: ArchiveOwner;
  /** Host folder that the pod has as its workspace. */
  workspace: string;
  /** For the agent's own tools. */
  environment: Readonly<Record<string, string | undefined>>;
}

const MOST_WORDS = 2000;

/** Python where the image has no tar. The user of the container owns what it makes; only root sets owners. */
const EXTRACT = `if command -v tar >/dev/null 2>&1; then exec tar -xpf - -C "$1"; fi
exec python3 -c 'import sys, tarfile
with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as archive:
    archive.extractall(sys.argv[1], numeric_owner=True)' "$1"`;

const CREATE = `if command -v tar >/dev/null 2>&1; then exec tar -cf - -C "$1" "$2"; fi
exec python3 -c 'import os, sys, tarfile
os.chdir(sys.argv[1])
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
    archive.add(sys.argv[2])' "$1" "$2"`;

/** The way of files into a pod and out of it, as archives through commands in the task's container. */
export class PodFiles implements Staging {
  readonly #options: PodFilesOptions;

  constructor(options: PodFilesOptions) {
    this.#options = options;
  }

  /** Configuration and keys of the agent; caches stay behind. */
  async sendOwn(mounts: readonly OwnMount[]): Promise<void> {
    const own = mounts.filter(({ cache }) => !cache);
    const entries = await Promise.all(own.map(({ file, target }) => treeEntries(file, target.slice(1))));
    await this.#send('/', entries.flat());
  }

  of(file: string): string {
    const { workspace } = this.#options;
    return path.join(stagingFolder(workspace), path.relative(workspace, file));
  }

  /** The folder of this machine is no part of the pod: what is moved there is sent, and only kept to look at. */
  async handOver(file: string): Promise<void> {
    await rename(this.of(file), file);
    await this.#send(WORKSPACE_INSIDE, await treeEntries(file, path.relative(this.#options.workspace, file)));
  }

  copyOut(file: string, to: string): Promise<void> {
    const { environment, workspace, exec } = this.#options;
    const inside = path.posix.join(WORKSPACE_INSIDE, path.relative(workspace, file));
    const argv = ['/bin/sh', '-c', CREATE, 'sh', path.posix.dirname(inside), path.posix.basename(inside)];
    const read = async () => {
      const archive = new PassThrough();
      const onOutput: PodCommand['onOutput'] = (data, stream) =>
        stream === 'stderr' || archive.write(data)
          ? undefined
          : new Promise((resolve) => archive.once('drain', resolve));
      exec({ argv, onOutput }).then(
        (code) => (code === 0 ? archive.end() : archive.destroy(new Error(`tar ended with status ${code}`))),
        (error: Error) => archive.destroy(error),
      );
      return archive;
    };
    return copyOut({ read, inside, to, environment });
  }

  async #send(folder: string, entries: readonly ArchiveEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const { exec, owner } = this.#options;
    let said = '';
    const code = await exec({
      argv: ['/bin/sh', '-c', EXTRACT, 'sh', folder],
      input: archiveOf(entries, owner),
      onOutput: (data) => {
        said = `${said}${Buffer.from(data).toString('utf8')}`.slice(-MOST_WORDS);
      },
    });
    if (code === 0) return;
    throw new AgentError('DOCKER_CONTAINER', `cannot write ${entries[0]?.name} to ${folder} of the pod`, {
      hint: 'The image needs tar or Python, and its user the right to write there.',
      detail: said.trim(),
    });
  }
}
