import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import type { Config } from '../../config/config.js';
import { AgentError } from '../../errors.js';
import { readProblem } from '../../os/files.js';
import { expandHome } from '../../os/paths.js';
import { isFields, mergeTemplates, wrongList } from './pod-template.js';
import type { SharedVolume } from './shared-volume.js';

type Fields = Readonly<Record<string, unknown>>;

/** What the configuration says of pods. */
export interface KubernetesSettings {
  context: string | undefined;
  namespace: string | undefined;
  template: Fields;
  /** Over all other templates. */
  overrides: Fields;
  /** Templates by the names or ids of queues, over the common one. */
  queues: ReadonlyMap<string, Fields>;
  /** A volume that the agent and all pods see. */
  shared: SharedVolume | undefined;
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
  const common = asTemplate('agent.kubernetes.pod_template', kubernetes.podTemplate);
  return {
    context: kubernetes.context || undefined,
    namespace: kubernetes.namespace || undefined,
    template: mergeTemplates(readTemplate('template_file', kubernetes.templateFile, home), common),
    overrides: readTemplate('overrides_file', kubernetes.overridesFile, home),
    queues: queueTemplates(kubernetes.queues),
    shared: sharedVolume(config.agent, home),
    scheduleMs: 1000 * kubernetes.unschedulableSec,
    imageMs: 1000 * kubernetes.imagePullSec,
    startMs: 1000 * kubernetes.startSec,
    graceSeconds: Math.max(DEFAULT_GRACE_S, Math.ceil(killGraceSec)),
  };
}

type Templates = Pick<KubernetesSettings, 'template' | 'queues' | 'overrides'>;

/** @throws AgentError CONFIG_VALUE */
function sharedVolume({ kubernetes }: Config['agent'], home: string): SharedVolume | undefined {
  const { sharedClaim: claim, sharedHostPath: node, sharedFolder } = kubernetes;
  if (claim && node)
    throw new AgentError(
      'CONFIG_VALUE',
      'agent.kubernetes.shared_claim and agent.kubernetes.shared_host_path are both set: a volume is one or the other',
    );
  if (!claim && !node) {
    if (!sharedFolder) return undefined;
    throw new AgentError('CONFIG_VALUE', 'agent.kubernetes.shared_folder is set without a volume', {
      hint: 'Name it with agent.kubernetes.shared_claim or agent.kubernetes.shared_host_path.',
    });
  }
  const folder = path.resolve(expandHome(sharedFolder || node || DEFAULT_SHARED, home));
  if (claim) return { folder, volume: { persistentVolumeClaim: { claimName: claim } } };
  return { folder, volume: { hostPath: { path: path.posix.resolve(node ?? '/'), type: 'Directory' } } };
}

/** Of the agent, where its caches and workspaces are unless others are configured. */
const DEFAULT_SHARED = '~/.clearml';

/** The template for the pods of a queue. */
export function templateOf({ template, queues, overrides }: Templates, names: readonly string[]): Fields {
  const ofQueue = names.map((name) => queues.get(name)).find((one) => one !== undefined) ?? {};
  return mergeTemplates(mergeTemplates(template, ofQueue), overrides);
}

/** Where the pods of a template are made. */
export function namespaceOfTemplate({ metadata }: Fields): string | undefined {
  return isFields(metadata) && metadata.namespace !== undefined ? String(metadata.namespace) : undefined;
}

/** All that pods may be in: that of the agent first, then those of templates. */
export function namespacesOf(settings: Templates, own: string): string[] {
  const templates = [[], ...[...settings.queues.keys()].map((queue) => [queue])].map((names) =>
    templateOf(settings, names),
  );
  return [...new Set([own, ...templates.map((template) => namespaceOfTemplate(template) ?? own)])];
}

function queueTemplates(section: Fields): Map<string, Fields> {
  return new Map(
    Object.entries(section).map(([queue, value]) => [
      queue,
      asTemplate(`agent.kubernetes.queues.${queue}`, value),
    ]),
  );
}

function readTemplate(key: string, given: string | undefined, home: string): Fields {
  if (!given) return {};
  const file = path.resolve(expandHome(given, home));
  try {
    return asTemplate(file, loadYaml(readFileSync(file, 'utf8')));
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    throw new AgentError(
      'CONFIG_VALUE',
      `agent.kubernetes.${key}: cannot read ${file}: ${readProblem(cause)}`,
      { cause },
    );
  }
}

/** Up to 63 small letters, digits and dashes. */
export function isNamespace(name: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name);
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
  const wrong = wrongList(spec);
  if (wrong !== undefined) throw notTemplate(where, `${wrong} that is no list of objects`);
  const { namespace } = metadata;
  if (namespace !== undefined && !isNamespace(String(namespace)))
    throw new AgentError(
      'CONFIG_VALUE',
      `${where} names the namespace "${namespace}", which no namespace is called`,
    );
  return value;
}

function notTemplate(where: string, found: string): AgentError {
  return new AgentError('CONFIG_VALUE', `${where} takes a Pod with metadata and spec, found ${found}`, {
    hint: 'Write it as { spec { nodeSelector { pool: gpu } } }.',
  });
}
