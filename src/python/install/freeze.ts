import { type MarkerValues, markerHolds } from '../../packaging/markers.js';
import { normalName, parseRequirement, type Requirement } from '../../packaging/requirement.js';
import { fromRepositoryRoot } from '../requirements/repository-folder.js';
import type { InstalledPackage } from './environment-inspection.js';

/** What installs packages; listed only when the task asked for it. */
const INSTALLERS = new Set(['pip', 'distribute', 'uv']);
/** First in the list when the task asked for them. */
const TOOLS = new Set([...INSTALLERS, 'setuptools', 'wheel']);

/**
 * The packages of an environment as the lines that install them again, as `pip freeze` writes them, sorted
 * without regard to case: what was asked for or installed, and all that it needs. `asked` are the packages of the
 * task's own list: `pip` and `setuptools` come first then, with the version found. Packages of the task's
 * repository are paths from its root.
 */
export function freezeLines(
  packages: readonly InstalledPackage[],
  asked: readonly AskedPackage[],
  markers: MarkerValues,
): string[] {
  const names = new Set(asked.map(({ name }) => normalName(name ?? '')));
  const needed = neededPackages(packages, asked, markers);
  const kept = packages.filter(
    ({ name }) =>
      needed.has(normalName(name)) &&
      !name.toLowerCase().includes('clearml-agent') &&
      (!INSTALLERS.has(normalName(name)) || names.has(normalName(name))),
  );
  const isTool = ({ name }: InstalledPackage) => TOOLS.has(normalName(name)) && names.has(normalName(name));
  const others = kept
    .filter((one) => !isTool(one))
    .sort((a, b) => compareText(namedLine(a).toLowerCase(), namedLine(b).toLowerCase()));
  const options = optionsByName(asked);
  return [...kept.filter(isTool), ...others].map((one) =>
    [fromRepositoryRoot(freezeLine(one)), ...(options.get(normalName(one.name)) ?? [])].join(' '),
  );
}

/** Options of single lines: hashes. */
function optionsByName(asked: readonly AskedPackage[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { name = '', options } of asked) {
    const before = found.get(normalName(name)) ?? [];
    found.set(normalName(name), [...new Set([...before, ...options])]);
  }
  return found;
}

/** A package that a list names. */
export type AskedPackage = Pick<Requirement, 'name' | 'extras' | 'options'>;

/** Names of what was asked for or came in with it, and of all that these need. */
function neededPackages(
  packages: readonly InstalledPackage[],
  asked: readonly AskedPackage[],
  markers: MarkerValues,
): Set<string> {
  const installed = new Map(packages.map((one) => [normalName(one.name), one]));
  const seen = new Set<string>();
  const names = new Set<string>();
  const todo: { name: string; extras: readonly string[] }[] = [
    ...asked.map(({ name = '', extras }) => ({ name, extras })),
    ...packages.filter(({ base }) => !base).map(({ name }) => ({ name, extras: [] })),
  ];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { extras } = next;
    const one = installed.get(normalName(next.name));
    const key = `${normalName(next.name)}[${[...extras].sort().join(',')}]`;
    if (one === undefined || seen.has(key)) continue;
    seen.add(key);
    names.add(normalName(one.name));
    todo.push(...one.requires.map(parseRequirement).flatMap((need) => needed(need, extras, markers)));
  }
  return names;
}

function needed(
  { name, extras, marker }: Requirement,
  chosen: readonly string[],
  markers: MarkerValues,
): { name: string; extras: readonly string[] }[] {
  if (name === undefined) return [];
  const holds = ['', ...chosen].some(
    (extra) => marker === undefined || markerHolds(marker, { ...markers, extra }),
  );
  return holds ? [{ name, extras }] : [];
}

function freezeLine(one: InstalledPackage): string {
  const { source = '', editable } = one;
  return editable && source.startsWith('file:') ? `-e ${source}` : namedLine(one);
}

function namedLine({ name, version, source }: InstalledPackage): string {
  return source === undefined ? `${name}==${version}` : `${name} @ ${withoutLogin(source)}`;
}

/** An address without password or token; the bare user of ssh stays, which is no secret and is needed. */
export function withoutLogin(address: string): string {
  return address.replace(/(:\/\/)[^/@\s:]*:[^/@\s]*@/g, '$1').replace(/(https?:\/\/)[^/@\s]+@/gi, '$1');
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
