import type { Reporter } from '../../logs/reporter.js';
import { type FailedInstall, failureReason } from './install-failure.js';
import type { InstallPlan, PlannedPackage } from './install-plan.js';
import type { Installer } from './installer.js';

/** How a plan is carried out. */
export interface PlanRun {
  plan: InstallPlan;
  installer: Installer;
  /**
   * Priority packages go in by themselves before the others. A tool that builds each package apart from the
   * environment does not need that.
   */
  priorityFirst: boolean;
  reporter: Reporter;
}

/** Carries out a plan in order; the first package that is needed and fails ends it. */
export async function runPlan(run: PlanRun): Promise<FailedInstall | undefined> {
  const { plan, installer } = run;
  const dropped = await installFirst(run);
  const lines = plan.main.filter((line) => line !== '' && !dropped.has(line));
  if (lines.length > 0) {
    const what = lines.length === 1 ? (lines[0] ?? '') : `${lines.length} packages`;
    const failed = await installer.install({ lines, options: plan.options, what });
    if (failed !== undefined) return failed;
  }
  for (const one of [...plan.post, ...plan.external]) {
    const failed = await installOne(run, one);
    if (failed === undefined) continue;
    if (!one.optional) return failed;
    run.reporter.line(`${one.text} could not be installed; continuing without it`, 'WARNING');
  }
  return undefined;
}

/**
 * Installs one package of a plan by itself. A folder whose build cannot install it editable is installed as a copy
 * of its files.
 */
export async function installOne(
  { plan, installer, reporter }: Omit<PlanRun, 'priorityFirst'>,
  { text, editable }: PlannedPackage,
): Promise<FailedInstall | undefined> {
  const step = { lines: [text], options: plan.options, what: text };
  if (!editable) return installer.install(step);
  const failed = await installer.install({ ...step, editable });
  if (failed === undefined || failureReason(failed).kind === 'unreachable') return failed;
  reporter.line(`${text} cannot be installed editable: ${failureReason(failed).cause}`, 'WARNING');
  return installer.install(step);
}

/** One that fails is tried again with the others, unless the task runs without it: those are given back. */
async function installFirst(run: PlanRun): Promise<ReadonlySet<string>> {
  const dropped = new Set<string>();
  for (const one of run.plan.first) {
    const { text, optional } = one;
    if (!optional && !run.priorityFirst) continue;
    if ((await installOne(run, one)) === undefined) continue;
    const next = optional ? '; continuing without it' : '; trying again with the others';
    run.reporter.line(`${text} could not be installed before the others${next}`, 'WARNING');
    if (optional) dropped.add(text);
  }
  return dropped;
}
