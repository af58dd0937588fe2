import type { ListOptions } from '../requirements/requirement-list.js';
import type { PipSettings } from '../settings.js';
import { type InstallContext, type Installer, installFromList } from './installer.js';
import type { PipConfiguration } from './pip-configuration.js';

export interface UvProgram {
  program: string;
  version: string;
}

export interface UvOptions {
  /** `agent.package_manager.uv_unsafe_best_match`, or uv stands in for pip, which looks at all indexes. */
  bestMatch: boolean;
  offline: boolean;
  /** Take nothing from uv's own cache: files in it were changed. */
  fresh: boolean;
}

/** Flags of pip in uv's words; `[]` where uv does so anyway. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  '--pre': ['--prerelease', 'allow'],
  '--no-deps': ['--no-deps'],
  '--upgrade': ['--upgrade'],
  '-U': ['--upgrade'],
  '--force-reinstall': ['--reinstall'],
  '--no-cache-dir': ['--no-cache'],
  '--no-build-isolation': ['--no-build-isolation'],
  '--require-hashes': ['--require-hashes'],
  '--no-index': ['--no-index'],
  '--prefer-binary': [],
  '--use-pep517': [],
  '--no-input': [],
  '--quiet': ['--quiet'],
  '-q': ['--quiet'],
  '--verbose': ['--verbose'],
  '-v': ['--verbose'],
  '--disable-pip-version-check': [],
  '--no-warn-script-location': [],
  '--no-color': [],
  '--break-system-packages': [],
  '--compile': ['--compile-bytecode'],
  '--no-compile': ['--no-compile-bytecode'],
};

/** The same with a value, `--flag value` or `--flag=value`. */
const FLAGS_WITH_VALUE: Readonly<Record<string, string | undefined>> = {
  '--index-url': '--default-index',
  '-i': '--default-index',
  '--extra-index-url': '--index',
  '--find-links': '--find-links',
  '-f': '--find-links',
  '--trusted-host': '--allow-insecure-host',
  '--no-binary': '--no-binary',
  '--only-binary': '--only-binary',
  '--constraint': '--constraint',
  '-c': '--constraint',
  '--upgrade-strategy': undefined,
  '--timeout': undefined,
  '--retries': undefined,
  '--progress-bar': undefined,
  '--cert': undefined,
  '--root-user-action': undefined,
};

/** Options that uv reads in a requirements file itself. */
const READ_IN_FILES = /^--(?:no-binary|only-binary)[\s=]/;

export interface UvSetup {
  uv: UvProgram;
  flags: readonly string[];
  /** pip's own configuration, which uv does not read. */
  pip: PipConfiguration;
  options: UvOptions;
  /** The environment that uv will see, before anything is laid over it. */
  env: Readonly<Record<string, string | undefined>>;
}

export function uvInstaller(context: InstallContext, setup: UvSetup): Installer {
  return {
    name: 'uv',
    install: ({ lines, options, what }) => {
      const translated = uvOptions(options.others);
      const argv: [string, ...string[]] = [
        setup.uv.program,
        'pip',
        'install',
        '--python',
        context.python,
        ...setup.flags,
        ...translated.flags,
      ];
      const env = uvEnvironment(withListOptions(setup.pip, options), setup.options, setup.env);
      return installFromList(context, {
        tool: 'uv',
        argv,
        lines: [...translated.lines, ...lines],
        env,
        what,
      });
    },
  };
}

/** Options of the list over pip's configuration, as pip itself does. */
function withListOptions(pip: PipConfiguration, options: ListOptions): PipConfiguration {
  return {
    ...pip,
    indexUrl: options.indexUrl ?? pip.indexUrl,
    extraIndexUrls: [...new Set([...options.extraIndexUrls, ...pip.extraIndexUrls])],
    findLinks: [...new Set([...options.findLinks, ...pip.findLinks])],
    noIndex: options.noIndex || pip.noIndex,
    constraints: [...new Set([...options.constraints, ...pip.constraints])],
  };
}

/** pip's flags as uv's; `undefined` with the first flag that only pip understands. */
export function uvFlags(flags: readonly string[]): { flags: string[] } | { unknown: string } {
  const result: string[] = [];
  for (let at = 0; at < flags.length; at++) {
    const flag = flags[at] ?? '';
    const [name = '', value] = flag.startsWith('--') ? splitFlag(flag) : [flag, undefined];
    const same = FLAGS[name];
    if (same !== undefined && value === undefined) {
      result.push(...same);
    } else if (name in FLAGS_WITH_VALUE) {
      const theirs = FLAGS_WITH_VALUE[name];
      const given = value ?? flags[++at] ?? '';
      if (theirs !== undefined) result.push(theirs, given);
    } else {
      return { unknown: flag };
    }
  }
  return { flags: result };
}

/** Options of a requirements list: some stay lines of the file, some become flags. */
export function uvOptions(options: readonly string[]): {
  lines: string[];
  flags: string[];
  unknown: string[];
} {
  const lines: string[] = [];
  const flags: string[] = [];
  const unknown: string[] = [];
  for (const option of options) {
    if (
      READ_IN_FILES.test(option) ||
      /^--(?:index-url|extra-index-url|find-links|constraint) /.test(option)
    ) {
      lines.push(option);
      continue;
    }
    const translated = uvFlags(option.split(/[\s=]+/));
    if ('unknown' in translated) unknown.push(option);
    else flags.push(...translated.flags);
  }
  return { lines, flags, unknown };
}

/** Flags of every `uv pip install`. */
export function uvInstallFlags(
  settings: PipSettings,
  { offline, fresh }: UvOptions,
): { flags: string[] } | { unknown: string } {
  const extra = uvFlags(settings.extraFlags);
  if ('unknown' in extra) return extra;
  const own = [
    ...(settings.upgrade ? ['--upgrade'] : []),
    ...(offline ? ['--offline'] : []),
    ...(fresh ? ['--no-cache'] : []),
  ];
  return { flags: [...extra.flags, ...own] };
}

/**
 * pip's configuration in uv's variables, so that uv asks the same indexes with the same certificates. What
 * the user has set for uv stays.
 */
export function uvEnvironment(
  pip: PipConfiguration,
  { bestMatch }: UvOptions,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const all = (list: readonly string[]): boolean => list.includes(':all:');
  const some = (list: readonly string[]): string => list.filter((name) => name !== ':all:').join(' ');
  const wanted: [name: string, value: string | undefined, unless?: readonly string[]][] = [
    ['UV_DEFAULT_INDEX', pip.indexUrl, ['UV_INDEX_URL']],
    ['UV_FIND_LINKS', pip.findLinks.join(',')],
    ['UV_NO_INDEX', pip.noIndex ? '1' : undefined],
    ['UV_INSECURE_HOST', pip.trustedHosts.join(' ')],
    ['UV_CONSTRAINT', pip.constraints.join(' ')],
    ['UV_PRERELEASE', pip.pre ? 'allow' : undefined],
    ['UV_NO_BINARY', all(pip.noBinary) ? '1' : undefined],
    ['UV_NO_BINARY_PACKAGE', some(pip.noBinary)],
    ['UV_NO_BUILD', all(pip.onlyBinary) ? '1' : undefined],
    ['UV_NO_BUILD_PACKAGE', some(pip.onlyBinary)],
    ['SSL_CERT_FILE', pip.certificate],
    ['SSL_CLIENT_CERT', pip.clientCertificate],
    ['HTTPS_PROXY', pip.proxy, ['https_proxy', 'ALL_PROXY']],
    ['HTTP_PROXY', pip.proxy, ['http_proxy', 'ALL_PROXY']],
    ['UV_INDEX_STRATEGY', bestMatch ? 'unsafe-best-match' : undefined],
  ];
  const indexes = [...pip.extraIndexUrls, env.UV_INDEX ?? ''].filter((url) => url !== '').join(' ');
  const result: Record<string, string> = indexes === '' ? {} : { UV_INDEX: indexes };
  for (const [name, value, unless = []] of wanted) {
    const taken = [name, ...unless].some((other) => (env[other] ?? '') !== '');
    if (value !== undefined && value !== '' && !taken) result[name] = value;
  }
  return result;
}

function splitFlag(flag: string): [string, string | undefined] {
  const at = flag.indexOf('=');
  return at === -1 ? [flag, undefined] : [flag.slice(0, at), flag.slice(at + 1)];
}
