/** One job as `squeue` lists it. */
export interface ListedJob {
  id: string;
  /** Name of the job, the key of its run. */
  key: string;
  /** Slurm's state: `PENDING`, `RUNNING`, `NODE_FAIL` … */
  state: string;
  node: string;
  /** Why it waits or how it ended, in Slurm's word: `Resources`, `TimeLimit`. */
  reason: string;
}

/** Fields of `squeue -o`; the reason, which may hold any text, is the last. */
export const LIST_FORMAT = '%i|%T|%N|%j|%r';

/** The jobs of a listing, by their keys. A key that was submitted twice keeps its first job, which has the marker. */
export function parseJobs(text: string): Map<string, ListedJob> {
  const jobs = new Map<string, ListedJob>();
  for (const line of text.split('\n')) {
    const [id = '', state = '', node = '', key = '', ...rest] = line.split('|');
    if (rest.length === 0 || !/^\d+$/.test(id)) continue;
    const before = jobs.get(key);
    if (before !== undefined && Number(before.id) < Number(id)) continue;
    jobs.set(key, { id, key, state, node, reason: rest.join('|') });
  }
  return jobs;
}

/** States in which processes of the job may be alive, or may still be started. */
const LIVE: ReadonlySet<string> = new Set([
  'PENDING',
  'CONFIGURING',
  'RUNNING',
  'SUSPENDED',
  'STOPPED',
  'COMPLETING',
  'SIGNALING',
  'STAGE_OUT',
  'RESIZING',
  'RESV_DEL_HOLD',
  'REQUEUED',
  'REQUEUE_FED',
  'REQUEUE_HOLD',
  'SPECIAL_EXIT',
]);

export function isLive({ state }: Pick<ListedJob, 'state'>): boolean {
  return LIVE.has(state);
}

export function isPending({ state }: Pick<ListedJob, 'state'>): boolean {
  return ['PENDING', 'REQUEUED', 'REQUEUE_FED', 'REQUEUE_HOLD', 'RESV_DEL_HOLD', 'SPECIAL_EXIT'].includes(
    state,
  );
}

/** A job that Slurm has put back and holds: it waits until an administrator releases it, and must not run twice. */
export function isStranded(job: Pick<ListedJob, 'state' | 'reason'>): boolean {
  return isPending(job) && /launch.failed.requeued.held/i.test(job.reason);
}

/** What waiting for these means, where Slurm's word does not say it. */
const PENDING_REASONS: Readonly<Record<string, string>> = {
  None: 'the scheduler has not looked at it yet',
  Resources: 'its resources are in use',
  Priority: 'jobs of higher priority are waiting',
  Dependency: 'it depends on another job',
  BeginTime: 'its start time has not come',
  JobHeldUser: 'it is held by its user; run "scontrol release" on it',
  JobHeldAdmin: 'an administrator holds it',
  PartitionDown: 'its partition is down',
  PartitionInactive: 'its partition is inactive',
  PartitionNodeLimit: 'it asks for more nodes than its partition has, or those are down',
  PartitionTimeLimit: 'it asks for more time than its partition allows',
  ReqNodeNotAvail: 'a node that it needs is not available',
  Licenses: 'a licence that it needs is in use',
};

export function pendingText({ id, reason }: Pick<ListedJob, 'id' | 'reason'>): string {
  const word = reason.split(/[,\s]/, 1)[0] ?? '';
  const meaning = PENDING_REASONS[word];
  return `Slurm job ${id} is pending: ${reason}${meaning === undefined ? '' : ` (${meaning})`}`;
}
