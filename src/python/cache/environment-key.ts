import { createHash } from 'node:crypto';
import type { EnvironmentJob } from '../environment-job.js';
import { withoutLogin } from '../install/freeze.js';
import { configurationKey } from '../install/pip-configuration.js';
import { settingFiles, uvVariablesKey } from '../install/uv-configuration.js';

/** Everything that decides what is in an environment. */
export interface EnvironmentInputs {
  /** Identity of the interpreter, see `Interpreter.identity`. */
  interpreter: string;
  systemSitePackages: boolean;
  /** State of the packages that the environment inherits; empty when it inherits none. */
  inherited: string;
  /** Digest of what the container's image has in it; empty on the machine itself. */
  image: string;
  /** As `Place.cacheGroup`. */
  group?: string | undefined;
  cuda: string;
  /** `pip`, `uv`, `poetry` …: they resolve differently. Not the exact version. */
  manager: string;
  /** Settings of the manager that change what it installs: flags, resolver, index settings. */
  settings: readonly string[];
  /** Lines in normal form, in order: the order of priority packages counts. */
  requirements: readonly string[];
}

/** Two tasks with equal keys may share an environment. */
export function environmentKey(inputs: EnvironmentInputs): string {
  const { requirements, settings, ...facts } = inputs;
  const text = JSON.stringify([
    LAYOUT,
    Object.entries(facts)
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
    settings,
    requirements,
  ]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Settings of the package tools themselves that change which packages they install, and the files these name. */
export async function toolKey({ pip, env, container, request }: EnvironmentJob): Promise<string[]> {
  const files = settingFiles(env);
  const texts = await Promise.all(
    files.map(async (file) => (container ? container.texts.get(file) : await request.place.read(file)) ?? ''),
  );
  return [...configurationKey(pip), '', ...uvVariablesKey(env), '', ...texts.map(withoutLogin)];
}

/** Changes when environments are built differently from before. */
const LAYOUT = 2;
