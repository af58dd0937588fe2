import { emptyOptions, type ListOptions } from '../../packaging/list-options.js';
import { type MarkerValues, markerValues } from '../../packaging/markers.js';
import { requirementText } from '../../packaging/requirement.js';
import type { EnvironmentRequest } from '../environment-request.js';
import { mergeOptions } from '../install/install-plan.js';
import { CLEAN_ENVIRONMENT } from '../python-environment.js';
import { requiredLists, withoutForeignFiles } from '../requirements/foreign-files.js';
import {
  type ListRequest,
  type LocatedList,
  taskList,
  withCheckedFiles,
} from '../requirements/requirement-files.js';
import { taskLines } from '../requirements/requirement-source.js';
import { type CondaPlan, condaDependency, dependencyName, parseCondaLines, planConda } from './conda-plan.js';

/** What conda and pip install, and the options for pip. */
export interface CondaRequirements {
  plan: CondaPlan;
  options: ListOptions;
  /** Where both are from. */
  lists: readonly { located: LocatedList }[];
}

type RequirementRequest = ListRequest & Pick<EnvironmentRequest, 'cuda' | 'signal'>;

/** Lists of the task: its conda list, or the one of pip when there is none; an empty conda list means pip alone. */
export async function requirementPlan(
  request: RequirementRequest,
  markers: MarkerValues | undefined,
): Promise<CondaRequirements> {
  const { task, settings, cuda } = request;
  const facts = { cuda: Number.parseInt(cuda, 10) || 0, channels: settings.conda.channels, markers };
  const requirements = task.script?.requirements;
  const own = settings.requirements.forceRepository ? undefined : requirements?.conda;
  if (own === undefined || own === null) {
    const located = await requiredLists(request);
    const options = located.map(({ list }) => list.options).reduce(mergeOptions, emptyOptions());
    return {
      plan: planConda(
        located.flatMap(({ list }) => list.requirements),
        facts,
      ),
      options,
      lists: located.map((one) => ({ located: one })),
    };
  }
  const written = taskList(taskLines(requirements, settings.requirements, 'pip'), request);
  const checked = withCheckedFiles(written, request);
  const [{ list } = checked] = await withoutForeignFiles(request, [checked]);
  const lists = [{ located: checked }];
  const { requirements: pip, options } = list;
  const lines = taskLines(requirements, settings.requirements, 'conda');
  if (lines.every((line) => line.trim() === '')) {
    const plan = { channels: [...facts.channels], conda: [], pip: pip.map(requirementText), lines: {} };
    return { plan, options, lists };
  }
  const plan = planConda(parseCondaLines(lines), facts);
  const taken = new Set(plan.conda.map(dependencyName));
  const left = pip.filter(
    (one) => one.extras.length > 0 || !taken.has(dependencyName(condaDependency(one, facts))),
  );
  return {
    plan: { ...plan, pip: [...new Set([...plan.pip, ...left.map(requirementText)])] },
    options,
    lists,
  };
}

/** The names that markers may have, as the environment's Python says them. */
export async function markersOf(
  { place, signal }: EnvironmentRequest,
  prefix: string,
): Promise<MarkerValues | undefined> {
  const argv = [`${prefix}/bin/python`, '-E', '-s', '-c', MARKERS] as const;
  const answer = await place
    .exec({ argv: [...argv], env: CLEAN_ENVIRONMENT }, { signal })
    .catch(() => undefined);
  const { version, implementation, platform } = readObject(answer?.exitCode === 0 ? answer.stdout : '{}');
  if (version === undefined || implementation === undefined || platform === undefined) return undefined;
  return markerValues({ version, implementation, platform });
}

const MARKERS = `
import json, platform, sys, sysconfig
print(json.dumps({
    'version': platform.python_version(),
    'implementation': sys.implementation.name,
    'platform': sysconfig.get_platform(),
}))
`;

/** The last line of what a program of Python prints, as JSON; empty where it is none. */
export function readObject(text: string): Record<string, string> {
  try {
    return JSON.parse(text.trim().split('\n').at(-1) ?? '{}');
  } catch {
    return {};
  }
}
