import type { V1Pod } from '@kubernetes/client-node';
import { NODE } from '../../support/kubernetes-rig-files.js';
import { kubernetesBench, kubernetesRun, RIG_TEMPLATE } from '../../support/kubernetes-run.js';
import { besideTest, sharedRig } from '../../support/kubernetes-test.js';
import { until } from '../../support/until.js';
import { outputWhere, wholeOutput } from '../../support/workload-output.js';

const rig = sharedRig();

/** Fields of a template beside those that the rig needs. */
const templateWith = (spec: object, metadata: object = {}) => ({
  template: { metadata, spec: { ...RIG_TEMPLATE.spec, ...spec } },
});

async function patch(path: string, body: unknown): Promise<void> {
  await rig.get().ask({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
}

const podPath = (pod: string) => `/api/v1/namespaces/${rig.get().namespace}/pods/${pod}`;

besideTest('a node selector waits with the words of the scheduler until a node has the label', async (t) => {
  const bench = kubernetesBench(t, rig.get(), {
    settings: templateWith({ nodeSelector: { pool: 'gpu' } }),
  });
  const opened = bench.driver.open(bench.request);
  await until(() => bench.lines.some((line) => /didn't match Pod's node affinity\/selector/.test(line)), {
    what: 'the reason',
  });
  await patch(`/api/v1/nodes/${NODE}`, { metadata: { labels: { pool: 'gpu' } } });
  t.teardown(() => patch(`/api/v1/nodes/${NODE}`, { metadata: { labels: { pool: null } } }));
  const place = await opened;
  t.is((await bench.cluster.pod(String(place.ref.pod)))?.spec?.nodeName, NODE);
});

besideTest('a priority class is that of the pod, and one that is not there is named', async (t) => {
  await rig.get().classes('urgent', 1000);
  const settings = templateWith({ priorityClassName: 'urgent' }, { labels: { team: 'a' } });
  const run = await kubernetesRun(t, rig.get(), { settings });
  const pod = await run.cluster.pod(run.pod);
  t.is(pod?.spec?.priority, 1000);
  t.is(pod?.metadata?.labels?.team, 'a');
  const bench = kubernetesBench(t, rig.get(), { settings: templateWith({ priorityClassName: 'none' }) });
  await t.throwsAsync(bench.driver.open(bench.request), { message: /no PriorityClass with name none/ });
});

/** What Kueue's webhook makes of a pod with the label of a queue. */
const KUEUE = templateWith(
  { schedulingGates: [{ name: 'kueue.x-k8s.io/admission' }] },
  { labels: { 'kueue.x-k8s.io/queue-name': 'team-a' } },
);

besideTest("a pod waits at Kueue's gate however long, and runs on the node that Kueue chose", async (t) => {
  const bench = kubernetesBench(t, rig.get(), { settings: { ...KUEUE, scheduleMs: 1 } });
  const opened = bench.driver.open(bench.request);
  await until(() => bench.lines.some((line) => /waits: SchedulingGated/.test(line)), { what: 'the gate' });
  const [pod = ''] = await bench.left();
  const gone = { spec: { schedulingGates: null, nodeSelector: { 'kubernetes.io/hostname': NODE } } };
  await patch(podPath(pod), gone);
  const place = await opened;
  const workload = await bench.driver.launch(place, { argv: ['echo', 'admitted'] });
  t.is((await wholeOutput(workload)).bytes.toString(), 'admitted\n');
  t.is((await bench.cluster.pod(pod))?.metadata?.labels?.['kueue.x-k8s.io/queue-name'], 'team-a');
});

besideTest('a pod that Kueue stops counts as preempted', async (t) => {
  const run = await kubernetesRun(t, rig.get());
  const workload = await run.sh('echo ready; exec sleep 600');
  await outputWhere(workload, (text) => text.includes('ready'));
  const { conditions = [] } = (await run.cluster.pod(run.pod))?.status ?? {};
  const stopped = { type: 'TerminationTarget', status: 'True', reason: 'WorkloadEvictedDueToPreempted' };
  await patch(`${podPath(run.pod)}/status`, { status: { conditions: [...conditions, stopped] } });
  const { api, namespace } = rig.get();
  await api.deleteNamespacedPod({ name: run.pod, namespace });
  t.like(await workload.exited, {
    kind: 'ended',
    by: 'preempted',
    reason: `pod ${run.pod} was stopped by its queueing controller on node ${NODE}: WorkloadEvictedDueToPreempted`,
  });
});

besideTest('a template puts pods into its own namespace, where a later daemon finds them', async (t) => {
  const team = `${rig.get().namespace}-team`;
  await rig.get().makeNamespace(team);
  const settings = templateWith({}, { namespace: team });
  const run = await kubernetesRun(t, rig.get(), { settings });
  t.is(run.place.ref.namespace, team);
  t.deepEqual(await rig.get().pods(team), [run.pod]);
  t.deepEqual(await run.left(), []);
  const workload = await run.sh('echo out; exit 5');
  run.leaves();
  const later = run.later();
  t.deepEqual(await later.search(run.request), run.place.ref as never);
  const attached = await later.attach(workload.ref);
  t.is(attached && (await wholeOutput(attached)).bytes.toString(), 'out\n');
  t.deepEqual(await attached?.exited, { kind: 'exited', code: 5 });
  t.deepEqual(await later.collect(`${run.folder}/worker/runs`, new Set()), [`pod ${run.pod}`]);
  t.deepEqual(await rig.get().pods(team), []);
});

besideTest('a quota of processors waits for room, and asks for what pods must state', async (t) => {
  const { api } = rig.get();
  const namespace = `${rig.get().namespace}-small`;
  await rig.get().makeNamespace(namespace);
  const quota = { metadata: { name: 'cpu' }, spec: { hard: { 'requests.cpu': '300m' } } };
  await api.createNamespacedResourceQuota({ namespace, body: quota });
  await until(async () => (await api.readNamespacedResourceQuota({ name: 'cpu', namespace })).status?.hard, {
    what: 'the quota',
  });
  const none = kubernetesBench(t, rig.get(), { namespace });
  await t.throwsAsync(none.driver.open(none.request), { message: /must specify requests.cpu/ });
  const first = await kubernetesRun(t, rig.get(), { namespace, arguments: ['--cpus', '0.2'] });
  const second = kubernetesBench(t, rig.get(), { namespace, arguments: ['--cpus', '0.2'] });
  const opened = second.driver.open(second.request);
  await until(() => second.lines.some((line) => line.includes('exceeded quota')), { what: 'the refusal' });
  await first.driver.dispose(first.place.ref);
  const place = await opened;
  t.deepEqual(await rig.get().pods(namespace), [String(place.ref.pod)]);
});

const RESTARTS: Record<string, { policy: string; script: string; output: string; code: number }> = {
  'until it succeeds': {
    policy: 'on-failure',
    script: 'echo run; [ -e /tmp/second ] && exit 0; : > /tmp/second; exit 3',
    output: 'run\nrestart 1 after exit code 3\nrun\n',
    code: 0,
  },
  'as often as it may': {
    policy: 'on-failure:1',
    script: 'echo run; exit 4',
    output: 'run\nrestart 1 after exit code 4\nrun\n',
    code: 4,
  },
};

for (const [title, { policy, script, output, code }] of Object.entries(RESTARTS)) {
  besideTest(`a command with a restart policy runs again: ${title}`, async (t) => {
    const run = await kubernetesRun(t, rig.get(), { arguments: ['--restart', policy] });
    const workload = await run.sh(script);
    t.is((await wholeOutput(workload)).bytes.toString(), output);
    t.deepEqual(await workload.exited, { kind: 'exited', code });
  });
}

besideTest('a stop ends a command with a restart policy for good', async (t) => {
  const run = await kubernetesRun(t, rig.get(), { arguments: ['--restart', 'on-failure'] });
  const workload = await run.sh('trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.1; done');
  await outputWhere(workload, (text) => text.includes('ready'));
  await workload.stop(20_000);
  t.deepEqual(await workload.exited, { kind: 'exited', code: 7 });
  t.is((await wholeOutput(workload)).bytes.toString(), 'ready\nbye\n');
  const pod: V1Pod | undefined = await run.cluster.pod(run.pod);
  t.is(pod?.spec?.restartPolicy, 'Never');
});
