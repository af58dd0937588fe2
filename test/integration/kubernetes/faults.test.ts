import { EventEmitter, once } from 'node:events';
import type { Workload } from '../../../src/drivers/driver.js';
import { PodBoard, type PodBoardOptions, type PodView } from '../../../src/drivers/kubernetes/pod-board.js';
import { MANAGED_BY } from '../../../src/drivers/kubernetes/pod-identity.js';
import { kubernetesBench, kubernetesRun } from '../../support/kubernetes-run.js';
import { kubernetesTest, ownRig } from '../../support/kubernetes-test.js';
import { until } from '../../support/until.js';
import { outputWhere, wholeOutput } from '../../support/workload-output.js';

const rig = ownRig();
const namespace = 'default';
const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';

kubernetesTest(
  'while the API server is away a command runs on, and nothing of its output is lost',
  async (t) => {
    const run = await kubernetesRun(t, rig.get());
    const workload = await run.sh('for n in 1 2 3 4 5 6 7 8; do echo "line $n"; sleep 0.5; done; exit 4');
    const output = wholeOutput(workload);
    await until(async () => (await run.cluster.pod(run.pod))?.status?.phase === 'Running', {
      what: 'the pod',
    });
    await rig.get().part('apiserver', 'kill');
    await rig.get().part('apiserver', 'start');
    t.deepEqual(await workload.exited, { kind: 'exited', code: 4 });
    const lines = Array.from({ length: 8 }, (_, n) => `line ${n + 1}\n`).join('');
    t.is((await output).bytes.toString(), lines);
  },
);

kubernetesTest(
  'a stop waits for an API server that is away, and then gives the command its grace',
  async (t) => {
    const run = await kubernetesRun(t, rig.get());
    const workload = await run.sh('trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.1; done');
    await outputWhere(workload, (text) => text.includes('ready'));
    await rig.get().part('apiserver', 'kill');
    const stopped = workload.stop(20_000);
    await rig.get().part('apiserver', 'start');
    await stopped;
    t.deepEqual(await workload.exited, { kind: 'exited', code: 7 });
  },
);

kubernetesTest('a pod that waits for its node outlives an API server that is away', async (t) => {
  const { api, part } = rig.get();
  const cordon = (value: boolean) =>
    api.patchNode({ name: 'localhost', body: [{ op: 'add', path: '/spec/unschedulable', value }] });
  await cordon(true);
  // On a busy machine an API server takes more than a minute to start.
  const bench = kubernetesBench(t, rig.get(), { settings: { scheduleMs: 600_000 } });
  const opened = bench.driver.open(bench.request);
  const said = (words: string) =>
    until(() => bench.lines.some((line) => line.includes(words)), { what: words });
  await said('were unschedulable');
  await part('apiserver', 'kill');
  await said('the Kubernetes API server is away');
  await part('apiserver', 'start');
  await cordon(false);
  const place = await opened;
  t.is((await place.exec({ argv: ['echo', 'open'] })).stdout, 'open\n');
});

kubernetesTest(
  'a step whose connection breaks off fails as the API server, and its place stays usable',
  async (t) => {
    const { place } = await kubernetesRun(t, rig.get());
    const begun = new EventEmitter();
    const onOutput = () => void begun.emit('output');
    const step = place.exec({ argv: ['sh', '-c', 'echo begun; exec sleep 600'] }, { onOutput });
    const failed = t.throwsAsync(step, { message: /gives no answer to a command in pod \S+: / });
    await once(begun, 'output');
    await rig.get().part('apiserver', 'kill');
    t.like(await failed, { code: 'KUBERNETES', infrastructure: true });
    await rig.get().part('apiserver', 'start');
    t.is((await place.exec({ argv: ['echo', 'again'] })).stdout, 'again\n');
  },
);

kubernetesTest(
  'a watch from a version that the API server has forgotten begins again with a list',
  async (t) => {
    const { cluster, pod } = await kubernetesRun(t, rig.get());
    let lists = 0;
    const forgetful: PodBoardOptions['cluster'] = {
      pods: async (selector) => {
        const list = await cluster.pods(selector);
        lists += 1;
        return lists === 1 ? { ...list, resourceVersion: '1' } : list;
      },
      watchPods: (...words) => cluster.watchPods(...words),
    };
    const end = new AbortController();
    t.teardown(() => end.abort());
    const board = new PodBoard({
      cluster: forgetful,
      selector: `${MANAGED_BY_LABEL}=${MANAGED_BY}`,
      signal: end.signal,
    });
    const seen: PodView[] = [];
    board.watch(pod, (view) => seen.push(view));
    await until(() => lists === 2, { what: 'the second list' });
    await cluster.patchPod(pod, { metadata: { annotations: { seen: 'yes' } } });
    const isSeen = () =>
      seen.some((view) => view.kind === 'pod' && view.pod.metadata?.annotations?.seen === 'yes');
    await until(isSeen, { what: 'the change' });
    t.is(lists, 2);
    t.true(seen.every(({ kind }) => kind === 'pod'));
  },
);

kubernetesTest('a pod that is forced away is lost, and said so', async (t) => {
  const run = await kubernetesRun(t, rig.get());
  const workload = await run.sh('echo ready; exec sleep 600');
  await outputWhere(workload, (text) => text.includes('ready'));
  const { api } = rig.get();
  await api.patchNamespacedPod({
    name: run.pod,
    namespace,
    body: [{ op: 'replace', path: '/metadata/finalizers', value: [] }],
  });
  await api.deleteNamespacedPod({ name: run.pod, namespace, gracePeriodSeconds: 0 });
  t.like(await workload.exited, { kind: 'lost' });
  t.is(await run.later().attach((workload as Workload).ref), undefined);
});

kubernetesTest('a pod of higher priority takes the place of a task', async (t) => {
  const { api, classes } = rig.get();
  await classes('urgent', 1000);
  const run = await kubernetesRun(t, rig.get(), { arguments: ['--cpus', '1.5'] });
  const workload = await run.sh('echo ready; exec sleep 600');
  await outputWhere(workload, (text) => text.includes('ready'));
  const other = {
    metadata: { name: 'urgent' },
    spec: {
      priorityClassName: 'urgent',
      hostNetwork: true,
      containers: [
        {
          name: 'c',
          image: rig.get().image,
          command: ['sleep', '600'],
          resources: { requests: { cpu: '1' } },
        },
      ],
    },
  };
  t.teardown(() => api.deleteNamespacedPod({ name: 'urgent', namespace, gracePeriodSeconds: 1 }));
  await api.createNamespacedPod({ namespace, body: other });
  const exit = await workload.exited;
  t.like(exit, { kind: 'ended', by: 'preempted' });
  t.regex('reason' in exit ? exit.reason : '', /was preempted by a pod of higher priority/);
});
