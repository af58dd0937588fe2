import path from 'node:path';
import { causeLine } from '../errors.js';
import { run } from '../os/exec.js';
import { type CacheLimits, GB, pruneEnvironments } from './cache-collection.js';
import type { EnvironmentCache } from './environment-cache.js';
import type { EnvironmentJob } from './environment-job.js';
import type { PackageTool } from './environment-request.js';
import type { CacheSettings } from './settings.js';

/** A third of the modules of large packages are their tests, which nobody imports. */
const TESTS = '[/\\\\]tests?[/\\\\]';

/** Ten times what the largest environments need; a module that is left out is compiled by the task. */
const COMPILE_TIMEOUT_MS = 120_000;

/** What is done for the cache after an environment was added to it, while the task runs already. Never fails. */
export async function upkeep(
  job: EnvironmentJob,
  cache: EnvironmentCache,
  key: string,
  tool: PackageTool,
): Promise<void> {
  const { place, settings, reporter, signal } = job.request;
  try {
    const env = await place.environment();
    if (tool === 'uv' && place.kind === 'local')
      await compileModules(cache.entryFolder(key), job.interpreter.program, { env, signal });
    const removed = await pruneEnvironments(cache, cacheLimits(settings.cache), { env });
    if (removed.length > 0)
      reporter.line(`Removed ${removed.length} environments from the cache: ${removed[0]?.why}`);
  } catch (error) {
    if (!signal.aborted)
      reporter.line(`The cache of environments could not be kept in order: ${causeLine(error)}`, 'WARNING');
  }
}

export function cacheLimits(settings: CacheSettings): CacheLimits {
  return {
    maxEntries: settings.maxEntries,
    maxBytes: settings.maxSizeGb === undefined ? undefined : settings.maxSizeGb * GB,
    freeBytes: settings.freeSpaceGb * GB,
  };
}

/**
 * uv leaves modules uncompiled, and each task would compile what it imports again in its own copy. So the
 * kept environment is compiled once, at the lowest priority.
 */
async function compileModules(
  entry: string,
  python: string,
  options: { env: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<void> {
  const folder = path.join(entry, 'environment', 'lib');
  await run(['nice', '-n', '19', python, '-E', '-s', '-m', 'compileall', '-q', '-x', TESTS, folder], {
    ...options,
    timeoutMs: COMPILE_TIMEOUT_MS,
  });
}
