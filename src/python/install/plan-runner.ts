import type { Reporter } from '../../logs/reporter.js';
import type { FailedInstall } from './install-failure.js';
import type { InstallPlan } from './install-plan.js';
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
  for (const { text, optional } of [...plan.post, ...plan.external]) {
    const failed = await installOne(run, text);
    if (failed === undefined) continue;
    if (!optional) return failed;
    run.reporter.line(`${text} could not be installed; going on without it`, 'WARNING');
  }
  return undefined;
}

/** One that fails is tried again with the others, unless the task runs without it: those are given back. */
async function installFirst(run: PlanRun): Promise<ReadonlySet<string>> {
  const dropped = new Set<string>();
  for (const { text, optional } of run.plan.first) {
    if (!optional && !run.priorityFirst) continue;
    if ((await installOne(run, text)) === undefined) continue;
    const next = optional ? '; going on without it' : '; trying again with the others';
    run.reporter.line(`${text} could not be installed before the others${next}`, 'WARNING');
    if (optional) dropped.add(text);
  }
  return dropped;
}

function installOne({ plan, installer }: PlanRun, text: string): Promise<FailedInstall | undefined> {
  return installer.install({ lines: [text], options: plan.options, what: text });
}
