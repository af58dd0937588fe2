import type { TaskScript } from '../api/task-record.js';
import type { Place } from '../drivers/driver.js';
import type { AgentLogger } from '../logs/logger.js';
import type { Reporter } from '../logs/reporter.js';
import type { Candidate } from './interpreter/interpreter-candidates.js';
import type { PythonRequest } from './interpreter/python-request.js';
import type { PythonSettings } from './settings.js';

/** What a task's Python environment is made from. */
export interface EnvironmentRequest {
  place: Place;
  /** The task as the server gave it. */
  task: { script?: TaskScript | null | undefined };
  /** Folders on the host; `undefined` for a task without a repository. */
  repository: RepositoryFolders | undefined;
  settings: PythonSettings;
  /** Folder on the host for what is found out about interpreters. */
  cacheFolder: string;
  /** Folder on the host, seen by the place too, where the environment of this task goes. Removed first. */
  target: string;
  pythonRequest: PythonRequest;
  /** As the original writes it: `118` for 11.8, `0` for none. */
  cuda: string;
  /** Version of ROCm, on an AMD host. */
  rocm?: readonly [major: number, minor: number];
  reporter: Reporter;
  signal: AbortSignal;
  /** Credentials for git, settings for pip and uv: laid over the environment of package tools only. */
  toolEnvironment?: Readonly<Record<string, string | undefined>>;
  /**
   * Fetches repositories that texts name (lists of requirements, project files), with the agent's credentials, and
   * gives the variables that lead git to the copies: package tools and builds run without credentials.
   */
  gitSources?: GitSources;
  /** Digest of the image, when the place is a container. */
  image?: string;
  /** No package index may be asked. */
  offline?: boolean;
  /** The agent's own environment, for programs that it runs on this machine; that of the place where absent. */
  hostEnvironment?: Readonly<Record<string, string | undefined>>;
  /** The task's command is no Python: where nothing is to be installed, it runs without one. */
  optional?: boolean;
}

export type GitSources = (
  texts: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
) => Promise<Record<string, string>>;

/** A request whose repository may still be on its way. */
export interface EnvironmentOrder extends Omit<EnvironmentRequest, 'repository'> {
  repository: RepositoryFolders | undefined | Promise<RepositoryFolders | undefined>;
  /** Programs of `pythonRequest`, where they have been looked for. */
  candidates?: Promise<Candidate[] | undefined> | undefined;
}

export interface RepositoryFolders {
  root: string;
  workingFolder: string;
  /** Folder of the entry point. */
  entryFolder: string;
}

/** A Python environment that is ready for the task. Paths are those inside the place. */
export interface PythonEnvironment {
  /** How to start Python: arguments of the task follow. */
  python: [string, ...string[]];
  /** For the end of PYTHONPATH. */
  pathEntries: string[];
  /** Goes first on PATH. */
  binFolder: string | undefined;
  /** Laid over the environment of the task's command. */
  environment: Record<string, string | undefined>;
  /** `name==version` of everything installed, for the log and for `tasks.set_requirements`; `undefined`: not known. */
  frozen: string[] | undefined;
  /** Options for the list of `frozen`: indexes, constraints. They may hold logins, as the task's own list does. */
  frozenOptions?: string[];
  cacheHit: boolean;
  manager: PackageTool;
  /** A script that built the environment says what to run, in place of the task's own entry. Paths inside the place. */
  command?: { entryPoint: string; workingFolder: string };
  /** For after the task has started; `undefined` when there is nothing to do. */
  upkeep: Upkeep | undefined;
}

/** Work on caches that no task waits for. Never fails; ends soon after the signal aborts. */
export type Upkeep = (context: UpkeepContext) => Promise<void>;

export interface UpkeepContext {
  signal: AbortSignal;
  logger: Pick<AgentLogger, 'info' | 'warn'>;
}

export type PackageTool = 'none' | 'pip' | 'uv' | 'poetry' | 'conda';
