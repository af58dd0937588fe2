import { provideGit } from './containers/container-git.js';
import type { EnvironmentJob } from './environment-job.js';
import type { EnvironmentRequest, PythonEnvironment } from './environment-request.js';
import { inspectEnvironment, inspectOver } from './install/environment-inspection.js';
import { guardIndexLogins } from './install/index-logins.js';
import { installError, noInstaller } from './install/install-failure.js';
import { isEmptyPlan, planTexts } from './install/install-plan.js';
import { installerOnTop, type PlannedList } from './install/package-build.js';
import { runPlan } from './install/plan-runner.js';
import { indexesOfLists } from './install/task-indexes.js';
import type { Interpreter } from './interpreter/interpreter.js';
import { frozenList } from './requirements/frozen-list.js';
import { markerValues } from './requirements/markers.js';

/** The interpreter as it is, nothing installed. */
export function bareEnvironment({ program, probe }: Interpreter): PythonEnvironment {
  return {
    python: [program],
    pathEntries: probe.sysPath,
    binFolder: program.includes('/') ? program.slice(0, program.lastIndexOf('/')) : undefined,
    environment: {},
    frozen: undefined,
    cacheHit: false,
    manager: 'none',
    upkeep: undefined,
  };
}

/** A task that needs no Python, in a place that has none. */
export function withoutPython({ reporter }: EnvironmentRequest): PythonEnvironment {
  reporter.line('No Python in the image, and the task needs none');
  return {
    python: ['python3'],
    pathEntries: [],
    binFolder: undefined,
    environment: {},
    frozen: undefined,
    cacheHit: false,
    manager: 'none',
    upkeep: undefined,
  };
}

/** The task's packages installed straight into the interpreter, without a virtual environment. */
export async function systemEnvironment(
  job: EnvironmentJob,
  lists: readonly PlannedList[],
): Promise<PythonEnvironment> {
  const { interpreter, request } = job;
  const { place, reporter, signal } = request;
  const python = interpreter.program;
  const found = await inspectEnvironment(place, [python], signal);
  const before = { ...found, packages: found.packages.map((one) => ({ ...one, base: true })) };
  if (lists.some((one) => !isEmptyPlan(one.plan))) {
    reporter.line(`Installing packages into ${python} itself: no virtual environment is wanted`);
    const ready = await provideGit(
      await guardIndexLogins(job, indexesOfLists(lists.map(({ located }) => located.list.options))),
      lists.flatMap((one) => planTexts(one.plan)),
    );
    const installerFor = await installerOnTop({ ...ready, python }, before);
    if (installerFor === undefined) throw noInstaller(interpreter);
    for (const { plan: planned, located } of lists) {
      // The interpreter outlives the checkout of this run.
      const external = planned.external.map((one) => ({ ...one, editable: false }));
      const plan = place.capabilities.disposable ? planned : { ...planned, external };
      const failed = await runPlan({ plan, installer: installerFor(located), priorityFirst: true, reporter });
      if (failed !== undefined) throw installError(failed);
    }
  }
  const { packages, sysPath } = await inspectOver(place, { python, before: before.packages, signal });
  const located = lists.map((one) => one.located);
  const { packages: frozen, options: frozenOptions } = frozenList(packages, located, {
    markers: markerValues(interpreter.probe),
    root: request.repository?.root,
  });
  return { ...bareEnvironment(interpreter), pathEntries: sysPath, frozen, frozenOptions };
}
