import { readdir } from 'node:fs/promises';
import type { ContainerSurvey } from './containers/container-survey.js';
import type { EnvironmentRequest } from './environment-request.js';
import type { Interpreter } from './interpreter/interpreter.js';
import { normalName } from './requirements/requirement.js';

/** Folders and files that describe an installed package: `numpy-1.26.4.dist-info`. */
const DESCRIPTION = /\.(?:dist-info|egg-info|egg-link)$/;
/** Folders of packages; the others hold the interpreter's own modules. */
const PACKAGES = /-packages$/;
/** What interpreters come with so that packages can be installed. */
export const INSTALL_TOOLS: ReadonlySet<string> = new Set(['pip', 'setuptools', 'wheel', 'distribute']);

const LIST = `
for folder; do
  for file in "$folder"/*.dist-info "$folder"/*.egg-info "$folder"/*.egg-link; do
    if [ -e "$file" ]; then printf '%s\\n' "\${file##*/}"; fi
  done
done
`;

/**
 * The packages that an environment sees besides its own, by the names of their descriptions; empty for one that
 * sees none.
 */
export async function inheritedPackages(
  { place, settings, signal }: EnvironmentRequest,
  { probe }: Interpreter,
  survey: ContainerSurvey | undefined,
): Promise<string[]> {
  if (!settings.systemSitePackages) return [];
  if (place.capabilities.hostPaths) {
    const names = await Promise.all(probe.sysPath.map((folder) => readdir(folder).catch(() => [])));
    return names
      .flat()
      .filter((name) => DESCRIPTION.test(name))
      .sort();
  }
  const seen = probe.sysPath.flatMap((folder) => survey?.packages.get(folder) ?? []);
  const unseen = probe.sysPath.filter((folder) => PACKAGES.test(folder) && !survey?.packages.has(folder));
  if (unseen.length === 0) return seen.sort();
  const argv = ['/bin/sh', '-c', LIST, 'sh', ...unseen] as const;
  const { stdout } = await place.exec({ argv: [...argv] }, { signal });
  const listed = stdout.split('\n').filter((name) => name !== '');
  return [...seen, ...listed].sort();
}

/** Whether there is more than what installs packages. */
export function hasPackages(descriptions: readonly string[]): boolean {
  return descriptions.some((name) => !INSTALL_TOOLS.has(normalName(name.split(/[-.]/, 1)[0] ?? '')));
}
