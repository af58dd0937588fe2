import { createHash } from 'node:crypto';
import type { ExecutionContext } from 'ava';
import type { WorkloadExit } from '../../../src/drivers/driver.js';
import { slurmRun } from '../../support/slurm-run.js';
import { sharedRig, slurmTest } from '../../support/slurm-test.js';
import { wholeOutput } from '../../support/workload-output.js';

const rig = sharedRig();

const OUTPUTS: Record<string, { script: string; bytes: Buffer }> = {
  'no bytes': { script: ':', bytes: Buffer.alloc(0) },
  'one byte': { script: 'printf x', bytes: Buffer.from('x') },
  'no newline at its end': { script: 'echo a; printf b', bytes: Buffer.from('a\nb') },
  'bytes that are not UTF-8': {
    script: String.raw`printf 'a\377\376b\n'`,
    bytes: Buffer.from([0x61, 0xff, 0xfe, 0x62, 0x0a]),
  },
  'a progress bar': {
    script: String.raw`for i in 1 2 3; do printf '\r%d/3' $i; sleep 0.2; done`,
    bytes: Buffer.from('\r1/3\r2/3\r3/3'),
  },
  'both streams': { script: 'echo out; echo err >&2', bytes: Buffer.from('out\nerr\n') },
};

for (const [title, { script, bytes }] of Object.entries(OUTPUTS)) {
  slurmTest(`output of ${title} comes as it was written`, async (t) => {
    const run = await slurmRun(t, rig.get());
    const workload = await run.sh(script);
    const output = await wholeOutput(workload);
    t.deepEqual(output.bytes, bytes);
    t.deepEqual(await workload.exited, { kind: 'exited', code: 0 });
  });
}

slurmTest('100 MB of output come whole', async (t) => {
  const run = await slurmRun(t, rig.get());
  const workload = await run.sh('head -c 100000000 /dev/zero | tr "\\0" x');
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const { data } of workload.output(0, new AbortController().signal)) {
    hash.update(data);
    bytes += data.length;
  }
  t.is(bytes, 100_000_000);
  t.is(hash.digest('hex'), createHash('sha256').update('x'.repeat(100_000_000)).digest('hex'));
});

const EXITS: Record<string, WorkloadExit> = {
  'exit 0': { kind: 'exited', code: 0 },
  'exit 1': { kind: 'exited', code: 1 },
  'exit 66': { kind: 'exited', code: 66 },
  'exit 255': { kind: 'exited', code: 255 },
  'exit 137': { kind: 'exited', code: 137 },
  'exit 143': { kind: 'exited', code: 143 },
  'kill -KILL $$': { kind: 'signalled', signal: 'SIGKILL' },
  'kill -TERM $$': { kind: 'signalled', signal: 'SIGTERM' },
  'kill -SEGV $$': { kind: 'signalled', signal: 'SIGSEGV' },
  'kill -INT $$': { kind: 'signalled', signal: 'SIGINT' },
};

for (const [script, exit] of Object.entries(EXITS)) {
  slurmTest(`how "${script}" ends is known`, async (t) => {
    const run = await slurmRun(t, rig.get());
    const workload = await run.sh(script);
    t.deepEqual(await workload.exited, exit);
  });
}

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
