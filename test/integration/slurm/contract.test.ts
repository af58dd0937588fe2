import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import type { PlaceRequest } from '../../../src/drivers/driver.js';
import { type ContractRun, driverContract } from '../../support/driver-contract.js';
import { type SlurmRunOptions, slurmBench, slurmRun } from '../../support/slurm-run.js';
import { sharedRig, slurmTest } from '../../support/slurm-test.js';
import { wholeOutput } from '../../support/workload-output.js';

/** Control groups have the names of nodes, so those are of this process alone. */
const node = (name: 'common' | 'lost') => `${name}-${process.pid}`;

const rig = sharedRig({ nodes: [node('common'), node('lost')], conf: ['TaskPlugin=task/cgroup'] });

const HERE = [`--nodelist=${node('common')}`];

async function open(t: ExecutionContext, settings: SlurmRunOptions['settings'] = {}): Promise<ContractRun> {
  const bench = slurmBench(t, rig.get(), { settings: { common: HERE, ...settings } });
  return { ...bench, place: await bench.driver.open(bench.request) };
}

driverContract(slurmTest, {
  exitMs: 1000,
  open: (t) => open(t),
  small: (t) => open(t, { memory: '64M' }),
  lose: async (_, { ref }) => {
    const cluster = rig.get();
    const name = cluster.slurm('squeue', '-h', '-j', String(ref.job), '-o', '%N').trim();
    await cluster.node(name, 'kill');
    cluster.slurm('scontrol', 'update', `nodename=${name}`, 'state=down', 'reason=lost');
    await cluster.node(name, 'start');
  },
  slow: async (t) => slurmBench(t, rig.get(), { settings: { prepare: 'job', common: ['--hold'] } }),
  refused: async (t) => ({
    ...slurmBench(t, rig.get(), { settings: { partition: 'nowhere' } }),
    cause: /^Slurm refuses the job: .*invalid partition/i,
  }),
  left: async ({ workspace }: PlaceRequest) => {
    const jobs = path.join(path.dirname(workspace), 'shared/jobs');
    return [...(existsSync(jobs) ? readdirSync(jobs) : []), ...rig.get().jobs()];
  },
});

slurmTest('words and variables reach the command byte for byte, and no shell reads them', async (t) => {
  const hostile = ['$(touch /tmp/x)', 'a\'b"c', '`id`', 'two\nlines', '-n', '', '*', 'ä\\'];
  const run = await slurmRun(t, rig.get(), { environment: { ODD: hostile.join('|'), LC_ALL: 'C.UTF-8' } });
  const workload = await run.driver.launch(run.place, {
    argv: [
      'python3',
      '-c',
      'import sys,os,json;print(json.dumps([sys.argv[1:],os.environ["ODD"],os.environ["OWN"]]))',
      ...hostile,
    ],
    env: { OWN: 'x=y, z' },
  });
  const { bytes } = await wholeOutput(workload);
  t.deepEqual(JSON.parse(bytes.toString()), [hostile, hostile.join('|'), 'x=y, z']);
});

slurmTest('variables of the login node that are not for jobs stay there', async (t) => {
  const environment = { CUDA_VISIBLE_DEVICES: '7', SLURM_JOB_ID: '999', TMPDIR: '/login', KEPT: 'yes' };
  const run = await slurmRun(t, rig.get(), { environment });
  const workload = await run.sh('echo "$CUDA_VISIBLE_DEVICES,$KEPT,$TMPDIR"; test "$SLURM_JOB_ID" != 999');
  const { bytes } = await wholeOutput(workload);
  t.deepEqual(await workload.exited, { kind: 'exited', code: 0 });
  t.regex(bytes.toString(), /^,yes,(?!\/login)/);
});

slurmTest('secrets are in no listing of Slurm', async (t) => {
  const run = await slurmRun(t, rig.get(), { environment: { CLEARML_API_SECRET_KEY: 'very-secret' } });
  const workload = await run.sh('sleep 60');
  const { job } = workload.ref;
  const shown = rig.get().slurm('scontrol', 'show', 'job', '-d', String(job));
  const script = rig.get().slurm('scontrol', 'write', 'batch_script', String(job), '-');
  t.false(`${shown}${script}`.includes('very-secret'));
  await stopped(t, workload);
});

async function stopped(
  t: ExecutionContext,
  workload: { stop(ms: number): Promise<void>; exited: Promise<unknown> },
) {
  await workload.stop(100);
  await workload.exited;
  t.pass();
}

slurmTest('a command that ends by SIGINT is told from one that exits with 130', async (t) => {
  const [interrupted, exited] = [await slurmRun(t, rig.get()), await slurmRun(t, rig.get())];
  const signalled = await interrupted.sh('kill -INT $$');
  t.deepEqual(await signalled.exited, { kind: 'signalled', signal: 'SIGINT' });
  const ended = await exited.sh('exit 130');
  t.deepEqual(await ended.exited, { kind: 'exited', code: 130 });
});
