import path from 'node:path';
import type { EnvironmentRequest } from '../environment-request.js';
import { readListed } from '../requirements/listed-file.js';
import type { PythonSettings } from '../settings.js';

/** A project that brings its own list of packages. */
export interface Project {
  /** Folder on the host. */
  folder: string;
  /** Its files may be links to others below this one: the repository. */
  roots: readonly string[];
  pyproject: string;
  /** Text of `poetry.lock` or `uv.lock`. */
  lock: string | undefined;
}

/** What `agent.package_manager.type` may be. */
type Manager = PythonSettings['manager'];

/** A manager that installs projects of a repository. */
export type ProjectManager = Exclude<Manager, 'pip' | 'conda'>;

/** By manager, the table that makes a `pyproject.toml` its project: many repositories have one for their linter alone. */
const TABLES: Readonly<Record<ProjectManager, RegExp>> = {
  poetry: /^\s*\[(?:tool\.poetry|project)\b/m,
  uv: /^\s*\[project\b/m,
};

export function isProjectManager(manager: Manager): manager is ProjectManager {
  return Object.hasOwn(TABLES, manager);
}

/** The project in the repository's root, or in the working folder where the configuration says so. */
export function findProject(
  request: Pick<EnvironmentRequest, 'repository'>,
  manager: ProjectManager,
  fromWorkingFolder: boolean,
): Project | undefined {
  const { repository } = request;
  if (repository === undefined) return undefined;
  const folder = fromWorkingFolder ? repository.workingFolder : repository.root;
  const from = { folder: path.resolve(folder), roots: [repository.root] };
  const pyproject = readListed(from, 'pyproject.toml');
  const lock = readListed(from, `${manager}.lock`);
  if (lock === undefined && !TABLES[manager].test(pyproject ?? '')) return undefined;
  return { ...from, pyproject: pyproject ?? '', lock };
}

/** Packages from folders or files of the repository itself: an environment with them cannot serve other tasks. */
export function hasLocalPackages({ lock = '', pyproject }: Project): boolean {
  const poetryLock = /^type = "(?:directory|file)"/m.test(lock);
  const uvLock = /source = \{ (?:directory|path|editable|virtual) = "(?!\.")/.test(lock);
  const listed = /^\s*[\w.-]+\s*=\s*\{[^}\n]*\bpath\s*=/m.test(pyproject);
  return poetryLock || uvLock || listed;
}

/** Whether the project's own code is a package to install beside its dependencies. */
export function isPackage({ pyproject }: Project, manager: ProjectManager): boolean {
  if (manager === 'poetry') return !/^\s*package-mode\s*=\s*false/m.test(pyproject);
  if (/^\s*package\s*=\s*false/m.test(pyproject)) return false;
  return (
    /^\s*\[(?:build-system|tool\.uv\.workspace)\]/m.test(pyproject) ||
    /^\s*package\s*=\s*true/m.test(pyproject)
  );
}
