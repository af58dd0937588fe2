import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverConfText, startServer } from '../../src/server/server.js';
import { agentHome, startAgent } from '../support/agent-process.js';
import { clientOf } from '../support/embedded-server.js';
import { KWOK_TEMPLATE, kwokNodes } from '../support/kubernetes-kwok.js';
import { kubernetesRig } from '../support/kubernetes-rig.js';
import { cpuSeconds, watchMemory } from './measure.js';

export interface PodsFigures {
  /** Seconds until all pods are as far as they get. */
  started: number;
  /** Of a core, while they start. */
  cpuPercent: number;
  /** And once nothing changes any more. */
  idlePercent: number;
  /** The daemon's resident memory at its highest. */
  megabytes: number;
}

const NODES = 100;
/** Tasks beyond the daemon's limit of pods, which stay in the queue. */
const BEYOND = 20;
const LOOK_MS = 1000;
const IDLE_MS = 20_000;
const LIMIT_MS = 15 * 60_000;

/** One daemon and many pods on nodes of KWOK. Nothing is executed in them: set-up and output have figures of their own. */
export async function measureManyPods({
  folder,
  pods,
}: {
  folder: string;
  pods: number;
}): Promise<PodsFigures> {
  const ends: (() => unknown)[] = [];
  const rig = await kubernetesRig({ teardown: (end) => ends.push(end) }, { hasNode: false });
  const server = await startServer({ folder: path.join(folder, 'server'), port: 0 });
  try {
    ends.unshift(await kwokNodes(rig, NODES));
    const { call } = clientOf(server);
    const template = path.join(folder, 'template.json');
    writeFileSync(template, JSON.stringify(KWOK_TEMPLATE));
    const home = await agentHome({
      ...rig.env,
      CLEARML_AGENT__AGENT__KUBERNETES__TEMPLATE_FILE: JSON.stringify(template),
    });
    writeFileSync(path.join(home.folder, 'clearml.conf'), serverConfText(server), { mode: 0o600 });
    await call('queues.create', { name: 'default' }).catch(() => undefined);
    for (let at = 0; at < pods + BEYOND; at++) await enqueue(call);
    const words = ['daemon', '--queue', 'default', '--foreground', '--max-pods', String(pods)];
    const daemon = startAgent([...words, '--kubernetes', 'test.local/none:1'], home);
    ends.unshift(() => daemon.kill('SIGKILL'));
    const pid = daemon.process.pid ?? 0;
    const memory = watchMemory(pid);
    const begun = performance.now();
    const count = async () => {
      const { items } = await rig.api.listNamespacedPod({ namespace: 'default' });
      return items.filter(({ status }) => status?.podIP !== undefined).length;
    };
    for (let seen = 0; seen < pods; seen = await count()) {
      if (performance.now() - begun > LIMIT_MS || daemon.process.exitCode !== null)
        throw new Error(`${seen} of ${pods} pods started\n${daemon.output().slice(-3000)}`);
      await sleep(LOOK_MS);
    }
    const started = (performance.now() - begun) / 1000;
    const cpuPercent = (100 * cpuSeconds(pid)) / started;
    const before = cpuSeconds(pid);
    await sleep(IDLE_MS);
    const idlePercent = (100 * (cpuSeconds(pid) - before)) / (IDLE_MS / 1000);
    memory.stop();
    const all = (await rig.pods()).length;
    if (all !== pods) throw new Error(`${all} pods for a limit of ${pods}`);
    return { started, cpuPercent, idlePercent, megabytes: memory.peak() };
  } finally {
    for (const end of ends) await end();
    await server.close();
  }
}

async function enqueue(call: ReturnType<typeof clientOf>['call']): Promise<void> {
  const script = { binary: '/bin/sh', entry_point: 'task.sh', diff: 'exit 0\n' };
  const { id } = await call<{ id: string }>('tasks.create', { name: 'bench', type: 'training', script });
  await call('tasks.enqueue', { task: id, queue_name: 'default' });
}
