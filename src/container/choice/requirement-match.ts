import type { ConfigTree } from '../../config/config.js';
import { parseRequirement } from '../../packaging/requirement.js';
import { parseRequirementList } from '../../packaging/requirement-list.js';
import { rangesOverlap } from '../../packaging/version-range.js';

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
