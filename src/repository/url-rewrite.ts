import { ownMember } from '../os/own-member.js';
import { configuredLogin, HTTPS_HOSTS } from './credentials.js';
import { type GitUrl, isSsh } from './git-url.js';
import type { RepositorySettings } from './settings.js';

type Rules = Pick<RepositorySettings, 'sshPort' | 'sshUser'>;
type ForcedRules = Rules & Pick<RepositorySettings, 'forcesSshUser'>;

const AZURE_SSH = 'ssh.dev.azure.com';
const AZURE_HTTPS = 'dev.azure.com';
/** The port that Bitbucket Server gives its ssh service by default. */
const BITBUCKET_SERVER_SSH = 7999;

/**
 * The address to fetch from. An ssh address becomes an https one only when there are credentials for it, and an
 * https one becomes an ssh one only when that is forced.
 */
export function rewriteUrl(url: GitUrl, settings: RepositorySettings): GitUrl {
  if (settings.forceSsh) {
    if (settings.mainHost !== undefined && settings.mainHost.toLowerCase() !== url.host) return url;
    return forceSsh(url, settings);
  }
  if (!isSsh(url) || !settings.translateSsh || configuredLogin(url, settings) === undefined) return url;
  return specialHttps(url) ?? sshToHttp(url, settings.httpScheme);
}

/** The usual users of ssh addresses mean nothing to an https server; other ones are kept. */
export function sshToHttp(url: GitUrl, scheme: string): GitUrl {
  if (!isSsh(url)) return url;
  const { form, port, user, ...rest } = url;
  const usual = user === undefined || ((user === 'git' || user === 'hg') && url.password === undefined);
  return {
    ...rest,
    form: 'url',
    scheme,
    ...(usual ? {} : { user }),
    host: ownMember(HTTPS_HOSTS, url.host) ?? url.host,
    path: form === 'scp' ? scpPath(url.path) : url.path,
  };
}

/** Only https addresses are turned into ssh ones. */
export function httpToSsh(url: GitUrl, rules: Rules): GitUrl {
  if (url.form !== 'url' || url.scheme !== 'https') return url;
  const { port, user, password, ...rest } = url;
  return { ...rest, scheme: 'ssh', user: rules.sshUser, ...portOf(rules) };
}

function forceSsh(url: GitUrl, rules: ForcedRules): GitUrl {
  if (!isSsh(url)) return specialSsh(url, rules) ?? httpToSsh(url, rules);
  if (rules.sshPort === undefined && !rules.forcesSshUser) return url;
  const { form, port, ...rest } = url;
  const kept = port === undefined ? {} : { port };
  return {
    ...rest,
    form: 'url',
    scheme: 'ssh',
    user: rules.sshUser,
    ...(rules.sshPort === undefined ? kept : portOf(rules)),
    path: form === 'scp' ? scpPath(url.path) : url.path,
  };
}

/** Azure DevOps and Bitbucket Server have other hosts, ports and paths for https than for ssh. */
function specialHttps(url: GitUrl): GitUrl | undefined {
  const { user, password, port, ...rest } = url;
  const path = url.form === 'scp' ? scpPath(url.path) : url.path;
  const azure = /^\/v3\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path);
  if (url.host === AZURE_SSH && azure !== null) {
    const [, organisation, project, name] = azure;
    return {
      ...rest,
      form: 'url',
      scheme: 'https',
      host: AZURE_HTTPS,
      path: `/${organisation}/${project}/_git/${name}`,
    };
  }
  if (port !== BITBUCKET_SERVER_SSH) return undefined;
  return { ...rest, form: 'url', scheme: 'https', path: path.startsWith('/scm/') ? path : `/scm${path}` };
}

function specialSsh(url: GitUrl, rules: Rules): GitUrl | undefined {
  if (url.scheme !== 'https') return undefined;
  const { user, password, port, ...rest } = url;
  const common = { ...rest, scheme: 'ssh', user: rules.sshUser };
  const azure = /^\/([^/]+)\/(?:([^/]+)\/)?_git\/([^/]+)$/.exec(url.path);
  if (url.host === AZURE_HTTPS && azure !== null) {
    const [, organisation, project, name] = azure;
    return {
      ...common,
      host: AZURE_SSH,
      path: `/v3/${organisation}/${project ?? name}/${name}`,
      ...portOf(rules),
    };
  }
  const bitbucket = /^\/scm(\/[^/]+\/[^/]+)$/.exec(url.path);
  if (bitbucket?.[1] === undefined) return undefined;
  return { ...common, path: bitbucket[1], port: rules.sshPort ?? BITBUCKET_SERVER_SSH };
}

function portOf({ sshPort }: Rules): Pick<GitUrl, 'port'> {
  return sshPort === undefined ? {} : { port: sshPort };
}

/** The scp form is not encoded, a URL is. */
function scpPath(path: string): string {
  if (path === '') return '';
  // A lone half of a surrogate pair has no encoding.
  return encodeURI(Buffer.from(path.startsWith('/') ? path : `/${path}`).toString())
    .replace(/[#?]/g, encodeURIComponent)
    .replaceAll('%25', '%');
}
