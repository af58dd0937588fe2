import { type ErrorCode, isAgentError, systemCode } from '../errors.js';
import type { RunEnd } from './outcome.js';

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
const OF_THE_MACHINE: ReadonlySet<ErrorCode> = new Set(['DISK_FULL', 'GPU_DEVICE', 'DOCKER_ENGINE']);

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
  if (end.kind === 'stop') return undefined;
  if (end.kind === 'setup') return end.class ?? 'setup';
  const { exit } = end;
  if (exit.kind === 'lost') return 'agent_lost';
  if (exit.kind === 'exited' && exit.code === 0) return undefined;
  if (exit.oomKilled === true) return 'out_of_memory';
  if (end.gpuFault !== undefined) return 'gpu_fault';
  if (end.diskFull !== undefined) return 'disk_full';
  return exit.kind === 'exited' ? 'user_exit_code' : 'signal';
}

/** Whether the machine or its network ended the task: only such a failure is retried. */
export function isInfrastructure(end: RunEnd): boolean {
  if (end.kind === 'stop' || end.stands) return false;
  if (end.kind === 'setup') return end.infrastructure === true;
  const failed = failureClass(end);
  return failed === 'agent_lost' || failed === 'gpu_fault' || failed === 'disk_full';
}
