import type { ConfigValue } from '../../../src/config/config.js';
import { loginFor } from '../../../src/repository/credentials.js';
import { fetchUrl } from '../../../src/repository/git-environment.js';
import {
  formatGitUrl,
  type GitUrl,
  parseGitUrl,
  withoutCredentials,
} from '../../../src/repository/git-url.js';
import { rewriteVcsRequirementUrl, vcsRepository } from '../../../src/repository/requirement-url.js';
import { type RepositorySettings, repositorySettings } from '../../../src/repository/settings.js';
import { httpToSsh, rewriteUrl, sshToHttp } from '../../../src/repository/url-rewrite.js';
import { caseConfig } from '../../support/case-config.js';

interface Input {
  op: 'ssh_to_http' | 'http_to_ssh' | 'add_credentials' | 'clone' | 'pip_requirement';
  url: string;
  line: string;
  scheme?: string;
  port?: number;
  user?: string;
  config?: Record<string, ConfigValue>;
  env?: Record<string, string>;
}

const operations: Record<Input['op'], (input: Input, settings: RepositorySettings) => unknown> = {
  ssh_to_http: ({ url, scheme = 'https' }) => rewritten(url, sshToHttp(parseGitUrl(url), scheme)),
  http_to_ssh: ({ url, port, user = 'git' }) =>
    rewritten(url, httpToSsh(parseGitUrl(url), { sshPort: port || undefined, sshUser: user })),
  add_credentials: ({ url }, settings) => bothForms(parseGitUrl(url), settings),
  clone,
  pip_requirement: ({ line }, settings) => pipRequirement(line, settings),
};

export function gitUrl(input: Input): unknown {
  return operations[input.op](input, repositorySettings(caseConfig(input.config, input.env)));
}

/** An address that is not rewritten stays as it was written. */
function rewritten(text: string, url: GitUrl): string {
  const same = JSON.stringify(url) === JSON.stringify(parseGitUrl(text));
  return same ? text : formatGitUrl(url);
}

/** The credentials that git would be given for an address, shown as a part of it. */
function withLogin(url: GitUrl, settings: RepositorySettings): string {
  const login = loginFor(url, settings);
  return formatGitUrl(login === undefined ? url : { ...url, ...loginParts(login) });
}

function loginParts({
  user,
  password,
}: {
  user: string;
  password: string;
}): Pick<GitUrl, 'user' | 'password'> {
  return { user, password };
}

function bothForms(url: GitUrl, settings: RepositorySettings): { with_auth: string; without_auth: string } {
  return { with_auth: withLogin(url, settings), without_auth: formatGitUrl(withoutCredentials(url)) };
}

/**
 * `git_args` are put together from what ours hands to git: the address, and whether git's words are wanted. Cases
 * in which the original writes credentials or headers among the arguments are declined.
 */
function clone({ url, config = {} }: Input, settings: RepositorySettings): unknown {
  const source = parseGitUrl(url);
  const target = rewriteUrl(source, settings);
  const login = loginFor(target, settings);
  const inArguments = config['agent.enable_git_ask_pass'] === false || settings.tokenKind !== 'password';
  if (login !== undefined && inArguments) return undefined;
  const { with_auth, without_auth } = bothForms(target, settings);
  return {
    url: rewritten(url, target),
    url_with_auth: with_auth,
    url_without_auth: without_auth,
    git_args: [
      'clone',
      login === undefined ? formatGitUrl(withoutCredentials(target)) : fetchUrl(source, settings),
      '/home/user/repo',
      ...(settings.submodules ? ['--recursive'] : []),
      settings.verbose ? '--verbose' : '--quiet',
    ],
    ...(login === undefined
      ? {}
      : { helper: { username: `${login.user}\n`, password: `${login.password}\n` } }),
  };
}

/** The line that pip is given, with the credentials that git gets beside it put into the address. */
function pipRequirement(line: string, settings: RepositorySettings): string {
  const address = /git\+\S+/.exec(line)?.[0];
  if (address === undefined) return line;
  const target = rewriteVcsRequirementUrl(address, settings);
  const repository = vcsRepository(target) ?? '';
  const login = loginFor(rewriteUrl(parseGitUrl(vcsRepository(address) ?? ''), settings), settings);
  if (login === undefined) return target;
  return target.replace(repository, formatGitUrl({ ...parseGitUrl(repository), ...loginParts(login) }));
}
