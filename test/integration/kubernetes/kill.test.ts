import { existsSync } from 'node:fs';
import type { V1Pod } from '@kubernetes/client-node';
import type { AgentProcess } from '../../support/agent-process.js';
import { type KubernetesAgent, kubernetesAgent } from '../../support/kubernetes-agent.js';
import { besideTest, kubernetesTest, sharedRig } from '../../support/kubernetes-test.js';
import { cutLaunched, journalOf } from '../../support/run-journal.js';
import { until } from '../../support/until.js';

const rig = sharedRig();

const LINES = 20;
/** Several agents at once on two processors. */
const timeoutMs = 120_000;
/** The tasks need no packages. */
const VARIABLES = { CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1' };
/** Notes each time it begins, and ends once it may. */
const COUNTED = `echo run >> /marks/runs
n=0
while [ $n -lt ${LINES} ]; do echo "line $n"; n=$((n + 1)); done
until [ -e /marks/go ]; do sleep 0.1; done
echo end`;

interface Scene {
  agent: KubernetesAgent;
  task: string;
  daemon: AgentProcess;
  log(): Promise<string>;
}

interface Case {
  /** It changes what all pods of the namespace depend on. */
  alone?: true;
  /** No node takes the pod before the daemon is dead. */
  isGated?: true;
  /** Before the first daemon starts. */
  first?(): Promise<unknown>;
  /** The step at which the daemon is killed. */
  reached(scene: Scene): Promise<unknown>;
  /** Once it is dead. */
  afterwards?(scene: Scene): unknown;
}

function podWhere(
  fits: (pod: V1Pod) => boolean | undefined,
  { agent, task, daemon }: Scene,
): Promise<unknown> {
  const ask = async () => (await agent.podsOf(task)).some((pod) => fits(pod));
  return until(ask, { what: 'such a pod', context: daemon.output, timeoutMs });
}

const logged = (words: string) => (scene: Scene) =>
  until(async () => (await scene.log()).includes(words), {
    what: words,
    context: scene.daemon.output,
    timeoutMs,
  });

const hasRun = ({ agent, daemon }: Scene) =>
  until(() => agent.hasMark('runs'), { what: 'the command', context: daemon.output, timeoutMs });

const CASES: Record<string, Case> = {
  'while a quota keeps its pod away': {
    alone: true,
    first: async () => {
      const { api, namespace } = rig.get();
      const body = { metadata: { name: 'none', namespace }, spec: { hard: { pods: '0' } } };
      await api.createNamespacedResourceQuota({ namespace, body });
      const isKnown = async () =>
        (await api.readNamespacedResourceQuota({ name: 'none', namespace })).status?.hard !== undefined;
      await until(isKnown, { what: 'the quota' });
    },
    reached: logged('exceeded quota'),
    afterwards: () => {
      const { api, namespace } = rig.get();
      return api.deleteNamespacedResourceQuota({ name: 'none', namespace });
    },
  },
  'while its pod is pending': {
    isGated: true,
    reached: logged('Unschedulable'),
  },
  'while it prepares its pod': {
    reached: (scene) => podWhere(({ status }) => status?.phase === 'Running', scene),
  },
  'between the start of the command and its note': {
    reached: async (scene) => {
      await hasRun(scene);
      await until(() => existsSync(journalOf(scene.agent)), { what: 'the note' });
    },
    afterwards: ({ agent }) => cutLaunched(journalOf(agent)),
  },
  'after the command has ended and before it knows': {
    reached: async (scene) => {
      await hasRun(scene);
      scene.daemon.kill('SIGSTOP');
      scene.agent.mark('go');
      const ended = (pod: V1Pod) =>
        pod.status?.containerStatuses?.some(({ name, state }) => name === 'task' && state?.terminated);
      await podWhere((pod) => ended(pod) === true, scene);
    },
  },
};

for (const [title, { alone, isGated, first, reached, afterwards }] of Object.entries(CASES)) {
  const declare: typeof besideTest = alone ? kubernetesTest : besideTest;
  declare(`a daemon that is killed ${title} runs the command once, and each line comes once`, async (t) => {
    const { nodeSelector, open } = rig.get().gate();
    const agent = await kubernetesAgent(t, rig.get(), VARIABLES, isGated ? { nodeSelector } : {});
    await first?.();
    const id = await agent.enqueueShell(COUNTED);
    const daemon = agent.kubernetesDaemon();
    const scene: Scene = { agent, task: id, daemon, log: () => agent.log(id) };
    await reached(scene);
    daemon.kill('SIGKILL');
    await daemon.exited;
    await afterwards?.(scene);
    if (isGated) await open();
    agent.mark('go');
    const later = agent.kubernetesDaemon();
    const task = await agent.ended(id, timeoutMs);
    const log = await agent.log(id);
    t.is(task.status, 'completed', `${task.status_reason}\n${log}\n${later.output()}`);
    t.is(agent.readMark('runs'), 'run\n');
    const lines = [...log.matchAll(/^(?:line \d+|end)$/gm)].map(([line]) => line);
    t.deepEqual(lines, [...Array.from({ length: LINES }, (_, at) => `line ${at}`), 'end'], log);
    await agent.cleared(id);
  });
}

besideTest('a daemon that is killed during an abort leaves the rest of it to the next one', async (t) => {
  const agent = await kubernetesAgent(t, rig.get(), {
    ...VARIABLES,
    CLEARML_AGENT__AGENT__KILL_GRACE_SEC: '5',
  });
  const id = await agent.enqueueShell(
    'trap "echo term; : > /marks/term" TERM; : > /marks/runs; while :; do sleep 0.1; done',
  );
  const first = agent.kubernetesDaemon();
  await until(() => agent.hasMark('runs'), { what: 'the command', context: first.output, timeoutMs });
  await agent.call('tasks.stop', { task: id });
  await until(() => agent.hasMark('term'), { what: 'the signal', context: first.output, timeoutMs });
  first.kill('SIGKILL');
  await first.exited;
  const later = agent.kubernetesDaemon();
  const task = await agent.ended(id, timeoutMs);
  t.is(task.status, 'stopped', later.output());
  t.regex(await agent.log(id), /^term$/m);
  await agent.cleared(id);
});
