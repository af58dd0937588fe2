import { OWN_PREPARATION, type SetupScript } from '../../container/setup-scripts.js';
import type { Place, SystemTool } from '../driver.js';

/** Variables of a container that name further packages to install, the first that is set counts. */
const PACKAGE_VARIABLES = ['CLEARML_APT_INSTALL', 'TRAINS_APT_INSTALL'];

/** Whether packages may be named: by the container's variables, or by a script that sets them. */
export function namesPackages(
  environment: Readonly<Record<string, string>>,
  scripts: readonly SetupScript[],
): boolean {
  if (scripts.some(({ name }) => name === OWN_PREPARATION)) return false;
  return PACKAGE_VARIABLES.some(
    (name) =>
      environment[name] ||
      scripts.some(({ text, sets }) => sets?.includes(name) || text.includes(`${name}=`)),
  );
}

/** The packages that the variables name. */
export function namedPackages(environment: Readonly<Record<string, string>>): string[] {
  const text = PACKAGE_VARIABLES.map((name) => environment[name]?.trim()).find(Boolean) ?? '';
  return text.split(/\s+/).filter((name) => name !== '');
}

/** Words of a script that show that it counts on a program. */
const USES: readonly (readonly [SystemTool, RegExp])[] = [
  ['git', /(?:^|[\s;&|(`])git\s/m],
  ['pip', /(?:^|[\s;&|(`/])(?:python3?|pip3?)\s/m],
];
const INSTALLS = /(?:^|[\s;&|(`/])(?:apt|apt-get)\s(?:[^\n;&|]*\s)?install\s/m;
const REFRESHES = /(?:^|[\s;&|(`/])(?:apt|apt-get)\s(?:[^\n;&|]*\s)?update\b/m;

/** Programs that are there in a container that is asked for them. */
const PROBE = `
for name in git python3; do
  if command -v "$name" >/dev/null 2>&1; then echo "$name"; fi
done
for list in /var/lib/apt/lists/*Packages*; do
  if [ -e "$list" ]; then echo lists; break; fi
done
exit 0
`;
const PROGRAMS: Readonly<Partial<Record<SystemTool, string>>> = { git: 'git', pip: 'python3' };

/**
 * The original updates the lists of packages and installs git and pip before it runs such scripts, in every
 * container. Here it happens for scripts that show that they need it.
 *
 * @returns what to install after fetching the lists; `undefined` when nothing is to be done
 */
export async function toolsForScripts(
  place: Pick<Place, 'exec'>,
  scripts: readonly SetupScript[],
): Promise<SystemTool[] | undefined> {
  const text = scripts.map((script) => script.text.replace(/^\s*#.*$/gm, '')).join('\n');
  const wanted = USES.filter(([, words]) => words.test(text)).map(([tool]) => tool);
  const needsLists = INSTALLS.test(text) && !REFRESHES.test(text);
  if (wanted.length === 0 && !needsLists) return undefined;
  const { stdout } = await place.exec({ argv: ['/bin/sh', '-c', PROBE] });
  const there = new Set(stdout.split('\n'));
  const lacking = wanted.filter((tool) => !there.has(PROGRAMS[tool] ?? ''));
  return lacking.length > 0 || (needsLists && !there.has('lists')) ? lacking : undefined;
}
