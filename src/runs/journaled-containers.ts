import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { dockerRef } from '../drivers/docker/docker-ref.js';
import { isMissing } from '../os/files.js';
import { lockHolder } from '../os/lock.js';
import { Journal } from './journal.js';
import { workerLock } from './registry.js';

/** What the runs of a user's agents need. */
export interface JournaledContainers {
  containers: JournaledContainer[];
  /** Folders of runs whose journal cannot be read, each with why: which container is theirs only a label says. */
  unreadable: Map<string, string>;
}

/** A container that the journal of a run names. */
export interface JournaledContainer {
  id: string;
  task: string;
  /** The agent of the run is running now. */
  agentRuns: boolean;
}

/**
 * Containers of the runs that agents of this user have not finished with.
 *
 * @param state folder of the agents' state
 */
export async function journaledContainers(state: string): Promise<JournaledContainers> {
  const workers = path.join(state, 'workers');
  const found: JournaledContainers = { containers: [], unreadable: new Map() };
  for (const name of await namesIn(workers)) {
    const worker = path.join(workers, name);
    const agentRuns = (await lockHolder(workerLock(worker))) !== undefined;
    for (const run of await namesIn(path.join(worker, 'runs'))) {
      const folder = path.join(worker, 'runs', run);
      const unreadable = await Journal.unreadable(folder);
      if (unreadable !== undefined) found.unreadable.set(folder, unreadable);
      const journal = await Journal.read(folder);
      const ref = journal?.workload ?? journal?.place;
      const container = ref && dockerRef(ref);
      if (journal && container)
        found.containers.push({ id: container.container, task: journal.task, agentRuns });
    }
  }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
