import { inheritedState } from '../base-environment.js';
import { environmentKey } from '../cache/environment-key.js';
import type { EnvironmentJob } from '../environment-job.js';
import type { Project } from './project-files.js';

/** What one manager adds to the key of its environments. */
export interface ManagerKey {
  manager: string;
  /** What of the configuration decides about the packages. */
  settings: readonly string[];
}

/** The key under which the environment of a project is kept: its files, and all that they are installed with. */
export async function projectKey(
  job: EnvironmentJob,
  project: Project,
  { manager, settings }: ManagerKey,
): Promise<string> {
  const { image = '', cuda } = job.request;
  return environmentKey({
    interpreter: job.interpreter.identity,
    systemSitePackages: job.request.settings.systemSitePackages,
    inherited: await inheritedState(job),
    image,
    group: job.request.place.cacheGroup,
    cuda,
    manager,
    settings,
    requirements: [project.pyproject, project.lock ?? ''],
  });
}
