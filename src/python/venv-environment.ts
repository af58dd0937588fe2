import { rm } from 'node:fs/promises';
import { type BaseEnvironment, inheritedState } from './base-environment.js';
import { environmentKey } from './cache/environment-key.js';
import { keptOrBuilt } from './cache/kept-environment.js';
import { provideGit } from './containers/container-git.js';
import type { EnvironmentJob } from './environment-job.js';
import type { PythonEnvironment } from './environment-request.js';
import { inspectEnvironment } from './install/environment-inspection.js';
import { freezeLines, withoutLogin } from './install/freeze.js';
import { installError, noInstaller } from './install/install-failure.js';
import { changingPart, fixedPart, isEmptyPlan } from './install/install-plan.js';
import {
  type BuiltEnvironment,
  buildEnvironment,
  installerOnTop,
  type PlannedList,
} from './install/package-build.js';
import { configurationKey } from './install/pip-configuration.js';
import { namesIn, planLists } from './requirements/planned-lists.js';
import { locateRequirements, readListed } from './requirements/requirement-files.js';
import { optionLines } from './requirements/requirement-list.js';
import { resolveTorch } from './requirements/torch-resolution.js';
import { bareEnvironment } from './system-environment.js';
import type { TorchSettings } from './tool-settings.js';

/** An environment of plain requirements: a copy of a kept one, or built by uv or pip and then kept. */
export async function venvEnvironment(job: EnvironmentJob): Promise<PythonEnvironment> {
  const { place, signal } = job.request;
  const located = locateRequirements(job.request);
  const lists = planLists(job, located);
  await rm(job.where.folder, { recursive: true, force: true });
  const ready = await keptOrBuilt(job, await keyOf(job, lists), (fresh) => build(job, lists, fresh));
  if (ready === undefined) return withoutPackages(job);
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
    upkeep: ready.upkeep,
  };
}

async function build(
  job: EnvironmentJob,
  lists: readonly PlannedList[],
  fresh: boolean,
): Promise<BuiltEnvironment | undefined> {
  if (job.request.offline === true && lists.some((one) => !isEmptyPlan(one.plan))) return undefined;
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

function withoutPackages(job: EnvironmentJob): PythonEnvironment {
  const { interpreter, request } = job;
  request.reporter.line(
    `No package index may be asked and no environment with these packages is kept: running with ${interpreter.program} and what it has`,
    'WARNING',
  );
  return bareEnvironment(interpreter);
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
  await provideGit(
    job,
    todo.map(({ text }) => text),
  );
  const installerFor = await installerOnTop(job, base);
  if (installerFor === undefined) throw noInstaller(job.interpreter);
  for (const { plan, located, text } of todo) {
    const failed = await installerFor(located).install({ lines: [text], options: plan.options, what: text });
    if (failed !== undefined) throw installError(failed);
  }
  return true;
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
