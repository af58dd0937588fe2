import {
  normalName,
  parseRequirement,
  type Requirement,
  requirementText,
} from '../../packaging/requirement.js';

/**
 * One line for each package of a list: the old resolver of pip refuses a list that names a package twice, also where
 * the versions agree.
 */
export function mergeRepeated(lines: readonly string[]): string[] {
  const merged = new Map<string, Requirement>();
  for (const line of lines) {
    const requirement = parseRequirement(line);
    const { kind, name = '', marker = '' } = requirement;
    const key = kind === 'index' ? `${normalName(name)};${marker}` : line;
    const first = merged.get(key);
    merged.set(key, first === undefined ? requirement : together(first, requirement));
  }
  return [...merged.values()].map(requirementText);
}

function together(first: Requirement, second: Requirement): Requirement {
  if (first.kind !== 'index') return first;
  return {
    ...first,
    extras: [...new Set([...first.extras, ...second.extras])],
    versions: [
      ...new Map([...first.versions, ...second.versions].map((one) => [one.join(''), one])).values(),
    ],
    options: [...new Set([...first.options, ...second.options])],
  };
}
