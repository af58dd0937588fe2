import type { Place } from '../../drivers/driver.js';
import { AgentError } from '../../errors.js';
import { programText } from '../../os/program-file.js';
import { CLEAN_ENVIRONMENT } from '../python-environment.js';

export interface InstalledPackage {
  name: string;
  version: string;
  /** Address it was installed from, when that was not an index: `git+https://…@commit`, `file:///…`. */
  source: string | undefined;
  /** Its files are used where they are. */
  editable: boolean;
  /** What it needs, as its metadata says: `numpy>=1.2; extra == "fast"`. */
  requires: string[];
  /** It was there before the task's packages were installed. */
  base: boolean;
}

export interface Inspection {
  /** Folders that the interpreter imports from. */
  sysPath: string[];
  packages: InstalledPackage[];
}

/**
 * Asks an environment's Python what it has. The package metadata is read directly, so neither pip nor a new
 * Python is needed, and it takes milliseconds.
 */
export async function inspectEnvironment(
  place: Place,
  python: readonly string[],
  signal?: AbortSignal,
): Promise<Inspection> {
  const [program = 'python3', ...prefix] = python;
  const result = await place.exec(
    {
      argv: [program, ...prefix, '-c', programText('inspect_environment.py', import.meta.url)],
      env: CLEAN_ENVIRONMENT,
    },
    signal === undefined ? {} : { signal },
  );
  const line = result.stdout.trimEnd().split('\n').at(-1) ?? '';
  try {
    const value: { sysPath: string[]; packages: Described[] } = JSON.parse(line);
    const packages = value.packages.map((one) => ({
      ...one,
      source: one.source ?? undefined,
      base: false,
    }));
    return { sysPath: value.sysPath, packages };
  } catch (cause) {
    throw new AgentError(
      'ENVIRONMENT_CREATE',
      `${python.join(' ')} does not run: exit status ${result.exitCode}`,
      {
        detail: result.stderr.trim(),
        cause,
      },
    );
  }
}

type Described = Omit<InstalledPackage, 'source' | 'base'> & { source: string | null };

/**
 * The same for an environment that was looked at before: what is as it was then and came with the environment is
 * still no package of the task.
 */
export async function inspectOver(
  place: Place,
  { python, before, signal }: { python: string; before: readonly InstalledPackage[]; signal: AbortSignal },
): Promise<Inspection> {
  const found = await inspectEnvironment(place, [python], signal);
  return {
    ...found,
    packages: withBase(
      found.packages,
      before.filter(({ base }) => base),
    ),
  };
}

/** The packages with a mark at those that were there before. */
function withBase(
  packages: readonly InstalledPackage[],
  before: readonly InstalledPackage[],
): InstalledPackage[] {
  const described = ({ name, version, source }: InstalledPackage) => JSON.stringify([name, version, source]);
  const there = new Set(before.map(described));
  return packages.map((one) => ({ ...one, base: there.has(described(one)) }));
}
