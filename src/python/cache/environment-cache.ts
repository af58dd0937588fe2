import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Staging } from '../../drivers/driver.js';
import { isAgentError, systemCode } from '../../errors.js';
import { ensureFolder, readTextIfThere, writeFileDurable } from '../../os/files.js';
import { withLock } from '../../os/lock.js';
import type { PackageTool } from '../environment-request.js';
import type { InstalledPackage } from '../install/environment-inspection.js';
import { filesWithPath, rewritePath } from './relocation.js';
import { partFiles, startFiles } from './start-files.js';
import { copyTree, shareTree, type TreeCopy } from './tree-copy.js';
import { filesChangedSince } from './tree-scan.js';

/** What is known of a kept environment; the content of its `entry.json`. */
export interface EntryFacts {
  key: string;
  /** Path of the environment when it was built, as seen by its own programs. */
  builtAt: string;
  /** Files that carry that path as text. */
  pathFiles: string[];
  sysPath: string[];
  packages: InstalledPackage[];
  /** What installed them. */
  tool: PackageTool;
  /** For people: `Python 3.11.7, 12 packages, installed by uv`. */
  summary: string;
  /** ISO 8601. */
  created: string;
  /** What Python runs at its start, by `startFiles`; absent in entries of earlier versions, which are not handed out. */
  start?: Record<string, string>;
}

export type HandOut = { kind: 'given'; facts: EntryFacts } | { kind: 'absent' } | { kind: 'changed' };

export interface CachePlace {
  /** Folder on the host. */
  folder: string;
  /** As programs in the place see it. */
  inside: string;
  /** Where programs of tasks write in the folder while the agent works: nothing is shared with it. */
  staging?: Staging;
}

export interface EnvironmentCacheOptions {
  /** `agent.venvs_cache.path`. */
  folder: string;
  env: Readonly<Record<string, string | undefined>>;
}

export interface KeyLock {
  signal: AbortSignal;
  /** Called when another task builds the same environment, before waiting for it. */
  onWait: () => void;
}

/** Entries of the original live beside it in the same folder and are never touched. */
const LAYOUT = 'node-1';
/** A small file that every environment has. */
const TRIAL = 'pyvenv.cfg';
/** Waits for another agent that builds an environment of this key: building it twice takes no less. */
const BUILD_TIMEOUT_MS = 2 * 3600 * 1000;

/**
 * Environments kept by content. An entry appears whole (built aside, then renamed) and is never changed
 * after; a task gets a copy made of links, with the scripts that carry the path rewritten.
 */
export class EnvironmentCache {
  readonly folder: string;
  /** For tools of this machine that work on the cache. */
  readonly env: Readonly<Record<string, string | undefined>>;

  constructor(options: EnvironmentCacheOptions) {
    this.folder = path.join(options.folder, LAYOUT);
    this.env = options.env;
  }

  get entriesFolder(): string {
    return path.join(this.folder, 'entries');
  }

  /** Work in progress and what is about to be removed. */
  get temporaryFolder(): string {
    return path.join(this.folder, 'tmp');
  }

  entryFolder(key: string): string {
    return path.join(this.entriesFolder, key);
  }

  lockFile(key: string): string {
    return path.join(this.folder, 'locks', `${key}.lock`);
  }

  /** Only one task at a time, of all agents on this machine, looks up, builds or removes the entry of a key. */
  exclusively<T>(key: string, lock: KeyLock, fn: () => Promise<T>): Promise<T> {
    const options = {
      timeoutMs: BUILD_TIMEOUT_MS,
      signal: lock.signal,
      what: `the cached Python environment ${key}`,
      onWait: lock.onWait,
    };
    return withLock(this.lockFile(key), options, fn);
  }

  /** Gives `target` a copy of an entry. One that a task has changed in place since is removed. */
  async handOut(key: string, target: CachePlace): Promise<HandOut> {
    const entry = this.entryFolder(key);
    const facts = await this.#facts(key);
    if (facts === undefined) return { kind: 'absent' };
    if (facts.start === undefined) {
      await this.remove(key);
      return { kind: 'absent' };
    }
    if (!isDeepStrictEqual(await startFiles(path.join(entry, 'environment')), facts.start)) {
      await this.remove(key);
      return { kind: 'changed' };
    }
    const { staging } = target;
    const folder = staging?.of(target.folder) ?? target.folder;
    const unchanged = await this.#copyUnchanged(entry, folder, staging === undefined);
    if (!unchanged) {
      await this.remove(key);
      await rm(folder, { recursive: true, force: true });
      return { kind: 'changed' };
    }
    await partFiles(folder, Object.keys(facts.start));
    await rewritePath(folder, facts.pathFiles, facts.builtAt, target.inside);
    await staging?.handOver(target.folder);
    const now = new Date();
    await utimes(entry, now, now);
    const sysPath = facts.sysPath.map((folder) => moved(folder, facts.builtAt, target.inside));
    return { kind: 'given', facts: { ...facts, sysPath } };
  }

  /**
   * Makes the copy that the next task takes by renaming it. It lies in the entry's folder, so it comes and goes
   * with the entry and counts with it. For tasks of this machine none is made where it would take space on the disk; a
   * container waits longer for a copy of its own than the space is worth.
   */
  async prepareSpare(key: string, signal: AbortSignal, links = true): Promise<void> {
    const spare = spareOf(this.entryFolder(key));
    const facts = await this.#facts(key);
    if (facts === undefined || existsSync(spare)) return;
    const work = this.#newTemporary();
    try {
      const copy = this.#copyOf(this.entryFolder(key), work, links);
      if (!links) await copyTree(copy);
      else if (!(await shareTree(copy))) return;
      await this.exclusively(key, { signal, onWait: () => undefined }, async () => {
        const same = (await this.#facts(key))?.created === facts.created;
        if (same && !existsSync(spare)) await rename(work, spare);
      });
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  /** Keeps a copy of a finished environment; `false` when there is no room for it. */
  async store(
    key: string,
    source: CachePlace,
    facts: Pick<EntryFacts, 'sysPath' | 'packages' | 'tool' | 'summary'>,
  ): Promise<boolean> {
    const work = this.#newTemporary();
    try {
      await ensureFolder(this.entriesFolder);
      await ensureFolder(work);
      const copy = path.join(work, 'environment');
      if (source.staging !== undefined) await source.staging.copyOut(source.folder, copy);
      else await copyTree({ from: source.folder, to: copy, trial: TRIAL, env: this.env });
      const pathFiles = await filesWithPath(copy, source.inside);
      await rewritePath(copy, pathFiles, source.inside, source.inside);
      const entry: EntryFacts = {
        key,
        builtAt: source.inside,
        pathFiles,
        created: new Date().toISOString(),
        ...facts,
      };
      entry.start = await startFiles(copy);
      await writeFileDurable(path.join(work, 'entry.json'), JSON.stringify(entry));
      const past = new Date(Date.now() - 1000);
      for (const file of await this.#newerFiles(work)) await utimes(file, past, past);
      await this.remove(key);
      await rename(work, this.entryFolder(key));
      return true;
    } catch (error) {
      await rm(work, { recursive: true, force: true });
      if (isAgentError(error, 'DISK_FULL')) return false;
      throw error;
    }
  }

  /** Takes an entry out of sight at once, then deletes it. */
  async remove(key: string): Promise<void> {
    const entry = this.entryFolder(key);
    if ((await stat(entry).catch(() => undefined)) === undefined) return;
    await mkdir(this.temporaryFolder, { recursive: true });
    const trash = this.#newTemporary();
    await rename(entry, trash);
    await rm(trash, { recursive: true, force: true });
  }

  /** A spare shares its files with the entry, so the entry is looked at before the spare is given away. */
  async #copyUnchanged(entry: string, target: string, links: boolean): Promise<boolean> {
    if (existsSync(spareOf(entry))) {
      if (!(await this.#isUnchanged(entry))) return false;
      if (await movedTo(spareOf(entry), target)) return true;
    }
    const [, unchanged] = await Promise.all([
      copyTree(this.#copyOf(entry, target, links)),
      this.#isUnchanged(entry),
    ]);
    return unchanged;
  }

  async #isUnchanged(entry: string): Promise<boolean> {
    return (await this.#newerFiles(entry)).length === 0;
  }

  #copyOf(entry: string, to: string, links: boolean): TreeCopy {
    const copy = { from: path.join(entry, 'environment'), to, trial: TRIAL, env: this.env };
    return links ? copy : { ...copy, links };
  }

  async #facts(key: string): Promise<EntryFacts | undefined> {
    return parseFacts(await readTextIfThere(path.join(this.entryFolder(key), 'entry.json')));
  }

  /** Names begin with the id of the process, by which leftovers of dead ones are recognised. */
  #newTemporary(): string {
    return path.join(this.temporaryFolder, `${process.pid}.${randomBytes(4).toString('hex')}`);
  }

  /**
   * A task that changed a file in place changed the entry too where both are links to the same content. Such
   * a file is newer than the entry.
   */
  async #newerFiles(entry: string): Promise<string[]> {
    const { mtimeMs } = await stat(path.join(entry, 'entry.json'));
    return filesChangedSince(path.join(entry, 'environment'), mtimeMs);
  }
}

function spareOf(entry: string): string {
  return path.join(entry, 'spare');
}

/** False where the two are on different file systems. */
async function movedTo(from: string, to: string): Promise<boolean> {
  try {
    await ensureFolder(path.dirname(to));
    await rename(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EXDEV') return false;
    throw error;
  }
}

function parseFacts(text: string | undefined): EntryFacts | undefined {
  try {
    const facts: EntryFacts = JSON.parse(text ?? '');
    return typeof facts.builtAt === 'string' && Array.isArray(facts.pathFiles) ? facts : undefined;
  } catch {
    return undefined;
  }
}

function moved(folder: string, from: string, to: string): string {
  return folder === from || folder.startsWith(`${from}/`) ? to + folder.slice(from.length) : folder;
}
