import { readdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { ensureFolder, isMissing, syncFolder } from '../os/files.js';
import { runFolder } from '../os/paths.js';

/** Held by a process that has the run alone, without having the worker id. */
export function runLock(folder: string): string {
  return path.join(folder, 'lock');
}

/** The run folders of one worker: one a run, kept until the server knows everything about it. */
export class RunFolders {
  readonly #worker: string;

  constructor(worker: string) {
    this.#worker = worker;
  }

  /** A new folder for a run of this task. */
  async create(task: string): Promise<string> {
    const taken = new Set(await this.#names());
    let attempt = 1;
    while (taken.has(path.basename(runFolder(this.#worker, task, attempt)))) attempt += 1;
    const folder = runFolder(this.#worker, task, attempt);
    await ensureFolder(folder);
    // The journal in it is synced with its first step; after a power cut it must have a name.
    for (const one of [this.parent, this.#worker]) await syncFolder(one);
    return folder;
  }

  /** Folders that an earlier daemon left. */
  async left(): Promise<string[]> {
    return (await this.#names()).map((name) => path.join(this.parent, name));
  }

  /** The folder that has them, as `runFolder` names it. */
  get parent(): string {
    return path.join(this.#worker, 'runs');
  }

  async remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true });
  }

  /** For a worker that ends with its one run: its folder goes, unless something was left in it. */
  async removeIfEmpty(): Promise<void> {
    for (const one of [path.join(this.#worker, 'runs'), this.#worker])
      await rmdir(one).catch(() => undefined);
  }

  async #names(): Promise<string[]> {
    try {
      return (await readdir(path.join(this.#worker, 'runs'))).sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }
}
