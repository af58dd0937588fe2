import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentError } from '../errors.js';
import type { Reporter } from '../logs/reporter.js';
import { ensureFolder, readTextIfThere, writeFileDurable } from '../os/files.js';
import { isFirstTime } from '../os/first-time.js';
import { isForAnyHost, loginFor } from './credentials.js';
import { type GitProgress, type GitResult, git, gitBaseEnvironment } from './git.js';
import { configVariables, fetchUrl, gitEnvironment } from './git-environment.js';
import { failureKind, transferError } from './git-failure.js';
import { cleanUrl, formatGitUrl, type GitUrl, isLocal } from './git-url.js';
import type { RepositorySettings } from './settings.js';
import { rewriteUrl } from './url-rewrite.js';

/** What every git command of one checkout needs. */
export interface GitContext {
  settings: RepositorySettings;
  /** `agent.vcs_cache.path`. */
  cacheFolder: string;
  /** Environment of the agent. */
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  reporter: Reporter;
  signal: AbortSignal;
}

/** Where and how one git command runs. */
export interface GitPlace {
  cwd: string;
  /** Laid over the environment. */
  env?: Readonly<Record<string, string>>;
  input?: string | Buffer;
}

type ConfigEntries = readonly (readonly [string, string])[];

/** Pauses before a transfer that broke off is tried again. */
const RETRY_AFTER_MS = [1000, 3000];
/** A long transfer says how far it is this often. */
const PROGRESS_EVERY_MS = 5000;

/** Runs git for one repository address, with what is needed to reach it. */
export class RepositoryGit {
  readonly context: GitContext;
  readonly url: GitUrl;
  /** The address to store and to show. */
  readonly shownUrl: string;
  /** The address that git fetches from. */
  readonly fetchUrl: string;
  readonly #env: Record<string, string>;

  private constructor(context: GitContext, url: GitUrl, globalConfig: string) {
    this.context = context;
    this.url = url;
    this.shownUrl = formatGitUrl(cleanUrl(url));
    this.fetchUrl = fetchUrl(url, context.settings);
    const base = gitBaseEnvironment(context.env, globalConfig);
    const reach = { ...base, ...gitEnvironment([formatGitUrl(url)], context.settings, base) };
    this.#env = { ...reach, ...configVariables(ownConfiguration(url), reach) };
  }

  static async open(context: GitContext, url: GitUrl): Promise<RepositoryGit> {
    const git = new RepositoryGit(context, url, await globalConfigFile(context));
    await warnOfNewHost(git);
    return git;
  }

  /** A command without network. */
  run(args: readonly string[], place: GitPlace): Promise<GitResult> {
    const { signal, settings } = this.context;
    return git({
      args,
      ...place,
      env: { ...this.#env, ...place.env },
      signal,
      timeoutMs: settings.timeoutMs,
    });
  }

  /** Like `run`, for a command that has to succeed. Gives what it printed. */
  async must(args: readonly string[], place: GitPlace, action: string): Promise<string> {
    const result = await this.run(args, place);
    if (result.exitCode !== 0) throw this.error(action, result);
    return result.stdout;
  }

  /** A command that talks to the remote. One whose connection breaks off is tried again, after `beforeRetry`. */
  async transfer(
    args: readonly string[],
    place: GitPlace,
    beforeRetry?: () => Promise<void>,
  ): Promise<GitResult> {
    const { reporter, signal } = this.context;
    for (const pause of RETRY_AFTER_MS) {
      const result = await this.#transferOnce(args, place);
      if (result.exitCode === 0 || failureKind(result) !== 'interrupted') return result;
      reporter.line(
        `the connection to ${this.host || this.shownUrl} broke off, trying again in ${pause / 1000} s`,
        'WARNING',
      );
      await sleep(pause, undefined, { signal });
      await beforeRetry?.();
    }
    return this.#transferOnce(args, place);
  }

  /** @param action "cannot fetch from" … */
  error(action: string, result: GitResult): AgentError {
    const { settings } = this.context;
    const hasLogin = loginFor(rewriteUrl(this.url, settings), settings) !== undefined;
    const limits = { stallMs: settings.stallMs, timeoutMs: settings.timeoutMs };
    return transferError({ action, url: this.shownUrl, host: this.host, hasLogin, ...limits }, result);
  }

  /** The environment with further entries of git's configuration. */
  configured(entries: ConfigEntries, env: Readonly<Record<string, string>> = {}): Record<string, string> {
    return { ...env, ...configVariables(entries, { ...this.#env, ...env }) };
  }

  /**
   * Of what decides which files a checkout writes and which settings a clone gets, beside the repository itself;
   * `undefined` where the user's configuration names further files, or depends on where a repository is.
   */
  async stateOfSettings(): Promise<string[] | undefined> {
    const { env, home } = this.context;
    const variables = Object.entries(this.#env).filter(([name]) =>
      /^(?:GIT_|HOME$|XDG_CONFIG_HOME$)/.test(name),
    );
    const own = userConfigFiles(env, home);
    const files = [...own, path.join(userFolder(env, home), 'attributes'), ...MACHINE_FILES];
    const texts = await Promise.all(files.map(readTextIfThere));
    const settings = variables.filter(([name]) => name !== 'GIT_CONFIG_GLOBAL').flat();
    if ([...settings, ...texts].some((text) => MORE_FILES.test(text ?? ''))) return undefined;
    return [...variables.flat(), this.shownUrl, ...texts.map((text) => text ?? '')];
  }

  get host(): string {
    return rewriteUrl(this.url, this.context.settings).host;
  }

  async #transferOnce(args: readonly string[], place: GitPlace): Promise<GitResult> {
    const { settings, reporter, signal } = this.context;
    const command = { args, ...place, env: { ...this.#env, ...place.env }, signal };
    const limits = { stallMs: settings.stallMs, timeoutMs: settings.timeoutMs };
    if (settings.verbose) return git({ ...command, ...limits, onOutput: (chunk) => reporter.output(chunk) });
    return git({ ...command, ...limits, onProgress: progressLines(reporter) });
  }
}

/** Credentials without a host go to any that a task names: once for each host the log says so. */
async function warnOfNewHost({ url, host, context }: RepositoryGit): Promise<void> {
  const { settings, cacheFolder, reporter } = context;
  if (settings.standalone || !isForAnyHost(rewriteUrl(url, settings), settings)) return;
  if (!(await isFirstTime(path.join(cacheFolder, 'credential-hosts'), host))) return;
  reporter.line(
    `git_user and git_pass may go to ${host}, which a task names and no setting does: list the hosts that may get them in agent.git.credential_hosts`,
    'WARNING',
  );
}

/**
 * The user's own configuration of git, and leave to read repositories that belong to other users: git does not
 * take that from variables when it serves a repository on this machine.
 */
async function globalConfigFile({ cacheFolder, env, home }: GitContext): Promise<string> {
  const file = path.join(cacheFolder, 'gitconfig');
  const includes = userConfigFiles(env, home).map((name) => `\tpath = ${quoted(name)}\n`);
  const text = `[include]\n${includes.join('')}[safe]\n\tdirectory = *\n`;
  if ((await readTextIfThere(file)) === text) return file;
  await ensureFolder(cacheFolder);
  await writeFileDurable(file, text);
  return file;
}

/** Where git finds settings for all users, as most systems have it. */
const MACHINE_FILES = ['/etc/gitconfig', '/etc/gitattributes'];

const MORE_FILES = /\binclude(?:if)?\b|attributesfile|hookspath|template_?dir/i;

function userFolder(env: GitContext['env'], home: string): string {
  return path.join(env.XDG_CONFIG_HOME || path.join(home, '.config'), 'git');
}

function userConfigFiles(env: GitContext['env'], home: string): string[] {
  const xdg = path.join(userFolder(env, home), 'config');
  const own =
    env.GIT_CONFIG_GLOBAL === undefined ? [xdg, path.join(home, '.gitconfig')] : [env.GIT_CONFIG_GLOBAL];
  return own.filter((name) => name !== '');
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

function ownConfiguration(url: GitUrl): [string, string][] {
  return [
    // Mirrors have their own upkeep; nothing waits for maintenance that git runs in the background.
    ['gc.auto', '0'],
    ['maintenance.auto', 'false'],
    ['fetch.unpackLimit', '1'],
    ['clone.defaultRemoteName', 'origin'],
    // A repository on this machine may have submodules there as well; others may not reach into this machine.
    ...(isLocal(url) ? [['protocol.file.allow', 'always'] satisfies [string, string]] : []),
  ];
}

function progressLines(reporter: Reporter): (progress: GitProgress) => void {
  let next = performance.now() + PROGRESS_EVERY_MS;
  return ({ stage, progress, processed, total }) => {
    if (performance.now() < next) return;
    next = performance.now() + PROGRESS_EVERY_MS;
    reporter.line(`git: ${stage.replace(/^remote: /, '')} ${progress} % (${processed} of ${total})`);
  };
}

/** Whether a program is in one of the folders of `PATH`. */
export async function isInPath(
  program: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  const folders = (env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const found = await Promise.all(
    folders.map((folder) =>
      access(path.join(folder, program), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
