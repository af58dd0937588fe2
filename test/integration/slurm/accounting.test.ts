import { existsSync } from 'node:fs';
import path from 'node:path';
import type { WorkloadExit } from '../../../src/drivers/driver.js';
import { failureClass } from '../../../src/task/failure-class.js';
import { settlementOf } from '../../../src/task/outcome.js';
import type { SlurmRig } from '../../support/slurm-rig.js';
import { slurmRun } from '../../support/slurm-run.js';
import { accountingTest, sharedRig } from '../../support/slurm-test.js';
import { until } from '../../support/until.js';
import { outputWhere } from '../../support/workload-output.js';

/** Control groups have the names of nodes, so those are of this process alone. */
const node = (name: 'common' | 'taken' | 'lost' | 'full') => `${name}-${process.pid}`;

/** The controller forgets a job seconds after its end; the partition `first` takes nodes from `main`. */
const rig = sharedRig({
  nodes: [node('common'), node('taken'), node('lost'), node('full')],
  accounting: true,
  conf: ['MinJobAge=2', 'PreemptType=preempt/partition_prio', 'PreemptMode=CANCEL', 'TaskPlugin=task/cgroup'],
});

accountingTest(
  'a job that was submitted and not noted is found by accounting once Slurm has forgotten it',
  async (t) => {
    const cluster = rig.get();
    const all = ['-w', node('full'), '--exclusive', '--mem=0', '-o', '/dev/null', '--wrap=sleep 600'];
    const other = cluster.slurm('sbatch', '--parsable', ...all).trim();
    await until(() => cluster.jobs().some((line) => line.startsWith(`${other} RUNNING`)), {
      what: 'a full cluster',
    });
    // It never starts, so it leaves nothing in its folder.
    const run = await slurmRun(t, cluster, { settings: { common: [`--nodelist=${node('full')}`] } });
    const workload = await run.sh('echo never');
    const job = String(workload.ref.job);
    run.leaves();
    cluster.slurm('scancel', job, other);
    await until(() => !cluster.slurm('squeue', '-h', '-t', 'all', '-o', '%i').split('\n').includes(job), {
      what: 'Slurm to forget the job',
    });
    t.false(existsSync(path.join(String(workload.ref.folder), 'started')));
    const found = await run.later().find(JSON.parse(JSON.stringify(run.place.ref)));
    t.is(found?.job, job);
    const attached = found && (await run.later().attach(found));
    t.like(await attached?.exited, { kind: 'ended', by: 'cancelled' });
  },
);

interface Case {
  /** Of the task, after it has printed `ready`; it sleeps otherwise. */
  script?: string;
  on?: 'taken' | 'lost';
  /** What ends the job. */
  end?(cluster: SlurmRig, job: string): unknown;
  exit: Partial<WorkloadExit>;
  reason: RegExp;
  status: 'failed' | 'stopped';
  failure: string | undefined;
}

const CASES: Record<string, Case> = {
  'an exit code of its own': {
    script: 'exit 3',
    exit: { kind: 'exited', code: 3 },
    reason: /^worker execution exit code 3$/,
    status: 'failed',
    failure: 'user_exit_code',
  },
  CANCELLED: {
    end: (cluster, job) => cluster.slurm('scancel', job),
    exit: { kind: 'ended', by: 'cancelled' },
    reason: /was cancelled outside the agent$/,
    status: 'stopped',
    failure: undefined,
  },
  PREEMPTED: {
    on: 'taken',
    end: (cluster) =>
      cluster.slurm(
        'sbatch',
        '-p',
        'first',
        '-w',
        node('taken'),
        '--exclusive',
        '--mem=0',
        '-o',
        '/dev/null',
        '--wrap=exit 0',
      ),
    exit: { kind: 'ended', by: 'preempted' },
    reason: /^worker execution ended: Slurm job \d+ was preempted on \w+-\d+$/,
    status: 'failed',
    failure: 'preempted',
  },
  OUT_OF_MEMORY: {
    script: `exec python3 -c 'import time; held = bytearray(300_000_000); time.sleep(600)'`,
    exit: { oomKilled: true },
    reason: /memory/,
    status: 'failed',
    failure: 'out_of_memory',
  },
  TIMEOUT: {
    end: (cluster, job) => cluster.slurm('scontrol', 'update', `jobid=${job}`, 'endtime=now'),
    exit: { kind: 'ended', by: 'time_limit' },
    reason: /reached its time limit on \w+-\d+$/,
    status: 'failed',
    failure: 'time_limit',
  },
  NODE_FAIL: {
    on: 'lost',
    end: async (cluster) => {
      await cluster.node(node('lost'), 'kill');
      cluster.slurm('scontrol', 'update', `nodename=${node('lost')}`, 'state=down', 'reason=lost');
    },
    exit: { kind: 'lost' },
    reason: /^worker execution lost: node \w+-\d+ of Slurm job \d+ failed/,
    status: 'failed',
    failure: 'agent_lost',
  },
};

for (const [title, { script = 'exec sleep 600', on = 'common', end, ...expected }] of Object.entries(CASES)) {
  accountingTest(
    `${title}: a daemon that watched and one that came after Slurm forgot the job say the same`,
    async (t) => {
      const cluster = rig.get();
      const run = await slurmRun(t, cluster, { settings: { common: [`--nodelist=${node(on)}`] } });
      const workload = await run.sh(`echo ready; ${script}`);
      const job = String(workload.ref.job);
      await outputWhere(workload, (text) => text.includes('ready'));
      await end?.(cluster, job);
      const watched = await workload.exited;
      run.leaves();
      await until(() => !cluster.slurm('squeue', '-h', '-t', 'all', '-o', '%i').split('\n').includes(job), {
        what: 'Slurm to forget the job',
      });
      const ref = JSON.parse(JSON.stringify(workload.ref));
      const later = await (await run.later().attach(ref))?.exited;
      for (const exit of [watched, later]) {
        t.like(exit, expected.exit);
        if (exit === undefined) continue;
        const settled = settlementOf({ kind: 'exit', exit });
        t.regex(settled.status_reason, expected.reason);
        t.is(settled.call, expected.status);
        t.is(failureClass({ kind: 'exit', exit }), expected.failure as never);
      }
    },
  );
}
