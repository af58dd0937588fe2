import { Journal } from '../../task/journal.js';
import type { PulledTask } from '../queues/poller.js';
import type { RunFolders } from './runs.js';

/** The run folder and journal of the task that is about to be taken off a queue. */
export class PreparedRun {
  readonly #folders: RunFolders;
  #ready: { task: string; folder: string; journal: Journal } | undefined;

  constructor(folders: RunFolders) {
    this.#folders = folders;
  }

  async begin({ task, queue }: { task: string; queue: string }): Promise<void> {
    if (this.#ready?.task !== task) {
      await this.discard();
      const folder = await this.#folders.create(task);
      this.#ready = { task, folder, journal: await Journal.open(folder) };
    }
    await this.#ready.journal.write({ step: 'popping', task, queue });
  }

  /** The server may have given another task than the first one seen; then it gets a folder of its own. */
  async take({ task, queue, owner }: PulledTask): Promise<{ folder: string; journal: Journal }> {
    if (this.#ready?.task !== task) await this.begin({ task, queue });
    const ready = this.#ready;
    if (ready === undefined) throw new Error('unreachable: begin() makes one');
    this.#ready = undefined;
    await ready.journal.write({ step: 'pulled', task, queue, ...(owner ? { owner } : {}) });
    return ready;
  }

  async discard(): Promise<void> {
    const ready = this.#ready;
    this.#ready = undefined;
    if (ready === undefined) return;
    await ready.journal.close();
    await this.#folders.remove(ready.folder);
  }
}
