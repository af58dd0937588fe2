import { eq, explain, ge, gt, lt, type Pep440Version, satisfies } from '@renovatebot/pep440';
import { AgentError } from '../errors.js';

/** One part of a version range: `['>=', '1.2']`. */
export type VersionPart = readonly [operator: string, version: string];

/** The operators of PEP 440, those that begin with others first. */
const OPERATORS = ['===', '==', '~=', '!=', '<=', '>=', '<', '>'] as const;
/** The same as alternatives of a regular expression. */
export const OPERATOR = OPERATORS.join('|');
const PART = new RegExp(`^\\s*(${OPERATOR})?\\s*(\\S(?:.*\\S)?)\\s*$`);

/** `>=20.3,<24.3` as its parts; a version alone is meant exactly. Empty parts are left out. */
export function versionParts(text: string): VersionPart[] {
  return text.split(',').flatMap((part): VersionPart[] => {
    const [, operator = '==', version] = PART.exec(part) ?? [];
    return version === undefined ? [] : [[operator, version]];
  });
}

/** Whether a version meets all parts. */
export function meetsAll(version: string, parts: readonly VersionPart[]): boolean {
  return parts.every((part) => meets(version, part));
}

/**
 * Whether a version meets one part of a range, by PEP 440; previews count like any other version. Texts that are no
 * versions can only be equal.
 *
 * @throws AgentError CONFIG_VALUE for an operator that does not exist
 */
export function meets(version: string, [operator, wanted]: VersionPart): boolean {
  const [found, sought] = [version.trim(), wanted.trim()];
  if (operator === '===') return found.toLowerCase() === sought.toLowerCase();
  if (operator === '==') return isEqual(found, sought);
  if (operator === '!=') return !isEqual(found, sought);
  if (!OPERATORS.some((known) => known === operator))
    throw new AgentError(
      'CONFIG_VALUE',
      `no such comparison of versions: ${operator}; there are ${OPERATORS.join(' ')}`,
    );
  // Forms that PEP 440 does not allow and that are in use: older tools read `>=3.6.*` in `requires-python` as `>=3.6`.
  const plain = sought.replace(/\.\*$|\+.*$/, '');
  const [one, other] = [explain(found), explain(plain)];
  if (one === null || other === null) return false;
  if (operator === '<') return lt(found, plain) && !isPreviewOf(one, other);
  if (operator === '>') return gt(found, plain) && !isRebuildOf(one, other);
  if (operator === '~=') return ge(found, plain) && beginsWith(one, compatible(other));
  return satisfies(found, operator + plain, PREVIEWS);
}

const PREVIEWS = { prereleases: true };

function isEqual(found: string, sought: string): boolean {
  if (sought === '*') return true;
  const [one, other] = [explain(found), explain(sought.replace(/\.\*$/, ''))];
  if (one === null || other === null) return found === sought;
  if (sought.endsWith('.*')) return beginsWith(one, other);
  // The library leaves local versions out, also where the range names one.
  return sought.includes('+') ? eq(found, sought) : satisfies(found, `==${sought}`, PREVIEWS);
}

type Release = Pick<Pep440Version, 'epoch' | 'release'>;

/** Whether a version belongs to `X.*`. Zeros fill up a shorter release, as in `packaging` 26; the library does not do that. */
function beginsWith(one: Pep440Version, { epoch, release }: Release): boolean {
  return one.epoch === epoch && release.every((number, at) => number === (one.release[at] ?? 0));
}

/** What `~=` keeps of a version. `~=3` is meant as poetry reads it. */
function compatible({ epoch, release }: Pep440Version): Release {
  return { epoch, release: release.slice(0, Math.max(1, release.length - 1)) };
}

/** `<1.0` leaves out 1.0rc1. The library leaves out all versions of the same release, also for `<1.0rc2`. */
function isPreviewOf(one: Pep440Version, other: Pep440Version): boolean {
  return one.is_prerelease && !other.is_prerelease && eq(one.base_version, other.base_version);
}

/** `>1.0` leaves out 1.0.post1 and 1.0+cu118. The library leaves out 1.0.post2 for `>1.0.post1`, too. */
function isRebuildOf(one: Pep440Version, other: Pep440Version): boolean {
  const rebuilt = (one.is_postrelease && !other.is_postrelease) || one.local !== null;
  return rebuilt && eq(one.base_version, other.base_version);
}

/**
 * The release that a version belongs to, as the original compares versions: the build of a vendor, such as
 * `1.13.0a0+936e930` in NVIDIA's images, counts as its release although PEP 440 has it for a preview. Python's own
 * version is compared so as well, by pip and uv. A text that is no version stays as it is.
 */
export function releaseOf(version: string): string {
  return explain(version.trim())?.base_version ?? version;
}
