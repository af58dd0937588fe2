import type { Config, ConfigTree, ConfigValue } from '../config/config.js';
import { AgentError } from '../errors.js';
import { expandHome } from '../os/paths.js';

/** A user name and a password (or token) for the addresses that `host` fits. */
export interface GitCredentials {
  user: string;
  password: string;
  /** Host name, or the beginning of addresses; `undefined` fits every host. */
  host: string | undefined;
}

/** How a password is sent: to git's question, or as a header that Azure DevOps understands. */
export type TokenKind = 'password' | 'azure-pat' | 'entra-token';

/** Whether a host whose key is not in `known_hosts` is trusted. */
export type HostKeyPolicy = 'known' | 'accept-new' | 'any';

/** Everything of the configuration that concerns repositories. */
export interface RepositorySettings {
  /** In order of preference. */
  credentials: readonly GitCredentials[];
  /** `git_host` of the main pair: the only host whose addresses are turned into ssh ones. */
  mainHost: string | undefined;
  /** Hosts of credentials are compared as the beginning of the whole address instead of by name. */
  matchPrefix: boolean;
  tokenKind: TokenKind;
  forceSsh: boolean;
  sshPort: number | undefined;
  sshUser: string;
  /** The user is configured, so ssh addresses get it too. */
  forcesSshUser: boolean;
  /** Turn ssh addresses into `httpScheme` ones when there are credentials for them. */
  translateSsh: boolean;
  httpScheme: string;
  /** Private key file for ssh; `undefined` leaves the choice to ssh (its configuration, its agent). */
  sshKey: string | undefined;
  hostKeys: HostKeyPolicy;
  fetchArguments: readonly string[];
  submodules: boolean;
  lfs: boolean;
  /** Whether git's own words go to the log. */
  verbose: boolean;
  /** Abort a transfer without progress for this long. 0: never. */
  stallMs: number;
  /** Abort a git command that takes longer than this. 0: never. */
  timeoutMs: number;
  cache: MirrorSettings;
  /** No network at all. */
  standalone: boolean;
  /** Ask the server of a repository also for what its mirror holds: other users' logins may have brought that. */
  confirmAccess: boolean;
  /** Folders of this machine that repositories may be in; `undefined`: any. */
  localFolders: readonly string[] | undefined;
  /** Code that is there already and is used as it is. */
  forcedCodeFolder: string | undefined;
}

export interface MirrorSettings {
  enabled: boolean;
  cloneOnFetchFailure: boolean;
  /** How long to wait for another task that works on the same mirror. */
  lockTimeoutMs: number;
  /** Mirrors are collected, least recently used first, until they fit. 0: no limit. */
  maxBytes: number;
  /** Remove mirrors unused for at least this long. 0: no limit. */
  maxAgeMs: number;
}

const SECOND = 1000;
const DAY = 86_400 * SECOND;
const GIB = 1024 ** 3;

/** @throws AgentError CONFIG_VALUE */
export function repositorySettings(config: Config): RepositorySettings {
  const mainHost = config.agent.gitHost;
  return {
    credentials: [...extraCredentials(config), ...mainCredentials(config, mainHost)],
    mainHost,
    matchPrefix: config.agent.gitHostMatchPrefix,
    tokenKind: tokenKind(config),
    forceSsh: config.agent.forceGitSshProtocol,
    sshPort: sshPort(config),
    sshUser: config.agent.forceGitSshUser,
    forcesSshUser: config.isSet('agent.force_git_ssh_user'),
    translateSsh: config.agent.translateSsh,
    httpScheme: config.agent.translateSslReplacementScheme,
    sshKey: config.agent.git.sshKey,
    hostKeys: config.agent.git.hostKeys,
    fetchArguments: Array.isArray(config.raw('agent.git_fetch_args')) ? config.agent.gitFetchArgs : [],
    submodules: config.agent.git.submodules,
    lfs: config.agent.git.lfs,
    verbose: config.flag('CLEARML_AGENT_GIT_CLONE_VERBOSE') ?? false,
    stallMs: config.agent.git.stallTimeoutSec * SECOND,
    timeoutMs: config.agent.git.timeoutSec * SECOND,
    cache: mirrorSettings(config),
    standalone: config.agent.standaloneMode,
    confirmAccess: false,
    localFolders: undefined,
    forcedCodeFolder: config.variable('CLEARML_AGENT_FORCE_CODE_DIR'),
  };
}

/** A task in a container sees nothing of this machine, and a repository of it only where the operator says so. */
export function containedSettings(config: Config, home: string): RepositorySettings {
  const folders = config.agent.git.localRepositories.map((folder) => expandHome(folder, home));
  return { ...repositorySettings(config), localFolders: folders };
}

/** Folder of the cache of repositories. */
export function repositoryCacheFolder(config: Config, home: string): string {
  return expandHome(config.agent.vcsCache.path, home);
}

function mirrorSettings(config: Config): MirrorSettings {
  return {
    enabled: config.agent.vcsCache.enabled,
    cloneOnFetchFailure: config.agent.vcsCache.cloneOnPullFail,
    lockTimeoutMs: config.agent.vcsCache.lockTimeoutSec * SECOND,
    maxBytes: config.agent.vcsCache.maxSizeGb * GIB,
    maxAgeMs: config.agent.vcsCache.maxAgeDays * DAY,
  };
}

/** The header forms of Azure DevOps need no user. */
function mainCredentials(config: Config, host: string | undefined): GitCredentials[] {
  const user = config.agent.gitUser ?? (tokenKind(config) === 'password' ? undefined : '');
  const password = config.agent.gitPass;
  if (user === undefined || password === undefined) return [];
  const named = config.agent.git.credentialHosts;
  if (host !== undefined || named.length === 0) return [{ user, password, host }];
  const prefix = config.agent.gitHostMatchPrefix;
  return named.map((name) => ({ user, password, host: prefix ? addressOf(name) : name }));
}

/** A host's name as the beginning of its addresses, its end included: `a.b` is not the beginning of `a.b.evil`. */
function addressOf(host: string): string {
  return host.includes('://') ? host : `https://${host}/`;
}

/** Entries that lack a part are left out; `user` and `pass` have longer names that are read too. */
function extraCredentials(config: Config): GitCredentials[] {
  return config.agent.git.extraCredentials.filter(isTree).flatMap((entry) => {
    const user = text(entry.user) ?? text(entry.username);
    const password = text(entry.pass) ?? text(entry.password);
    const host = text(entry.host);
    return user === undefined || password === undefined || host === undefined
      ? []
      : [{ user, password, host }];
  });
}

function isTree(value: ConfigValue): value is ConfigTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: ConfigValue | undefined): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function tokenKind(config: Config): TokenKind {
  if (config.agent.gitUseMsEntraToken) return 'entra-token';
  return config.agent.gitUseAzurePat ? 'azure-pat' : 'password';
}

function sshPort(config: Config): number | undefined {
  const port = config.agent.forceGitSshPort;
  if (port === undefined || port === 0) return undefined;
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new AgentError(
    'CONFIG_VALUE',
    `agent.force_git_ssh_port: expected a port from 1 to 65535, found ${port}`,
  );
}
