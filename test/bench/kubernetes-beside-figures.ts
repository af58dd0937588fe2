import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { serverConfText, startServer } from '../../src/server/server.js';
import { agentHome, startAgent } from '../support/agent-process.js';
import { clientOf } from '../support/embedded-server.js';
import type { KubernetesRig } from '../support/kubernetes-access.js';
import { kubernetesRig } from '../support/kubernetes-rig.js';
import { RIG_TEMPLATE } from '../support/kubernetes-run.js';
import { until } from '../support/until.js';

/** An agent on a cluster. */
export interface BesideFigures {
  /** Seconds from the enqueuing of a task to its first line on the server. */
  firstLine: number;
  /** Seconds from the abort of ten running tasks until no pod is left, at most three minutes. */
  gone: number;
  /** Pods and secrets that are left then. */
  left: number;
}

type Call = ReturnType<typeof clientOf>['call'];

interface Scene {
  folder: string;
  rig: KubernetesRig;
  call: Call;
}

const TASKS = 10;
const LIMIT_MS = 300_000;
const GONE_MS = 180_000;

/**
 * This agent and the original's Kubernetes glue, one after the other, on one node that has the image.
 *
 * @param python that has the original; pods mount its folder and install nothing
 */
export async function measureBeside(options: {
  folder: string;
  python: string;
}): Promise<{ ours: BesideFigures; original: BesideFigures }> {
  const ends: (() => unknown)[] = [];
  const rig = await kubernetesRig({ teardown: (end) => ends.push(end) });
  const server = await startServer({ folder: path.join(options.folder, 'server'), port: 0 });
  try {
    const scene = { folder: options.folder, rig, call: clientOf(server).call };
    const home = await agentHome({ ...rig.env, CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1' });
    writeFileSync(path.join(home.folder, 'clearml.conf'), serverConfText(server), { mode: 0o600 });
    const template = path.join(options.folder, 'template.json');
    writeFileSync(template, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...RIG_TEMPLATE }));
    home.env.CLEARML_AGENT__AGENT__KUBERNETES__TEMPLATE_FILE = JSON.stringify(template);
    const words = ['--queue', 'ours', '--create-queue', '--foreground', '--kubernetes', rig.image];
    const daemon = startAgent(['daemon', ...words], home);
    await until(() => daemon.output().includes('Listening'), { what: 'the daemon', context: daemon.output });
    const ours = await measure(scene, 'ours');
    daemon.kill('SIGKILL');
    const glue = await startGlue(scene, options.python, home.env);
    ends.unshift(glue.end);
    const original = await measure(scene, 'original');
    return { ours, original };
  } finally {
    for (const end of ends) await end();
    await server.close();
  }
}

/** The same as examples/k8s_glue_example.py of the original does. */
const GLUE = `import sys
from clearml_agent.glue.k8s import K8sIntegration
K8sIntegration(template_yaml=sys.argv[1], namespace="default").k8s_daemon(["original"], create_queue=True)
`;

async function startGlue(
  { folder, rig, call }: Scene,
  python: string,
  env: Readonly<Record<string, string | undefined>>,
) {
  const venv = path.dirname(path.dirname(python));
  const variables = {
    LOCAL_PYTHON: python,
    CLEARML_AGENT_NO_UPDATE: '1',
    CLEARML_AGENT_SKIP_CONTAINER_APT: '1',
  };
  const inside = { ...variables, CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1' };
  // An environment leads to the Python that made it, which the image may have nowhere.
  const { stdout: base } = await execa(python, ['-c', 'import sys; print(sys.base_prefix)']);
  const folders = [venv, ...(base === '/usr' ? [] : [base])];
  const mounts = folders.map((folder, at) => ({ name: `python-${at}`, mountPath: folder }));
  const spec = {
    ...RIG_TEMPLATE.spec,
    volumes: mounts.map(({ name, mountPath }) => ({ name, hostPath: { path: mountPath } })),
    containers: [
      { volumeMounts: mounts, env: Object.entries(inside).map(([name, value]) => ({ name, value })) },
    ],
  };
  const template = path.join(folder, 'glue.yaml');
  writeFileSync(template, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', spec }));
  const glue = execa(python, ['-c', GLUE, template], {
    env: { ...env, CLEARML_WORKER_ID: 'glue', CLEARML_DOCKER_IMAGE: rig.image },
    extendEnv: false,
    reject: false,
    all: true,
  });
  const served = async () => {
    const { queues } = await call<{ queues: unknown[] }>('queues.get_all', { name: '^original$' });
    return queues.length > 0;
  };
  await until(served, { what: 'the glue', timeoutMs: LIMIT_MS });
  return {
    end: async () => {
      glue.kill('SIGKILL');
      await glue;
    },
  };
}

async function measure(scene: Scene, queue: string): Promise<BesideFigures> {
  const begun = performance.now();
  const id = await enqueue(scene.call, queue, 'echo MARK');
  await marked(scene.call, id);
  const firstLine = (performance.now() - begun) / 1000;
  await left(scene, 0);
  const ids: string[] = [];
  for (let at = 0; at < TASKS; at++) ids.push(await enqueue(scene.call, queue, 'echo MARK; sleep 600'));
  for (const one of ids) await marked(scene.call, one);
  const aborted = performance.now();
  for (const one of ids) await scene.call('tasks.stop', { task: one });
  const rest = await left(scene, 0);
  return { firstLine, gone: (performance.now() - aborted) / 1000, left: rest };
}

/** Waits until not more is left, for three minutes. */
async function left({ rig }: Scene, most: number): Promise<number> {
  const deadline = performance.now() + GONE_MS;
  for (;;) {
    const { items } = await rig.api.listNamespacedSecret({ namespace: 'default' });
    const found = (await rig.pods()).length + items.length;
    if (found <= most || performance.now() > deadline) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function marked(call: Call, id: string): Promise<void> {
  const seen = async () => {
    const { events } = await call<{ events: { msg: string }[] }>('events.get_task_log', {
      task: id,
      batch_size: 10_000,
    });
    return events.some(({ msg }) => /^MARK$/m.test(msg));
  };
  await until(seen, { what: `the first line of ${id}`, timeoutMs: LIMIT_MS });
}

async function enqueue(call: Call, queue: string, diff: string): Promise<string> {
  const script = { binary: '/bin/sh', entry_point: 'task.sh', diff: `${diff}\n` };
  const { id } = await call<{ id: string }>('tasks.create', { name: 'bench', type: 'training', script });
  await call('tasks.enqueue', { task: id, queue_name: queue });
  return id;
}
