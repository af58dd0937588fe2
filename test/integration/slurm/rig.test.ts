import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pidsWithVariable } from '../../../src/os/process-table.js';
import { slurmRig } from '../../support/slurm-rig.js';
import { confOf, sweepRigs } from '../../support/slurm-rig-guard.js';
import { slurmTest } from '../../support/slurm-test.js';
import { until } from '../../support/until.js';

const HELD_JOB = ['--mem=10', '--output=/dev/null', '--wrap=trap "" TERM; sleep 600'];
const left = (folder: string) => pidsWithVariable('SLURM_CONF', confOf(folder));

slurmTest(
  'two clusters at once know nothing of each other, and the end of one leaves nothing of it',
  async (t) => {
    const ends: (() => unknown)[] = [];
    const first = await slurmRig({ teardown: (end) => ends.push(end) }, { nodes: ['n1'] });
    const second = await slurmRig(t, { nodes: ['n1'] });
    first.slurm('sbatch', ...HELD_JOB);
    second.slurm('sbatch', ...HELD_JOB);
    await until(() => first.jobs().some((job) => job.includes('RUNNING')), { what: 'the first job' });
    await until(() => second.jobs().some((job) => job.includes('RUNNING')), { what: 'the second job' });
    t.is(first.jobs().length, 1);
    await sweepRigs();
    t.true(existsSync(first.folder));
    for (const end of ends) await end();
    t.deepEqual(await left(first.folder), []);
    t.false(existsSync(first.folder));
    t.is(second.jobs().length, 1);
  },
);

slurmTest('a cluster whose test was killed is cleared by the next one', async (t) => {
  const program = path.resolve('test/support/slurm-rig-process.ts');
  const child = spawn(process.execPath, ['--import=tsx', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const [text] = await once(child.stdout, 'data');
  const folder = String(text).trim();
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  t.true((await left(folder)).length > 2);
  await sweepRigs();
  t.deepEqual(await left(folder), []);
  t.false(existsSync(folder));
});
