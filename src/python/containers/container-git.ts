import { AgentError, causeLine } from '../../errors.js';
import { expandListed } from '../../packaging/list-variables.js';
import type { EnvironmentJob } from '../environment-job.js';
import type { EnvironmentRequest } from '../environment-request.js';

/** In requirements, in project files, and in the lock files of uv and poetry. */
const FROM_GIT = /\bgit\+|(?:^|\s)git:\/\/|\bgit\s*=\s*"|type = "git"/m;

/**
 * Sees to git before packages are installed that come from repositories: the program in a container that lacks it,
 * and the repositories that need credentials.
 *
 * @returns the job whose package tools find these repositories
 * @throws AgentError REQUIREMENTS_INSTALL
 */
export async function provideGit(job: EnvironmentJob, lines: readonly string[]): Promise<EnvironmentJob> {
  if (!lines.some((line) => FROM_GIT.test(line))) return job;
  await provideProgram(job);
  const variables = await gitVariables(job.request, lines, job.env);
  const toolEnvironment = { ...job.request.toolEnvironment, ...variables };
  return { ...job, env: { ...job.env, ...variables }, request: { ...job.request, toolEnvironment } };
}

/** What leads git to the copies of private repositories that lists name. */
export async function gitVariables(
  { gitSources }: Pick<EnvironmentRequest, 'gitSources'>,
  lines: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> {
  return (
    (await gitSources?.(
      lines.map((line) => expandListed(line, env)),
      env,
    )) ?? {}
  );
}

async function provideProgram(job: EnvironmentJob): Promise<void> {
  const { place, offline, reporter, signal } = job.request;
  if (job.container === undefined || job.container.programs.has('git')) return;
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
