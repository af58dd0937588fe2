import { AgentError, causeLine } from '../../errors.js';
import type { EnvironmentJob } from '../environment-job.js';

/** In requirements, and in the lock file of uv. */
const FROM_GIT = /\bgit\+|(?:^|\s)git:\/\/|\bgit = "/m;

/**
 * Sees to git in a container before packages are installed that come from repositories; no other needs it.
 *
 * @throws AgentError REQUIREMENTS_INSTALL
 */
export async function provideGit(job: EnvironmentJob, lines: readonly string[]): Promise<void> {
  const { place, offline, reporter, signal } = job.request;
  const needed = lines.some((line) => FROM_GIT.test(line));
  if (!needed || job.container === undefined || job.container.programs.has('git')) return;
  if (offline === true || place.provide === undefined) return;
  try {
    await place.provide({ tools: ['git'] }, { reporter, signal });
  } catch (error) {
    signal.throwIfAborted();
    const detail = error instanceof AgentError ? error.detail : undefined;
    throw new AgentError(
      'REQUIREMENTS_INSTALL',
      `the requirements name git repositories, the image has no git, and it could not be installed: ${causeLine(error)}`,
      { hint: 'Choose an image with git.', ...(detail === undefined ? {} : { detail }), cause: error },
    );
  }
}
