import { adjustPip, type BaseEnvironment, baseEnvironment, pipProgram } from '../base-environment.js';
import { clearFolder } from '../clear-folder.js';
import { provideGit } from '../containers/container-git.js';
import { type EnvironmentJob, installContext } from '../environment-job.js';
import type { PackageTool } from '../environment-request.js';
import { hasPackages } from '../inherited-packages.js';
import type { LocatedList } from '../requirements/requirement-files.js';
import { chooseEngine } from './engine-choice.js';
import { type InstalledPackage, inspectOver } from './environment-inspection.js';
import { guardIndexLogins } from './index-logins.js';
import {
  type FailedInstall,
  type FailureKind,
  failureReason,
  installError,
  noInstaller,
} from './install-failure.js';
import { type InstallPlan, isEmptyPlan, planTexts } from './install-plan.js';
import type { Installer } from './installer.js';
import { pipInstaller } from './pip-installer.js';
import { runPlan } from './plan-runner.js';
import { indexesOfLists } from './task-indexes.js';
import { type UvOptions, uvInstallFlags, uvOptions } from './uv-flags.js';
import { type UvProgram, uvInstaller } from './uv-installer.js';
import { listObstacle } from './uv-obstacles.js';
import { obtainUv } from './uv-program.js';

export interface PlannedList {
  plan: InstallPlan;
  located: LocatedList;
}

export interface BuiltEnvironment extends BaseEnvironment {
  tool: PackageTool;
}

export interface BuildOptions {
  /** Files in the caches of the tools may have been changed by an earlier task. */
  fresh: boolean;
}

/** Trying another tool cannot help with these. */
const FINAL: ReadonlySet<FailureKind> = new Set(['disk', 'unreachable', 'git']);

/**
 * Builds an environment with the packages of the lists: by uv where it is there, and by pip where uv is not
 * or cannot. pip takes lists that contradict themselves (its old resolver), as frozen ones do at times.
 *
 * @throws AgentError ENVIRONMENT_CREATE, REQUIREMENTS_INSTALL, DISK_FULL
 */
export async function buildEnvironment(
  given: EnvironmentJob,
  lists: readonly PlannedList[],
  options: BuildOptions,
): Promise<BuiltEnvironment> {
  const { settings, place, reporter, signal } = given.request;
  const texts = lists.flatMap(({ plan }) => planTexts(plan));
  const named = indexesOfLists(lists);
  const job = await provideGit(await guardIndexLogins(given, named), texts);
  const inheritsPip = settings.systemSitePackages && job.interpreter.probe.pip !== undefined;
  const base = inheritsPip ? 'not needed' : 'welcome';
  const uv = settings.engine === 'pip' ? undefined : await obtainUv(job);
  if (lists.every((one) => isEmptyPlan(one.plan))) {
    return { ...(await baseEnvironment(job, { pip: base, uv: uv?.program })), tool: 'none' };
  }
  const howUv: UvOptions = {
    bestMatch: settings.manager !== 'uv' || settings.uv.bestMatch,
    offline: job.request.offline ?? false,
    fresh: options.fresh,
  };
  const choice = chooseEngine(settings.engine, job.pipSettings, {
    uv,
    pipOnly: job.pip.others,
    plans: lists.map((one) => one.plan),
    lists: lists.map((one) => one.located.list),
    inheritsPackages: inheritsPip && settings.manager !== 'uv' && hasPackages(job.inherited),
    pythonVersion: job.interpreter.probe.version,
    options: howUv,
  });
  reporter.line(`Installing packages with ${choice.engine}: ${choice.why}`);
  const uvFirst = choice.engine === 'uv' && uv !== undefined;
  if (uvFirst) {
    const { packages: before } = await baseEnvironment(job, { pip: base, uv: uv.program });
    const failed = await runLists(job, lists, uvFor(job, uv, howUv), false);
    if (failed === undefined)
      return { ...(await inspectOver(place, { python: job.python, before, signal })), tool: 'uv' };
    giveUpOrGoOn(job, failed);
    await clearFolder(job.request.place, job.where.folder);
  }
  const before = await installWithPip(job, lists, { uv, afterUv: uvFirst });
  return { ...(await inspectOver(place, { python: job.python, before, signal })), tool: 'pip' };
}

/**
 * What installs into an environment that is there already: uv, and pip for what uv cannot.
 *
 * @throws AgentError ENVIRONMENT_CREATE where there is neither, and for a list that only pip reads where there is no pip
 */
export async function installerOnTop(
  job: EnvironmentJob,
  base: BaseEnvironment,
): Promise<(located: LocatedList) => Installer> {
  const { settings, offline = false } = job.request;
  const pip = pipProgram(job, base.packages);
  const uv = settings.engine === 'pip' ? undefined : await obtainUv(job);
  const usable =
    uv !== undefined && 'flags' in uvInstallFlags(job.pipSettings, UV_ON_TOP) && job.pip.others.length === 0;
  const byUv = usable ? uvFor(job, uv, { ...UV_ON_TOP, offline }) : undefined;
  const byPip =
    pip.version === ''
      ? undefined
      : (located: LocatedList) => pipInstaller(installContext(job, located.folder), pip, job.pipSettings);
  if (byUv === undefined && byPip === undefined)
    throw noInstaller(job.interpreter, uv && `uv ${uv.version} does not understand the settings of pip`);
  return (located) => {
    const obstacle = uvObstacle(located);
    if (byPip === undefined) {
      if (byUv !== undefined && obstacle === undefined) return byUv(located);
      throw noInstaller(job.interpreter, `uv does not read ${obstacle} as pip does`);
    }
    const useUv = byUv !== undefined && obstacle === undefined;
    return useUv ? firstOf(byUv(located), byPip(located)) : byPip(located);
  };
}

/** What of a list only pip reads as it is meant. */
function uvObstacle({ list }: LocatedList): string | undefined {
  const [option] = uvOptions(list.options.others).unknown;
  return listObstacle(list) ?? (option && `the option ${option} of the requirements`);
}

function firstOf(byUv: Installer, byPip: Installer): Installer {
  return {
    name: 'uv',
    install: async (step) => {
      const failed = await byUv.install(step);
      return failed === undefined || FINAL.has(failureReason(failed).kind) ? failed : byPip.install(step);
    },
  };
}

const UV_ON_TOP: UvOptions = { bestMatch: true, offline: false, fresh: false };

async function installWithPip(
  job: EnvironmentJob,
  lists: readonly PlannedList[],
  { uv, afterUv }: { uv: UvProgram | undefined; afterUv: boolean },
): Promise<InstalledPackage[]> {
  const { settings } = job.request;
  const base = await baseEnvironment(job, { pip: 'needed', uv: uv?.program });
  const context = installContext(job, undefined);
  const found = pipProgram(job, base.packages);
  const asked = settings.pip.versionsAsked || afterUv;
  const pip = asked && !(job.request.offline ?? false) ? await adjustPip(job, context, found) : found;
  const failed = await runLists(
    job,
    lists,
    (located) => pipInstaller(installContext(job, located.folder), pip, job.pipSettings),
    true,
  );
  if (failed !== undefined) throw installError(failed);
  return base.packages;
}

function uvFor(job: EnvironmentJob, uv: UvProgram, options: UvOptions): (located: LocatedList) => Installer {
  const flags = uvInstallFlags(job.pipSettings, options);
  const setup = { uv, flags: 'flags' in flags ? flags.flags : [], pip: job.pip, options, env: job.env };
  return (located) => uvInstaller(installContext(job, located.folder), setup);
}

async function runLists(
  job: EnvironmentJob,
  lists: readonly PlannedList[],
  installerFor: (located: LocatedList) => Installer,
  priorityFirst: boolean,
): Promise<FailedInstall | undefined> {
  for (const { plan, located } of lists) {
    const failed = await runPlan({
      plan,
      installer: installerFor(located),
      priorityFirst,
      reporter: job.request.reporter,
    });
    if (failed !== undefined) return failed;
  }
  return undefined;
}

function giveUpOrGoOn(job: EnvironmentJob, failed: FailedInstall): void {
  const { settings, reporter } = job.request;
  const reason = failureReason(failed);
  const onlyUv = settings.engine === 'uv' || (settings.manager === 'uv' && settings.uv.replacePip);
  if (onlyUv || FINAL.has(reason.kind)) throw installError(failed);
  reporter.line(`uv cannot install ${failed.what}: ${reason.cause}; trying pip instead`, 'WARNING');
}
