import { fromFolder, type ListOptions } from '../../packaging/list-options.js';
import { expandListed } from '../../packaging/list-variables.js';
import { type InstallContext, type Installer, installFromList } from './installer.js';
import type { PipConfiguration } from './pip-configuration.js';
import { type UvOptions, uvOptions } from './uv-flags.js';
import { uvIndexes } from './uv-index-file.js';

export interface UvProgram {
  program: string;
  version: string;
}

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
  const { cwd } = context;
  let project: Promise<string> | undefined;
  return {
    name: 'uv',
    install: async ({ lines, options, what, editable }) => {
      const expand = (text: string): string => expandListed(text, setup.env);
      const translated = uvOptions(options.others);
      project ??= emptyProject(context);
      const argv: [string, ...string[]] = [
        setup.uv.program,
        'pip',
        'install',
        '--project',
        await project,
        '--no-sources',
        '--python',
        context.python,
        ...setup.flags,
        ...translated.flags,
      ];
      const { findLinks, constraints } = cwd === undefined ? options : fromFolder(options, cwd);
      const listed = [
        ...findLinks.map((link) => `--find-links ${link}`),
        ...constraints.map((file) => `--constraint ${file}`),
        ...translated.lines,
        ...(editable === true ? lines.map((line) => `-e ${line}`) : lines),
      ];
      const variables = uvEnvironment(withIndexesOf(setup.pip, options, expand), setup.options, setup.env);
      const { env, file } = uvIndexes(variables, setup.env, cwd);
      const command = { tool: 'uv', argv, lines: listed.map(expand), env, what } as const;
      if (file === undefined) return installFromList(context, command);
      const settings = `${await project}/uv.toml`;
      await context.place.write(settings, file, 0o600);
      try {
        return await installFromList(context, command);
      } finally {
        await context.place.write(settings, '', 0o600);
      }
    },
  };
}

/**
 * A project without settings. uv looks for `uv.toml` and `pyproject.toml` in the folder where it starts and in those
 * above, and what it finds there changes versions and targets; pip reads none of it. The settings of the user and of
 * the machine remain.
 */
async function emptyProject({ place, listFile }: InstallContext): Promise<string> {
  const folder = `${listFile}.project`;
  const make = 'mkdir -p "$1" && : >"$1/uv.toml" && : >"$1/pyproject.toml"';
  await place.exec({ argv: ['/bin/sh', '-c', make, 'sh', folder] });
  return folder;
}

/** Indexes of the list over pip's configuration, as pip itself does. */
function withIndexesOf(
  pip: PipConfiguration,
  { indexUrl, extraIndexUrls, noIndex }: ListOptions,
  expand: (text: string) => string,
): PipConfiguration {
  return {
    ...pip,
    indexUrl: indexUrl === undefined ? pip.indexUrl : expand(indexUrl),
    extraIndexUrls: [...new Set([...extraIndexUrls.map(expand), ...pip.extraIndexUrls])],
    noIndex: noIndex || pip.noIndex,
  };
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
