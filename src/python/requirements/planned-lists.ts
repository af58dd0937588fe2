import type { EnvironmentJob } from '../environment-job.js';
import { mergeOptions, planInstall } from '../install/install-plan.js';
import type { PlannedList } from '../install/package-build.js';
import type { LocatedList } from './requirement-files.js';

/** The order of installation for each list, the configured indexes before its own. */
export function planLists(job: EnvironmentJob, located: readonly LocatedList[]): PlannedList[] {
  const { requirements } = job.request.settings;
  return located.map((one) => {
    const options = mergeOptions(job.indexes, one.list.options);
    return { located: one, plan: planInstall({ ...one.list, options }, requirements) };
  });
}
