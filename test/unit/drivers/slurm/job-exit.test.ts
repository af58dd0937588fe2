import test from 'ava';
import type { WorkloadExit } from '../../../../src/drivers/driver.js';
import {
  exitOfJob,
  exitOfStatus,
  type LeftStatus,
  needsState,
  parseStatus,
} from '../../../../src/drivers/slurm/job-exit.js';

const left = (code: number, more: Partial<LeftStatus> = {}): LeftStatus => ({
  code,
  signalled: false,
  asked: false,
  ...more,
});

/** What the script writes over the space that was kept for it. */
const TEXTS: Record<string, LeftStatus | undefined> = {
  [`0\n \n${' '.repeat(60)}\n`]: left(0),
  '3\n \n': left(3),
  '143 signal\nasked \n': left(143, { signalled: true, asked: true }),
  '137 signal\nasked killed\n': left(137, { signalled: true, asked: true }),
  [`${' '.repeat(63)}\n`]: undefined,
  '': undefined,
  '13': undefined,
  '0\n': undefined,
};

for (const [text, status] of Object.entries(TEXTS)) {
  test(`the status file ${JSON.stringify(text.replace(/ {9,}/, ' … '))} is ${status ? 'read' : 'not complete'}`, (t) => {
    t.deepEqual(parseStatus(text), status);
  });
}

test("a signal is told from an exit code beyond 128 by the script's word", (t) => {
  t.deepEqual(exitOfStatus(left(137)), { kind: 'exited', code: 137 });
  t.deepEqual(exitOfStatus(left(137, { signalled: true })), { kind: 'signalled', signal: 'SIGKILL' });
  t.deepEqual(exitOfStatus(left(255, { signalled: true })), { kind: 'exited', code: 255 });
});

test("only a plain success is known without Slurm's word", (t) => {
  t.false(needsState(left(0)));
  t.true(needsState(left(1)));
  t.true(needsState(left(0, { asked: true })));
});

interface Case {
  state: string;
  reason?: string;
  node?: string;
  left?: LeftStatus;
  code?: number;
  stopped?: boolean;
  exit: WorkloadExit;
}

const ASKED = left(143, { signalled: true, asked: true });
const ENDS: Record<string, Case> = {
  'exit code of the command': { state: 'FAILED', left: left(4), exit: { kind: 'exited', code: 4 } },
  'success though the state says otherwise': {
    state: 'FAILED',
    left: left(0),
    exit: { kind: 'exited', code: 0 },
  },
  'memory limit, script killed': {
    state: 'OUT_OF_MEMORY',
    exit: { kind: 'signalled', signal: 'SIGKILL', oomKilled: true },
  },
  'memory limit, child killed': {
    state: 'OUT_OF_MEMORY',
    left: left(1),
    exit: { kind: 'exited', code: 1, oomKilled: true },
  },
  'time limit': {
    state: 'TIMEOUT',
    left: ASKED,
    exit: { kind: 'ended', by: 'time_limit', reason: 'Slurm job 5 reached its time limit on n1' },
  },
  deadline: {
    state: 'DEADLINE',
    exit: { kind: 'ended', by: 'time_limit', reason: 'Slurm job 5 reached its deadline' },
  },
  preemption: {
    state: 'PREEMPTED',
    left: ASKED,
    exit: { kind: 'ended', by: 'preempted', reason: 'Slurm job 5 was preempted on n1' },
  },
  'lost node': {
    state: 'NODE_FAIL',
    reason: 'NodeDown',
    exit: { kind: 'lost', reason: 'node n1 of Slurm job 5 failed (NodeDown)' },
  },
  'cancelled by another': {
    state: 'CANCELLED',
    left: ASKED,
    exit: { kind: 'ended', by: 'cancelled', reason: 'Slurm job 5 was cancelled outside the agent' },
  },
  'cancelled by the agent, which had asked in vain': {
    state: 'CANCELLED',
    stopped: true,
    exit: { kind: 'ended', by: 'cancelled', reason: 'Slurm job 5 was cancelled by the agent' },
  },
  'cancelled, the command ended before the script took the signal': {
    state: 'CANCELLED',
    left: left(143, { signalled: true }),
    exit: { kind: 'ended', by: 'cancelled', reason: 'Slurm job 5 was cancelled outside the agent' },
  },
  'cancelled once the command had crashed': {
    state: 'CANCELLED',
    left: left(139, { signalled: true }),
    exit: { kind: 'signalled', signal: 'SIGSEGV' },
  },
  'cancelled once the command had ended': {
    state: 'CANCELLED',
    left: left(2),
    exit: { kind: 'exited', code: 2 },
  },
  'folder that the node does not see': {
    state: 'FAILED',
    code: 66,
    exit: { kind: 'lost', reason: 'node n1 does not see the files of Slurm job 5' },
  },
  'second start': {
    state: 'FAILED',
    code: 75,
    exit: { kind: 'lost', reason: 'Slurm job 5 was started a second time on n1' },
  },
  'agent that never came back': {
    state: 'FAILED',
    code: 76,
    exit: { kind: 'lost', reason: 'Slurm job 5 ended while no agent prepared the task in it' },
  },
  'no status at all': {
    state: 'FAILED',
    reason: 'JobLaunchFailure',
    node: '',
    exit: { kind: 'lost', reason: 'Slurm job 5 is FAILED (JobLaunchFailure) and left no exit status' },
  },
};

for (const [title, { state, reason = 'None', node = 'n1', exit, ...given }] of Object.entries(ENDS)) {
  test(`end of a job: ${title}`, (t) => {
    t.deepEqual(exitOfJob({ id: '5', key: 'k', state, node, reason }, given), exit);
  });
}
