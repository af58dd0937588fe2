import { stat } from 'node:fs/promises';
import { environmentKey } from './cache/environment-key.js';
import type { EnvironmentJob } from './environment-job.js';
import { type InstalledPackage, inspectEnvironment } from './install/environment-inspection.js';
import type { InstallContext } from './install/installer.js';
import { installFromList } from './install/installer.js';
import { type PipProgram, pipPackages } from './install/pip-installer.js';
import { uvEnvironment } from './install/uv-installer.js';
import { createVenv, pipServesOthers } from './install/virtual-environment.js';
import { matchesRule, parseRule } from './interpreter/version.js';
import { markerHolds, markerValues } from './requirements/markers.js';

export interface BaseEnvironment {
  packages: InstalledPackage[];
  sysPath: string[];
}

export interface BaseOptions {
  pip: 'needed' | 'welcome' | 'not needed';
  uv: string | undefined;
}

/**
 * An environment without the task's packages. One with pip takes seconds to make, so it is kept and copied;
 * one without takes as long to make as to copy.
 */
export async function baseEnvironment(job: EnvironmentJob, options: BaseOptions): Promise<BaseEnvironment> {
  const { request, cache, where } = job;
  if (cache === undefined || options.pip === 'not needed' || request.settings.systemSitePackages)
    return make(job, options);
  const key = baseKey(job);
  const lock = {
    signal: request.signal,
    onWait: () =>
      request.reporter.line('Another task is making the same virtual environment; waiting for it'),
  };
  return cache.exclusively(key, lock, async () => {
    const given = await cache.handOut(key, where);
    if (given.kind === 'given' && (options.pip !== 'needed' || canInstall(job, given.facts.packages)))
      return given.facts;
    const made = await make(job, options);
    await cache.store(key, where, {
      ...made,
      tool: 'none',
      summary: `Python ${job.interpreter.probe.version}, no packages`,
    });
    return made;
  });
}

/** The environment's own pip, or the one of the interpreter that made it. */
export function pipProgram(job: EnvironmentJob, packages: readonly InstalledPackage[]): PipProgram {
  const { interpreter, python } = job;
  const own = packages.find(({ name }) => name === 'pip');
  if (own !== undefined || !pipServesOthers(interpreter.probe))
    return { argv: [python, '-m', 'pip'], version: own?.version ?? '' };
  return {
    argv: [interpreter.program, '-m', 'pip', '--python', python],
    version: interpreter.probe.pip ?? '',
  };
}

/**
 * Puts the configured version of pip into the environment. It keeps the present pip when that
 * version cannot be installed: an index without pip may well have all that the task needs.
 */
export async function adjustPip(
  job: EnvironmentJob,
  context: InstallContext,
  pip: PipProgram,
): Promise<PipProgram> {
  const { settings, reporter } = job.request;
  const wanted = wantedPip(settings.pip.versions, job);
  const fits = wanted.every((text) => text.split(',').every((part) => matchesPart(pip.version, part)));
  if (settings.pip.versions.length === 0 || fits) return pip;
  const lines = pipPackages(settings.pip.versions);
  const [program, ...rest] = pip.argv;
  const argv: [string, ...string[]] = [program, ...rest, 'install', '--quiet', '--upgrade'];
  const failed = await installFromList(context, { tool: 'pip', argv, lines, env: {}, what: 'pip' });
  if (failed !== undefined) {
    reporter.line(`pip stays at ${pip.version}: ${wanted.join(', ')} could not be installed`, 'WARNING');
    return pip;
  }
  const { packages } = await inspectEnvironment(job.request.place, [context.python], job.request.signal);
  return {
    argv: [context.python, '-m', 'pip'],
    version: packages.find(({ name }) => name === 'pip')?.version ?? pip.version,
  };
}

async function make(job: EnvironmentJob, { pip, uv }: BaseOptions): Promise<BaseEnvironment> {
  const { place, settings, reporter, signal, offline = false, toolEnvironment } = job.request;
  await createVenv({
    place,
    interpreter: job.interpreter,
    target: job.where.inside,
    systemSitePackages: settings.systemSitePackages,
    pip,
    uv,
    offline,
    env: {
      ...toolEnvironment,
      ...uvEnvironment(job.pip, { bestMatch: true, offline, fresh: false }, job.env),
    },
    reporter,
    signal,
  });
  const { packages, sysPath } = await inspectEnvironment(place, [job.python], signal);
  return { packages: packages.map((one) => ({ ...one, base: true })), sysPath };
}

function canInstall(job: EnvironmentJob, packages: readonly InstalledPackage[]): boolean {
  return packages.some(({ name }) => name === 'pip') || pipServesOthers(job.interpreter.probe);
}

function baseKey(job: EnvironmentJob): string {
  return environmentKey({
    interpreter: job.interpreter.identity,
    systemSitePackages: false,
    inherited: '',
    image: job.request.image ?? '',
    group: job.request.place.cacheGroup,
    cuda: '',
    manager: 'base',
    settings: [],
    requirements: [],
  });
}

/** Version rules of the settings whose marker holds for the interpreter. */
function wantedPip(versions: readonly string[], job: EnvironmentJob): string[] {
  const values = markerValues(job.interpreter.probe);
  return versions.flatMap((line) => {
    const [version = '', marker] = line.split(';').map((part) => part.trim());
    return version === '' || (marker !== undefined && !markerHolds(marker, values)) ? [] : [version];
  });
}

function matchesPart(version: string, part: string): boolean {
  const rule = parseRule(part);
  return rule === undefined || matchesRule(version, rule);
}

/** State of the packages that an environment inherits: on this machine the times of change of their folders. */
export async function inheritedState(job: EnvironmentJob): Promise<string> {
  const { place, settings } = job.request;
  if (!settings.systemSitePackages) return '';
  // Layers of an image have times of their own, and set-up scripts install the same packages each time.
  if (place.capabilities.disposable) return job.inherited.join(',');
  const folders = job.interpreter.probe.sysPath;
  const times = await Promise.all(
    folders.map((folder) =>
      stat(folder).then(
        (facts) => facts.mtimeMs,
        () => 0,
      ),
    ),
  );
  return times.join(',');
}
