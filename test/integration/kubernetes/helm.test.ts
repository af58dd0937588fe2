import { readFileSync } from 'node:fs';
import { loadAllYaml, type V1Role } from '@kubernetes/client-node';
import { apiPathOf, type ChartObject, renderChart } from '../../support/helm-chart.js';
import { kubernetesTest, sharedRig } from '../../support/kubernetes-test.js';

const rig = sharedRig();

const KEYS = { agentk8sglueKey: 'KEY', agentk8sglueSecret: 's"e$c#ret' };

/** One of everything that the chart can make. */
const FULL = {
  clearml: KEYS,
  imageCredentials: { enabled: true, username: 'u', password: 'p' },
  agentk8sglue: {
    queue: 'high, low',
    createQueueIfNotExists: true,
    clearmlcheckCertificate: false,
    extraArgs: ['--order-fairness'],
    resources: { limits: { memory: '1Gi' } },
    labels: { team: 'a' },
    annotations: { note: 'b' },
    extraEnvs: [{ name: 'A', value: '1' }],
    serviceAccountAnnotations: { 'eks.amazonaws.com/role-arn': 'arn' },
    additionalClusterRoleBindings: ['view'],
    additionalRoleBindings: ['other'],
    nodeSelector: { fleet: 'agents' },
    tolerations: [{ key: 'x', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    containerSecurityContext: { allowPrivilegeEscalation: false },
    volumes: [{ name: 'more', emptyDir: {} }],
    volumeMounts: [{ name: 'more', mountPath: '/more' }],
    fileMounts: [{ name: 'a.conf', folderPath: '/etc/a/', fileContent: 'x: "1"\n' }],
    queues: {
      'gpu.big': {
        namespace: 'gpu',
        queueSettings: { maxPods: 4 },
        templateOverrides: {
          labels: { 'kueue.x-k8s.io/queue-name': 'team' },
          nodeSelector: { pool: 'gpu' },
          resources: { limits: { 'nvidia.com/gpu': 1 } },
          priorityClassName: 'high',
        },
      },
      plain: {},
    },
    basePodTemplate: {
      env: [{ name: 'B', value: '2' }],
      podSecurityContext: { fsGroup: 1 },
      hostAliases: [{ ip: '127.0.0.1', hostnames: ['x'] }],
      fileMounts: [{ name: 'm.txt', folderPath: '/mnt', fileContent: 'text' }],
    },
  },
};

const CHARTS: Record<string, object> = {
  'with its own values': { clearml: KEYS },
  'with everything': FULL,
  'with a shared volume': { clearml: KEYS, persistence: { shared: true, accessModes: ['ReadWriteMany'] } },
  'with objects that are there already': {
    clearml: { existingAgentk8sglueSecret: 'keys', existingClearmlConfigSecret: 'conf' },
    imageCredentials: { enabled: true, existingSecret: 'login' },
    agentk8sglue: { serviceExistingAccountName: 'me' },
    persistence: { existingClaim: 'disk' },
  },
  'without a volume': { clearml: KEYS, persistence: { enabled: false } },
};

for (const [title, values] of Object.entries(CHARTS)) {
  kubernetesTest(`the API server takes every object of the chart ${title}`, async (t) => {
    const { objects, refusal } = await renderChart(t, values as Record<string, unknown>);
    t.is(refusal, '');
    await rig.get().makeNamespace('gpu');
    for (const object of objects) {
      const path = `${apiPathOf(object)}?dryRun=All&fieldValidation=Strict`;
      await t.notThrowsAsync(rig.get().ask({ method: 'POST', path, body: object }), `${object.kind}`);
    }
    t.true(objects.some(({ kind }) => kind === 'Deployment'));
  });
}

const REFUSED: Record<string, [values: object, line: RegExp]> = {
  'a word for a number': [
    { agentk8sglue: { maxPods: 'many' } },
    /^- at '\/agentk8sglue\/maxPods': got string, want integer$/m,
  ],
  'a value that nobody knows': [
    { agentk8sglue: { maxPod: 1 } },
    /^- at '\/agentk8sglue': additional properties 'maxPod' not allowed$/m,
  ],
  'two agents': [{ agentk8sglue: { replicaCount: 2 } }, /^- at '\/agentk8sglue\/replicaCount': maximum/m],
  'a namespace that cannot be': [
    { agentk8sglue: { queues: { q: { namespace: 'A B' } } } },
    /^- at '\/agentk8sglue\/queues\/q\/namespace': 'A B' does not match pattern/m,
  ],
  'no credentials': [
    { clearml: { agentk8sglueKey: '' } },
    /clearml\.agentk8sglueKey and clearml\.agentk8sglueSecret are the agent's credentials: set both/,
  ],
  'no queue': [{ agentk8sglue: { queue: ' ' } }, /agentk8sglue\.queue names no queue/],
  'ports mode': [
    { sessions: { portModeEnabled: true } },
    /sessions\.portModeEnabled: this agent has no ports mode/,
  ],
  jobs: [{ agentk8sglue: { taskAsJob: true } }, /agentk8sglue\.taskAsJob: this agent makes pods/],
  "ClearML's image": [
    { agentk8sglue: { image: { repository: 'allegroai/clearml-agent-k8s-base' } } },
    /allegroai\/clearml-agent-k8s-base is the image of ClearML's own agent/,
  ],
  'a shared volume for two namespaces': [
    { persistence: { shared: true }, agentk8sglue: { queues: { q: { namespace: 'b' } } } },
    /persistence\.shared needs all pods in one namespace/,
  ],
};

for (const [title, [values, line]] of Object.entries(REFUSED)) {
  kubernetesTest(`the chart refuses ${title}`, async (t) => {
    const { refusal } = await renderChart(t, { clearml: KEYS, ...values });
    t.regex(refusal, line);
  });
}

kubernetesTest('the role of the chart is that of the manifest', async (t) => {
  const { objects } = await renderChart(t, { clearml: KEYS });
  const manifest = loadAllYaml(readFileSync('deploy/kubernetes/rbac.yaml', 'utf8')) as ChartObject[];
  const role = (all: readonly ChartObject[]) => all.find(({ kind }) => kind === 'Role') as V1Role | undefined;
  t.deepEqual(role(objects)?.rules, role(manifest)?.rules);
});
