import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { kubernetesAgent } from '../../support/kubernetes-agent.js';
import { type KubernetesRunOptions, kubernetesBench, RIG_TEMPLATE } from '../../support/kubernetes-run.js';
import { besideTest, kubernetesTest, sharedRig } from '../../support/kubernetes-test.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const rig = sharedRig();

interface Refused extends KubernetesRunOptions {
  /** Of the template's pod. */
  spec?: Record<string, unknown>;
  cause: RegExp;
}

/** On a busy machine a node takes seconds until it tries to start a pod for the first time. */
const START_MS = 20_000;

const REFUSED: Record<string, Refused> = {
  'whose variables come from a secret that is missing': {
    spec: { containers: [{ name: 'task', envFrom: [{ secretRef: { name: 'none' } }] }] },
    cause: /^pod \S+ did not start for 20 s: CreateContainerConfigError \(secret "none" not found\)$/,
  },
  'whose volume is a secret that is missing': {
    // The kubelet ignores a volume that no container mounts.
    spec: {
      volumes: [{ name: 'v', secret: { secretName: 'none' } }],
      containers: [{ name: 'task', volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
    },
    cause: /^pod \S+ did not start for 20 s: ContainerCreating; FailedMount: .*secret "none" not found$/,
  },
  'with a priority class that does not exist': {
    spec: { priorityClassName: 'none' },
    cause: /^making pod \S+: .*no PriorityClass with name none was found$/,
  },
  'with a service account that does not exist': {
    spec: { serviceAccountName: 'none' },
    cause: /^making pod \S+: .*serviceaccount "none" not found$/,
  },
  'with a field of a wrong type': {
    spec: { nodeSelector: 'gpu' },
    cause: /^making pod \S+: Pod in version "v1" cannot be handled as a Pod: .*nodeSelector/,
  },
  'with a field that another one forbids': {
    spec: { hostPID: true },
    cause:
      /^making pod \S+: Pod "\S+" is invalid: .*ShareProcessNamespace and HostPID cannot both be enabled$/,
  },
  'with an image that has no shell': {
    image: 'test.local/pause:1',
    cause:
      /^pod \S+ did not start: container \S+ ended: StartError, exit code 128 \(.*"?\/bin\/sh"?.*no such file/,
  },
};

for (const [title, { spec = {}, cause, ...options }] of Object.entries(REFUSED)) {
  besideTest(`a pod ${title} fails with one cause, and nothing of it is left`, async (t) => {
    const template = { spec: { ...RIG_TEMPLATE.spec, ...spec } };
    const bench = kubernetesBench(t, rig.get(), { ...options, settings: { template, startMs: START_MS } });
    const error = await t.throwsAsync(bench.driver.open(bench.request), { message: cause });
    t.like(error, { code: 'KUBERNETES_POD' });
    t.deepEqual(await bench.left(), []);
  });
}

const TEMPLATES: Record<string, { text: string; cause: RegExp }> = {
  'is a Deployment': {
    text: 'apiVersion: apps/v1\nkind: Deployment\nspec: {}\n',
    cause: /template\.yaml takes a Pod with metadata and spec, found the kind Deployment/,
  },
  'is a list': {
    text: '- a\n- b\n',
    cause: /template\.yaml takes a Pod with metadata and spec, found no object/,
  },
  'is no YAML': { text: 'spec: [', cause: /template_file: cannot read \S+template\.yaml: / },
};

for (const [title, { text, cause }] of Object.entries(TEMPLATES)) {
  besideTest(`a daemon whose template ${title} says so in one line and ends`, async (t) => {
    const file = path.join(temporaryFolder(t), 'template.yaml');
    writeFileSync(file, text);
    const agent = await agentUnderTest(t, {
      ...rig.get().env,
      CLEARML_AGENT__AGENT__KUBERNETES__TEMPLATE_FILE: JSON.stringify(file),
    });
    const daemon = agent.daemon('--kubernetes');
    const { code } = await daemon.exited;
    const errors = daemon
      .output()
      .split('\n')
      .filter((line) => line.includes('ERROR'));
    t.is(errors.length, 1, daemon.output());
    t.regex(errors[0] ?? '', cause);
    t.is(code, 2);
    t.notRegex(daemon.output(), /^\s+at /m);
  });
}

const option = (name: string) => `CLEARML_AGENT__AGENT__KUBERNETES__${name}`;

kubernetesTest(
  'a task whose image is never pulled fails as image_pull, one whose pod is deleted is stopped',
  async (t) => {
    const agent = await kubernetesAgent(t, rig.get(), {
      CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1',
      [option('IMAGE_PULL_SEC')]: '3',
    });
    const daemon = agent.kubernetesDaemon();
    const unpulled = await agent.enqueueShell('echo never', { container: { image: 'test.local/none:1' } });
    const deleted = await agent.enqueueShell(': > /marks/runs; exec sleep 600');
    t.like(
      await agent.ended(unpulled),
      {
        status: 'failed',
        runtime: { failure_class: 'image_pull' },
      },
      daemon.output(),
    );
    t.regex(await agent.log(unpulled), /image test\.local\/none:1 cannot be pulled for 3 s: /);
    await until(() => agent.hasMark('runs'), { what: 'the command', context: daemon.output });
    const [name = ''] = await rig.get().pods();
    const { api, namespace } = rig.get();
    await api.deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 1 });
    const task = await agent.ended(deleted);
    t.is(task.status, 'stopped', task.status_reason);
    t.regex(await agent.log(deleted), /was deleted outside the agent/);
    await until(async () => (await rig.get().pods()).length === 0, { what: 'the removal of the pods' });
  },
);

kubernetesTest(
  'a task whose pod finds neither quota nor node goes back to its queue, and runs once there is room',
  async (t) => {
    const { api, namespace, gate } = rig.get();
    const { nodeSelector, open } = gate();
    const quota = { metadata: { name: 'none', namespace }, spec: { hard: { pods: '0' } } };
    await api.createNamespacedResourceQuota({ namespace, body: quota });
    t.teardown(() => api.deleteNamespacedResourceQuota({ name: 'none', namespace }).catch(() => undefined));
    const isKnown = async () =>
      (await api.readNamespacedResourceQuota({ name: 'none', namespace })).status?.hard !== undefined;
    await until(isKnown, { what: 'the quota' });
    const variables = {
      CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1',
      [option('UNSCHEDULABLE_SEC')]: '1',
    };
    const agent = await kubernetesAgent(t, rig.get(), variables, { nodeSelector });
    const id = await agent.enqueueShell('echo run >> /marks/runs');
    const daemon = agent.kubernetesDaemon();
    const says = (words: string) =>
      until(async () => (await agent.log(id)).includes(words), { what: words, context: daemon.output });
    await says('the quota of the namespace leaves no room');
    await api.deleteNamespacedResourceQuota({ name: 'none', namespace });
    await says('no node took pod');
    await open();
    t.is((await agent.ended(id, 90_000)).status, 'completed', daemon.output());
    t.is(agent.readMark('runs'), 'run\n');
    const secrets = async () => (await api.listNamespacedSecret({ namespace })).items;
    await until(async () => (await secrets()).length === 0, { what: 'the end of the secrets' });
  },
);
