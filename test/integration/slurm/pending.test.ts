import { slurmAgent } from '../../support/slurm-agent.js';
import { sharedRig, slurmTest } from '../../support/slurm-test.js';
import { until } from '../../support/until.js';

const rig = sharedRig({ nodes: ['n1'] });

interface Case {
  /** Of the queue, so that its jobs wait. */
  options: string;
  word: RegExp;
  /** Lets it run. */
  release(job: string): unknown;
}

const CASES: Record<string, Case> = {
  'a held job': {
    options: '--hold',
    word: /^Slurm job \d+ is pending: JobHeldUser \(it is held by its user; /,
    release: (job) => rig.get().slurm('scontrol', 'release', job),
  },
  'a partition that is down': {
    options: '--partition=down',
    word: /^Slurm job \d+ is pending: PartitionDown \(its partition is down\)$/,
    release: () => rig.get().slurm('scontrol', 'update', 'partitionname=down', 'state=up'),
  },
};

for (const prepare of ['login', 'job'])
  for (const [title, { options, word, release }] of Object.entries(CASES))
    slurmTest(`with prepare: ${prepare}, ${title} is told by the task's log and its runtime`, async (t) => {
      const cluster = rig.get();
      cluster.slurm('scontrol', 'update', 'partitionname=down', 'state=down');
      const agent = await slurmAgent(t, cluster, {
        CLEARML_AGENT__AGENT__SLURM__PREPARE: prepare,
        CLEARML_AGENT__AGENT__SLURM__QUEUES: JSON.stringify({ default: [options] }),
      });
      const daemon = agent.slurmDaemon();
      const id = await agent.enqueue({ entry_point: 'main.py', diff: 'print("ran")\n' });
      const reason = async () => (await agent.task(id)).runtime?.pending_reason;
      const told = await until(async () => (await reason()) as string | undefined, {
        what: 'the reason in the runtime of the task',
        context: daemon.output,
      });
      t.regex(told, word);
      await until(async () => (await agent.log(id)).includes(told), { what: 'the reason in the log' });
      const [job = ''] = cluster.slurm('squeue', '-h', '-t', 'PD', '-o', '%i').trim().split('\n');
      release(job);
      const task = await agent.ended(id);
      t.is(task.status, 'completed', daemon.output());
      t.is(await reason(), undefined);
      await until(() => cluster.jobs().length === 0, { what: 'the end of all jobs' });
    });
