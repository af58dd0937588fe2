import { rm } from 'node:fs/promises';
import { type BaseEnvironment, inheritedState } from './base-environment.js';
import { upkeep } from './cache-upkeep.js';
import type { EnvironmentCache } from './environment-cache.js';
import { inspectEnvironment } from './environment-inspection.js';
import type { EnvironmentJob } from './environment-job.js';
import { environmentKey } from './environment-key.js';
import type { PackageTool, PythonEnvironment } from './environment-request.js';
import { freezeLines, withoutLogin } from './freeze.js';
import { installError } from './install-failure.js';
import { changingPart, fixedPart, mergeOptions, planInstall } from './install-plan.js';
import {
  type BuiltEnvironment,
  buildEnvironment,
  installerOnTop,
  type PlannedList,
} from './package-build.js';
import { configurationKey } from './pip-configuration.js';
import { type LocatedList, locateRequirements, readListed } from './requirement-files.js';
import { optionLines } from './requirement-list.js';
import type { TorchSettings } from './settings.js';
import { resolveTorch } from './torch-resolution.js';

/** An environment of plain requirements: a copy of a kept one, or built by uv or pip and then kept. */
export async function venvEnvironment(job: EnvironmentJob): Promise<PythonEnvironment> {
  const { place, signal } = job.request;
  const located = locateRequirements(job.request);
  const lists = planLists(job, located);
  await rm(job.where.folder, { recursive: true, force: true });
  const ready = await keptOrBuilt(job, lists);
  const changed = await installChanging(job, lists, ready);
  const { packages, sysPath } = changed ? await inspectEnvironment(place, [job.python], signal) : ready;
  return {
    python: [job.python],
    pathEntries: sysPath,
    binFolder: `${job.where.inside}/bin`,
    environment: { VIRTUAL_ENV: job.where.inside },
    frozen: freezeLines(packages, namesIn(located)),
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
  const { cache, where, request } = job;
  const { reporter, signal } = request;
  if (cache === undefined) {
    return { ...(await build(job, lists, false)), hit: false, background: Promise.resolve() };
  }
  const key = await keyOf(job, lists);
  const onWait = (): void => reporter.line('Another task is building the same environment; waiting for it');
  return cache.exclusively(key, { signal, onWait }, async () => {
    const given = await cache.handOut(key, where);
    if (given.kind === 'given') {
      reporter.line(`Using a cached environment: ${given.facts.summary}`);
      return { ...given.facts, hit: true, background: Promise.resolve() };
    }
    const changed = given.kind === 'changed';
    if (changed)
      reporter.line('A task changed files of the cached environment in place; building it anew', 'WARNING');
    const built = await build(job, lists, changed);
    const kept = await keep(job, cache, key, built);
    return {
      ...built,
      hit: false,
      background: kept ? upkeep(job, cache, key, built.tool) : Promise.resolve(),
    };
  });
}

async function build(
  job: EnvironmentJob,
  lists: readonly PlannedList[],
  fresh: boolean,
): Promise<BuiltEnvironment> {
  const resolved = planLists(
    job,
    await resolveTorch(
      job,
      lists.map((one) => one.located),
    ),
  );
  return buildEnvironment(
    job,
    resolved.map((one) => ({ ...one, plan: fixedPart(one.plan) })),
    { fresh },
  );
}

async function keep(
  job: EnvironmentJob,
  cache: EnvironmentCache,
  key: string,
  built: BuiltEnvironment,
): Promise<boolean> {
  const by = built.tool === 'none' ? '' : `, installed by ${built.tool}`;
  const summary = `Python ${job.interpreter.probe.version}, ${built.packages.length} packages${by}`;
  const kept = await cache.store(key, job.where, { ...built, summary });
  if (!kept)
    job.request.reporter.line(
      'The environment is not kept for later tasks: no space left on the disk of the cache',
      'WARNING',
    );
  return kept;
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

function planLists(job: EnvironmentJob, located: readonly LocatedList[]): PlannedList[] {
  const { settings } = job.request;
  return located.map((one) => {
    const options = mergeOptions(job.indexes, one.list.options);
    return { located: one, plan: planInstall({ ...one.list, options }, settings.requirements) };
  });
}

function namesIn(located: readonly LocatedList[]): string[] {
  return located.flatMap((one) => one.list.requirements.map((requirement) => requirement.name ?? ''));
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
      settings.torch.resolve,
      String(settings.torch.nightly),
      ...torchTemplates(settings.torch),
      ...job.pipSettings.extraFlags,
      '',
      ...settings.pip.versions,
      ...settings.pip.legacyResolver,
      String(settings.pip.upgrade),
      ...configurationKey(job.pip),
    ],
    requirements: lists.flatMap(planLines),
  });
}

/** All that a plan installs, without passwords: they change while the packages stay the same. */
function planLines({ plan: whole, located }: PlannedList): string[] {
  const plan = fixedPart(whole);
  const packages = [...plan.first, ...plan.post, ...plan.external].map(({ text }) => text);
  const constraints = plan.options.constraints.map((file) => readListed(located.folder, file) ?? '');
  return [...optionLines(plan.options), ...constraints, ...plan.main, ...packages].map(withoutLogin);
}

function torchTemplates({
  template,
  nightlyTemplate,
  rocmTemplate,
  nightlyRocmTemplate,
}: TorchSettings): string[] {
  return [template, nightlyTemplate, rocmTemplate, nightlyRocmTemplate].map((one) => one ?? '');
}
