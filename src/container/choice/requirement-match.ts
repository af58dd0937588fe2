import type { ConfigTree } from '../../config/config.js';
import { rangesOverlap } from '../../python/interpreter/version-range.js';
import { parseRequirement } from '../../python/requirements/requirement.js';
import { parseRequirementList } from '../../python/requirements/requirement-list.js';

/**
 * Whether a task requires every package of a rule, in a version that the rule accepts as well.
 *
 * @param wanted version range by package, empty for any
 * @param required the task's requirements; nothing matches without
 */
export function requirementsMatch(
  wanted: ConfigTree,
  required: string | string[] | null | undefined,
): boolean {
  const packages = required ? parseRequirementList(required).requirements : [];
  return Object.entries(wanted).every(([name, range]) => {
    const accepted = parseRequirement(name + String(range ?? '')).versions;
    return packages.some((found) => found.name === name && rangesOverlap(accepted, found.versions));
  });
}
