import { constants } from 'node:os';
import type { WorkloadExit } from '../driver.js';
import type { ListedJob } from './job-list.js';

/** What the script of a job has left. */
export interface LeftStatus {
  /** 128 + n where signal n ended the command. */
  code: number;
  signalled: boolean;
  /** TERM came to the script, from the agent or from Slurm. */
  asked: boolean;
}

export function parseStatus(text: string): LeftStatus | undefined {
  const found = /^(\d{1,3})( signal)?\n(asked)? ?(?:killed)?\s/.exec(text);
  if (found === null) return undefined;
  return { code: Number(found[1]), signalled: found[2] !== undefined, asked: found[3] !== undefined };
}

/** Slurm may know a cause of such an end that the command's own status does not show. */
export function needsState({ code, asked }: LeftStatus): boolean {
  return asked || code !== 0;
}

/** Slurm signals the command and the script one after the other: the script may be done before its own signal comes. */
function isCancelling({ code, signalled }: LeftStatus): boolean {
  return signalled && (code === 128 + constants.signals.SIGTERM || code === 128 + constants.signals.SIGKILL);
}

type OwnExit = Extract<WorkloadExit, { kind: 'exited' | 'signalled' }>;

const KILLED: OwnExit = { kind: 'signalled', signal: 'SIGKILL' };

export function exitOfStatus({ code, signalled }: LeftStatus): OwnExit {
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
  return signal === undefined || !signalled ? { kind: 'exited', code } : { kind: 'signalled', signal };
}

/** Exit codes of the script itself, where the command was not started. */
const UNSEEN = 66;
const SECOND_RUN = 75;
const NO_AGENT = 76;

/** What is known of an end beside its state. */
export interface EndFacts {
  /** The status that its script left, if it left one. */
  left?: LeftStatus | undefined;
  /** The script's exit code as Slurm has it, where it is known. */
  code?: number | undefined;
  /** The node could not open the file of the script's output. */
  isOutputRefused?: boolean | undefined;
  /** The agent has asked the job to end. */
  stopped?: boolean;
}

/** The script has ended before it was to start the command, so it leaves no status. */
export function isWithoutStatus(code: number | undefined): boolean {
  return code === UNSEEN || code === SECOND_RUN || code === NO_AGENT;
}

/** How a job ended, by its final state. */
export function exitOfJob(
  job: ListedJob,
  { left, code, isOutputRefused = false, stopped = false }: EndFacts,
): WorkloadExit {
  const where = job.node === '' ? '' : ` on ${job.node}`;
  const node = job.node === '' ? 'the node' : `node ${job.node}`;
  const named = `Slurm job ${job.id}`;
  switch (job.state) {
    case 'OUT_OF_MEMORY':
      return { ...(left ? exitOfStatus(left) : KILLED), oomKilled: true };
    case 'TIMEOUT':
      return { kind: 'ended', by: 'time_limit', reason: `${named} reached its time limit${where}` };
    case 'DEADLINE':
      return { kind: 'ended', by: 'time_limit', reason: `${named} reached its deadline` };
    case 'PREEMPTED':
      return { kind: 'ended', by: 'preempted', reason: `${named} was preempted${where}` };
    case 'NODE_FAIL':
    case 'BOOT_FAIL':
      return {
        kind: 'lost',
        reason: `${node} of ${named} failed${job.reason === 'None' ? '' : ` (${job.reason})`}`,
      };
    case 'CANCELLED':
      if (left !== undefined && !left.asked && !isCancelling(left)) return exitOfStatus(left);
      return {
        kind: 'ended',
        by: 'cancelled',
        reason: `${named} was cancelled ${stopped ? 'by the agent' : 'outside the agent'}`,
      };
  }
  if (left !== undefined) return exitOfStatus(left);
  if (code === UNSEEN) return { kind: 'lost', reason: `${node} does not see the files of ${named}` };
  if (isOutputRefused)
    return { kind: 'lost', reason: `${node} does not see the folder of ${named}, or cannot write to it` };
  if (code === SECOND_RUN) return { kind: 'lost', reason: `${named} was started a second time${where}` };
  if (code === NO_AGENT)
    return { kind: 'lost', reason: `${named} ended while no agent prepared the task in it` };
  return {
    kind: 'lost',
    reason: `${named} is ${job.state}${job.reason === 'None' ? '' : ` (${job.reason})`} and left no exit status`,
  };
}
