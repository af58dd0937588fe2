import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type EntryFacts, EnvironmentCache } from './environment-cache.js';
import { type Inspection, type InstalledPackage, inspectEnvironment } from './environment-inspection.js';
import { environmentKey } from './environment-key.js';
import type { EnvironmentRequest, PackageTool, PythonEnvironment } from './environment-request.js';
import { freezeLines } from './freeze.js';
import { installError } from './install-failure.js';
import {
  changingPart,
  fixedPart,
  type InstallPlan,
  isEmptyPlan,
  planInstall,
  withIndexes,
} from './install-plan.js';
import type { InstallContext, Installer } from './installer.js';
import type { Interpreter } from './interpreter.js';
import { type PipProgram, pipInstaller } from './pip-installer.js';
import { type LocatedList, locateRequirements } from './requirement-files.js';
import { createVenv, pipServesOthers } from './virtual-environment.js';

export interface VenvJob extends EnvironmentRequest {
  interpreter: Interpreter;
}

interface PlannedList {
  plan: InstallPlan;
  located: LocatedList;
}

/** An environment of plain requirements, taken from the cache or built by pip or uv. */
export async function prepareVenv(job: VenvJob): Promise<PythonEnvironment> {
  const { target, place, signal } = job;
  const lists = planLists(job);
  await rm(target, { recursive: true, force: true });
  const fixed = lists.map((one) => ({ ...one, plan: fixedPart(one.plan) }));
  const changing = lists
    .map((one) => ({ ...one, changing: changingPart(one.plan) }))
    .filter((one) => one.changing.length > 0);
  const built = await fromCacheOrBuilt(job, fixed);
  let inspection: Inspection = built.facts;
  if (changing.length > 0) {
    for (const one of changing) {
      const installer = pipFor(job, one.located, built.facts.packages);
      for (const { text } of one.changing)
        await mustInstall(installer, { plan: one.plan, lines: [text], what: text });
    }
    inspection = await inspectEnvironment(place, [pythonOf(job)], signal);
  }
  const inside = place.inside(target);
  const asked = lists.flatMap((one) =>
    one.located.list.requirements.map((requirement) => requirement.name ?? ''),
  );
  return {
    python: [pythonOf(job)],
    pathEntries: inspection.sysPath,
    binFolder: `${inside}/bin`,
    environment: { VIRTUAL_ENV: inside },
    frozen: freezeLines(inspection.packages, asked),
    cacheHit: built.hit,
    manager: built.tool,
    background: Promise.resolve(),
  };
}

interface Built {
  facts: Pick<EntryFacts, 'sysPath' | 'packages'>;
  hit: boolean;
  tool: PackageTool;
}

async function fromCacheOrBuilt(job: VenvJob, lists: readonly PlannedList[]): Promise<Built> {
  const { settings, reporter, signal } = job;
  if (settings.cache.path === undefined) return build(job, lists);
  const cache = new EnvironmentCache({ folder: settings.cache.path, env: await job.place.environment() });
  const key = await keyOf(job, lists);
  const where = { folder: job.target, inside: job.place.inside(job.target) };
  const onWait = (): void => reporter.line('Another task is building the same environment; waiting for it');
  return cache.exclusively(key, { signal, onWait }, async () => {
    const facts = await cache.handOut(key, where);
    if (facts !== undefined) {
      reporter.line(`Using a cached environment (${facts.summary})`);
      return { facts, hit: true, tool: 'none' };
    }
    const built = await build(job, lists);
    const summary = `Python ${job.interpreter.probe.version}, ${built.facts.packages.length} packages`;
    const kept = await cache.store(key, where, { ...built.facts, summary });
    if (!kept)
      reporter.line(
        'The environment is not kept for later tasks: no space left on the disk of the cache',
        'WARNING',
      );
    return built;
  });
}

async function build(job: VenvJob, lists: readonly PlannedList[]): Promise<Built> {
  const { settings, interpreter, place, reporter, signal } = job;
  const empty = lists.every((one) => isEmptyPlan(one.plan));
  const inherits = settings.systemSitePackages && interpreter.probe.pip !== undefined;
  await createVenv({
    place,
    interpreter,
    target: place.inside(job.target),
    systemSitePackages: settings.systemSitePackages,
    pip: empty ? (inherits ? 'not needed' : 'welcome') : 'needed',
    uv: undefined,
    reporter,
    signal,
  });
  const bare = await inspectEnvironment(place, [pythonOf(job)], signal);
  if (empty) return { facts: bare, hit: false, tool: 'none' };
  for (const one of lists) await installPlan(pipFor(job, one.located, bare.packages), one.plan, job);
  return { facts: await inspectEnvironment(place, [pythonOf(job)], signal), hit: false, tool: 'pip' };
}

/** Runs the steps of a plan in order. */
async function installPlan(installer: Installer, plan: InstallPlan, job: VenvJob): Promise<void> {
  const main = plan.main.filter((line) => line !== '');
  const dropped = new Set<string>();
  for (const one of plan.first) {
    const failed = await installer.install({ lines: [one.text], options: plan.options, what: one.text });
    if (failed !== undefined && one.optional) dropped.add(one.text);
    if (failed !== undefined)
      job.reporter.line(
        `${one.text} could not be installed ahead of the others${one.optional ? '; going on without it' : ''}`,
        'WARNING',
      );
  }
  const lines = main.filter((line) => !dropped.has(line));
  if (lines.length > 0)
    await mustInstall(installer, {
      plan,
      lines,
      what: lines.length === 1 ? (lines[0] ?? '') : `${lines.length} packages`,
    });
  for (const one of plan.post) {
    const failed = await installer.install({ lines: [one.text], options: plan.options, what: one.text });
    if (failed !== undefined && !one.optional) throw installError(failed);
  }
  for (const one of plan.external) await mustInstall(installer, { plan, lines: [one.text], what: one.text });
}

async function mustInstall(
  installer: Installer,
  { plan, lines, what }: { plan: InstallPlan; lines: string[]; what: string },
): Promise<void> {
  const failed = await installer.install({ lines, options: plan.options, what });
  if (failed !== undefined) throw installError(failed);
}

function planLists(job: VenvJob): PlannedList[] {
  const { settings } = job;
  return locateRequirements(job).map((located) => {
    const list = { ...located.list, options: withIndexes(located.list.options, settings.pip.extraIndexUrls) };
    return { located, plan: planInstall(list, settings.requirements) };
  });
}

function pipFor(job: VenvJob, located: LocatedList, packages: readonly InstalledPackage[]): Installer {
  const { place, interpreter, reporter, signal, settings } = job;
  const python = pythonOf(job);
  const context: InstallContext = {
    place,
    python,
    pythonName: `Python ${interpreter.probe.version}`,
    cwd: located.folder === undefined ? undefined : place.inside(located.folder),
    listFile: `${place.inside(job.target)}.requirements.txt`,
    env: job.toolEnvironment ?? {},
    reporter,
    signal,
  };
  return pipInstaller(context, pipProgram(python, interpreter, packages), settings.pip);
}

/** The environment's own pip, or the one of the interpreter that made it. */
function pipProgram(
  python: string,
  interpreter: Interpreter,
  packages: readonly InstalledPackage[],
): PipProgram {
  const own = packages.find(({ name }) => name === 'pip');
  if (own !== undefined || !pipServesOthers(interpreter.probe))
    return { argv: [python, '-m', 'pip'], version: own?.version ?? '' };
  return {
    argv: [interpreter.program, '-m', 'pip', '--python', python],
    version: interpreter.probe.pip ?? '',
  };
}

async function keyOf(job: VenvJob, lists: readonly PlannedList[]): Promise<string> {
  const { settings, interpreter } = job;
  return environmentKey({
    interpreter: interpreter.identity,
    systemSitePackages: settings.systemSitePackages,
    inherited: settings.systemSitePackages ? await inheritedState(job) : '',
    image: job.image ?? '',
    cuda: job.cuda,
    manager: 'pip',
    settings: [
      ...settings.pip.extraFlags,
      ...settings.pip.versions,
      ...settings.pip.legacyResolver,
      String(settings.pip.upgrade),
    ],
    requirements: lists.flatMap(({ plan }) => [
      ...plan.options,
      ...plan.main,
      ...plan.first.map(textOf),
      ...plan.post.map(textOf),
      ...plan.external.map(textOf),
    ]),
  });
}

function textOf({ text }: { text: string }): string {
  return text;
}

/** Times of change of the folders that the interpreter imports from: they change when a package comes or goes. */
async function inheritedState(job: VenvJob): Promise<string> {
  if (job.place.kind !== 'local') return '';
  const times = await Promise.all(
    job.interpreter.probe.sysPath.map((folder) =>
      stat(folder).then(
        (facts) => facts.mtimeMs,
        () => 0,
      ),
    ),
  );
  return times.join(',');
}

function pythonOf(job: VenvJob): string {
  return path.posix.join(job.place.inside(job.target), 'bin', 'python');
}
