import { type AgentError, causeLine, type ErrorCode, isAgentError, systemCode } from '../errors.js';
import type { EndByItself, RunEnd } from './outcome.js';
import type { TaskRun } from './task-run.js';

/** What kind of cause ended a task as failed; programs read it as `failure_class` in the task's runtime. */
export const FAILURE_CLASSES = [
  'user_exit_code',
  'signal',
  'out_of_memory',
  'image_pull',
  'clone',
  'environment',
  'gpu_fault',
  'agent_lost',
  'time_limit',
  'preempted',
  'evicted',
  'disk_full',
  'server_refused',
  'setup',
] as const;

export type FailureClass = (typeof FAILURE_CLASSES)[number];

const OF_CODES: Partial<Record<ErrorCode, FailureClass>> = {
  REPOSITORY_CLONE: 'clone',
  REPOSITORY_REVISION: 'clone',
  REPOSITORY_DIFF: 'clone',
  PYTHON_MISSING: 'environment',
  ENVIRONMENT_CREATE: 'environment',
  REQUIREMENTS_INSTALL: 'environment',
  DOCKER_IMAGE: 'image_pull',
  GPU_DEVICE: 'gpu_fault',
  DISK_FULL: 'disk_full',
  API_REFUSED: 'server_refused',
  API_CREDENTIALS: 'server_refused',
  OWNER_TOKEN: 'server_refused',
};

/** Causes that lie with this machine whatever the task asks for. */
const OF_THE_MACHINE: ReadonlySet<ErrorCode> = new Set([
  'DISK_FULL',
  'GPU_DEVICE',
  'DOCKER_ENGINE',
  'SLURM',
  'KUBERNETES',
]);

/** What an error says of the set-up that it ended. */
export interface SetupCause {
  /** `setup` for causes without a class of their own. */
  class: FailureClass;
  /** The task may run at another time or on another machine. */
  infrastructure: boolean;
}

export function setupCause(error: unknown): SetupCause {
  if (!isAgentError(error)) {
    const full = ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '');
    return { class: full ? 'disk_full' : 'setup', infrastructure: full };
  }
  return {
    class: OF_CODES[error.code] ?? 'setup',
    infrastructure: error.infrastructure || OF_THE_MACHINE.has(error.code),
  };
}

/** `undefined` for what is no failure, and for a task that a user stopped. */
export function failureClass(end: RunEnd): FailureClass | undefined {
  if (end.kind === 'stop') return end.reason === 'time_limit' ? 'time_limit' : undefined;
  if (end.kind === 'setup') return end.class ?? 'setup';
  const { exit } = end;
  if (exit.kind === 'lost') return 'agent_lost';
  if (exit.kind === 'ended') return exit.by === 'cancelled' ? undefined : exit.by;
  if (exit.kind === 'exited' && exit.code === 0) return undefined;
  if (exit.oomKilled === true) return 'out_of_memory';
  if (end.gpuFault !== undefined) return 'gpu_fault';
  if (end.diskFull !== undefined) return 'disk_full';
  return exit.kind === 'exited' ? 'user_exit_code' : 'signal';
}

const OF_THE_PLACE: ReadonlySet<FailureClass> = new Set([
  'agent_lost',
  'preempted',
  'evicted',
  'gpu_fault',
  'disk_full',
]);

/** Whether the machine or its network ended the task: only such a failure is retried. */
export function isInfrastructure(end: RunEnd): boolean {
  if (end.kind === 'stop' || end.stands) return false;
  if (end.kind === 'setup') return end.infrastructure === true;
  const failed = failureClass(end);
  return failed !== undefined && OF_THE_PLACE.has(failed);
}

/** Short texts that the web UI shows as the reason of a failed status. */
const SETUP_REASONS: Partial<Record<AgentError['code'], string>> = {
  REPOSITORY_CLONE: 'failed cloning repository',
  REPOSITORY_REVISION: 'failed cloning repository',
  REPOSITORY_DIFF: 'failed applying uncommitted changes',
  PYTHON_MISSING: 'failed finding a Python interpreter',
  ENVIRONMENT_CREATE: 'failed creating the Python environment',
  REQUIREMENTS_INSTALL: 'failed installing requirements',
  ENTRY_POINT_MISSING: 'entry point not found',
  OWNER_TOKEN: 'failed logging in as the owner of the task',
  API_REFUSED: 'refused by the server',
  API_CREDENTIALS: "the server refuses the agent's credentials",
  DISK_FULL: 'no space left on the disk',
  TASK_TOO_LARGE: 'asks for more than this agent has',
  DOCKER_ARGUMENT: 'wrong docker arguments',
  DOCKER_POLICY: 'refused by the container policy',
  DOCKER_ENGINE: 'failed reaching the container engine',
  DOCKER_IMAGE: 'failed getting the container image',
  DOCKER_CONTAINER: 'failed preparing the container',
  GPU_DEVICE: 'failed giving the container a GPU',
  SLURM: 'failed reaching Slurm',
  SLURM_JOB: 'Slurm refuses the job',
  KUBERNETES: 'failed reaching Kubernetes',
  KUBERNETES_ACCESS: 'Kubernetes refuses the agent',
  KUBERNETES_POD: 'failed starting the pod',
  NO_PLACE: 'found no room in the cluster',
};
const UNNAMED = 'failed preparing the task';

/** The end of a task whose set-up an error ended. One that found no room goes back to its queue. */
export function setupEnd(run: Pick<TaskRun, 'ctx' | 'task' | 'queue'>, error: unknown): RunEnd {
  return isAgentError(error, 'NO_PLACE') && run.queue !== undefined
    ? { kind: 'stop', reason: 'no_place', by: causeLine(error), requeue: true }
    : setupFailure(run, error);
}

/** The same for a task that fails whatever the error. */
export function setupFailure(run: Pick<TaskRun, 'ctx' | 'task'>, error: unknown): EndByItself {
  const cause = causeLine(error);
  const known = setupCause(error);
  if (isAgentError(error)) {
    const words = [...(error.detail?.split('\n') ?? []), ...(error.hint ? [error.hint] : [])];
    return { kind: 'setup', reason: SETUP_REASONS[error.code] ?? UNNAMED, cause, words, ...known };
  }
  if (error instanceof Error) run.ctx.logger.error(`task ${run.task}: ${error.stack ?? cause}`);
  const reason = (known.class === 'disk_full' && SETUP_REASONS.DISK_FULL) || UNNAMED;
  return { kind: 'setup', reason, cause, ...known };
}
