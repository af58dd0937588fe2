import { cleanUrl, formatGitUrl, type GitUrl, isHttp, parseGitUrl, withoutCredentials } from './git-url.js';
import type { RepositorySettings } from './settings.js';
import { rewriteUrl } from './url-rewrite.js';

const VCS_ADDRESS = /(?:git\+[a-z][a-z0-9+.-]*|\bgit):\/\/[^\s;"']+/gi;
/** git's own protocol knows no login, and hosts have given it up for https. */
const GIT_PROTOCOL = /^git(?:\+git)?:\/\//i;

/** As a task has them: lists or texts by package manager. */
type RequirementLists = Readonly<Record<string, string | string[] | null | undefined>>;

/** An address as package tools write it, taken apart. */
interface VcsAddress {
  /** With the credentials that are written into it, to be passed to `gitEnvironment`. */
  repository: string;
  /** `@revision`, query and fragment. */
  rest: string;
}

/**
 * `git+…` address of a requirement as it is handed to a package tool: rewritten like that of a task's repository
 * and without credentials, which reach git through `gitEnvironment([vcsRepository(address)], …)`. Other texts are
 * given back as they are.
 *
 * @golden
 */
export function rewriteVcsRequirementUrl(address: string, settings: RepositorySettings): string {
  const parts = takeApart(address);
  if (parts === undefined) return address;
  const url = parseGitUrl(parts.repository);
  const target = rewriteUrl(url, settings);
  return `git+${formatGitUrl(shown(target))}${parts.rest}`;
}

/** The repository's own address in a `git+…` address; `undefined` for other texts. */
export function vcsRepository(address: string): string | undefined {
  return takeApart(address)?.repository;
}

/**
 * Requirements whose `git+…` addresses hold no password or token, which would be an argument of git: they reach it
 * through `gitEnvironment(vcsRepositories(requirements), …)`.
 */
export function withoutVcsLogins(requirements: RequirementLists): RequirementLists {
  const clean = (text: string) => text.replace(VCS_ADDRESS, withoutVcsLogin);
  return Object.fromEntries(
    Object.entries(requirements).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.map(clean) : typeof value === 'string' ? clean(value) : value,
    ]),
  );
}

function withoutVcsLogin(written: string): string {
  const address = written.replace(GIT_PROTOCOL, 'git+https://');
  const parts = takeApart(address);
  if (parts === undefined) return address;
  const url = parseGitUrl(parts.repository);
  if (!isHttp(url)) return address;
  const plain = url.password === undefined ? cleanUrl(url) : withoutCredentials(url);
  return `git+${formatGitUrl(plain)}${parts.rest}`;
}

/** A repository that a requirement names. */
export interface SourceAddress {
  /** With the credentials that are written into it. */
  repository: string;
  /** `undefined` for the default branch, and where the text does not say. */
  revision?: string;
}

/** Sources of uv (`git = "…"`, with `#commit` in its lock file) and of poetry's lock file. */
const PROJECT_ADDRESS = /\bgit\s*=\s*"([^"]+)"|type = "git"\s+url = "([^"]+)"/g;

/** The repositories that lists of requirements, `pyproject.toml` and lock files name. */
export function nestedAddresses(text: string): SourceAddress[] {
  const listed = (text.match(VCS_ADDRESS) ?? []).flatMap((address): SourceAddress[] => {
    const parts = takeApart(address.replace(GIT_PROTOCOL, 'git+https://'));
    if (parts === undefined) return [];
    const revision = /^@([^?#]+)/.exec(parts.rest)?.[1];
    return [{ repository: parts.repository, ...(revision === undefined ? {} : { revision }) }];
  });
  const sources = [...text.matchAll(PROJECT_ADDRESS)].map(([, one, other]): SourceAddress => {
    const [repository = '', commit] = (one ?? other ?? '').split('#', 2);
    return {
      repository: repository.replace(/\?.*$/, ''),
      ...(commit && /^[0-9a-f]{40}$/.test(commit) ? { revision: commit } : {}),
    };
  });
  return [...listed, ...sources.filter(({ repository }) => repository !== '')];
}

/** Addresses with the logins that other spellings of the same repository have. */
export function withLogins(addresses: readonly SourceAddress[], spelled: readonly string[]): SourceAddress[] {
  const plain = (text: string): string => formatGitUrl(shown(parseGitUrl(text)));
  const known = new Map(spelled.map((text) => [plain(text), text]));
  return addresses.map((one) => ({ ...one, repository: known.get(plain(one.repository)) ?? one.repository }));
}

/** The repositories that requirements name, as texts or lists of lines. */
export function vcsRepositories(requirements: RequirementLists): string[] {
  const texts = Object.values(requirements).map((value) => [value ?? ''].flat().join('\n'));
  const found = texts.flatMap((text) => text.match(VCS_ADDRESS) ?? []);
  const addresses = found.map((address) => address.replace(GIT_PROTOCOL, 'git+https://'));
  return [...new Set(addresses)].map(vcsRepository).filter((repository) => repository !== undefined);
}

function shown(url: GitUrl): GitUrl {
  return isHttp(url) ? withoutCredentials(url) : cleanUrl(url);
}

/** The revision follows the last `@` of the path; the one of `user@host` is before it. */
function takeApart(address: string): VcsAddress | undefined {
  const match = /^git\+([a-z][a-z0-9+.-]*:\/\/[^/?#]*)([^?#]*)(.*)$/is.exec(address.trim());
  if (match === null) return undefined;
  const [, authority = '', path = '', suffix = ''] = match;
  const at = path.lastIndexOf('@');
  const end = at === -1 ? path.length : at;
  return { repository: authority + path.slice(0, end), rest: path.slice(end) + suffix };
}
