import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { slurmRig } from '../../support/slurm-rig.js';
import { slurmRun } from '../../support/slurm-run.js';
import { slurmTest } from '../../support/slurm-test.js';
import { until } from '../../support/until.js';
import { outputWhere, wholeOutput } from '../../support/workload-output.js';

slurmTest('while the controller is away a job runs on, and its end is known at once', async (t) => {
  const rig = await slurmRig(t);
  const run = await slurmRun(t, rig);
  const go = path.join(run.folder, 'go');
  const workload = await run.sh('echo ready; until [ -e "$1" ]; do sleep 0.1; done; echo end', go);
  await outputWhere(workload, (text) => text.includes('ready'));
  await rig.controller('kill');
  writeFileSync(go, '');
  t.deepEqual(await workload.exited, { kind: 'exited', code: 0 });
  await rig.controller('start');
  await run.driver.dispose(run.place.ref);
  t.pass();
});

slurmTest('a job that ends badly while the controller is away is explained once it is back', async (t) => {
  const rig = await slurmRig(t, { nodes: ['n1'] });
  const run = await slurmRun(t, rig);
  const go = path.join(run.folder, 'go');
  const workload = await run.sh('echo ready; until [ -e "$1" ]; do sleep 0.1; done; exit 9', go);
  await outputWhere(workload, (text) => text.includes('ready'));
  await rig.controller('kill');
  writeFileSync(go, '');
  await rig.controller('start');
  t.deepEqual(await workload.exited, { kind: 'exited', code: 9 });
});

slurmTest('a submission waits for a controller that is away and submits one job', async (t) => {
  const rig = await slurmRig(t, { nodes: ['n1'] });
  const run = await slurmRun(t, rig);
  await rig.controller('kill');
  const launched = run.sh('echo once');
  await rig.controller('start');
  const workload = await launched;
  t.is((await wholeOutput(workload)).bytes.toString(), 'once\n');
  const key = String(run.place.ref.key);
  t.is(rig.slurm('squeue', '-h', '-t', 'all', '-n', key, '-o', '%i').trim().split('\n').length, 1);
});

slurmTest('a lost node loses the task, which does not run again', async (t) => {
  const rig = await slurmRig(t, { nodes: ['n1'] });
  const run = await slurmRun(t, rig);
  const workload = await run.sh('echo ready; exec sleep 600');
  await outputWhere(workload, (text) => text.includes('ready'));
  await rig.node('n1', 'kill');
  rig.slurm('scontrol', 'update', 'nodename=n1', 'state=down', 'reason=lost');
  const exit = await workload.exited;
  t.is(exit.kind, 'lost');
  if (exit.kind === 'lost') t.regex(exit.reason, /node/);
});

slurmTest('a prolog that fails loses the task, and no held job is left', async (t) => {
  const rig = await slurmRig(t, { nodes: ['n1'], conf: ['Prolog=/bin/false'] });
  const run = await slurmRun(t, rig);
  const workload = await run.sh('echo never');
  const exit = await workload.exited;
  t.is(exit.kind, 'lost');
  await until(() => rig.jobs().length === 0, { what: 'the end of the held job' });
  t.pass();
});
