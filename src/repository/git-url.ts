import { ownMember } from '../os/own-member.js';

/** An address of a git repository, taken apart. */
export interface GitUrl {
  /**
   * `scp` is `user@host:path`; `helper` is `transport::address`, for a program of that name, whose address only it can
   * read; `local` a path, or anything else that is handed to git as it is.
   */
  form: 'url' | 'scp' | 'helper' | 'local';
  /** Lower case; `ssh` for the scp form, empty for local ones. For `helper` the transport, as written. */
  scheme: string;
  /** Decoded. */
  user?: string;
  /** Decoded. */
  password?: string;
  /** Lower case, without port; an IPv6 address keeps its brackets. Empty for `file:`, helpers and local ones. */
  host: string;
  port?: number;
  /** Begins with `/` in a URL; in the scp form everything after the colon; for a helper the whole text. */
  path: string;
  /** Query and fragment of a URL, as written. */
  suffix: string;
}

const URL_FORM =
  /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?(\[[^\]/]*\]|[^/:?#@]*)(?::([^/?#]*))?([^?#]*)(.*)$/is;
const SCP_FORM = /^(?:([^/@:#]*)@)?(\[[^\]/]+\]|[^/@:#[\]]+):(.*)$/s;
/** As git tells them apart: letters of a scheme, then two colons. */
const HELPER_FORM = /^([a-z0-9][a-z0-9+.-]*)::/i;
const WINDOWS_PATH = /^[a-z]:[\\/]/i;

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, ssh: 22, git: 9418 };
const SSH_SCHEMES: ReadonlySet<string> = new Set(['ssh', 'git+ssh', 'ssh+git']);

/** Never fails: what is not an address is `local`, and git has the last word on it. */
export function parseGitUrl(text: string): GitUrl {
  const trimmed = text.trim();
  return parseUrlForm(trimmed) ?? parseHelperForm(trimmed) ?? parseScpForm(trimmed) ?? local(trimmed);
}

/** The address as text; ports that the scheme implies are left out. */
export function formatGitUrl(url: GitUrl): string {
  if (url.form === 'local' || url.form === 'helper') return url.path;
  if (url.form === 'scp') return `${url.user === undefined ? '' : `${url.user}@`}${url.host}:${url.path}`;
  const port =
    url.port === undefined || url.port === ownMember(DEFAULT_PORTS, url.scheme) ? '' : `:${url.port}`;
  return `${url.scheme}://${userInfo(url)}${url.host}${port}${url.path}${url.suffix}`;
}

/** The address without any credentials. The user of an ssh address is not one: it is part of the route. */
export function withoutCredentials(url: GitUrl): GitUrl {
  const { user, password, ...rest } = url;
  return isHttp(url) || user === undefined ? rest : { ...rest, user };
}

/**
 * The address as it may be stored and shown: without password and without a user that is really an access
 * token. A plain user name stays, as `git clone` would leave it in the remote.
 */
export function cleanUrl(url: GitUrl): GitUrl {
  const { password, ...rest } = url;
  return isHttp(url) && password === undefined && isToken(url.user) ? withoutCredentials(url) : rest;
}

/** Access tokens of the known forges, or a long text that no person would have as a user name. */
export function isToken(user: string | undefined): boolean {
  if (user === undefined) return false;
  return (
    /^(gh[pousr]_|github_pat_|glpat-|gldt-|ATBB|ATCTT)/.test(user) ||
    /^(?=.*\d)[A-Za-z0-9_-]{30,}$/.test(user)
  );
}

/** The folder that a clone is made in: the last part of the path, `.git` included. */
export function repositoryName(url: GitUrl): string {
  const last =
    url.path
      .replace(/[/\\]+$/, '')
      .split(/[/\\:]/)
      .at(-1) ?? '';
  return last === '' || last === '.' || last === '..' ? 'repository' : last;
}

export function isHttp(url: GitUrl): boolean {
  return url.form === 'url' && (url.scheme === 'https' || url.scheme === 'http');
}

export function isSsh(url: GitUrl): boolean {
  return url.form === 'scp' || (url.form === 'url' && SSH_SCHEMES.has(url.scheme));
}

/** A repository on this machine: a path or a `file:` address. */
export function isLocal(url: GitUrl): boolean {
  return url.form === 'local' || (url.form === 'url' && url.scheme === 'file');
}

/** Everything that has a meaning in an address is encoded, so that any user name or password fits in. */
export function percentEncode(text: string): string {
  const code = (letter: string): string => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(Buffer.from(text).toString()).replace(/[!'()*]/g, code);
}

function parseUrlForm(text: string): GitUrl | undefined {
  const match = URL_FORM.exec(text);
  if (match === null) return undefined;
  const [, scheme = '', authority, host = '', port, path = '', suffix = ''] = match;
  if (port !== undefined && !isPort(port)) return undefined;
  return {
    form: 'url',
    scheme: scheme.toLowerCase(),
    ...parseUserInfo(authority),
    host: host.toLowerCase(),
    ...(port ? { port: Number(port) } : {}),
    path: path.replaceAll(' ', '%20'),
    suffix,
  };
}

function parseHelperForm(text: string): GitUrl | undefined {
  const [, scheme] = HELPER_FORM.exec(text) ?? [];
  return scheme === undefined ? undefined : { form: 'helper', scheme, host: '', path: text, suffix: '' };
}

function parseScpForm(text: string): GitUrl | undefined {
  const match = text.includes('://') || WINDOWS_PATH.test(text) ? null : SCP_FORM.exec(text);
  if (match === null) return undefined;
  const [, user, host = '', path = ''] = match;
  return {
    form: 'scp',
    scheme: 'ssh',
    ...(user === undefined ? {} : { user }),
    host: host.toLowerCase(),
    path,
    suffix: '',
  };
}

function local(text: string): GitUrl {
  return { form: 'local', scheme: '', host: '', path: text, suffix: '' };
}

function isPort(text: string): boolean {
  return text === '' || (/^\d{1,5}$/.test(text) && Number(text) <= 65535);
}

function parseUserInfo(text: string | undefined): Pick<GitUrl, 'user' | 'password'> {
  if (text === undefined) return {};
  const colon = text.indexOf(':');
  if (colon === -1) return { user: decode(text) };
  return { user: decode(text.slice(0, colon)), password: decode(text.slice(colon + 1)) };
}

function userInfo({ user, password }: GitUrl): string {
  if (user === undefined && password === undefined) return '';
  const name = percentEncode(user ?? '');
  return password === undefined ? `${name}@` : `${name}:${percentEncode(password)}@`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
