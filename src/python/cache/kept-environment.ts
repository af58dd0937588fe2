import type { BaseEnvironment } from '../base-environment.js';
import type { EnvironmentJob } from '../environment-job.js';
import type { PackageTool, Upkeep } from '../environment-request.js';
import type { BuiltEnvironment } from '../install/package-build.js';
import { upkeepOf } from './cache-upkeep.js';

/** An environment in its folder, copied or built. */
export interface ReadyEnvironment extends BaseEnvironment {
  hit: boolean;
  tool: PackageTool;
  upkeep: Upkeep | undefined;
}

/** `fresh`: files in the caches of the tools may have been changed by a task. `undefined`: not available. */
type Build = (fresh: boolean) => Promise<BuiltEnvironment | undefined>;

/**
 * Copies the kept environment of a key, or builds and keeps it. Only one task at a time builds it; the others
 * wait and get a copy. Without a key, or without a cache, it is built for this task alone.
 */
export async function keptOrBuilt(
  job: EnvironmentJob,
  key: string | undefined,
  build: Build,
): Promise<ReadyEnvironment | undefined> {
  const { cache, where, request } = job;
  const { reporter, signal } = request;
  if (cache === undefined || key === undefined) return ready(await build(false), undefined);
  const onWait = (): void => reporter.line('Another task is building the same environment; waiting for it');
  return cache.exclusively(key, { signal, onWait }, async () => {
    const given = await cache.handOut(key, where);
    if (given.kind === 'given') {
      reporter.line(`Using a cached environment: ${given.facts.summary}`);
      const { tool } = given.facts;
      return { ...given.facts, hit: true, upkeep: upkeepOf(job, { cache, key, tool, added: false }) };
    }
    const changed = given.kind === 'changed';
    if (changed)
      reporter.line('A task changed files of the cached environment in place; rebuilding it', 'WARNING');
    const built = await build(changed);
    if (built === undefined) return undefined;
    const kept = await cache.store(key, where, { ...built, summary: summaryOf(job, built) });
    if (!kept)
      reporter.line(
        'The environment is not kept for later tasks: no space left on the disk of the cache',
        'WARNING',
      );
    const { tool } = built;
    return ready(built, kept ? upkeepOf(job, { cache, key, tool, added: true }) : undefined);
  });
}

function ready(
  built: BuiltEnvironment | undefined,
  upkeep: Upkeep | undefined,
): ReadyEnvironment | undefined {
  return built === undefined ? undefined : { ...built, hit: false, upkeep };
}

function summaryOf(job: EnvironmentJob, { packages, tool }: BuiltEnvironment): string {
  const by = tool === 'none' ? '' : `, installed by ${tool}`;
  return `Python ${job.interpreter.probe.version}, ${packages.length} packages${by}`;
}
