import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { V1Container, V1Deployment } from '@kubernetes/client-node';
import type { ExecutionContext } from 'ava';
import { startAgent } from '../../support/agent-process.js';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { apiPathOf, type ChartObject, renderChart } from '../../support/helm-chart.js';
import { RIG_TEMPLATE } from '../../support/kubernetes-run.js';
import { kubernetesTest, sharedRig } from '../../support/kubernetes-test.js';
import { until } from '../../support/until.js';

const rig = sharedRig();

const TASK_MS = 120_000;
/** Of tasks that are shell scripts. */
const NO_PACKAGES = { CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1' };
const SHELL = { binary: '/bin/sh', entry_point: 'run.sh' };

async function nothingLeft(...namespaces: string[]): Promise<void> {
  for (const namespace of [rig.get().namespace, ...namespaces])
    await until(async () => (await rig.get().pods(namespace)).length === 0, { what: 'the removal of pods' });
}

/** What the pods of the rig need, over whatever else a template says. */
function overrides(agent: AgentUnderTest): string {
  const file = path.join(agent.home.folder, 'overrides.yaml');
  writeFileSync(file, JSON.stringify(RIG_TEMPLATE));
  return file;
}

function start(
  t: ExecutionContext,
  agent: AgentUnderTest,
  words: readonly string[],
  env: Record<string, string>,
) {
  const daemon = startAgent(words, { ...agent.home, env: { ...NO_PACKAGES, ...agent.home.env, ...env } });
  t.teardown(() => daemon.kill('SIGKILL'));
  return daemon;
}

/** Variables of a container, those from secrets too, as the kubelet gives them. */
function variablesOf({ env = [] }: V1Container, objects: readonly ChartObject[]): Record<string, string> {
  const secret = (name = '', key = '') => {
    const found = objects.find(({ kind, metadata }) => kind === 'Secret' && metadata?.name === name);
    return String(Object(found?.stringData)[key]);
  };
  return Object.fromEntries(
    env.map(({ name, value, valueFrom }) => [
      name,
      value ?? secret(valueFrom?.secretKeyRef?.name, valueFrom?.secretKeyRef?.key),
    ]),
  );
}

kubernetesTest(
  "the agent of the chart runs tasks of two queues in two namespaces with the chart's rights",
  async (t) => {
    const { namespace, makeNamespace } = rig.get();
    const other = `${namespace}-team`;
    await makeNamespace(other);
    const agent = await agentUnderTest(t);
    const { url, credentials } = agent.server;
    const values = {
      clearml: { agentk8sglueKey: credentials.accessKey, agentk8sglueSecret: credentials.secretKey },
      agentk8sglue: {
        apiServerUrlReference: url,
        fileServerUrlReference: url,
        webServerUrlReference: url,
        defaultContainerImage: rig.get().image,
        createQueueIfNotExists: true,
        maxPods: 2,
        queues: {
          'team.a': {
            namespace: other,
            templateOverrides: { labels: { team: 'a' } },
            queueSettings: { maxPods: 1 },
          },
        },
        basePodTemplate: { env: [{ name: 'OF_TEMPLATE', value: 'yes' }] },
      },
    };
    const { objects, refusal } = await renderChart(t, values, namespace);
    t.is(refusal, '');
    for (const object of objects.filter(({ kind }) => kind !== 'Deployment'))
      await rig.get().ask({ method: 'POST', path: apiPathOf(object, namespace), body: object });
    const deployment = objects.find(({ kind }) => kind === 'Deployment') as V1Deployment | undefined;
    const [container] = deployment?.spec?.template.spec?.containers ?? [];
    const template = path.join(agent.home.folder, 'template.yaml');
    const map = objects.find(({ kind }) => kind === 'ConfigMap');
    writeFileSync(template, String(Object(map?.data)['template.yaml']));
    const daemon = start(t, agent, container?.args ?? [], {
      ...(container === undefined ? {} : variablesOf(container, objects)),
      HOME: agent.home.folder,
      CLEARML_CONFIG_FILE: path.join(agent.home.folder, 'clearml.conf'),
      CLEARML_AGENT__AGENT__KUBERNETES__TEMPLATE_FILE: JSON.stringify(template),
      CLEARML_AGENT__AGENT__KUBERNETES__OVERRIDES_FILE: JSON.stringify(overrides(agent)),
      KUBECONFIG: await rig.get().login('agent-clearml-agent-sa'),
    });
    const queue = async () =>
      (await agent.call<{ queues: { id: string }[] }>('queues.get_all', { name: '^team.a$' })).queues[0]?.id;
    const team = await until(queue, { what: 'the queue of the chart', context: daemon.output });
    const script = {
      ...SHELL,
      diff: 'echo "template $OF_TEMPLATE"; until [ -e /tmp/go ]; do sleep 0.2; done\n',
    };
    const ids = [await agent.enqueue(script), await agent.enqueue(script, team)];
    for (const id of ids)
      await until(async () => (await agent.log(id)).includes('template yes\n'), {
        what: `the output of ${id}`,
        timeoutMs: TASK_MS,
        context: daemon.output,
      });
    const { items } = await rig.get().api.listNamespacedPod({ namespace: other });
    t.is(items[0]?.metadata?.labels?.team, 'a');
    t.is((await rig.get().pods()).length, 1);
    for (const id of ids) await agent.call('tasks.stop', { task: id });
    for (const id of ids) t.is((await agent.ended(id, TASK_MS)).status, 'stopped');
    await nothingLeft(other);
  },
);

/** As ClearML's chart renders it, with its empty fields. */
const clearmlTemplate = (namespace: string) => `apiVersion: v1
metadata:
  namespace: ${namespace}
  labels:
    {}
  annotations:
    {}
spec:
  serviceAccountName: default
  securityContext:
    {}
  priorityClassName:
  initContainers:
    []
  containers:
  - resources:
      {}
    securityContext:
      {}
    ports:
    - containerPort: 10022
    env:
    - name: OF_TEMPLATE
      value: "yes"
`;

kubernetesTest("the entry point of the image behaves with the variables of ClearML's chart", async (t) => {
  const { namespace, env } = rig.get();
  const agent = await agentUnderTest(t, env);
  const template = path.join(agent.home.folder, 'template.yaml');
  writeFileSync(template, clearmlTemplate(namespace));
  const { accessKey, secretKey } = agent.server.credentials;
  const daemon = start(t, agent, ['entrypoint'], {
    CLEARML_API_HOST: agent.server.url,
    CLEARML_API_ACCESS_KEY: accessKey,
    CLEARML_API_SECRET_KEY: secretKey,
    CLEARML_CONFIG_FILE: path.join(agent.home.folder, 'clearml.conf'),
    CLEARML_WORKER_ID: 'clearml-agent',
    CLEARML_AGENT_UPDATE_REPO: '',
    FORCE_CLEARML_AGENT_REPO: '',
    CLEARML_DOCKER_IMAGE: rig.get().image,
    K8S_DEFAULT_NAMESPACE: namespace,
    K8S_GLUE_QUEUE: 'glue,default',
    K8S_GLUE_MAX_PODS: '3',
    K8S_GLUE_POD_USE_IMAGE_ENTRYPOINT: 'false',
    K8S_GLUE_EXTRA_ARGS: `--namespace ${namespace} --template-yaml ${template} --overrides-yaml ${overrides(agent)} --ports-mode --num-of-services 20 --create-queue `,
  });
  const id = await agent.enqueue({ ...SHELL, diff: 'echo "template $OF_TEMPLATE"; exit 4\n' });
  t.like(await agent.ended(id, TASK_MS), { status: 'failed', status_reason: 'worker execution exit code 4' });
  t.regex(await agent.log(id), /template yes\n/);
  const output = daemon.output();
  const words = `daemon --kubernetes --foreground --queue glue default --namespace ${namespace} --max-pods 3 --create-queue`;
  t.true(output.includes(words), output);
  t.is(output.split('--ports-mode, --num-of-services have no effect').length, 2);
  t.is(output.split('K8S_GLUE_POD_USE_IMAGE_ENTRYPOINT has no effect').length, 2);
  t.notRegex(output, new RegExp(secretKey));
  await nothingLeft();
});

/** A package without code that takes no network to install. */
const PACKAGE = {
  'setup.py': 'from setuptools import setup\nsetup(name="of-task", version="1", py_modules=["of_task"])\n',
  'of_task.py': 'VALUE = "installed"\n',
};

kubernetesTest(
  'with a shared folder, a second task takes the environment of the first from the cache',
  async (t) => {
    const agent = await agentUnderTest(t, rig.get().env);
    const shared = path.join(agent.home.folder, '.clearml');
    const repository = agent.repository({
      ...PACKAGE,
      'main.py': 'import of_task, os\nprint("package", of_task.VALUE, os.getcwd(), flush=True)\n',
      'requirements.txt': './\n',
    });
    const daemon = start(
      t,
      agent,
      ['daemon', '--foreground', '--queue', 'default', '--kubernetes', rig.get().image],
      {
        CLEARML_AGENT__AGENT__KUBERNETES__SHARED_HOST_PATH: JSON.stringify(shared),
        CLEARML_AGENT__AGENT__KUBERNETES__OVERRIDES_FILE: JSON.stringify(overrides(agent)),
        CLEARML_AGENT_VENV_CACHE_PATH: path.join(shared, 'venvs-cache'),
        CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '',
      },
    );
    const script = { repository, branch: 'main', entry_point: 'main.py' };
    const logs: string[] = [];
    for (const _ of ['first', 'second']) {
      const id = await agent.enqueue(script);
      const task = await agent.ended(id, TASK_MS);
      const log = await agent.log(id);
      t.log(log);
      t.is(task.status, 'completed', daemon.output());
      t.regex(log, /package installed \/\.clearml\.workspace\//);
      logs.push(log);
    }
    t.notRegex(logs[0] ?? '', /from the cache/);
    t.regex(logs[1] ?? '', /from the cache/);
    t.true(readdirSync(path.join(shared, 'venvs-cache')).length > 0);
    await nothingLeft();
  },
);

kubernetesTest(
  'services run side by side, each a worker of its own, and restart as their policy says',
  async (t) => {
    const agent = await agentUnderTest(t, { ...rig.get().env, CLEARML_WORKER_ID: 'services' });
    const words = [
      'daemon',
      '--foreground',
      '--services-mode',
      '--queue',
      'default',
      '--kubernetes',
      rig.get().image,
    ];
    const daemon = start(t, agent, words, {
      CLEARML_AGENT__AGENT__KUBERNETES__OVERRIDES_FILE: JSON.stringify(overrides(agent)),
    });
    const service = { ...SHELL, diff: 'echo up; while :; do sleep 0.2; done\n' };
    const failing = { ...SHELL, diff: 'echo run; [ -e /tmp/again ] && exit 0; : > /tmp/again; exit 3\n' };
    const ids = [await agent.enqueue(service), await agent.enqueue(service)];
    const once = await agent.enqueue(failing, undefined, {
      container: { image: rig.get().image, arguments: '--restart on-failure:2' },
    });
    for (const id of ids)
      await until(async () => (await agent.log(id)).includes('up\n'), {
        what: `the output of ${id}`,
        timeoutMs: TASK_MS,
        context: daemon.output,
      });
    t.is((await agent.ended(once, TASK_MS)).status, 'completed');
    t.regex(await agent.log(once), /run\nrestart 1 after exit code 3\nrun\n/);
    const workers = await Promise.all(ids.map(async (id) => (await agent.task(id)).last_worker));
    t.deepEqual(
      workers,
      ids.map((id) => `services:service:${id}`),
    );
    for (const id of ids) await agent.call('tasks.stop', { task: id });
    for (const id of ids) t.is((await agent.ended(id, TASK_MS)).status, 'stopped');
    await nothingLeft();
  },
);
