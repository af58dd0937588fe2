import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import type { Config } from '../../config/config.js';
import { AgentError, causeLine } from '../../errors.js';
import { expandHome } from '../../os/paths.js';
import { isFields, mergeTemplates } from './pod-template.js';

type Fields = Readonly<Record<string, unknown>>;

/** What the configuration says of pods. */
export interface KubernetesSettings {
  context: string | undefined;
  namespace: string | undefined;
  template: Fields;
  /** Templates by the names or ids of queues, over the common one. */
  queues: ReadonlyMap<string, Fields>;
  /** How long a pod that no node takes waits before its task is put back, in milliseconds. */
  scheduleMs: number;
  /** How long an image that cannot be pulled is tried, in milliseconds. */
  imageMs: number;
  /** How long the containers of a pod that has a node may take to start, in milliseconds. */
  startMs: number;
  /** Between TERM and KILL where the cluster ends a pod, in seconds. */
  graceSeconds: number;
}

/** What the kubelet waits for by itself. */
const DEFAULT_GRACE_S = 30;

/** @throws AgentError CONFIG_VALUE */
export function kubernetesSettings(config: Config, home: string): KubernetesSettings {
  const { kubernetes, killGraceSec } = config.agent;
  const file = kubernetes.templateFile && path.resolve(expandHome(kubernetes.templateFile, home));
  const common = asTemplate('agent.kubernetes.pod_template', kubernetes.podTemplate);
  return {
    context: kubernetes.context || undefined,
    namespace: kubernetes.namespace || undefined,
    template: mergeTemplates(file ? readTemplate(file) : {}, common),
    queues: queueTemplates(kubernetes.queues),
    scheduleMs: 1000 * kubernetes.unschedulableSec,
    imageMs: 1000 * kubernetes.imagePullSec,
    startMs: 1000 * kubernetes.startSec,
    graceSeconds: Math.max(DEFAULT_GRACE_S, Math.ceil(killGraceSec)),
  };
}

/** The template for the pods of a queue. */
export function templateOf({ template, queues }: KubernetesSettings, names: readonly string[]): Fields {
  const ofQueue = names.map((name) => queues.get(name)).find((one) => one !== undefined);
  return ofQueue === undefined ? template : mergeTemplates(template, ofQueue);
}

function queueTemplates(section: Fields): Map<string, Fields> {
  return new Map(
    Object.entries(section).map(([queue, value]) => [
      queue,
      asTemplate(`agent.kubernetes.queues.${queue}`, value),
    ]),
  );
}

function readTemplate(file: string): Fields {
  try {
    return asTemplate(file, loadYaml(readFileSync(file, 'utf8')));
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    throw new AgentError(
      'CONFIG_VALUE',
      `agent.kubernetes.template_file: cannot read ${file}: ${causeLine(cause)}`,
      { cause },
    );
  }
}

const PARTS = new Set(['apiVersion', 'kind', 'metadata', 'spec']);

function asTemplate(where: string, value: unknown): Fields {
  if (!isFields(value)) throw notTemplate(where, 'no object');
  const other = Object.keys(value).find((name) => !PARTS.has(name));
  if (other !== undefined) throw notTemplate(where, `a field ${other}`);
  if (value.kind !== undefined && value.kind !== 'Pod') throw notTemplate(where, `the kind ${value.kind}`);
  const { spec = {}, metadata = {} } = value;
  if (!isFields(spec) || !isFields(metadata))
    throw notTemplate(where, 'a spec or metadata that is no object');
  if (metadata.namespace !== undefined)
    throw new AgentError(
      'CONFIG_VALUE',
      `${where} names a namespace, which --namespace and agent.kubernetes.namespace do`,
    );
  return value;
}

function notTemplate(where: string, found: string): AgentError {
  return new AgentError('CONFIG_VALUE', `${where} takes a Pod with metadata and spec, found ${found}`, {
    hint: 'Write it as { spec { nodeSelector { pool: gpu } } }.',
  });
}
