import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import type { ExecutionContext } from 'ava';
import type { AgentProcess } from './agent-process.js';
import { type AgentUnderTest, agentUnderTest } from './agent-under-test.js';
import type { KubernetesRig } from './kubernetes-access.js';
import { RIG_TEMPLATE } from './kubernetes-run.js';
import { temporaryFolder } from './temporary-folder.js';
import { until } from './until.js';

export interface KubernetesAgent extends AgentUnderTest {
  /** Starts a daemon with `--kubernetes`. */
  kubernetesDaemon(...words: string[]): AgentProcess;
  /** Puts a task into the queue that runs this shell script; `fields` of the task beside its script. */
  enqueueShell(script: string, fields?: Record<string, unknown>): Promise<string>;
  /** The pods of a task. */
  podsOf(task: string): Promise<V1Pod[]>;
  /** Waits until pods and secrets of a task are gone. */
  cleared(task: string): Promise<void>;
  /** Marks are files of a folder that pods have as `/marks`. */
  hasMark(name: string): boolean;
  mark(name: string): void;
  readMark(name: string): string;
}

/**
 * An agent whose tasks are pods of the cluster; they share a folder with the test.
 *
 * @param more of their spec
 */
export async function kubernetesAgent(
  t: ExecutionContext,
  { api, env, image, namespace }: KubernetesRig,
  variables: Record<string, string> = {},
  more: Record<string, unknown> = {},
): Promise<KubernetesAgent> {
  const folder = temporaryFolder(t);
  const marks = path.join(folder, 'marks');
  mkdirSync(marks);
  const template = path.join(folder, 'template.yaml');
  const spec = {
    ...RIG_TEMPLATE.spec,
    ...more,
    volumes: [{ name: 'marks', hostPath: { path: marks } }],
    containers: [{ name: 'task', volumeMounts: [{ name: 'marks', mountPath: '/marks' }] }],
  };
  writeFileSync(template, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', spec }));
  const agent = await agentUnderTest(t, {
    ...env,
    CLEARML_AGENT__AGENT__KUBERNETES__TEMPLATE_FILE: JSON.stringify(template),
    CLEARML_AGENT__AGENT__PACKAGE_MANAGER__SYSTEM_SITE_PACKAGES: 'true',
    ...variables,
  });
  const selected = (task: string) => ({ namespace, labelSelector: `clearml-task-id=${task}` });
  const podsOf = async (task: string) => (await api.listNamespacedPod(selected(task))).items;
  const isCleared = async (task: string) => {
    const secrets = await api.listNamespacedSecret(selected(task));
    return secrets.items.length === 0 && (await podsOf(task)).length === 0;
  };
  return {
    ...agent,
    podsOf,
    cleared: async (task) => {
      await until(() => isCleared(task), { what: `the removal of the pod of task ${task}` });
    },
    kubernetesDaemon: (...words) => agent.daemon('--kubernetes', image, ...words),
    enqueueShell: (script, fields) =>
      agent.enqueue({ binary: '/bin/sh', entry_point: 'run.sh', diff: `${script}\n` }, undefined, fields),
    hasMark: (name) => existsSync(path.join(marks, name)),
    mark: (name) => writeFileSync(path.join(marks, name), ''),
    readMark: (name) => readFileSync(path.join(marks, name), 'utf8'),
  };
}
