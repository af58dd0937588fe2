import type { SystemNeeds, SystemTool } from '../driver.js';

type Command = readonly [string, ...string[]];

/** How one family of systems installs packages. */
export interface PackageManager {
  name: string;
  /** Fetches the lists of packages; absent where installing does so. */
  refresh?: Command;
  /** Package names follow. */
  install: Command;
  /** Packages that come along because they go well together, not because they are needed, are left out. */
  installOnlyNeeded: Command;
  packages: Readonly<Record<SystemTool, readonly string[]>>;
}

/** Images of Debian's family empty their cache of packages; one that is shared with other containers is to stay. */
const KEEP_PACKAGES = `
if [ -e /etc/apt/apt.conf.d/docker-clean ]; then
  echo 'Binary::apt::APT::Keep-Downloaded-Packages "true";' > /etc/apt/apt.conf.d/docker-clean
fi
exec apt-get update -q -y
`;

/** What is lost with the container need not be on the disk at once. */
const APT_FLAGS = ['-q', '-y', '-o', 'Dpkg::Options::=--force-unsafe-io'] as const;

const FEDORA = {
  python: ['python3'],
  pip: ['python3', 'python3-pip'],
  git: ['git'],
  opencv: ['libSM', 'libXext', 'libXrender', 'glib2', 'mesa-libGL'],
} as const;

/** Looked for in this order. */
export const PACKAGE_MANAGERS: readonly PackageManager[] = [
  {
    name: 'apt-get',
    refresh: ['/bin/sh', '-c', KEEP_PACKAGES],
    install: ['apt-get', 'install', ...APT_FLAGS],
    installOnlyNeeded: ['apt-get', 'install', ...APT_FLAGS, '--no-install-recommends'],
    packages: {
      python: ['python3'],
      pip: ['python3', 'python3-pip', 'python3-venv'],
      git: ['git', 'ca-certificates'],
      opencv: ['libsm6', 'libxext6', 'libxrender1', 'libglib2.0-0', 'libgl1'],
    },
  },
  ...['dnf', 'microdnf', 'yum'].map((name) => ({
    name,
    install: [name, 'install', '-y'] as const,
    installOnlyNeeded: [name, 'install', '-y'] as const,
    packages: FEDORA,
  })),
  {
    name: 'apk',
    install: ['apk', 'add', '--no-cache'],
    installOnlyNeeded: ['apk', 'add', '--no-cache'],
    packages: {
      python: ['python3'],
      pip: ['python3', 'py3-pip'],
      git: ['git'],
      opencv: ['libsm', 'libxext', 'libxrender', 'glib', 'mesa-gl'],
    },
  },
  {
    name: 'zypper',
    install: ['zypper', '--non-interactive', 'install'],
    installOnlyNeeded: ['zypper', '--non-interactive', 'install', '--no-recommends'],
    packages: {
      python: ['python3'],
      pip: ['python3', 'python3-pip'],
      git: ['git'],
      opencv: ['libSM6', 'libXext6', 'libXrender1', 'libglib-2_0-0', 'Mesa-libGL1'],
    },
  },
];

/** One call of a package manager. */
export interface InstallStep {
  argv: Command;
  /** For the log: `python3, git`. */
  what: string;
}

/** The calls that bring what is needed; packages asked for by name come with all that goes with them. */
export function installSteps(manager: PackageManager, { tools, packages = [] }: SystemNeeds): InstallStep[] {
  const needed = [...new Set(tools.flatMap((tool) => manager.packages[tool]))];
  return [
    { command: manager.installOnlyNeeded, names: needed },
    { command: manager.install, names: packages.filter((name) => !needed.includes(name)) },
  ]
    .filter(({ names }) => names.length > 0)
    .map(({ command: [program, ...rest], names }) => ({
      argv: [program, ...rest, ...names],
      what: names.join(', '),
    }));
}
