import test from 'ava';
import { slurmRef, slurmWorkloadRef } from '../../../../src/drivers/slurm/slurm-ref.js';

const REF = {
  kind: 'slurm',
  version: 1,
  taskId: 't',
  key: 'clearml-t-0a1b2c3d',
  folder: '/shared/jobs/clearml-t-0a1b2c3d',
  runFolder: '/state/runs/r',
};

test('a reference comes back from the journal', (t) => {
  t.deepEqual(slurmRef({ ...REF, other: 'x' }), REF as never);
});

test('a reference to a job names its output by itself', (t) => {
  const found = slurmWorkloadRef({ ...REF, output: '/elsewhere', job: '12' });
  t.is(found?.output, `${REF.folder}/output.log`);
  t.is(found?.job, '12');
});

const FOREIGN: Record<string, Record<string, string | number>> = {
  'another kind': { kind: 'docker' },
  'a name with a comma': { key: 'clearml-a,b', folder: '/shared/jobs/clearml-a,b' },
  'a name of another make': { key: 'mine', folder: '/shared/jobs/mine' },
  "a folder that is not the job's": { folder: '/home/user' },
  'a folder without a full path': { folder: 'clearml-t-0a1b2c3d' },
  'no folder of a run': { runFolder: 1 },
};

for (const [title, change] of Object.entries(FOREIGN)) {
  test(`a reference with ${title} is none of this driver's`, (t) => {
    t.is(slurmRef({ ...REF, ...change }), undefined);
  });
}

for (const job of ['', '12_3', 'x', '1;2']) {
  test(`"${job}" is no id of a job`, (t) => {
    t.is(slurmWorkloadRef({ ...REF, output: 'o', job }), undefined);
  });
}
