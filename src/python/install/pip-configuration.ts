import type { Place } from '../../drivers/driver.js';
import { withoutLogin } from './freeze.js';

/** pip's own settings that decide what is installed and from where: configuration files, then environment. */
export interface PipConfiguration {
  indexUrl: string | undefined;
  extraIndexUrls: string[];
  findLinks: string[];
  noIndex: boolean;
  trustedHosts: string[];
  certificate: string | undefined;
  clientCertificate: string | undefined;
  proxy: string | undefined;
  constraints: string[];
  pre: boolean;
  noBinary: string[];
  onlyBinary: string[];
  /** Keys that only pip understands. */
  others: string[];
  /** The same with their values. */
  otherSettings: string[];
}

/** Settings that change how pip talks or waits, not what it installs. */
const NEUTRAL = new Set([
  'timeout',
  'default-timeout',
  'retries',
  'disable-pip-version-check',
  'no-cache-dir',
  'cache-dir',
  'no-input',
  'progress-bar',
  'quiet',
  'verbose',
  'no-color',
  'root-user-action',
  'break-system-packages',
  'require-virtualenv',
  'log',
  'no-warn-script-location',
  'no-python-version-warning',
  'exists-action',
  'user',
  'target',
  'prefix',
  'format',
  'config-file',
  'keyring-provider',
  'no-compile',
  'compile',
  'use-deprecated',
  'use-feature',
  'python',
  'no-clean',
  'src',
  'debug',
]);

/**
 * Reads what pip itself would read for `pip install`, lowest first, for the tools that stand in for it.
 *
 * @param known texts of `configurationFiles`, where they have been read already
 */
export async function readPipConfiguration(
  place: Place,
  env: Readonly<Record<string, string | undefined>>,
  known?: ReadonlyMap<string, string>,
): Promise<PipConfiguration> {
  const values = new Map<string, string>();
  for (const file of configurationFiles(env)) {
    const text = known === undefined ? await place.read(file) : known.get(file);
    if (text === undefined) continue;
    for (const [key, value] of readIni(text, ['global', 'install'])) values.set(key, value);
  }
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith('PIP_') && value !== undefined && value !== '')
      values.set(optionName(name.slice('PIP_'.length)), value);
  }
  return configurationOf(values);
}

/** What of it changes the packages that get installed, without passwords: they change, the packages do not. */
export function configurationKey(configuration: PipConfiguration): string[] {
  const { indexUrl, extraIndexUrls, findLinks, noIndex, constraints, pre, noBinary, onlyBinary } =
    configuration;
  return [
    indexUrl ?? '',
    ...extraIndexUrls,
    '',
    ...findLinks,
    '',
    String(noIndex),
    ...constraints,
    String(pre),
    ...noBinary,
    '',
    ...onlyBinary,
    '',
    ...configuration.otherSettings,
  ].map(withoutLogin);
}

function configurationOf(values: ReadonlyMap<string, string>): PipConfiguration {
  const words = (key: string): string[] => (values.get(key) ?? '').split(/\s+/).filter((word) => word !== '');
  const yes = (key: string): boolean => /^(1|y|yes|t|true|on)$/i.test(values.get(key) ?? '');
  const known = new Set([
    'index-url',
    'extra-index-url',
    'find-links',
    'no-index',
    'trusted-host',
    'cert',
    'client-cert',
    'proxy',
    'constraint',
    'pre',
    'no-binary',
    'only-binary',
  ]);
  const others = [...values.keys()].filter((key) => !known.has(key) && !NEUTRAL.has(key)).sort();
  return {
    indexUrl: values.get('index-url'),
    extraIndexUrls: words('extra-index-url'),
    findLinks: words('find-links'),
    noIndex: yes('no-index'),
    trustedHosts: words('trusted-host'),
    certificate: values.get('cert'),
    clientCertificate: values.get('client-cert'),
    proxy: values.get('proxy'),
    constraints: words('constraint'),
    pre: yes('pre'),
    noBinary: words('no-binary').flatMap((list) => list.split(',')),
    onlyBinary: words('only-binary').flatMap((list) => list.split(',')),
    others,
    otherSettings: others.map((key) => `${key}=${values.get(key)}`),
  };
}

/** Machine, user, then the file that the environment names. */
export function configurationFiles(env: Readonly<Record<string, string | undefined>>): string[] {
  const home = env.HOME ?? '/root';
  const xdg = env.XDG_CONFIG_HOME || `${home}/.config`;
  if (env.PIP_CONFIG_FILE === '/dev/null') return [];
  const named = env.PIP_CONFIG_FILE ? [env.PIP_CONFIG_FILE] : [];
  return ['/etc/xdg/pip/pip.conf', '/etc/pip.conf', `${home}/.pip/pip.conf`, `${xdg}/pip/pip.conf`, ...named];
}

/** Values of the sections named; the later section wins. A value may continue in indented lines. */
export function readIni(text: string, sections: readonly string[]): Map<string, string> {
  const found = new Map<string, Map<string, string>>();
  let section = '';
  let key: string | undefined;
  for (const raw of text.split(/\r?\n/)) {
    if (/^\s*(?:[#;]|$)/.test(raw)) continue;
    const head = /^\[(.+)\]\s*$/.exec(raw);
    const pair = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(raw);
    const values = found.get(section) ?? new Map<string, string>();
    found.set(section, values);
    if (head !== null) {
      section = head[1] ?? '';
      key = undefined;
    } else if (/^\s/.test(raw) && key !== undefined) {
      values.set(key, `${values.get(key)} ${raw.trim()}`.trim());
    } else if (pair !== null) {
      key = optionName(pair[1] ?? '');
      values.set(key, (pair[2] ?? '').trim());
    }
  }
  return new Map(sections.flatMap((name) => [...(found.get(name) ?? [])]));
}

function optionName(text: string): string {
  return text.trim().toLowerCase().replaceAll('_', '-').replace(/^--/, '');
}
