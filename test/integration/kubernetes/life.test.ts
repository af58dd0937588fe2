import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Workload } from '../../../src/drivers/driver.js';
import { kubernetesBench, kubernetesRun, RIG_TEMPLATE } from '../../support/kubernetes-run.js';
import { besideTest, kubernetesTest, sharedRig } from '../../support/kubernetes-test.js';
import { until } from '../../support/until.js';
import { outputWhere, wholeOutput } from '../../support/workload-output.js';

const rig = sharedRig();

const ready = (workload: Workload) => outputWhere(workload, (text) => text.includes('ready'));

besideTest('a stopped command has its grace, and all of its output comes', async (t) => {
  const run = await kubernetesRun(t, rig.get());
  const workload = await run.sh('trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.1; done');
  await ready(workload);
  await workload.stop(20_000);
  t.regex((await wholeOutput(workload)).bytes.toString(), /bye/);
  t.deepEqual(await workload.exited, { kind: 'exited', code: 7 });
  await run.driver.dispose(run.place.ref);
  t.deepEqual(await run.left(), []);
});

besideTest(
  'a command that ignores TERM is killed after its grace, a program without a handler at once',
  async (t) => {
    const run = await kubernetesRun(t, rig.get());
    const workload = await run.sh('trap "" TERM; echo ready; while :; do sleep 0.1; done');
    await ready(workload);
    await workload.stop(500);
    t.deepEqual(await workload.exited, { kind: 'signalled', signal: 'SIGKILL' });
    await run.driver.dispose(run.place.ref);
    const other = await kubernetesRun(t, rig.get());
    const sleeping = await other.sh('echo ready; exec sleep 600');
    await ready(sleeping);
    await sleeping.stop(600_000);
    t.deepEqual(await sleeping.exited, { kind: 'signalled', signal: 'SIGTERM' });
  },
);

besideTest('an urgent stop ends the grace', async (t) => {
  const run = await kubernetesRun(t, rig.get());
  const workload = await run.sh('trap "" TERM; echo ready; while :; do sleep 0.1; done');
  await ready(workload);
  const kill = new AbortController();
  const stopped = workload.stop(600_000, kill.signal);
  kill.abort();
  await stopped;
  t.deepEqual(await workload.exited, { kind: 'signalled', signal: 'SIGKILL' });
});

besideTest(
  'a later daemon attaches, reads on where the first one was, and knows the exit code',
  async (t) => {
    const run = await kubernetesRun(t, rig.get());
    const workload = await run.sh('echo ready; until [ -e /tmp/go ]; do sleep 0.1; done; echo end; exit 3');
    const piece = await ready(workload);
    run.leaves();
    const later = run.later();
    const found = await later.find(run.place.ref);
    t.deepEqual(found, workload.ref);
    const attached = await later.attach(workload.ref);
    await run.place.write('/tmp/go', '');
    t.is((await wholeOutput(attached as Workload, piece?.position)).bytes.toString(), 'end\n');
    t.deepEqual(await attached?.exited, { kind: 'exited', code: 3 });
  },
);

besideTest('a command that ended while no daemon was there is not lost', async (t) => {
  const run = await kubernetesRun(t, rig.get());
  const workload = await run.sh('echo out; exit 5');
  run.leaves();
  await until(
    async () =>
      (await run.cluster.pod(run.pod))?.status?.containerStatuses?.some(({ state }) => state?.terminated),
    {
      what: 'the end of the command',
    },
  );
  const attached = await run.later().attach(workload.ref);
  t.is((await wholeOutput(attached as Workload)).bytes.toString(), 'out\n');
  t.deepEqual(await attached?.exited, { kind: 'exited', code: 5 });
});

besideTest('a command that was not released has not begun; its pod is found and removed', async (t) => {
  const run = await kubernetesRun(t, rig.get());
  const later = run.later();
  t.is(await later.find(run.place.ref), undefined);
  t.deepEqual(await later.search({ ...run.request }), run.place.ref as never);
  const runsFolder = path.dirname(run.request.runFolder);
  t.deepEqual(await later.collect(runsFolder, new Set(['task.1'])), []);
  t.deepEqual(await later.collect(runsFolder, new Set()), [`pod ${run.pod}`]);
  t.deepEqual(await run.left(), []);
});

besideTest(
  'a pod that is deleted by other means leaves its exit code, also while no daemon is there',
  async (t) => {
    const run = await kubernetesRun(t, rig.get());
    const workload = await run.sh('trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done');
    await ready(workload);
    run.leaves();
    const { api, namespace } = rig.get();
    await api.deleteNamespacedPod({ name: run.pod, namespace, gracePeriodSeconds: 5 });
    await until(async () => (await run.cluster.pod(run.pod))?.status?.phase === 'Failed', {
      what: 'the end of the pod',
    });
    const attached = await run.later().attach(workload.ref);
    t.deepEqual(await attached?.exited, {
      kind: 'ended',
      by: 'cancelled',
      reason: `pod ${run.pod} was deleted outside the agent`,
    });
  },
);

besideTest('an eviction gives the command TERM, and its last output comes', async (t) => {
  const run = await kubernetesRun(t, rig.get());
  const workload = await run.sh('trap "echo saved; exit 1" TERM; echo ready; while :; do sleep 0.1; done');
  await ready(workload);
  const output = wholeOutput(workload);
  const { api, namespace } = rig.get();
  await api.createNamespacedPodEviction({
    name: run.pod,
    namespace,
    body: { metadata: { name: run.pod, namespace } },
  });
  t.like(await workload.exited, { kind: 'ended', by: 'preempted' });
  t.is((await output).bytes.toString(), 'ready\nsaved\n');
});

besideTest('memory beyond the limit is told', async (t) => {
  const run = await kubernetesRun(t, rig.get(), { arguments: ['--memory', '64m'] });
  const workload = await run.sh('exec python3 -c "x = b\'x\' * (1 << 30)"');
  t.deepEqual(await workload.exited, { kind: 'signalled', signal: 'SIGKILL', oomKilled: true });
});

besideTest('a deadline of the template is told', async (t) => {
  const template = { spec: { ...RIG_TEMPLATE.spec, activeDeadlineSeconds: 30 } };
  const run = await kubernetesRun(t, rig.get(), { settings: { template } });
  const workload = await run.sh('sleep 600');
  t.like(await workload.exited, { kind: 'ended', by: 'time_limit' });
});

besideTest('a pod that no node takes says why, and is given up so that its task is put back', async (t) => {
  const bench = kubernetesBench(t, rig.get(), {
    arguments: ['--gpus', '2'],
    settings: { scheduleMs: 2000 },
  });
  const error = await t.throwsAsync(bench.driver.open(bench.request), {
    message: /no node took pod .* for 2 s: Unschedulable \(.*Insufficient nvidia.com\/gpu/,
  });
  t.like(error, { code: 'NO_PLACE', infrastructure: true });
  t.regex(bench.lines.join('\n'), /waits: Unschedulable/);
  t.deepEqual(await bench.left(), []);
});

besideTest('an abort ends the wait for a node at once', async (t) => {
  const bench = kubernetesBench(t, rig.get(), { arguments: ['--gpus', '2'] });
  const opened = bench.driver.open(bench.request);
  opened.catch(() => undefined);
  await until(() => bench.lines.some((line) => line.includes('Unschedulable')), { what: 'the reason' });
  bench.abort();
  await t.throwsAsync(opened, { any: true });
  t.deepEqual(await bench.left(), []);
});

const IMAGES: Record<string, { image: string; arguments: string[]; cause: RegExp }> = {
  'that is not there': {
    image: 'test.local/none:1',
    arguments: [],
    cause: /cannot be pulled for 3 s: (ErrImagePull|ImagePullBackOff)/,
  },
  'that may not be pulled': {
    image: 'test.local/none:1',
    arguments: ['--pull', 'never'],
    cause: /ErrImageNeverPull/,
  },
  'with a wrong name': { image: 'UPPER::x', arguments: [], cause: /InvalidImageName/ },
};

for (const [title, { cause, ...options }] of Object.entries(IMAGES)) {
  besideTest(`an image ${title} fails with its reason`, async (t) => {
    const bench = kubernetesBench(t, rig.get(), { ...options, settings: { imageMs: 3000 } });
    const error = await t.throwsAsync(bench.driver.open(bench.request), { message: cause });
    t.like(error, { code: 'DOCKER_IMAGE' });
    t.deepEqual(await bench.left(), []);
  });
}

kubernetesTest('a quota that is used up is waited for', async (t) => {
  const { api, namespace } = rig.get();
  const quota = { metadata: { name: 'none', namespace }, spec: { hard: { pods: '0' } } };
  await api.createNamespacedResourceQuota({ namespace, body: quota });
  t.teardown(() => api.deleteNamespacedResourceQuota({ name: 'none', namespace }).catch(() => undefined));
  await until(async () => (await api.readNamespacedResourceQuota({ name: 'none', namespace })).status?.hard, {
    what: 'the quota',
  });
  const bench = kubernetesBench(t, rig.get());
  const opened = bench.driver.open(bench.request);
  await until(() => bench.lines.some((line) => line.includes('exceeded quota')), { what: 'the refusal' });
  await api.deleteNamespacedResourceQuota({ name: 'none', namespace });
  await opened;
  t.is((await bench.left()).length, 2);
});

besideTest('files go into the pod and out of it, whatever their size and mode', async (t) => {
  const run = await kubernetesRun(t, rig.get());
  const { staging } = run.place;
  const file = path.join(run.request.workspace, 'big file');
  writeFileSync(staging?.of(file) ?? '', Buffer.alloc(20_000_000, 'y'), { mode: 0o700 });
  await staging?.handOver(file);
  const seen = await run.place.exec({
    argv: ['sh', '-c', 'stat -c "%s %a" "$1"', 'sh', run.place.inside(file)],
  });
  t.is(seen.stdout, '20000000 700\n');
  await run.place.exec({
    argv: [
      'sh',
      '-c',
      'mkdir -p "$1/a" && echo x > "$1/a/b"',
      'sh',
      run.place.inside(path.join(run.request.workspace, 'made')),
    ],
  });
  const to = path.join(run.folder, 'copy');
  await staging?.copyOut(path.join(run.request.workspace, 'made'), to);
  t.is(readFileSync(path.join(to, 'a', 'b'), 'utf8'), 'x\n');
});
