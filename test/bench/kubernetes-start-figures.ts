import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { serverConfText, startServer } from '../../src/server/server.js';
import { agentHome, startAgent } from '../support/agent-process.js';
import { clientOf } from '../support/embedded-server.js';
import { freePorts } from '../support/free-ports.js';
import type { KubernetesRig } from '../support/kubernetes-access.js';
import { kubernetesRig } from '../support/kubernetes-rig.js';
import { RIG_TEMPLATE } from '../support/kubernetes-run.js';
import { until } from '../support/until.js';
import { median } from './measure.js';

export interface PodStartFigures {
  /** Seconds from the creation of a pod with one container to its first command. */
  emptyPod: number;
  /** Seconds from the pull of a task to the first line of its command, in the pod. */
  inPod: number;
  /** And on the server. */
  firstLine: number;
  /** Mean seconds of each phase of a task before its command, by the daemon's metrics; code and environment overlap. */
  phases: Record<string, number>;
}

interface Scene {
  rig: KubernetesRig;
  call: ReturnType<typeof clientOf>['call'];
  /** Folder of the node that pods have as `/marks`. */
  marks: string;
}

const LIMIT_MS = 120_000;

/** The start of tasks in pods, on one node that has their image; no packages are installed. */
export async function measurePodStarts(options: {
  folder: string;
  rounds: number;
}): Promise<PodStartFigures> {
  const ends: (() => unknown)[] = [];
  const rig = await kubernetesRig({ teardown: (end) => ends.push(end) });
  const server = await startServer({ folder: path.join(options.folder, 'server'), port: 0 });
  try {
    const marks = path.join(options.folder, 'marks');
    mkdirSync(marks);
    const scene = { rig, marks, call: clientOf(server).call };
    const template = path.join(options.folder, 'template.json');
    writeFileSync(template, JSON.stringify({ spec: specOf(marks, { name: 'task' }) }));
    const [port = 0] = await freePorts(1);
    const home = await agentHome({
      ...rig.env,
      CLEARML_AGENT__AGENT__KUBERNETES__TEMPLATE_FILE: JSON.stringify(template),
      CLEARML_AGENT__AGENT__METRICS__PORT: String(port),
      CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1',
    });
    writeFileSync(path.join(home.folder, 'clearml.conf'), serverConfText(server), { mode: 0o600 });
    const words = ['--queue', 'default', '--create-queue', '--foreground', '--kubernetes', rig.image];
    const daemon = startAgent(['daemon', ...words], home);
    ends.unshift(() => daemon.kill('SIGKILL'));
    await until(() => daemon.output().includes('Listening'), { what: 'the daemon', context: daemon.output });
    const empty: number[] = [];
    const tasks: Pick<PodStartFigures, 'inPod' | 'firstLine'>[] = [];
    for (let round = 0; round < options.rounds; round++) {
      empty.push(await timeEmptyPod(scene, round));
      tasks.push(await timeTask(scene, round));
    }
    const metrics = await fetch(`http://127.0.0.1:${port}/metrics`);
    return {
      emptyPod: median(empty),
      inPod: median(tasks.map(({ inPod }) => inPod)),
      firstLine: median(tasks.map(({ firstLine }) => firstLine)),
      phases: phasesOf(await metrics.text()),
    };
  } finally {
    for (const end of ends) await end();
    await server.close();
  }
}

function specOf(marks: string, container: object) {
  return {
    ...RIG_TEMPLATE.spec,
    volumes: [{ name: 'marks', hostPath: { path: marks } }],
    containers: [{ ...container, volumeMounts: [{ name: 'marks', mountPath: '/marks' }] }],
  };
}

/** When a pod noted the time, in milliseconds since 1970. */
async function markOf(marks: string, name: string): Promise<number> {
  const file = path.join(marks, name);
  await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '', {
    what: name,
    timeoutMs: LIMIT_MS,
  });
  return Number(readFileSync(file, 'utf8'));
}

async function timeEmptyPod({ rig, marks }: Scene, round: number): Promise<number> {
  const name = `empty-${round}`;
  const command = ['/bin/sh', '-c', `date +%s%3N > /marks/${name}`];
  const spec = {
    restartPolicy: 'Never',
    ...specOf(marks, { name: 'empty', image: rig.image, imagePullPolicy: 'IfNotPresent', command }),
  };
  const path = '/api/v1/namespaces/default/pods';
  const begun = Date.now();
  await rig.ask({ method: 'POST', path, body: { metadata: { name }, spec } });
  const started = await markOf(marks, name);
  await rig.ask({ method: 'DELETE', path: `${path}/${name}`, body: { gracePeriodSeconds: 0 } });
  await noPods(rig);
  return (started - begun) / 1000;
}

interface TaskView {
  started: string;
}

async function timeTask(
  { rig, call, marks }: Scene,
  round: number,
): Promise<{ inPod: number; firstLine: number }> {
  const name = `task-${round}`;
  const diff = `date +%s%3N > /marks/${name}; echo MARK; sleep 2\n`;
  const script = { binary: '/bin/sh', entry_point: 'task.sh', diff };
  const { id } = await call<{ id: string }>('tasks.create', { name, type: 'training', script });
  await call('tasks.enqueue', { task: id, queue_name: 'default' });
  const seen = async () => {
    const { events } = await call<{ events: { msg: string }[] }>('events.get_task_log', { task: id });
    return events.some(({ msg }) => /^MARK$/m.test(msg));
  };
  await until(seen, { what: 'the first line', timeoutMs: LIMIT_MS });
  const shown = Date.now();
  const { task } = await call<{ task: TaskView }>('tasks.get_by_id', { task: id });
  // The daemon notes the start right after the pull, before it makes the pod.
  const pulled = new Date(task.started).getTime();
  const started = await markOf(marks, name);
  await noPods(rig);
  return { inPod: (started - pulled) / 1000, firstLine: (shown - pulled) / 1000 };
}

const BEFORE_COMMAND = ['claim', 'place', 'code', 'environment', 'launch'];

/** Each pod is a worker of its own, with a line of its own. */
function phasesOf(metrics: string): Record<string, number> {
  const total = (kind: 'sum' | 'count', phase: string) =>
    [...metrics.matchAll(/^clearml_agent_phase_seconds_(sum|count)\{(.*)\} (\S+)$/gm)]
      .filter(([, of, labels]) => of === kind && labels?.includes(`phase="${phase}"`))
      .reduce((sum, [, , , value]) => sum + Number(value), 0);
  return Object.fromEntries(
    BEFORE_COMMAND.map((phase) => [phase, total('sum', phase) / total('count', phase)]),
  );
}

/** Pods that end share the processors with the one that is measured. */
async function noPods(rig: KubernetesRig): Promise<void> {
  await until(async () => (await rig.pods()).length === 0, { what: 'the end of pods', timeoutMs: LIMIT_MS });
}
