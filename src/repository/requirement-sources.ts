import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Place } from '../drivers/driver.js';
import { AgentError, causeLine } from '../errors.js';
import { API_SECRETS, GIT_LOGIN } from '../os/child-environment.js';
import { pathInside } from '../os/inside-tree.js';
import { loginFor } from './credentials.js';
import { configVariables, gitEnvironment } from './git-environment.js';
import { cleanUrl, formatGitUrl, parseGitUrl, withoutCredentials } from './git-url.js';
import type { FoundRevision, MirrorJob } from './mirror-revision.js';
import { mirrorJob, withRevision } from './mirror-update.js';
import { type GitContext, RepositoryGit } from './repository-git.js';
import { nestedAddresses, type SourceAddress } from './requirement-url.js';
import { wantedRevision } from './revision.js';
import { rewriteUrl } from './url-rewrite.js';
import { makeWorkTree } from './work-tree.js';

export interface SourcesRequest extends GitContext {
  addresses: readonly SourceAddress[];
  /** Folder of the run that the place of the task sees. */
  workspace: string;
  /** Where the package tools run. */
  place: Pick<Place, 'inside' | 'staging'>;
  /** The tools run in a container: nothing of the cache may be linked into what it can write. */
  contained: boolean;
  /** The environment of the tools. */
  toolEnvironment: Readonly<Record<string, string | undefined>>;
}

/** Packages name packages; deeper than this, and after so many, the package tool is on its own. */
const DEEPEST = 5;
const MOST = 50;

/**
 * Fetches the repositories of requirements that credentials are configured for, each into a bare copy below the
 * workspace. The variables that come back lead git there, and hold no credentials: the build of a package, which is
 * code of strangers, never sees any. One that cannot be fetched is left to the package tool, which says why.
 */
export async function requirementSources(request: SourcesRequest): Promise<Record<string, string>> {
  const { settings, reporter, signal } = request;
  const copies = new Copies(request);
  let next = [...request.addresses];
  for (let depth = 0; depth < DEEPEST && next.length > 0; depth += 1) {
    const found: SourceAddress[] = [];
    for (const address of next) {
      const url = parseGitUrl(address.repository);
      const known = copies.has(address.repository) || copies.size >= MOST;
      if (known || loginFor(rewriteUrl(url, settings), settings) === undefined) continue;
      try {
        found.push(...(await copies.add(address)));
      } catch (error) {
        signal.throwIfAborted();
        reporter.line(`a repository in the requirements: ${causeLine(error)}`, 'WARNING');
      }
    }
    next = found;
  }
  return copies.variables();
}

/** The bare copies of one run. */
class Copies {
  readonly #request: SourcesRequest;
  readonly #targets = new Map<string, string>();
  /** A name that no one could take before, and where it is created: for a container in a folder that it does not see. */
  readonly #folder: string;
  readonly #made: string;
  #begun: Promise<string> | undefined;

  constructor(request: SourcesRequest) {
    this.#request = request;
    this.#folder = path.join(request.workspace, `git-${randomUUID()}`);
    this.#made = request.place.staging?.of(this.#folder) ?? this.#folder;
  }

  get size(): number {
    return this.#targets.size;
  }

  has(repository: string): boolean {
    return this.#targets.has(repository);
  }

  /** @returns the repositories that the package itself names as its requirements */
  async add({ repository, revision }: SourceAddress): Promise<SourceAddress[]> {
    const context = { ...this.#request, settings: { ...this.#request.settings, lfs: false } };
    const git = await RepositoryGit.open(context, parseGitUrl(repository));
    const job = mirrorJob(git, wantedRevision({ version_num: revision }));
    const { copy, commit } = await this.#copy(job, repository);
    if (commit === undefined) return [];
    const place = { cwd: copy };
    if ((await git.run(['cat-file', '-e', `${commit}:.gitmodules`], place)).exitCode === 0) {
      await this.#submodules(job);
    }
    const { stdout } = await git.run(['grep', '-hIE', 'git\\+|git *=', commit, '--', ...NAMING], place);
    return nestedAddresses(stdout);
  }

  /** The tools take submodules from their own addresses, so each gets a copy as well. */
  async #submodules(job: MirrorJob): Promise<void> {
    const folder = path.join(await this.#own(), 'tree');
    const fill = async (one: MirrorJob, where: string, depth: number): Promise<FoundRevision> => {
      await this.#copy(one, formatGitUrl(one.git.url));
      return makeWorkTree(one, where, depth, fill);
    };
    try {
      await makeWorkTree(job, folder, 0, fill);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #copy(job: MirrorJob, repository: string): Promise<{ copy: string; commit: string | undefined }> {
    const { git, mirror } = job;
    const copy = path.join(await this.#own(), `${this.#targets.size}.git`);
    const links = this.#request.contained ? ['--no-hardlinks'] : [];
    const { commit } = await withRevision(job, async (found) => {
      await rm(copy, { recursive: true, force: true });
      const args = ['clone', '--quiet', '--mirror', ...links, '--', mirror.folder, copy];
      await git.must(args, { cwd: path.dirname(copy) }, 'cannot copy the mirror of');
      return found;
    });
    const place = { cwd: copy };
    await git.must(['remote', 'remove', 'origin'], place, 'cannot set up the copy of');
    // Revisions of requirements are asked for by their commits, which need not be in a branch.
    await git.must(['config', 'uploadpack.allowAnySHA1InWant', 'true'], place, 'cannot set up the copy of');
    this.#targets.set(repository, copy);
    return { copy, commit };
  }

  async variables(): Promise<Record<string, string>> {
    const { toolEnvironment, place } = this.#request;
    if (this.#targets.size === 0) return {};
    const trusted = this.#request.contained ? await this.#trusted() : {};
    await place.staging?.handOver(this.#folder);
    const entries = [...this.#targets].flatMap(([repository, copy]) => {
      const url = parseGitUrl(repository);
      const names = [url, withoutCredentials(url), cleanUrl(url)].map(formatGitUrl);
      const key = `url.${pathToFileURL(this.#inside(copy)).href}.insteadOf`;
      return [...new Set([repository, ...names])].map((name): [string, string] => [key, name]);
    });
    return {
      ...configVariables([...entries, ['protocol.file.allow', 'always']], toolEnvironment),
      ...trusted,
    };
  }

  /** Files of the workspace belong to another user than that of the container. */
  async #trusted(): Promise<Record<string, string>> {
    const file = path.join(await this.#own(), 'gitconfig');
    const own = this.#request.toolEnvironment.GIT_CONFIG_GLOBAL ?? '~/.gitconfig';
    await writeFile(file, `[include]\n\tpath = ${JSON.stringify(own)}\n[safe]\n\tdirectory = *\n`);
    return { GIT_CONFIG_GLOBAL: this.#inside(file) };
  }

  #inside(made: string): string {
    return this.#request.place.inside(path.join(this.#folder, path.relative(this.#made, made)));
  }

  #own(): Promise<string> {
    this.#begun ??= makeFolder(path.dirname(this.#made), path.basename(this.#made));
    return this.#begun;
  }
}

/** Files in which a package names others. */
const NAMING = ['pyproject.toml', 'setup.cfg', 'setup.py', '*requirements*.txt'];

/** @throws AgentError INTERNAL for a folder that leads elsewhere */
async function makeFolder(above: string, name: string): Promise<string> {
  await mkdir(above, { recursive: true });
  const folder = path.join(above, name);
  await mkdir(folder);
  if (pathInside(above, folder) !== undefined) return folder;
  throw new AgentError('INTERNAL', `${folder} is outside of ${above}`);
}

/** What package tools are given of git's settings: everything but credentials. */
export function toolGitEnvironment(
  urls: readonly string[],
  settings: GitContext['settings'],
  base: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const plain = urls.map((url) => formatGitUrl(withoutCredentials(parseGitUrl(url))));
  return {
    ...gitEnvironment(plain, { ...settings, credentials: [] }, base),
    ...Object.fromEntries(AGENTS_OWN.map((name) => [name, undefined])),
  };
}

/** Variables of the agent that no build of a package needs. */
const AGENTS_OWN = [...GIT_LOGIN, ...API_SECRETS];
