import { fromRepositoryRoot } from '../requirements/repository-folder.js';
import { normalName } from '../requirements/requirement.js';
import type { InstalledPackage } from './environment-inspection.js';

/** Tools of the environment itself; listed only when the task asked for them. */
const TOOLS = new Set(['pip', 'setuptools', 'wheel', 'distribute', 'uv']);

/**
 * The packages of an environment as the lines that install them again, as `pip freeze` writes them, sorted
 * without regard to case. `asked` are the names in the task's own list: `pip` and `setuptools` come first
 * then, with the version found. Packages of the task's repository are paths from its root.
 */
export function freezeLines(packages: readonly InstalledPackage[], asked: readonly string[] = []): string[] {
  const wanted = new Set(asked.map(normalName));
  const lines = packages
    .filter(({ name }) => !name.toLowerCase().includes('clearml-agent') && !TOOLS.has(normalName(name)))
    .map(freezeLine)
    .sort((a, b) => compareText(a.toLowerCase(), b.toLowerCase()))
    .map(fromRepositoryRoot);
  const tools = packages.filter(({ name }) => TOOLS.has(normalName(name)) && wanted.has(normalName(name)));
  return [...tools.map(freezeLine), ...lines];
}

function freezeLine({ name, version, source }: InstalledPackage): string {
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
