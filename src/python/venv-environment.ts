import { rm } from 'node:fs/promises';
import { type BaseEnvironment, inheritedState } from './base-environment.js';
import { compileInBackground } from './bytecode.js';
import { inspectEnvironment } from './environment-inspection.js';
import type { EnvironmentJob } from './environment-job.js';
import { environmentKey } from './environment-key.js';
import type { PackageTool, PythonEnvironment } from './environment-request.js';
import { freezeLines, withoutLogin } from './freeze.js';
import { installError } from './install-failure.js';
import { changingPart, fixedPart, type InstallPlan, mergeOptions, planInstall } from './install-plan.js';
import { buildEnvironment, installerOnTop, type PlannedList } from './package-build.js';
import { configurationKey } from './pip-configuration.js';
import { locateRequirements } from './requirement-files.js';
import { optionLines } from './requirement-list.js';

/** An environment of plain requirements: a copy of a kept one, or built by uv or pip and then kept. */
export async function venvEnvironment(job: EnvironmentJob): Promise<PythonEnvironment> {
  const { place, signal } = job.request;
  const lists = planLists(job);
  await rm(job.where.folder, { recursive: true, force: true });
  const ready = await keptOrBuilt(
    job,
    lists.map((one) => ({ ...one, plan: fixedPart(one.plan) })),
  );
  const changed = await installChanging(job, lists, ready);
  const { packages, sysPath } = changed ? await inspectEnvironment(place, [job.python], signal) : ready;
  const asked = lists.flatMap((one) =>
    one.located.list.requirements.map((requirement) => requirement.name ?? ''),
  );
  return {
    python: [job.python],
    pathEntries: sysPath,
    binFolder: `${job.where.inside}/bin`,
    environment: { VIRTUAL_ENV: job.where.inside },
    frozen: freezeLines(packages, asked),
    cacheHit: ready.hit,
    manager: ready.tool,
    background: ready.background,
  };
}

interface Ready extends BaseEnvironment {
  hit: boolean;
  tool: PackageTool;
  background: Promise<void>;
}

async function keptOrBuilt(job: EnvironmentJob, lists: readonly PlannedList[]): Promise<Ready> {
  const { cache, where, request, interpreter } = job;
  const { reporter, signal } = request;
  if (cache === undefined)
    return {
      ...(await buildEnvironment(job, lists, { fresh: false })),
      hit: false,
      background: Promise.resolve(),
    };
  const key = await keyOf(job, lists);
  const onWait = (): void => reporter.line('Another task is building the same environment; waiting for it');
  return cache.exclusively(key, { signal, onWait }, async () => {
    const given = await cache.handOut(key, where);
    if (given.kind === 'given') {
      reporter.line(`Using a cached environment: ${given.facts.summary}`);
      return { ...given.facts, hit: true, background: Promise.resolve() };
    }
    if (given.kind === 'changed')
      reporter.line('A task changed files of the cached environment in place; building it anew', 'WARNING');
    const built = await buildEnvironment(job, lists, { fresh: given.kind === 'changed' });
    const by = built.tool === 'none' ? '' : `, installed by ${built.tool}`;
    const summary = `Python ${interpreter.probe.version}, ${built.packages.length} packages${by}`;
    const kept = await cache.store(key, where, { ...built, summary });
    if (!kept)
      reporter.line(
        'The environment is not kept for later tasks: no space left on the disk of the cache',
        'WARNING',
      );
    return {
      ...built,
      hit: false,
      background: kept ? compileInBackground(job, cache.entryFolder(key), built.tool) : Promise.resolve(),
    };
  });
}

/** Repositories at a branch and local folders may be different each time, so they go on top of the copy. */
async function installChanging(
  job: EnvironmentJob,
  lists: readonly PlannedList[],
  base: BaseEnvironment,
): Promise<boolean> {
  const todo = lists.flatMap(({ plan, located }) =>
    changingPart(plan).map(({ text }) => ({ plan, located, text })),
  );
  if (todo.length === 0) return false;
  const installerFor = await installerOnTop(job, base);
  for (const { plan, located, text } of todo) {
    const failed = await installerFor(located).install({ lines: [text], options: plan.options, what: text });
    if (failed !== undefined) throw installError(failed);
  }
  return true;
}

function planLists(job: EnvironmentJob): PlannedList[] {
  const { settings } = job.request;
  return locateRequirements(job.request).map((located) => {
    const options = mergeOptions(job.indexes, located.list.options);
    return { located, plan: planInstall({ ...located.list, options }, settings.requirements) };
  });
}

async function keyOf(job: EnvironmentJob, lists: readonly PlannedList[]): Promise<string> {
  const { request, interpreter } = job;
  const { settings } = request;
  return environmentKey({
    interpreter: interpreter.identity,
    systemSitePackages: settings.systemSitePackages,
    inherited: await inheritedState(job),
    image: request.image ?? '',
    cuda: request.cuda,
    manager: settings.manager,
    settings: [
      settings.engine,
      ...job.pipSettings.extraFlags,
      '',
      ...settings.pip.versions,
      ...settings.pip.legacyResolver,
      String(settings.pip.upgrade),
      ...configurationKey(job.pip),
    ],
    requirements: lists.flatMap(({ plan }) => planLines(plan)),
  });
}

/** All that a plan installs, without passwords: they change while the packages stay the same. */
function planLines(plan: InstallPlan): string[] {
  const packages = [...plan.first, ...plan.post, ...plan.external].map(({ text }) => text);
  return [...optionLines(plan.options), ...plan.main, ...packages].map(withoutLogin);
}
