import { quoteWord } from '../os/shell-words.js';
import { type Login, loginFor } from './credentials.js';
import { cleanUrl, formatGitUrl, type GitUrl, isHttp, parseGitUrl, withoutCredentials } from './git-url.js';
import type { HostKeyPolicy, RepositorySettings, TokenKind } from './settings.js';
import { rewriteUrl } from './url-rewrite.js';

type Environment = Readonly<Record<string, string | undefined>>;
type ConfigEntry = readonly [key: string, value: string];

/**
 * Variables that make git, and everything that git or another program starts (submodules, LFS, `pip`, `uv`),
 * reach the given addresses: rewritten where the settings say so, with the credentials for their hosts. Nothing
 * is written to a file, no secret is in an argument, and a secret is only given to the host it is for. To be
 * laid over `base`, whose own `GIT_CONFIG_…` entries are kept and whose `GIT_SSH_COMMAND` wins.
 */
export function gitEnvironment(
  urls: readonly string[],
  settings: RepositorySettings,
  base: Environment = {},
): Record<string, string> {
  const addresses = urls.map(parseGitUrl);
  const secrets = new SecretVariables();
  const entries: ConfigEntry[] = [
    ...addresses.flatMap((url) => redirection(url, settings)),
    ...hostRedirections(settings),
    ...authentication(addresses, settings, secrets),
    ...stallLimit(settings.stallMs),
    ['advice.detachedHead', 'false'],
  ];
  return {
    GIT_TERMINAL_PROMPT: '0',
    // Set but empty: no graphical program is asked for a password either.
    GIT_ASKPASS: base.GIT_ASKPASS ?? '',
    GCM_INTERACTIVE: 'never',
    ...sshCommand(settings, base),
    ...secrets.variables,
    ...configVariables(entries, base),
  };
}

/** Entries of git's configuration as variables, numbered after those that `base` has, which come with them. */
export function configVariables(entries: readonly ConfigEntry[], base: Environment): Record<string, string> {
  const first = Number.parseInt(base.GIT_CONFIG_COUNT ?? '0', 10) || 0;
  const variables: Record<string, string> = { GIT_CONFIG_COUNT: String(first + entries.length) };
  for (const [name, value] of Object.entries(base)) {
    if (/^GIT_CONFIG_(?:KEY|VALUE)_\d+$/.test(name) && value !== undefined) variables[name] = value;
  }
  for (const [index, [key, value]] of entries.entries()) {
    variables[`GIT_CONFIG_KEY_${first + index}`] = key;
    variables[`GIT_CONFIG_VALUE_${first + index}`] = value;
  }
  return variables;
}

/** Passwords and tokens that `gitEnvironment` would hand out for these addresses, to be kept out of logs. */
export function secretsFor(urls: readonly string[], settings: RepositorySettings): string[] {
  const written = urls.flatMap(writtenIn).flatMap((url) => [url.password, secretUser(url)]);
  const configured = settings.credentials.map(({ password }) => password);
  return [...written, ...configured].filter(
    (secret): secret is string => secret !== undefined && secret !== '',
  );
}

/** An address, or those of web servers in what is handed to a helper: `https::https://me:password@h/r`. */
function writtenIn(text: string): GitUrl[] {
  const url = parseGitUrl(text);
  if (url.form !== 'helper') return [url];
  return (url.path.match(ADDRESSES) ?? []).map(parseGitUrl).filter(isHttp);
}

const ADDRESSES = /\bhttps?:\/\/[^\s"']+/gi;

/** The header that Azure DevOps takes in place of a password. */
export function tokenHeader(kind: Exclude<TokenKind, 'password'>, token: string): string {
  if (kind === 'entra-token') return `Authorization: Bearer ${token}`;
  return `Authorization: Basic ${Buffer.from(`:${token}`).toString('base64')}`;
}

function secretUser(url: GitUrl): string | undefined {
  if (!isHttp(url)) return undefined;
  return url.password === undefined || url.password === 'x-oauth-basic' ? url.user : undefined;
}

/** Secrets travel in variables of their own, which git's helper reads; git's configuration only names them. */
class SecretVariables {
  readonly variables: Record<string, string> = {};
  #count = 0;

  /** The credential helper that answers with a login: a function for the shell that git starts. */
  helper({ user, password }: Login): string {
    const index = this.#count++;
    this.variables[`AGENT_GIT_USER_${index}`] = oneLine(user);
    this.variables[`AGENT_GIT_PASS_${index}`] = oneLine(password);
    const answer = `printf 'username=%s\\npassword=%s\\n' "$AGENT_GIT_USER_${index}" "$AGENT_GIT_PASS_${index}"`;
    return `!f() { test "$1" = get && ${answer}; }; f`;
  }
}

/** The protocol of credential helpers ends a value at a line end; one at the end is a slip of copying. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+$/, '').replace(/[\r\n\0]/g, '');
}

function redirection(url: GitUrl, settings: RepositorySettings): ConfigEntry[] {
  const target = fetchUrl(url, settings);
  const names = [withoutCredentials(url), cleanUrl(url)].map(formatGitUrl);
  return [...new Set(names)]
    .filter((name) => name !== target)
    .map((name) => [`url.${target}.insteadOf`, name]);
}

/**
 * The address that git is given: rewritten and without secrets. A user name is left out when it comes with the
 * credentials, and kept when the user's own credential helper may have to find a password for it.
 */
export function fetchUrl(url: GitUrl, settings: RepositorySettings): string {
  const target = rewriteUrl(url, settings);
  return formatGitUrl(
    loginFor(target, settings) === undefined ? cleanUrl(target) : withoutCredentials(target),
  );
}

/** Submodules and packages name addresses that are only seen later: hosts with credentials get a rule. */
function hostRedirections(settings: RepositorySettings): ConfigEntry[] {
  if (settings.forceSsh || !settings.translateSsh || settings.matchPrefix) return [];
  const hosts = settings.credentials.map(({ host }) => host?.toLowerCase());
  const plain = hosts.filter((host) => host !== undefined && /^[a-z0-9.-]+$/.test(host));
  return [...new Set(plain)].flatMap((host): ConfigEntry[] => {
    const key = `url.${settings.httpScheme}://${host}/.insteadOf`;
    return [
      [key, `git@${host}:`],
      [key, `ssh://git@${host}/`],
    ];
  });
}

function authentication(
  urls: readonly GitUrl[],
  settings: RepositorySettings,
  secrets: SecretVariables,
): ConfigEntry[] {
  const scopes = new Map<string, Login>();
  for (const { host, user, password } of settings.credentials) {
    const scope = host === undefined ? undefined : hostScope(host, settings.matchPrefix);
    if (scope !== undefined && !scopes.has(scope)) scopes.set(scope, { user, password });
  }
  for (const url of urls) {
    const target = rewriteUrl(url, settings);
    const login = loginFor(target, settings);
    if (login !== undefined) scopes.set(urlScope(target, settings.matchPrefix), login);
  }
  return [...scopes].flatMap(([scope, login]) => answer(scope, login, settings.tokenKind, secrets));
}

/** Helpers and headers that the user's own configuration has for the same address are taken back first. */
function answer(scope: string, login: Login, kind: TokenKind, secrets: SecretVariables): ConfigEntry[] {
  if (kind !== 'password') {
    const key = `http.${scope}.extraHeader`;
    return [
      [key, ''],
      [key, tokenHeader(kind, login.password)],
      // git would send the header to the host that it is redirected to.
      [`http.${scope}.followRedirects`, 'false'],
    ];
  }
  const key = `credential.${scope}.helper`;
  return [
    [key, ''],
    [key, secrets.helper(login)],
  ];
}

function urlScope(url: GitUrl, whole: boolean): string {
  const { suffix, path, ...rest } = withoutCredentials(url);
  return formatGitUrl({ ...rest, suffix: '', path: whole ? path : '' });
}

/** Credentials that name a host are never sent to it in the clear unless an address asks for `http`. */
function hostScope(host: string, prefix: boolean): string | undefined {
  if (!prefix) return /[/\s]/.test(host) ? undefined : `https://${host.toLowerCase()}`;
  const url = parseGitUrl(host);
  return isHttp(url) ? urlScope(url, true) : undefined;
}

/** Makes git's own transfer give up, which also ends the helper process that it started for it. */
function stallLimit(stallMs: number): ConfigEntry[] {
  if (stallMs === 0) return [];
  return [
    ['http.lowSpeedLimit', '1'],
    ['http.lowSpeedTime', String(Math.ceil(stallMs / 1000))],
  ];
}

const STRICT_HOST_KEYS: Readonly<Record<HostKeyPolicy, readonly string[]>> = {
  known: [],
  'accept-new': ['-oStrictHostKeyChecking=accept-new'],
  any: ['-oStrictHostKeyChecking=no', '-oUserKnownHostsFile=/dev/null', '-oLogLevel=ERROR'],
};

/** git hands the command to a shell. */
function sshCommand(settings: RepositorySettings, base: Environment): Record<string, string> {
  if (base.GIT_SSH_COMMAND) return { GIT_SSH_COMMAND: base.GIT_SSH_COMMAND };
  if (base.GIT_SSH) return {};
  const seconds = Math.max(10, Math.ceil(settings.stallMs / 4000));
  const command = [
    'ssh',
    '-oBatchMode=yes',
    ...(settings.stallMs === 0 ? [] : [`-oConnectTimeout=${seconds}`, `-oServerAliveInterval=${seconds}`]),
    ...STRICT_HOST_KEYS[settings.hostKeys],
    ...(settings.sshKey === undefined ? [] : ['-oIdentitiesOnly=yes', '-i', quoteWord(settings.sshKey)]),
  ];
  return { GIT_SSH_COMMAND: command.join(' ') };
}
