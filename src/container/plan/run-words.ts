import type { GpuArguments } from './gpu-arguments.js';

/** What a task's container is run with, beside the arguments of task and administrator. */
export interface RunFacts {
  /** Merged arguments of task and administrator. */
  arguments: readonly string[];
  gpu: GpuArguments;
  /** Part that the task has of each of its GPUs. */
  gpuFractions?: string;
  /** CPUs next to the GPUs; arguments may name others. */
  cpus?: string;
  /** Options for the most that the task may use; arguments may name others. */
  limits?: readonly string[];
  /** Of this run. */
  workerId: string;
  /** Of the daemon. */
  parentWorkerId: string;
  image: string;
  /** Absent when an image is built. */
  taskId?: string;
  extraLabels: readonly string[];
  restart?: string;
  name?: string;
  authToken?: string;
  /** Tags for the worker of this run, each quoted for a shell. */
  workerTags?: string;
  /** `CLEARML_AGENT_SKIP_PIP_VENV_INSTALL` of the agent. */
  skipVenv?: string;
  serviceTask: boolean;
  /** The agent itself runs in a container, and the task's is made beside it. */
  sibling?: { network: string | undefined };
  /** Further variables, `NAME=value`. */
  variables: readonly string[];
  mounts: readonly HostMount[];
  config: HostMount;
  /** Git's own credential files, mounted before the name as the original does. */
  gitFiles: readonly HostMount[];
}

export interface HostMount {
  source: string;
  target: string;
  readOnly?: boolean;
}

/** Words of the `docker run` line up to the image, in the original's order. */
export function runWords(facts: RunFacts): string[] {
  return [
    ...['docker', 'run'],
    ...variable('CLEARML_AGENT_GPU_FRACTIONS', facts.gpuFractions),
    '-t',
    ...pair('--restart', facts.restart),
    ...facts.gpu.words,
    ...pair('--cpuset-cpus', facts.cpus),
    ...(facts.limits ?? []),
    ...facts.arguments,
    ...pair('-l', `clearml-worker-id=${facts.workerId}`),
    ...pair('-l', `clearml-parent-worker-id=${facts.parentWorkerId}`),
    ...facts.extraLabels.flatMap((label) => pair('-l', label)),
    ...siblingWords(facts),
    ...variable('CLEARML_WORKER_ID', facts.workerId),
    ...variable('CLEARML_DOCKER_IMAGE', facts.image),
    ...variable('CLEARML_TASK_ID', facts.taskId),
    ...variable('CLEARML_AUTH_TOKEN', facts.authToken),
    ...variable('CLEARML_WORKER_TAGS', facts.workerTags),
    ...variable('CLEARML_AGENT_SKIP_PIP_VENV_INSTALL', facts.skipVenv),
    ...variable('CLEARML_AGENT_SERVICE_TASK', facts.serviceTask ? '1' : undefined),
    ...facts.variables.flatMap((text) => pair('-e', text)),
    ...facts.gitFiles.flatMap(mountWords),
    ...pair('--name', facts.name),
    ...mountWords(facts.config),
    ...variable('CLEARML_CONFIG_FILE', facts.config.target),
    ...facts.mounts.flatMap(mountWords),
    ...(facts.restart === undefined && !keeps(facts.arguments) ? ['--rm'] : []),
  ];
}

/** The container is wanted after its end. */
function keeps(words: readonly string[]): boolean {
  return words.some((word) => /^--rm=(false|f|0)$/i.test(word));
}

/** Beside the agent's own container: in its network unless the arguments name one, GPUs by variable. */
function siblingWords({ sibling, arguments: words, gpu }: RunFacts): string[] {
  if (sibling === undefined) return [];
  const named = words.some((word) => word.startsWith('--network') || /^--net(=|$)/.test(word));
  return [
    ...pair('--network', named ? undefined : sibling.network),
    ...variable('NVIDIA_VISIBLE_DEVICES', gpu.inside),
  ];
}

function mountWords({ source, target, readOnly }: HostMount): string[] {
  return ['-v', `${source}:${target}${readOnly ? ':ro' : ''}`];
}

function variable(name: string, value: string | undefined): string[] {
  return pair('-e', value === undefined ? undefined : `${name}=${value}`);
}

function pair(option: string, value: string | undefined): string[] {
  return value === undefined ? [] : [option, value];
}
