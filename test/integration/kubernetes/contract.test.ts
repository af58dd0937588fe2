import { createHash } from 'node:crypto';
import type { WorkloadExit } from '../../../src/drivers/driver.js';
import { kubernetesRun } from '../../support/kubernetes-run.js';
import { besideTest, kubernetesTest, sharedRig } from '../../support/kubernetes-test.js';
import { outputWhere, wholeOutput } from '../../support/workload-output.js';

const rig = sharedRig();

const OUTPUTS: Record<string, { script: string; bytes: Buffer }> = {
  'no bytes': { script: ':', bytes: Buffer.alloc(0) },
  'one byte': { script: 'printf x', bytes: Buffer.from('x') },
  'a progress bar': { script: String.raw`printf '10%%\r20%%\r30%%'`, bytes: Buffer.from('10%\r20%\r30%') },
  'no newline at its end': { script: 'echo a; printf b', bytes: Buffer.from('a\nb') },
  'bytes that are not UTF-8': {
    script: String.raw`printf 'a\377\376b\n'`,
    bytes: Buffer.from([0x61, 0xff, 0xfe, 0x62, 0x0a]),
  },
  'both streams': { script: 'echo out; echo err >&2', bytes: Buffer.from('out\nerr\n') },
};

for (const [title, { script, bytes }] of Object.entries(OUTPUTS)) {
  besideTest(`output of ${title} comes as it was written`, async (t) => {
    const run = await kubernetesRun(t, rig.get());
    const workload = await run.sh(script);
    const output = await wholeOutput(workload);
    t.deepEqual(output, { bytes, notes: [] });
    t.deepEqual(await workload.exited, { kind: 'exited', code: 0 });
  });
}

kubernetesTest('100 MB of output come whole', async (t) => {
  const run = await kubernetesRun(t, rig.get());
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

kubernetesTest('a progress bar without a line end is read as it grows', async (t) => {
  const run = await kubernetesRun(t, rig.get());
  const workload = await run.sh(
    "printf '10%%\\r'; until [ -e /tmp/go ]; do sleep 0.1; done; printf '20%%\\r'",
  );
  const piece = await outputWhere(workload, (text) => text === '10%\r');
  await run.place.write('/tmp/go', '');
  t.is((await wholeOutput(workload, piece?.position)).bytes.toString(), '20%\r');
});

const EXITS: Record<string, WorkloadExit> = {
  'exit 1': { kind: 'exited', code: 1 },
  'exit 255': { kind: 'exited', code: 255 },
  'kill -KILL $$': { kind: 'signalled', signal: 'SIGKILL' },
  'kill -TERM $$': { kind: 'signalled', signal: 'SIGTERM' },
  'kill -SEGV $$': { kind: 'signalled', signal: 'SIGSEGV' },
};

for (const [script, exit] of Object.entries(EXITS)) {
  besideTest(`how "${script}" ends is known`, async (t) => {
    const run = await kubernetesRun(t, rig.get());
    const workload = await run.sh(script);
    t.deepEqual(await workload.exited, exit);
  });
}

kubernetesTest('words and variables reach the command byte for byte, and no shell reads them', async (t) => {
  const hostile = ['$(touch /tmp/x)', 'a\'b"c', '`id`', 'two\nlines', '-n', '', '*', 'ä\\'];
  const run = await kubernetesRun(t, rig.get(), { arguments: ['-e', `ODD=${hostile.join('|')}`] });
  const argv = [
    'python3',
    '-c',
    'import sys,os,json;print(json.dumps([sys.argv[1:],os.environ["ODD"],os.environ["OWN"]]))',
    ...hostile,
  ] as const;
  const env = { OWN: 'x=y, z' };
  const expected = [hostile, hostile.join('|'), 'x=y, z'];
  const step = await run.place.exec({ argv: [...argv], env });
  t.deepEqual(JSON.parse(step.stdout), expected);
  const workload = await run.driver.launch(run.place, { argv: [...argv], env });
  t.deepEqual(JSON.parse((await wholeOutput(workload)).bytes.toString()), expected);
});

kubernetesTest('secrets are in no description of the pod', async (t) => {
  const run = await kubernetesRun(t, rig.get(), { arguments: ['-e', 'CLEARML_API_SECRET_KEY=very-secret'] });
  const { stdout } = await run.place.exec({ argv: ['sh', '-c', 'echo "$CLEARML_API_SECRET_KEY"'] });
  t.is(stdout, 'very-secret\n');
  t.false(JSON.stringify(await run.cluster.pod(run.pod)).includes('very-secret'));
  await run.driver.dispose(run.place.ref);
  t.deepEqual(await run.left(), []);
});

kubernetesTest('a step gets its input and gives its exit code, its output and what ends it', async (t) => {
  const { place } = await kubernetesRun(t, rig.get());
  const answer = await place.exec({ argv: ['sh', '-c', 'cat; echo e >&2; exit 7'] }, { input: 'in\n' });
  t.like(answer, { exitCode: 7, stdout: 'in\n', stderr: 'e\n' });
  const family = ['sh', '-c', 'sleep 600 & sleep 600'] as const;
  await t.throwsAsync(place.exec({ argv: [...family] }, { timeoutMs: 500 }), { message: /within/ });
  t.is((await place.exec({ argv: ['pgrep', '-x', 'sleep'] })).exitCode, 1);
  await place.write('/tmp/deep/file', 'text', 0o640);
  t.is(await place.read('/tmp/deep/file'), 'text');
  t.is(await place.read('/tmp/none'), undefined);
});
