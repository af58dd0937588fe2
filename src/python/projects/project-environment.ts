import { condaEnvironment } from '../conda/conda-environment.js';
import type { EnvironmentJob } from '../environment-job.js';
import type { PythonEnvironment } from '../environment-request.js';
import { poetryEnvironment } from './poetry-project.js';
import { isProjectManager, type ProjectManager } from './project-files.js';
import { uvProjectEnvironment } from './uv-project.js';

/** `undefined` where the repository has no project of the manager. */
type ProjectBuilder = (job: EnvironmentJob) => Promise<PythonEnvironment | undefined>;

const BUILDERS: Readonly<Record<ProjectManager, ProjectBuilder>> = {
  poetry: poetryEnvironment,
  uv: uvProjectEnvironment,
};

/**
 * The environment of a project with its own manager (poetry, uv) or of conda, where the configuration wants
 * that manager and the repository has such a project. `undefined`: plain requirements.
 */
export async function projectEnvironment(job: EnvironmentJob): Promise<PythonEnvironment | undefined> {
  const { manager } = job.request.settings;
  if (isProjectManager(manager)) return BUILDERS[manager](job);
  return manager === 'conda' ? condaEnvironment(job.request) : undefined;
}
