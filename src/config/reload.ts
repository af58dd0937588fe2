import { isDeepStrictEqual } from 'node:util';
import { causeLine } from '../errors.js';
import { maskedTree } from '../secrets/mask.js';
import type { Config, ConfigTree, ConfigValue } from './config.js';
import { joinKey, leaves, valueAt } from './tree.js';

export interface ReloadOptions {
  /** What was read at the start, and what became of it. */
  start: { read: Config; complete: Config };
  /** Reads the configuration again from where it came. */
  read: () => Config;
  /** Makes what tasks are run with of what was read. */
  complete: (read: Config) => Promise<Config>;
  /** Told each key that changed, without secrets. */
  say: (line: string) => void;
  /** Told why a changed configuration is not used. */
  warn: (line: string) => void;
}

/** The configuration for the next task; with `agent.reload_config` what the files say by then. */
export class ReloadedConfig {
  readonly #options: ReloadOptions;
  #now: ReloadOptions['start'];

  constructor(options: ReloadOptions) {
    this.#options = options;
    this.#now = options.start;
  }

  /** Never fails: while the files hold a mistake, the last good configuration stays in force. */
  async next(): Promise<Config> {
    if (!this.#now.complete.agent.reloadConfig) return this.#now.complete;
    try {
      await this.#refresh();
    } catch (error) {
      this.#options.warn(`the changed configuration is not used: ${causeLine(error)}`);
    }
    return this.#now.complete;
  }

  async #refresh(): Promise<void> {
    const read = this.#options.read();
    const changes = configChanged(this.#now.read, read);
    if (changes.length === 0) return;
    for (const change of changes) this.#options.say(`configuration changed: ${describeChange(change)}`);
    this.#now = { read, complete: await this.#options.complete(read) };
  }
}

interface ConfigChange {
  key: string;
  /** As it may be shown; `undefined`: the key was, or is, not set. */
  before: ConfigValue | undefined;
  after: ConfigValue | undefined;
}

/** What differs between two configurations, secrets masked. */
export function configChanged(old: Config, fresh: Config): ConfigChange[] {
  const [before, after] = [maskedTree(old), maskedTree(fresh)];
  return changedPaths(old.all, fresh.all).map((path) => ({
    key: joinKey(path),
    before: valueAt(before, path),
    after: valueAt(after, path),
  }));
}

/** A change in the words of the log: `agent.git_user: "a" → "b"`. */
export function describeChange({ key, before, after }: ConfigChange): string {
  const text = (value: ConfigValue | undefined) => (value === undefined ? 'not set' : JSON.stringify(value));
  return `${key}: ${text(before)} → ${text(after)}`;
}

function changedPaths(old: ConfigTree, fresh: ConfigTree): string[][] {
  const paths = new Map([...leaves(old), ...leaves(fresh)].map(([path]) => [joinKey(path), path]));
  return [...paths.values()].filter((path) => !isDeepStrictEqual(valueAt(old, path), valueAt(fresh, path)));
}
