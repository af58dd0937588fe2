import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Workload } from '../../../src/drivers/driver.js';
import { slurmRun } from '../../support/slurm-run.js';
import { sharedRig, slurmTest } from '../../support/slurm-test.js';
import { until } from '../../support/until.js';
import { outputWhere, wholeOutput } from '../../support/workload-output.js';

const rig = sharedRig({ conf: ['KillWait=30'] });

const ready = (workload: Workload) => outputWhere(workload, (text) => text.includes('ready'));
const jobsOf = (workload: Workload) =>
  rig
    .get()
    .jobs()
    .filter((line) => line.startsWith(`${workload.ref.job} `));

slurmTest('a stopped command has its grace, and nothing of its job is left', async (t) => {
  const run = await slurmRun(t, rig.get());
  const workload = await run.sh('trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.1; done');
  await ready(workload);
  await workload.stop(20_000);
  t.deepEqual(jobsOf(workload), []);
  t.regex((await wholeOutput(workload)).bytes.toString(), /bye/);
  t.deepEqual(await workload.exited, { kind: 'exited', code: 7 });
});

slurmTest('a command that ignores TERM is killed after the grace of the agent, not of Slurm', async (t) => {
  const run = await slurmRun(t, rig.get());
  const workload = await run.sh('trap "" TERM; echo ready; while :; do sleep 0.1; done');
  await ready(workload);
  const begun = performance.now();
  await workload.stop(500);
  t.true(performance.now() - begun < 20_000);
  t.deepEqual(jobsOf(workload), []);
  t.deepEqual(await workload.exited, { kind: 'signalled', signal: 'SIGKILL' });
});

slurmTest('an urgent stop ends the grace', async (t) => {
  const run = await slurmRun(t, rig.get());
  const workload = await run.sh('trap "" TERM; echo ready; while :; do sleep 0.1; done');
  await ready(workload);
  const kill = new AbortController();
  const stopped = workload.stop(600_000, kill.signal);
  kill.abort();
  await stopped;
  t.deepEqual(await workload.exited, { kind: 'signalled', signal: 'SIGKILL' });
});

slurmTest('a held job says so in the log, and a stop ends it at once', async (t) => {
  const run = await slurmRun(t, rig.get(), { settings: { common: ['--hold'] } });
  const workload = await run.sh('echo never');
  const piece = await outputWhere(workload, (_, notes) => notes.some((note) => note.includes('JobHeldUser')));
  t.regex(piece?.note ?? '', /is pending: JobHeldUser \(it is held by its user/);
  await workload.stop(20_000);
  t.deepEqual(jobsOf(workload), []);
  t.like(await workload.exited, { kind: 'ended', by: 'cancelled' });
});

slurmTest('a partition that is down is named as what a job waits for', async (t) => {
  const run = await slurmRun(t, rig.get(), { settings: { partition: 'down' } });
  const workload = await run.sh('echo never');
  const piece = await outputWhere(workload, (_, notes) =>
    notes.some((note) => note.includes('PartitionDown')),
  );
  t.regex(piece?.note ?? '', /its partition is down/);
});

slurmTest('a job that is cancelled by other means is stopped, not failed', async (t) => {
  const run = await slurmRun(t, rig.get());
  const workload = await run.sh('echo ready; exec sleep 600');
  await ready(workload);
  rig.get().slurm('scancel', String(workload.ref.job));
  t.like(await workload.exited, { kind: 'ended', by: 'cancelled' });
});

const REFUSED: Record<string, { properties?: Record<string, string>; common?: string[]; cause: RegExp }> = {
  'an unknown partition': { common: ['--partition=nowhere'], cause: /refuses the job: .*partition/i },
  'more memory than any node has': {
    properties: { memory: '900G' },
    cause: /refuses the job: .*(memory|configuration)/i,
  },
  'GPUs where there are none': {
    properties: { gpus: '1' },
    cause: /refuses the job: .*(generic resource|gres|configuration)/i,
  },
};

for (const [title, { properties, common = [], cause }] of Object.entries(REFUSED)) {
  slurmTest(`a job that asks for ${title} is refused with Slurm's words and leaves nothing`, async (t) => {
    const partition = common.length > 0 ? undefined : 'main';
    const run = await slurmRun(t, rig.get(), {
      settings: { common, partition },
      ...(properties === undefined ? {} : { properties }),
    });
    const error = await t.throwsAsync(run.sh('echo never'), { code: 'SLURM_JOB' });
    t.regex(error?.message ?? '', cause);
    t.is(await run.later().find(run.place.ref), undefined);
    await run.driver.dispose(run.place.ref);
    t.false(existsSync(String(run.place.ref.folder)));
  });
}

slurmTest('a later daemon attaches to a job and reads on', async (t) => {
  const run = await slurmRun(t, rig.get());
  const go = path.join(run.folder, 'go');
  const workload = await run.sh('echo ready; until [ -e "$1" ]; do sleep 0.1; done; echo more; exit 4', go);
  const first = await ready(workload);
  run.leaves();
  writeFileSync(go, '');
  const attached = await run.later().attach(JSON.parse(JSON.stringify(workload.ref)));
  t.truthy(attached);
  if (attached === undefined) return;
  t.is((await wholeOutput(attached, first?.position)).bytes.toString(), 'more\n');
  t.deepEqual(await attached.exited, { kind: 'exited', code: 4 });
});

slurmTest('a job that was submitted and not noted is found by its name, running or ended', async (t) => {
  const run = await slurmRun(t, rig.get());
  t.is(await run.later().find(run.place.ref), undefined);
  const go = path.join(run.folder, 'go');
  const workload = await run.sh('until [ -e "$1" ]; do sleep 0.1; done; exit 5', go);
  run.leaves();
  const ref = JSON.parse(JSON.stringify(run.place.ref));
  t.deepEqual(await run.later().find(ref), workload.ref as never);
  writeFileSync(go, '');
  await until(() => jobsOf(workload).length === 0, { what: 'the end of the job' });
  const later = run.later();
  const found = await later.find(ref);
  const attached = found && (await later.attach(found));
  t.deepEqual(await attached?.exited, { kind: 'exited', code: 5 });
});

slurmTest('a run without its journal is found by its folder, and leftovers are collected', async (t) => {
  const run = await slurmRun(t, rig.get());
  const workload = await run.sh('sleep 600');
  run.leaves();
  const later = run.later();
  const runFolder = path.join(run.folder, 'run');
  const place = await later.search({ taskId: 'task', runFolder, workspace: '' });
  t.deepEqual(place, run.place.ref as never);
  t.deepEqual(await later.collect(run.folder, new Set(['run'])), []);
  t.deepEqual(await later.collect(run.folder, new Set()), [`Slurm job ${run.place.ref.key}`]);
  t.deepEqual(jobsOf(workload), []);
  t.false(existsSync(String(run.place.ref.folder)));
});

slurmTest('a job that an administrator requeues does not run a second time', async (t) => {
  const run = await slurmRun(t, rig.get());
  const count = path.join(run.folder, 'count');
  const workload = await run.sh('echo run >>"$1"; echo ready; exec sleep 600', count);
  await ready(workload);
  rig.get().slurm('scontrol', 'update', `jobid=${workload.ref.job}`, 'requeue=1');
  rig.get().slurm('scontrol', 'requeue', String(workload.ref.job));
  const exit = await workload.exited;
  t.true(exit.kind === 'lost' || exit.kind === 'signalled', JSON.stringify(exit));
  t.is(readFileSync(count, 'utf8'), 'run\n');
});
