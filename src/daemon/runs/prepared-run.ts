import type { RunFolders } from '../../runs/folders.js';
import { Journal, type QueueEntry } from '../../runs/journal.js';
import type { PulledTask } from '../queues/pull.js';

/** The run folder and journal of the task that is about to be taken off a queue. */
export class PreparedRun {
  readonly #folders: RunFolders;
  #ready: ReadyRun | undefined;

  constructor(folders: RunFolders) {
    this.#folders = folders;
  }

  async begin({ task, queue, others = [] }: QueueEntry & { others?: readonly QueueEntry[] }): Promise<void> {
    const earlier = this.#ready;
    if (earlier?.task !== task) {
      const folder = await this.#folders.create(task);
      this.#ready = { task, folder, journal: await Journal.open(folder) };
    }
    await this.#ready?.journal.write({ step: 'popping', task, queue, others });
    // Last: the earlier one may name what the new one only names from here on.
    if (earlier !== undefined && earlier !== this.#ready) await this.#remove(earlier);
  }

  /** The server may have given another task than the first one seen; then it gets a folder of its own. */
  async take({ task, queue, owner, grant }: PulledTask): Promise<{ folder: string; journal: Journal }> {
    if (this.#ready?.task !== task)
      await this.begin({ task, queue, others: this.#ready?.journal.state?.others ?? [] });
    const ready = this.#ready;
    if (ready === undefined) throw new Error('unreachable: begin() makes one');
    this.#ready = undefined;
    await ready.journal.write({
      step: 'pulled',
      task,
      queue,
      ...(owner ? { owner } : {}),
      ...(grant?.record ? { grant: grant.record } : {}),
    });
    await grant?.begin({ task, folder: ready.folder });
    return ready;
  }

  /** Nothing is taken any more. What is doubtful by then stays on disk for the next daemon. */
  async end([first, ...others]: readonly QueueEntry[]): Promise<void> {
    if (first !== undefined) await this.begin({ ...first, others });
    const ready = this.#ready;
    this.#ready = undefined;
    if (first !== undefined) await ready?.journal.close();
    else if (ready !== undefined) await this.#remove(ready);
  }

  async #remove({ folder, journal }: ReadyRun): Promise<void> {
    await journal.close();
    await this.#folders.remove(folder);
  }
}

interface ReadyRun {
  task: string;
  folder: string;
  journal: Journal;
}
