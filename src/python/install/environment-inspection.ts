import type { Place } from '../../drivers/driver.js';
import { AgentError } from '../../errors.js';
import { CLEAN_ENVIRONMENT } from '../python-environment.js';

export interface InstalledPackage {
  name: string;
  version: string;
  /** Address it was installed from, when that was not an index: `git+https://…@commit`, `file:///…`. */
  source: string | undefined;
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
    { argv: [program, ...prefix, '-c', SCRIPT], env: CLEAN_ENVIRONMENT },
    signal === undefined ? {} : { signal },
  );
  const line = result.stdout.trimEnd().split('\n').at(-1) ?? '';
  try {
    const value: { sysPath: string[]; packages: [string, string, string | null][] } = JSON.parse(line);
    const packages = value.packages.map(([name, version, source]) => ({
      name,
      version,
      source: source ?? undefined,
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

const SCRIPT = `
import io, json, os, sys
def headers(file):
    found = {}
    with io.open(file, encoding='utf-8', errors='replace') as lines:
        for line in lines:
            if not line.strip():
                break
            key, _, value = line.partition(':')
            if key in ('Name', 'Version'):
                found[key] = value.strip()
    return found.get('Name'), found.get('Version')
def source(folder):
    file = os.path.join(folder, 'direct_url.json')
    if not os.path.isfile(file):
        return None
    with io.open(file, encoding='utf-8') as text:
        direct = json.load(text)
    address = direct.get('url', '')
    vcs = direct.get('vcs_info')
    if vcs:
        address = '%s+%s' % (vcs.get('vcs', 'git'), address)
        if vcs.get('commit_id'):
            address += '@' + vcs['commit_id']
    if direct.get('subdirectory'):
        address += '#subdirectory=' + direct['subdirectory']
    return address
packages = {}
for folder in sys.path:
    try:
        names = sorted(os.listdir(folder or '.'))
    except OSError:
        continue
    for entry in names:
        full = os.path.join(folder, entry)
        if entry.endswith('.dist-info'):
            meta = os.path.join(full, 'METADATA')
        elif entry.endswith('.egg-info'):
            meta = full if os.path.isfile(full) else os.path.join(full, 'PKG-INFO')
        else:
            continue
        try:
            name, version = headers(meta)
            if name and version:
                packages.setdefault(name.lower().replace('_', '-'), (name, version, source(full)))
        except (OSError, ValueError):
            pass
print(json.dumps({'sysPath': [p for p in sys.path if p], 'packages': sorted(packages.values(), key=lambda p: p[0].lower())}))
`;
