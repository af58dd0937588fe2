import { type AgentError, causeLine, isAgentError } from '../errors.js';
import { setupCause } from './failure-class.js';
import type { EndByItself } from './outcome.js';
import type { TaskRun } from './run.js';

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
  DOCKER_ARGUMENT: 'wrong docker arguments',
  DOCKER_POLICY: 'refused by the container policy',
  DOCKER_ENGINE: 'failed reaching the container engine',
  DOCKER_IMAGE: 'failed getting the container image',
  DOCKER_CONTAINER: 'failed preparing the container',
  GPU_DEVICE: 'failed giving the container a GPU',
};
const UNNAMED = 'failed preparing the task';

/** The end of a task whose set-up an error ended. */
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
