import { optionLines } from '../packaging/list-options.js';
import { expandListed } from '../packaging/list-variables.js';
import { markerValues } from '../packaging/markers.js';
import { ARCHIVE, type Requirement } from '../packaging/requirement.js';
import { hasHashes } from '../packaging/requirement-list.js';
import { type BaseEnvironment, inheritedState } from './base-environment.js';
import { environmentKey, toolKey } from './cache/environment-key.js';
import { keptOrBuilt } from './cache/kept-environment.js';
import { clearFolder } from './clear-folder.js';
import { provideGit } from './containers/container-git.js';
import type { EnvironmentJob } from './environment-job.js';
import type { PackageTool, PythonEnvironment } from './environment-request.js';
import { inspectOver } from './install/environment-inspection.js';
import { withoutLogin } from './install/freeze.js';
import { guardIndexLogins } from './install/index-logins.js';
import { installError } from './install/install-failure.js';
import { changingPart, fixedPart, isEmptyPlan, isFixed } from './install/install-plan.js';
import {
  type BuiltEnvironment,
  buildEnvironment,
  installerOnTop,
  type PlannedList,
} from './install/package-build.js';
import { installOne } from './install/plan-runner.js';
import { indexesOfLists } from './install/task-indexes.js';
import { contentKey } from './requirements/content-key.js';
import { requiredLists } from './requirements/foreign-files.js';
import { frozenList } from './requirements/frozen-list.js';
import { planLists } from './requirements/planned-lists.js';
import { resolveTorch } from './requirements/torch-resolution.js';
import type { PythonSettings } from './settings.js';
import { bareEnvironment } from './system-environment.js';
import type { TorchSettings } from './tool-settings.js';

/** An environment of plain requirements: a copy of a kept one, or built by uv or pip and then kept. */
export async function venvEnvironment(job: EnvironmentJob): Promise<PythonEnvironment> {
  const located = await requiredLists(job.request);
  const lists = planLists(job, located);
  await clearFolder(job.request.place, job.where.folder);
  const ready = await keptOrBuilt(job, await keyOf(job, lists), (fresh) => build(job, lists, fresh));
  if (ready === undefined) return withoutPackages(job);
  const changed = await installChanging(job, lists, ready);
  const { packages, sysPath } =
    changed !== undefined
      ? await inspectOver(job.request.place, {
          python: job.python,
          before: ready.packages,
          signal: job.request.signal,
        })
      : ready;
  const frozen = frozenList(packages, located, {
    markers: markerValues(job.interpreter.probe),
    root: job.request.repository?.root,
  });
  return {
    python: [job.python],
    pathEntries: sysPath,
    binFolder: `${job.where.inside}/bin`,
    environment: { VIRTUAL_ENV: job.where.inside },
    frozen: frozen.packages,
    frozenOptions: frozen.options,
    cacheHit: ready.hit,
    manager: ready.tool === 'none' && changed !== undefined ? changed : ready.tool,
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
  given: EnvironmentJob,
  lists: readonly PlannedList[],
  base: BaseEnvironment,
): Promise<PackageTool | undefined> {
  const todo = lists.flatMap(({ plan, located }) =>
    changingPart(plan).map((one) => ({ plan, located, one })),
  );
  if (todo.length === 0) return undefined;
  const job = await provideGit(
    await guardIndexLogins(given, indexesOfLists(lists)),
    todo.map(({ one }) => one.text),
  );
  const installerFor = await installerOnTop(job, base);
  let tool: PackageTool | undefined;
  for (const { plan, located, one } of todo) {
    const { reporter } = job.request;
    const installer = installerFor(located);
    tool ??= installer.name;
    const failed = await installOne({ plan, installer, reporter }, one);
    if (failed !== undefined) throw installError(failed);
  }
  return tool;
}

/** `undefined` where the environment is good for this task alone. */
async function keyOf(job: EnvironmentJob, lists: readonly PlannedList[]): Promise<string | undefined> {
  const { request, interpreter } = job;
  const { settings } = request;
  const contents = lists.map(({ located }) => contentKey(located));
  if (contents.includes(undefined) || lists.some((one) => changesWhole(one, settings))) return undefined;
  return environmentKey({
    interpreter: interpreter.identity,
    systemSitePackages: settings.systemSitePackages,
    inherited: await inheritedState(job),
    image: request.image ?? '',
    group: request.place.cacheGroup,
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
      ...(await toolKey(job)),
    ],
    requirements: [
      ...lists.flatMap(planLines).map((line) => withoutLogin(expandListed(line, job.env))),
      ...contents.flatMap((one) => one ?? []),
    ],
  });
}

/** A list that is not taken apart goes into the cache as a whole, with what may be different the next time. */
function changesWhole({ located: { list } }: PlannedList, { requirements }: PythonSettings): boolean {
  const isWhole = requirements.untouched || hasHashes(list);
  return isWhole && list.requirements.some((one) => one.kind !== 'index' && !isFixed(one) && !isArchive(one));
}

function isArchive({ kind, uri = '' }: Requirement): boolean {
  return kind === 'local' && ARCHIVE.test(uri);
}

/** All that a plan installs, without passwords: they change while the packages stay the same. */
function planLines({ plan: whole }: PlannedList): string[] {
  const plan = fixedPart(whole);
  const packages = [...plan.first, ...plan.post, ...plan.external].map(({ text }) => text);
  return [...optionLines(plan.options), ...plan.main, ...packages];
}

function torchTemplates({
  template,
  nightlyTemplate,
  rocmTemplate,
  nightlyRocmTemplate,
}: TorchSettings): string[] {
  return [template, nightlyTemplate, rocmTemplate, nightlyRocmTemplate];
}
