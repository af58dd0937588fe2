import { ownMember } from '../os/own-member.js';
import { formatGitUrl, type GitUrl, isHttp, isLocal, isToken, withoutCredentials } from './git-url.js';
import type { GitCredentials, RepositorySettings } from './settings.js';

/** User name and password for one address. */
export interface Login {
  user: string;
  password: string;
}

/**
 * What is sent to the host of an address: credentials written into it win, then the first configured entry that
 * fits, the further ones before the main pair. Nothing for addresses on this machine.
 */
export function loginFor(url: GitUrl, settings: RepositorySettings): Login | undefined {
  if (!isHttp(url)) return undefined;
  if (url.user && url.password !== undefined) return { user: url.user, password: url.password };
  return configuredLogin(url, settings) ?? tokenLogin(url);
}

/** The configured credentials that fit an address of any form, whatever is written into it. A helper logs in by itself. */
export function configuredLogin(url: GitUrl, settings: RepositorySettings): GitCredentials | undefined {
  if (isLocal(url) || url.form === 'helper' || url.scheme === 'git') return undefined;
  return settings.credentials.find((entry) => fits(entry, url, settings.matchPrefix));
}

/** Whether an address gets the credentials that were configured without a host. */
export function isForAnyHost(url: GitUrl, settings: RepositorySettings): boolean {
  if (url.user && url.password !== undefined) return false;
  const login = configuredLogin(url, settings);
  return login !== undefined && login.host === undefined;
}

/** `https://token@host/…`: the forges take a token as the user, with any password. */
function tokenLogin(url: GitUrl): Login | undefined {
  return url.user && isToken(url.user) ? { user: url.user, password: '' } : undefined;
}

function fits({ host }: GitCredentials, url: GitUrl, prefix: boolean): boolean {
  if (host === undefined) return true;
  const wanted = host.toLowerCase();
  if (prefix) return formatGitUrl(withoutCredentials(url)).toLowerCase().startsWith(wanted);
  return (
    wanted === url.host || wanted === `${url.host}:${url.port}` || wanted === ownMember(HTTPS_HOSTS, url.host)
  );
}

/** Hosts that have another name for ssh. */
export const HTTPS_HOSTS: Readonly<Record<string, string>> = {
  'ssh.dev.azure.com': 'dev.azure.com',
  'ssh.github.com': 'github.com',
  'altssh.gitlab.com': 'gitlab.com',
  'altssh.bitbucket.org': 'bitbucket.org',
};
