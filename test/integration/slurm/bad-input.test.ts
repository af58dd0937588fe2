import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Finding } from '../../../src/cli/doctor/check.js';
import type { AgentProcess } from '../../support/agent-process.js';
import { type SlurmAgent, slurmAgent } from '../../support/slurm-agent.js';
import { slurmRun } from '../../support/slurm-run.js';
import { sharedRig, slurmTest } from '../../support/slurm-test.js';
import { fillDisk, smallDisk } from '../../support/small-disk.js';
import { until } from '../../support/until.js';

const rig = sharedRig({ nodes: ['n1'], unshared: true, conf: ['MessageTimeout=3'] });

const DAEMON = ['daemon', '--queue', 'default', '--foreground', '--slurm'];

interface Expected {
  status: number;
  cause: RegExp;
}

interface Refusal extends Expected {
  variables?: Record<string, string>;
  words?: string[];
  /** In the rig's folder. */
  shared?: string;
}

const option = (name: string) => `CLEARML_AGENT__AGENT__SLURM__${name}`;

/** A daemon that does not start: one line with the cause, and its exit status. */
const REFUSALS: Record<string, Refusal> = {
  'Slurm is not installed': {
    variables: { PATH: '/nowhere' },
    status: 1,
    cause: /sinfo/,
  },
  'the partition does not exist': {
    words: ['--partition', 'nowhere'],
    status: 1,
    cause: /Slurm refuses the job: .*[Ii]nvalid partition/,
  },
  'a node does not see the shared folder': {
    shared: 'hidden/agent',
    status: 1,
    cause:
      /the compute node n1 does not see what the agent writes to \S+hidden\/agent, agent\.slurm\.shared_folder/,
  },
  'a node cannot write to the shared folder': {
    shared: 'read-only/agent',
    status: 1,
    cause: /the compute node n1 cannot write to \S+read-only\/agent/,
  },
  'an option that the agent relies on is set': {
    variables: { [option('OPTIONS')]: '["--array=1-3"]' },
    status: 2,
    cause: /agent\.slurm\.options may not hold --array/,
  },
  'sbatch does not know an option': {
    variables: { [option('OPTIONS')]: '["--nonsense=1"]' },
    status: 2,
    cause: /sbatch does not take the options of agent\.slurm\.options: unrecognized option '--nonsense=1'$/,
  },
  'an option of a queue has a wrong value': {
    variables: { [option('QUEUES__DEFAULT')]: '["--time=soon"]' },
    status: 2,
    cause: /sbatch does not take the options of agent\.slurm\.queues\.default: Invalid --time specification$/,
  },
  'the shared folder is a file': {
    variables: { [option('SHARED_FOLDER')]: '/etc/hosts' },
    status: 1,
    cause: /cannot write \/etc\/hosts\/checks: expected folders on the path, found a file$/,
  },
  'the folder of environments is not shared': {
    variables: { CLEARML_AGENT__AGENT__VENVS_DIR: 'HIDDEN' },
    status: 1,
    cause: /the compute node n1 does not see \S+ \(agent\.venvs_dir\)/,
  },
};

/** What checks and jobs leave in the shared folder. */
function leftIn(shared: string): string[] {
  const folders = ['checks', 'jobs'].map((name) => path.join(shared, name)).filter((one) => existsSync(one));
  return folders.flatMap((folder) => readdirSync(folder));
}

/** One line with the cause, the exit status, and no stack trace. */
async function refused(
  t: ExecutionContext,
  daemon: AgentProcess,
  { status, cause }: Expected,
): Promise<void> {
  const { code } = await daemon.exited;
  const errors = daemon
    .output()
    .split('\n')
    .filter((line) => line.includes('ERROR'));
  t.is(errors.length, 1, daemon.output());
  t.regex(errors[0] ?? '', cause);
  t.is(code, status, daemon.output());
  t.notRegex(daemon.output(), /^\s+at /m);
}

async function findings(agent: SlurmAgent): Promise<Finding[]> {
  const doctor = agent.agent('doctor', '--json');
  await doctor.exited;
  const text = doctor.output().slice(doctor.output().indexOf('{'));
  const { results }: { results: (Finding & { check: string })[] } = JSON.parse(text);
  return results.filter(({ check }) => check === 'slurm');
}

for (const [title, { variables = {}, words = [], shared, ...expected }] of Object.entries(REFUSALS)) {
  slurmTest(`a daemon says in one line that ${title}, and leaves nothing`, async (t) => {
    const cluster = rig.get();
    const own = Object.entries(variables).map(([name, value]) => [
      name,
      value.replace('HIDDEN', path.join(cluster.folder, 'hidden/venvs')),
    ]);
    const agent = await slurmAgent(
      t,
      cluster,
      Object.fromEntries(own),
      ...(shared === undefined ? [] : [path.join(cluster.folder, shared)]),
    );
    await refused(t, agent.agent(...DAEMON, ...words), expected);
    t.deepEqual(leftIn(agent.shared), []);
    t.deepEqual(cluster.jobs(), []);
  });
}

slurmTest('a daemon says in one line that its shared folder is full, and leaves nothing', async (t) => {
  const cluster = rig.get();
  const agent = await slurmAgent(t, cluster, {}, smallDisk(t, 1));
  fillDisk(agent.shared);
  await refused(t, agent.agent(...DAEMON), {
    status: 1,
    cause: /cannot write \S+: no space left on the disk$/,
  });
  t.deepEqual(leftIn(agent.shared), []);
  t.deepEqual(cluster.jobs(), []);
});

interface BadTask {
  properties?: Record<string, string>;
  variables?: Record<string, string>;
  reason: string;
  cause: RegExp;
}

const BAD_TASKS: Record<string, BadTask> = {
  'asks for more memory than any node has': {
    properties: { memory: '900G' },
    reason: 'Slurm refuses the job',
    cause: /Process failed: Slurm refuses the job: /,
  },
  'asks for a partition that is not there': {
    properties: { partition: 'nowhere' },
    variables: { [option('TASK_OPTIONS')]: '["partition"]' },
    reason: 'Slurm refuses the job',
    cause: /Process failed: Slurm refuses the job: .*partition/,
  },
  'asks for processors in words': {
    properties: { cpus: 'many' },
    reason: 'failed preparing the task',
    cause: /Process failed: the user property cpus takes a number of processors, such as 4, got "many"/,
  },
};

for (const [title, { properties = {}, variables = {}, reason, cause }] of Object.entries(BAD_TASKS)) {
  slurmTest(`a task that ${title} fails with its cause, and nothing of it is left`, async (t) => {
    const cluster = rig.get();
    const agent = await slurmAgent(t, cluster, variables);
    const daemon = agent.slurmDaemon();
    const { id } = await agent.call<{ id: string }>('tasks.create', {
      name: 'a bad task',
      type: 'training',
      script: { binary: 'python3', working_dir: '.', entry_point: 'main.py', diff: 'print("never")\n' },
      hyperparams: {
        properties: Object.fromEntries(
          Object.entries(properties).map(([name, value]) => [name, { section: 'properties', name, value }]),
        ),
      },
    });
    await agent.call('tasks.enqueue', { task: id, queue: agent.queue });
    const task = await agent.ended(id);
    t.like(task, { status: 'failed', status_reason: reason }, daemon.output());
    t.is(task.runtime.failure_class, 'setup');
    t.regex(await agent.log(id), cause);
    // The status comes first, what the run left goes after it.
    await until(() => leftIn(agent.shared).length === 0, { what: 'an empty shared folder' });
    t.deepEqual(cluster.jobs(), []);
  });
}

const DOCTOR: Record<string, { shared: string; found: Record<string, RegExp> }> = {
  'a cluster that works, with a partition that is down': {
    shared: 'good/agent',
    found: {
      ok: /^slurm-wlm 22\S+, partitions main, first, down$/,
      warning: /^the partition down is not up; jobs wait there$/,
      'ok ': /^n1 sees \S+good\/agent and the folders of tasks$/,
    },
  },
  'a folder that is not shared': {
    shared: 'hidden/doctor',
    found: { problem: /^the compute node n1 does not see what the agent writes to \S+hidden\/doctor/ },
  },
};

for (const [title, { shared, found }] of Object.entries(DOCTOR)) {
  slurmTest(`agent doctor shows ${title}`, async (t) => {
    const cluster = rig.get();
    const agent = await slurmAgent(t, cluster, {}, path.join(cluster.folder, shared));
    const shown = await findings(agent);
    t.is(shown.length, Object.keys(found).length, JSON.stringify(shown));
    for (const [at, [state, line]] of Object.entries(found).entries()) {
      t.is(shown[at]?.state, state.trim() as never);
      t.regex(shown[at]?.text ?? '', line);
      t.is(shown[at]?.fix === undefined, shown[at]?.state === 'ok');
    }
    t.deepEqual(leftIn(agent.shared), []);
  });
}

for (const [what, shared] of Object.entries({ see: 'hidden/run', 'write to': 'read-only/run' }))
  slurmTest(
    `a job on a node that cannot ${what} its folder loses the task, and the cause names both`,
    async (t) => {
      const cluster = rig.get();
      const run = await slurmRun(t, cluster, { settings: { shared: path.join(cluster.folder, shared) } });
      const workload = await run.sh('echo never');
      const { job } = workload.ref;
      t.deepEqual(await workload.exited, {
        kind: 'lost',
        reason: `node n1 does not see the folder of Slurm job ${job}, or cannot write to it`,
      });
      await run.driver.dispose(run.place.ref);
      t.deepEqual(cluster.jobs(), []);
    },
  );

slurmTest('a controller that is away is the one cause that a daemon and agent doctor name', async (t) => {
  const cluster = rig.get();
  const agent = await slurmAgent(t, cluster);
  await cluster.controller('kill');
  const [shown] = await Promise.all([
    findings(agent),
    refused(t, agent.agent(...DAEMON), { status: 1, cause: /Slurm gives no answer to sinfo: .*controller/ }),
  ]);
  t.is(shown.length, 1);
  t.like(shown[0], { state: 'problem', fix: 'Check slurmctld and munge (scontrol ping).' });
  t.regex(shown[0]?.text ?? '', /^Slurm gives no answer to sinfo: /);
  t.deepEqual(leftIn(agent.shared), []);
});
