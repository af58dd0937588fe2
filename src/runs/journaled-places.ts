import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { driverModule } from '../drivers/registry.js';
import { isMissing } from '../os/files.js';
import { lockHolder } from '../os/lock.js';
import { Journal } from './journal.js';
import { workerLock } from './registry.js';

/** What the runs of a user's agents need. */
export interface JournaledPlaces {
  places: JournaledPlace[];
  /** Folders of runs whose journal cannot be read, each with why: which place is theirs only a label says. */
  unreadable: Map<string, string>;
}

/** A place that the journal of a run names, such as a container. */
export interface JournaledPlace {
  /** As `agent prune` knows it. */
  id: string;
  task: string;
  /** The agent of the run is running now. */
  agentRuns: boolean;
}

/**
 * Places of the runs that agents of this user have not finished with.
 *
 * @param state folder of the agents' state
 */
export async function journaledPlaces(state: string): Promise<JournaledPlaces> {
  const workers = path.join(state, 'workers');
  const found: JournaledPlaces = { places: [], unreadable: new Map() };
  for (const name of await namesIn(workers)) {
    const worker = path.join(workers, name);
    const agentRuns = (await lockHolder(workerLock(worker))) !== undefined;
    for (const run of await namesIn(path.join(worker, 'runs'))) {
      const folder = path.join(worker, 'runs', run);
      const unreadable = await Journal.unreadable(folder);
      if (unreadable !== undefined) found.unreadable.set(folder, unreadable);
      const journal = await Journal.read(folder);
      const ref = journal?.workload ?? journal?.place;
      const id = ref && driverModule(ref.kind)?.placeId?.(ref);
      if (journal && id !== undefined) found.places.push({ id, task: journal.task, agentRuns });
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
