import type { V1Container, V1Pod } from '@kubernetes/client-node';
import type { CreateRequest } from '../../container/create-request.js';
import type { PlannedContainer } from '../../container/plan/plan-container.js';
import type { Resources } from '../../container/resources/resource-words.js';
import { notHere, refuseUnknownOptions } from './pod-options.js';
import { KEEPER, WAITING } from './pod-scripts.js';
import { podSecurity } from './pod-security.js';
import { KEEPER_CONTAINER, TASK_CONTAINER } from './pod-state.js';
import { isFields, mergeTemplates } from './pod-template.js';
import { podVolumes } from './pod-volumes.js';
import type { PodShare } from './shared-volume.js';

/** Keeps a pod's phase and exit code when the pod is deleted, until the agent has read them. */
export const FINALIZER = 'clearml-agent/exit-status';

export interface PlanForPod extends Pick<PlannedContainer, 'request' | 'options' | 'pull' | 'own'> {
  /** What the task states that it needs. */
  resources?: Resources;
  /** What the pod has of a volume that the agent sees, too. */
  share?: PodShare | undefined;
}

export interface PodIdentity {
  name: string;
  namespace: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** Seconds between TERM and KILL where the cluster ends the pod. */
  graceSeconds: number;
}

export interface PodPlan {
  pod: V1Pod;
  /** Variables of the task's container, which come from a secret. */
  variables: Record<string, string>;
  notes: string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** What a template may change. */
function defaults({ graceSeconds }: PodIdentity): Fields {
  return {
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: graceSeconds,
    },
  };
}

/**
 * The pod of a task: defaults, the operator's template over them, the task's container over both.
 *
 * @param template the operator's, that of the queue merged in
 * @throws AgentError DOCKER_ARGUMENT for what Kubernetes lacks
 */
export function podFromPlan(identity: PodIdentity, plan: PlanForPod, template: Fields): PodPlan {
  refuseUnknownOptions(plan.options);
  const { request } = plan;
  const notes: string[] = [];
  const variables = variablesOf(request, notes);
  const own = new Set(plan.own.map(({ source, target }) => `${source}:${target}`));
  const { volumes, mounts } = podVolumes(request, own, plan.share);
  const { pod, container, keeper } = podSecurity(request);
  const image = request.Image ?? '';
  const imagePullPolicy = PULL[plan.pull];
  const task: V1Container = {
    name: TASK_CONTAINER,
    image,
    imagePullPolicy,
    command: WAITING,
    args: [],
    ...(request.WorkingDir ? { workingDir: request.WorkingDir } : {}),
    volumeMounts: mounts,
    ...container,
  };
  const base = mergeTemplates(defaults(identity), withNamedContainer(template));
  const second: V1Container = {
    name: KEEPER_CONTAINER,
    image,
    imagePullPolicy,
    command: KEEPER,
    args: [],
    volumeMounts: mounts.filter(({ name }) => name === 'control'),
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
    ...keeper,
  };
  const merged = mergeTemplates(base, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: identity.name,
      namespace: identity.namespace,
      labels: identity.labels,
      annotations: { ...annotationsOf(request), ...identity.annotations },
      finalizers: [...finalizersOf(base), FINALIZER],
    },
    spec: {
      restartPolicy: 'Never',
      // The first process of a container is an ordinary one then: TERM and KILL reach it, and orphans are taken in.
      shareProcessNamespace: true,
      containers: [task, second],
      volumes,
      ...deadlineOf(plan),
      ...pod,
    },
  }) as unknown as V1Pod;
  const [first] = merged.spec?.containers ?? [];
  if (first !== undefined) {
    first.resources = resourcesOf(plan, first.resources, notes);
    // Kubernetes replaces this list as a whole; of two sources of a variable the last one counts.
    first.envFrom = [...(first.envFrom ?? []), { secretRef: { name: identity.name } }];
    // A variable of `env` would beat that of the secret.
    first.env = (first.env ?? []).filter(({ name }) => !(name in variables));
  }
  return { pod: merged, variables, notes };
}

const PULL = { always: 'Always', never: 'Never', missing: 'IfNotPresent' } as const;

/** The first container of a template is the task's, whatever its name. */
function withNamedContainer(template: Fields): Fields {
  const { spec } = template;
  if (!isFields(spec) || !Array.isArray(spec.containers)) return template;
  const [first, ...others]: unknown[] = spec.containers;
  const named = isFields(first) ? { ...first, name: TASK_CONTAINER } : first;
  return { ...template, spec: { ...spec, containers: [named, ...others] } };
}

function finalizersOf({ metadata }: Fields): string[] {
  const { finalizers } = isFields(metadata) ? metadata : {};
  return Array.isArray(finalizers) ? finalizers.map(String).filter((name) => name !== FINALIZER) : [];
}

/** Labels of `docker run` take any text, as annotations do. */
function annotationsOf({
  Labels = {},
  HostConfig: { Annotations = {} },
}: CreateRequest): Record<string, string> {
  const fitting = Object.entries({ ...Labels, ...Annotations }).filter(([name]) =>
    /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(name),
  );
  return Object.fromEntries(fitting);
}

function variablesOf({ Env = [] }: CreateRequest, notes: string[]): Record<string, string> {
  const pairs = Env.filter((pair) => pair.includes('=')).map(
    (pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const,
  );
  const [fitting, others] = [
    pairs.filter(([name]) => NAME.test(name)),
    pairs.filter(([name]) => !NAME.test(name)),
  ];
  for (const [name] of others) notes.push(`the variable ${name} is left out: a secret cannot have its name`);
  return Object.fromEntries(fitting);
}

/** From the start of the pod on, so set-up steps are part of it. */
function deadlineOf({ resources = {} }: PlanForPod): { activeDeadlineSeconds?: number } {
  return resources.time === undefined ? {} : { activeDeadlineSeconds: Math.ceil(resources.time / 1000) };
}

const NAME = /^[-._A-Za-z0-9]{1,253}$/;
const GPU = 'nvidia.com/gpu';

function resourcesOf(
  { request: { HostConfig: host }, resources = {} }: PlanForPod,
  template: V1Container['resources'],
  notes: string[],
): NonNullable<V1Container['resources']> {
  const limits: Record<string, string> = { ...template?.limits };
  const requests: Record<string, string> = { ...template?.requests };
  const cpus = host.NanoCpus ? host.NanoCpus / 1e9 : resources.cpus;
  if (cpus) limits.cpu = requests.cpu = `${Math.round(1000 * cpus)}m`;
  const memory = host.Memory || resources.memory;
  if (memory) limits.memory = requests.memory = String(memory);
  if (host.MemoryReservation) requests.memory = String(host.MemoryReservation);
  if (resources.gpus?.type !== undefined)
    notes.push('the type of the GPUs is ignored: a nodeSelector of the template chooses nodes');
  const gpus = gpusOf(host, limits[GPU], notes) ?? resources.gpus?.count.toString();
  if (gpus !== undefined) limits[GPU] = requests[GPU] = gpus;
  return {
    ...template,
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
  };
}

function gpusOf(
  { DeviceRequests = [] }: CreateRequest['HostConfig'],
  given: string | undefined,
  notes: string[],
): string | undefined {
  const last = DeviceRequests.at(-1);
  if (last === undefined) return undefined;
  if (last.Driver === 'cdi') throw notHere('--device', last.DeviceIDs?.join(',') ?? '');
  if (last.DeviceIDs !== undefined) {
    notes.push('which GPUs a pod gets is decided by Kubernetes: only their number counts');
    return String(last.DeviceIDs.length);
  }
  if ((last.Count ?? 1) >= 0) return String(last.Count ?? 1);
  if (given === undefined) notes.push('--gpus all is one GPU in Kubernetes: name a number for more');
  return given ?? '1';
}
