import { meetsAll, releaseOf, type VersionPart } from './version.js';

/** Versions of Python: alternatives, in each of which all parts hold. */
export interface PythonRange {
  alternatives: readonly (readonly VersionPart[])[];
  /** As the project writes it. */
  text: string;
}

/** Operators of Python's own form and of poetry's; a version alone is meant exactly. */
const PART = /^(\^|===|==|~=|!=|<=|>=|<|>|~|=)?\s*v?(\d+(?:\.\d+)*(?:\.\*)?|\*)\S*$/;

/**
 * Reads `>=3.9,<3.13`, and poetry's forms `^3.9`, `~3.10`, `3.11.*`, `>=3.9 <4.0`, `~3.9 || ~3.11`. `undefined` for a text
 * that is no range of versions.
 */
export function parsePythonRange(text: string): PythonRange | undefined {
  const alternatives = text.split(/\s*\|\|?\s*/).map(partsOf);
  const known = alternatives.filter((parts) => parts !== undefined);
  return known.length === alternatives.length ? { alternatives: known, text: text.trim() } : undefined;
}

/** As pip and uv check it: a preview of a Python counts as its release. */
export function inRange(version: string, range: PythonRange | undefined): boolean {
  const release = releaseOf(version);
  return range === undefined || range.alternatives.some((parts) => meetsAll(release, parts));
}

function partsOf(text: string): VersionPart[] | undefined {
  const words = text
    .replace(/(\^|[~=!<>]=?=?)\s+/g, '$1')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  const parts = words.map(partOf);
  return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? []);
}

function partOf(word: string): VersionPart[] | undefined {
  const [, operator = '', version = ''] = PART.exec(word) ?? [];
  if (version === '') return undefined;
  if (version === '*') return [];
  const numbers = version.split('.').filter((part) => part !== '*');
  const [major = '0', minor] = numbers;
  if (operator === '^')
    return [
      ['>=', version],
      ['<', above([major])],
    ];
  if (operator === '~')
    return [
      ['>=', version],
      ['<', above(minor === undefined ? [major] : [major, minor])],
    ];
  if (operator !== '' && operator !== '=' && operator !== '===') return [[operator, version]];
  return [['==', numbers.length < 3 && !version.includes('*') ? `${version}.*` : version]];
}

/** The first version above all that begin with these numbers. */
function above(numbers: readonly string[]): string {
  return numbers.map((one, at) => (at === numbers.length - 1 ? Number(one) + 1 : one)).join('.');
}
