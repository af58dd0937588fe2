import path from 'node:path';
import type { CachePlace } from './environment-cache.js';
import { EnvironmentCache } from './environment-cache.js';
import type { EnvironmentRequest } from './environment-request.js';
import { takeIndexFlags, withIndexes } from './install-plan.js';
import type { InstallContext } from './installer.js';
import type { Interpreter } from './interpreter.js';
import { type PipConfiguration, readPipConfiguration } from './pip-configuration.js';
import { emptyOptions, type ListOptions } from './requirement-list.js';
import type { PipSettings } from './settings.js';

/** A request with what was found out for it. */
export interface EnvironmentJob {
  request: EnvironmentRequest;
  interpreter: Interpreter;
  /** The environment that package tools see. */
  env: Readonly<Record<string, string | undefined>>;
  /** pip's own configuration on this machine. */
  pip: PipConfiguration;
  /** The agent's settings for pip; flags that name an index are in `indexes`. */
  pipSettings: PipSettings;
  indexes: ListOptions;
  cache: EnvironmentCache | undefined;
  /** The environment's folder. */
  where: CachePlace;
  /** Its Python, inside the place. */
  python: string;
}

export async function environmentJob(
  given: EnvironmentRequest,
  interpreter: Interpreter,
): Promise<EnvironmentJob> {
  const { place, settings, target } = given;
  const base = await place.environment();
  const request = { ...given, toolEnvironment: { ...uvSettings(given, base), ...given.toolEnvironment } };
  const env = { ...base, ...request.toolEnvironment };
  const inside = place.inside(target);
  const { path: folder } = settings.cache;
  const { flags, options } = takeIndexFlags(
    settings.pip.extraFlags,
    withIndexes(emptyOptions(), settings.pip.extraIndexUrls),
  );
  return {
    request,
    interpreter,
    env,
    pip: await readPipConfiguration(place, env),
    pipSettings: { ...settings.pip, extraFlags: flags },
    indexes: options,
    cache: folder === undefined || !isKnown(given) ? undefined : new EnvironmentCache({ folder, env: base }),
    where: { folder: target, inside },
    python: path.posix.join(inside, 'bin', 'python'),
  };
}

/** A container whose image nobody can name may hold other libraries than the next one that looks the same. */
function isKnown({ place, image = '' }: EnvironmentRequest): boolean {
  return place.kind === 'local' || image !== '';
}

/** Settings of the agent that uv takes from its environment, unless they are there already. */
function uvSettings(
  { place, settings }: EnvironmentRequest,
  env: Readonly<Record<string, string>>,
): Record<string, string> {
  const { downloads, uv } = settings;
  const cache = downloads.enabled && place.kind === 'local' && !env.UV_CACHE_DIR;
  const downloadList = uv.pythonDownloads !== undefined && !env.UV_PYTHON_DOWNLOADS_JSON_URL;
  return {
    ...(cache ? { UV_CACHE_DIR: path.join(downloads.path, 'uv') } : {}),
    ...(downloadList ? { UV_PYTHON_DOWNLOADS_JSON_URL: uv.pythonDownloads ?? '' } : {}),
  };
}

/** What an installer needs to work on the job's environment, or on another Python. */
export function installContext(
  job: EnvironmentJob,
  folder: string | undefined,
  python: string = job.python,
): InstallContext {
  const { place, reporter, signal, toolEnvironment } = job.request;
  return {
    place,
    python,
    pythonName: `Python ${job.interpreter.probe.version}`,
    cwd: folder === undefined ? undefined : place.inside(folder),
    listFile: `${job.where.inside}.requirements.txt`,
    env: toolEnvironment ?? {},
    reporter,
    signal,
  };
}
