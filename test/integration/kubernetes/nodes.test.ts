import type { V1Pod } from '@kubernetes/client-node';
import { NODE } from '../../support/kubernetes-rig-files.js';
import { kubernetesBench, kubernetesRun, RIG_TEMPLATE } from '../../support/kubernetes-run.js';
import { kubernetesTest, ownRig } from '../../support/kubernetes-test.js';
import { until } from '../../support/until.js';
import { outputWhere, wholeOutput } from '../../support/workload-output.js';

const rig = ownRig();
const namespace = 'default';

/** Places pods on one node. */
function only(node: string) {
  return { template: { spec: { ...RIG_TEMPLATE.spec, nodeSelector: { 'kubernetes.io/hostname': node } } } };
}

async function cordon(name: string, unschedulable: boolean): Promise<void> {
  const body = [{ op: 'add', path: '/spec/unschedulable', value: unschedulable }];
  await rig.get().api.patchNode({ name, body });
}

function evict(name: string): Promise<unknown> {
  return rig
    .get()
    .api.createNamespacedPodEviction({ name, namespace, body: { metadata: { name, namespace } } });
}

const nodeOf = (pod: V1Pod | undefined) => pod?.spec?.nodeName;

kubernetesTest('a tainted node takes only pods that tolerate the taint', async (t) => {
  const patch = (taints: unknown) => {
    const body = { spec: { taints } };
    const path = `/api/v1/nodes/${NODE}`;
    return rig.get().ask({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
  };
  await patch([{ key: 'team', value: 'a', effect: 'NoSchedule' }]);
  t.teardown(() => patch(null));
  const other = kubernetesBench(t, rig.get(), { settings: { scheduleMs: 1000 } });
  await t.throwsAsync(other.driver.open(other.request), { message: /untolerated taint/ });
  const tolerations = [{ key: 'team', operator: 'Exists' }];
  const template = { spec: { ...RIG_TEMPLATE.spec, tolerations } };
  await kubernetesRun(t, rig.get(), { settings: { template } });
  t.pass();
});

kubernetesTest(
  'on several nodes: a drained node preempts its task, which waits until a node takes it again; a lost one loses its task',
  async (t) => {
    t.timeout(300_000);
    const { addNode, api } = rig.get();
    const { name, kill } = await addNode();
    const settings = only(name);

    const drained = await kubernetesRun(t, rig.get(), { settings });
    t.is(nodeOf(await drained.cluster.pod(drained.pod)), name);
    const preempted = await drained.sh(
      'trap "echo saved; exit 1" TERM; echo ready; while :; do sleep 0.1; done',
    );
    await outputWhere(preempted, (text) => text.includes('ready'));
    await cordon(name, true);
    await evict(drained.pod);
    t.deepEqual(await preempted.exited, {
      kind: 'ended',
      by: 'preempted',
      reason: `pod ${drained.pod} on node ${name} was evicted through the eviction API, as by a drain of its node`,
    });
    await drained.driver.dispose(drained.place.ref);

    const waiting = kubernetesBench(t, rig.get(), { settings });
    const opened = waiting.driver.open(waiting.request);
    await until(() => waiting.lines.some((line) => /waits: .*were unschedulable/.test(line)), {
      what: 'the reason',
      context: () => waiting.lines.join('\n'),
    });
    await cordon(name, false);
    const place = await opened;
    const lost = await waiting.driver.launch(place, { argv: ['sh', '-c', 'echo ready; exec sleep 600'] });
    await outputWhere(lost, (text) => text.includes('ready'));

    const other = await kubernetesRun(t, rig.get(), { settings: only(NODE) });
    const unharmed = await other.sh('until [ -e /tmp/go ]; do sleep 0.1; done; echo end');
    await kill();
    await api.deleteNode({ name });
    const exit = await lost.exited;
    t.deepEqual(exit, {
      kind: 'lost',
      reason: `node ${name} of pod ${String(place.ref.pod)} is gone`,
    });
    await waiting.driver.dispose(place.ref);
    await other.place.write('/tmp/go', '');
    t.is((await wholeOutput(unharmed)).bytes.toString(), 'end\n');
    t.deepEqual(await unharmed.exited, { kind: 'exited', code: 0 });
    t.deepEqual(await rig.get().pods(), [other.pod]);
  },
);
