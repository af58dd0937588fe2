import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { causeLine, isAgentError } from '../../errors.js';
import { run } from '../../os/exec.js';
import { withLock } from '../../os/lock.js';
import type { EnvironmentJob } from '../environment-job.js';
import type { PackageTool, Upkeep } from '../environment-request.js';
import type { CacheSettings } from '../settings.js';
import { type CacheLimits, GB, pruneEnvironments } from './cache-collection.js';
import type { EnvironmentCache } from './environment-cache.js';

/** A third of the modules of large packages are their tests, which are never imported. */
const TESTS = '[/\\\\]tests?[/\\\\]';

/** Ten times what the largest environments need; a module that is left out is compiled by the task. */
const COMPILE_TIMEOUT_MS = 120_000;

/** What the upkeep of a kept environment needs to know of it. */
export interface Tended {
  cache: EnvironmentCache;
  key: string;
  tool: PackageTool;
  /** It was added just now, so the cache may be over its limits. */
  added: boolean;
}

/** What is done for a kept environment after a task got a copy of it. */
export function upkeepOf(job: EnvironmentJob, tended: Tended): Upkeep {
  const { cache, added } = tended;
  return async ({ signal, logger }) => {
    try {
      await tend(job, tended, signal);
      if (!added) return;
      const removed = await pruneEnvironments(cache, cacheLimits(job.request.settings.cache), {
        env: cache.env,
      });
      if (removed.length > 0)
        logger.info(`${removed.length} environments removed from the cache: ${removed[0]?.why}`);
    } catch (error) {
      if (!signal.aborted)
        logger.warn(`the cache of environments could not be kept in order: ${causeLine(error)}`);
    }
  };
}

export function cacheLimits(settings: CacheSettings): CacheLimits {
  return {
    maxEntries: settings.maxEntries,
    maxBytes: settings.maxSizeGb === undefined ? undefined : settings.maxSizeGb * GB,
    freeBytes: settings.freeSpaceGb * GB,
  };
}

/** Modules are compiled before the next copy is made, so that it has them. One process does so, others leave it to that. */
async function tend(job: EnvironmentJob, { cache, key, tool }: Tended, signal: AbortSignal): Promise<void> {
  const lock = { timeoutMs: 0, signal, what: `the upkeep of the cached Python environment ${key}` };
  try {
    await withLock(cache.lockFile(`${key}.upkeep`), lock, async () => {
      if (tool === 'uv') await compileOnce(job, cache, { entry: cache.entryFolder(key), signal });
      await cache.prepareSpare(key, signal, job.where.staging === undefined);
    });
  } catch (error) {
    if (!isAgentError(error, 'LOCK_TIMEOUT')) throw error;
  }
}

/**
 * uv leaves modules uncompiled, and each task would compile what it imports again in its own copy. So the
 * kept environment is compiled once, at the lowest priority.
 */
async function compileOnce(
  job: EnvironmentJob,
  cache: EnvironmentCache,
  { entry, signal }: { entry: string; signal: AbortSignal },
): Promise<void> {
  const done = path.join(entry, 'compiled');
  if (existsSync(done) || !existsSync(entry)) return;
  const { place } = job.request;
  const environment = path.join(entry, 'environment');
  const limits = { signal, timeoutMs: COMPILE_TIMEOUT_MS };
  if (place.capabilities.hostPaths) {
    const argv = compileCommand(job, environment);
    await run(['nice', '-n', '19', ...argv], { ...limits, env: cache.env });
  } else {
    const folder = { host: environment, inside: job.where.inside };
    await place.aside?.({ argv: compileCommand(job, folder.inside), folder, ...limits });
  }
  if (existsSync(entry)) await writeFile(done, '');
}

function compileCommand({ interpreter }: EnvironmentJob, environment: string): [string, ...string[]] {
  const flags = ['-E', '-s', '-m', 'compileall', '-q', '-x', TESTS];
  return [interpreter.program, ...flags, path.join(environment, 'lib')];
}
