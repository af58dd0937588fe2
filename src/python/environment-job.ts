import path from 'node:path';
import { emptyOptions, type ListOptions } from '../packaging/list-options.js';
import type { CachePlace } from './cache/environment-cache.js';
import { EnvironmentCache } from './cache/environment-cache.js';
import { carriedSettings } from './containers/carried-settings.js';
import type { ContainerSurvey } from './containers/container-survey.js';
import type { EnvironmentRequest } from './environment-request.js';
import { inheritedPackages } from './inherited-packages.js';
import { takeIndexFlags, withIndexes } from './install/install-plan.js';
import type { InstallContext } from './install/installer.js';
import { type PipConfiguration, readPipConfiguration } from './install/pip-configuration.js';
import type { Interpreter } from './interpreter/interpreter.js';
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
  /** What was found in the container, where the place is one. */
  container: ContainerSurvey | undefined;
  /** Variables that keep logins of the agent from indexes that the task names; see `guardIndexLogins`. */
  withheld?: Readonly<Record<string, string | undefined>>;
  /** Descriptions of the packages that the environment sees besides its own. */
  inherited: readonly string[];
}

export async function environmentJob(
  given: EnvironmentRequest,
  interpreter: Interpreter,
  container?: ContainerSurvey,
): Promise<EnvironmentJob> {
  const { place, settings, target } = given;
  const base = await place.environment();
  const host = given.hostEnvironment ?? base;
  const request = {
    ...given,
    toolEnvironment: {
      ...(container === undefined ? uvSettings(given, base) : containerSettings(given, base, container)),
      ...given.toolEnvironment,
    },
  };
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
    pip: await readPipConfiguration(place, env, container?.texts),
    pipSettings: { ...settings.pip, extraFlags: flags },
    indexes: options,
    cache: folder === undefined || !isKnown(given) ? undefined : new EnvironmentCache({ folder, env: host }),
    where: { folder: target, inside, ...(place.staging === undefined ? {} : { staging: place.staging }) },
    python: path.posix.join(inside, 'bin', 'python'),
    container,
    inherited: await inheritedPackages(given, interpreter, container),
  };
}

/**
 * A container whose image is unknown may hold other libraries than the next one that looks the same, and
 * one with files of its own gives nothing to keep.
 */
function isKnown({ place, image = '' }: EnvironmentRequest): boolean {
  return !place.capabilities.disposable || (image !== '' && place.sharesFiles !== false);
}

/** Settings of the agent that uv takes from its environment, unless they are there already. */
function uvSettings(
  { settings }: EnvironmentRequest,
  env: Readonly<Record<string, string>>,
): Record<string, string> {
  const { downloads, uv } = settings;
  const cache = downloads !== undefined && !env.UV_CACHE_DIR;
  const downloadList = uv.pythonDownloads !== undefined && !env.UV_PYTHON_DOWNLOADS_JSON_URL;
  return {
    ...(cache ? { UV_CACHE_DIR: path.join(downloads, 'uv') } : {}),
    ...(downloadList ? { UV_PYTHON_DOWNLOADS_JSON_URL: uv.pythonDownloads ?? '' } : {}),
  };
}

/**
 * The same for a container, where nothing but the workspace is sure to be writable. What uv has built with one
 * C library need not run with another, so caches are apart.
 */
function containerSettings(
  request: EnvironmentRequest,
  env: Readonly<Record<string, string>>,
  { writable, libc, libcVersion, paths }: ContainerSurvey,
): Record<string, string> {
  const { place, target, settings, hostEnvironment = {} } = request;
  const inside = (file: string): string => place.inside(file);
  const workspace = place.inside(path.dirname(target));
  const shared = settings.downloads === undefined ? undefined : place.inside(settings.downloads);
  const cache: Record<string, string> =
    shared !== undefined && writable.has(shared)
      ? { UV_CACHE_DIR: `${shared}/uv-${libc}${libcVersion}`, UV_LINK_MODE: 'copy' }
      : { UV_CACHE_DIR: `${workspace}/.uv-cache` };
  return {
    ...carriedSettings(hostEnvironment, { environment: env, there: paths, inside }),
    ...uvSettings({ ...request, settings: { ...settings, downloads: undefined } }, env),
    ...(env.UV_CACHE_DIR ? {} : cache),
    ...(env.TMPDIR || writable.has('/tmp') ? {} : { TMPDIR: workspace }),
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
