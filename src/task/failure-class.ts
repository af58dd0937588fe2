import type { ErrorCode } from '../errors.js';
import type { RunEnd } from './outcome.js';

/** What kind of cause ended a task as failed; programs read it as `failure_class` in the task's runtime. */
export type FailureClass =
  | 'user_exit_code'
  | 'signal'
  | 'out_of_memory'
  | 'image_pull'
  | 'clone'
  | 'environment'
  | 'disk_full'
  | 'agent_lost'
  | 'setup';

const OF_CODES: Partial<Record<ErrorCode, FailureClass>> = {
  REPOSITORY_CLONE: 'clone',
  REPOSITORY_REVISION: 'clone',
  REPOSITORY_DIFF: 'clone',
  PYTHON_MISSING: 'environment',
  ENVIRONMENT_CREATE: 'environment',
  REQUIREMENTS_INSTALL: 'environment',
  DOCKER_IMAGE: 'image_pull',
  DISK_FULL: 'disk_full',
};

/** The class of a set-up that this error ended; `setup` for causes without a class of their own. */
export function setupClass(code: ErrorCode | undefined): FailureClass {
  return (code === undefined ? undefined : OF_CODES[code]) ?? 'setup';
}

/** `undefined` for what is no failure, and for a task that somebody stopped. */
export function failureClass(end: RunEnd): FailureClass | undefined {
  if (end.kind === 'stop') return undefined;
  if (end.kind === 'setup') return end.class ?? 'setup';
  const { exit } = end;
  if (exit.kind === 'lost') return 'agent_lost';
  if (exit.kind === 'exited' && exit.code === 0) return undefined;
  if (exit.oomKilled === true) return 'out_of_memory';
  return exit.kind === 'exited' ? 'user_exit_code' : 'signal';
}
