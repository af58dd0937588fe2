import path from 'node:path';
import type { PlaceRef, WorkloadRef } from '../driver.js';

export const SLURM = 'slurm';

export const SLURM_REF_VERSION = 1;

/** What the journal keeps before a job is submitted. */
export interface SlurmPlaceRef extends PlaceRef {
  kind: typeof SLURM;
  /** Name of the job: the only thing that finds a job that was submitted and not noted. */
  key: string;
  /** Folder of the job's files, in the shared folder. */
  folder: string;
  runFolder: string;
}

export interface SlurmWorkloadRef extends SlurmPlaceRef, WorkloadRef {
  kind: typeof SLURM;
  output: string;
  /** Slurm's id of the job. */
  job: string;
}

/** In place of the id of a job that ran and that Slurm does not know any more. */
export const UNKNOWN_JOB = '0';

/** `squeue -n` splits its list of names at commas, so a key has none. */
const KEY = /^clearml-[A-Za-z0-9_-]+$/;

/** Narrows what comes back from the journal; `undefined` for what this driver did not write. */
export function slurmRef(ref: PlaceRef): SlurmPlaceRef | undefined {
  const { kind, taskId, key, folder, runFolder } = ref;
  if (kind !== SLURM || typeof key !== 'string' || !KEY.test(key)) return undefined;
  // The folder is removed one day, so a journal names none but the run's own.
  if (typeof folder !== 'string' || !path.isAbsolute(folder) || path.basename(folder) !== key)
    return undefined;
  if (typeof runFolder !== 'string') return undefined;
  return { kind, version: SLURM_REF_VERSION, taskId, key, folder, runFolder };
}

/** The same for a job that was submitted. */
export function slurmWorkloadRef(ref: WorkloadRef): SlurmWorkloadRef | undefined {
  const place = slurmRef(ref);
  const { job } = ref;
  if (place === undefined || typeof job !== 'string' || !/^\d+$/.test(job)) return undefined;
  return { ...place, output: jobFiles(place.folder).output, job };
}

/** Files of a job; the script writes `status`, `said`, `words` and `started` on the compute node. */
export function jobFiles(folder: string) {
  const file = (name: string) => path.join(folder, name);
  return {
    /** Names the run, for a search without its journal. */
    owner: file('owner.json'),
    script: file('job.sh'),
    /** `NAME=value`, each ended by NUL. Holds credentials: mode 0600. */
    environment: file('environment'),
    /** Working folder and words of the command, each ended by NUL. */
    command: file('command'),
    config: file('clearml.conf'),
    output: file('output.log'),
    status: file('exit-status'),
    /** What bash says of the command's end, which tells a signal from an exit code. */
    said: file('said'),
    /** A number that changes while the agent prepares the task in the job, and the seconds that it may stay. */
    alive: file('alive'),
    /** Milliseconds between TERM and KILL; there once the agent stops the job. */
    grace: file('grace'),
    /** Words of a command that clears up after the task's, each ended by NUL; not there where nothing is to be cleared. */
    after: file('after'),
    /** Folder that the first run of the script makes, so that a second one is refused. */
    started: file('started'),
    /** What Slurm itself prints: errors of slurmstepd and of the prolog. */
    words: file('slurm.log'),
  };
}
